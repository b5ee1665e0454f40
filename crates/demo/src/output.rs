//! Output on a terminal of 96 columns: lines, tables and a progress line.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};
use indicatif::{HumanCount, ProgressBar};

const COLUMNS: u16 = 96;
/// Longest text of [`labelled_briefly`]. AWS's own events are long.
const MOST_LINES: usize = 5;
/// Interval of progress lines where standard error is not a terminal.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Prints a line. A closed pipe, such as that of `make demo | head`, is not an error.
pub(crate) fn line(text: impl Display) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// Prints an empty line and a heading.
pub(crate) fn heading(text: impl Display) {
    line(format!("\n{text}"));
}

/// Prints labels and texts in two columns and wraps the texts.
pub(crate) fn labelled<L: Display, T: Display>(rows: impl IntoIterator<Item = (L, T)>) {
    labelled_up_to(usize::MAX, rows);
}

/// Prints labels and the first lines of texts that `summary.json` has in full.
pub(crate) fn labelled_briefly<L: Display, T: Display>(rows: impl IntoIterator<Item = (L, T)>) {
    labelled_up_to(MOST_LINES, rows);
}

fn labelled_up_to<L: Display, T: Display>(most_lines: usize, rows: impl IntoIterator<Item = (L, T)>) {
    let mut table = Table::new();
    table.set_width(COLUMNS);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_truncation_indicator(" … (complete in summary.json)");
    for (label, text) in rows {
        let mut row = Row::from([label.to_string(), text.to_string()]);
        row.max_height(most_lines);
        table.add_row(row);
    }
    print(&mut table);
}

/// Prints rows as a table, with the columns in `right` aligned to the right.
pub(crate) fn table(rows: Vec<Vec<String>>, right: impl IntoIterator<Item = usize>) {
    let mut table = Table::new();
    table.add_rows(rows);
    for index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    print(&mut table);
}

fn print(table: &mut Table) {
    if !table.is_empty() {
        line(rendered(table));
    }
}

/// Renders a table without borders, two columns of space before each column.
fn rendered(table: &mut Table) -> String {
    table.load_style(presets::NOTHING);
    for column in table.column_iter_mut() {
        column.set_padding((2, 0));
    }
    table.trim_fmt()
}

/// Formats JSON on one line, with spaces at which [`labelled`] can wrap it.
pub(crate) fn json(value: &serde_json::Value) -> String {
    // A line break inside a string is escaped, so every one here lies between two tokens.
    let lines = format!("{value:#}");
    lines.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

/// Formats a count as `1,234,567`.
pub(crate) fn grouped(count: impl TryInto<u64>) -> String {
    HumanCount(count.try_into().unwrap_or_default()).to_string()
}

/// Formats a duration as `1.2 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Progress of a long step: a line that changes in a terminal, a line every ten seconds elsewhere. It disappears
/// with this value.
pub(crate) struct Progress {
    bar: ProgressBar,
    printed: Instant,
}

impl Progress {
    pub(crate) fn start(message: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            printed: Instant::now(),
        }
    }

    pub(crate) fn update(&mut self, message: String) {
        if self.bar.is_hidden() && self.printed.elapsed() >= LOG_INTERVAL {
            line(format!("  {message} …"));
            self.printed = Instant::now();
        }
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn aligns_korean_text_by_its_width_on_the_screen() {
        let mut table = Table::new();
        table.add_rows([["누수", "2"], ["ㅠㅠ 3층", "10"]]);
        // A syllable takes two columns: the first column is 8 wide.
        assert_eq!(rendered(&mut table), "  누수      2\n  ㅠㅠ 3층  10");
    }

    #[test]
    fn wraps_json_between_its_tokens() {
        let value = json!({"a": [1, 2], "b": "line\nbreak"});
        assert_eq!(json(&value), r#"{ "a": [ 1, 2 ], "b": "line\nbreak" }"#);
    }

    #[test]
    fn groups_thousands() {
        let grouped = [7_i64, 999, 137_799, 1_000_000].map(grouped);
        assert_eq!(grouped, ["7", "999", "137,799", "1,000,000"]);
    }
}
