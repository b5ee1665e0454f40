//! What people read, in a terminal of 96 columns, where a Hangul syllable takes two.

use std::{fmt::Display, io::Write};

use serde_json::Value;

const COLUMNS: usize = 96;

/// A line of output. Nobody is told where nobody reads any more.
pub fn line(text: impl Display) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// What went wrong, with its causes, for standard error.
pub fn error(error: &anyhow::Error) {
    writeln!(std::io::stderr(), "demo: {error:#}").ok();
}

/// A heading, with an empty line before it.
pub fn heading(text: impl Display) {
    line(format!("\n{text}"));
}

/// A label in a column of its own, and a text that is broken into lines beside it; below it, where the label
/// is too long.
pub fn labelled(label: &str, text: &str) {
    const INDENT: usize = 17;
    let mut label = label;
    if width(label) > INDENT - 3 {
        line(format!("  {label}"));
        label = "";
    }
    for part in wrapped(text, COLUMNS - INDENT) {
        line(format!("  {}{part}", padded(label, INDENT - 2)));
        label = "";
    }
}

/// JSON for the same column.
pub fn labelled_json(label: &str, json: &Value) {
    labelled(label, &json.to_string());
}

/// Lines of at most `columns`, broken behind spaces and commas where there are any.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut current = String::new();
        for piece in paragraph.split_inclusive([' ', ',']) {
            if width(&current) + width(piece.trim_end()) > columns && !current.is_empty() {
                lines.push(std::mem::take(&mut current).trim_end().to_owned());
            }
            current.push_str(piece);
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}

/// A column of a [`table`].
#[derive(Clone, Copy)]
pub enum Align {
    Left,
    Right,
}

/// Rows of cells in columns as wide as their widest cell.
pub fn table(aligns: &[Align], rows: &[Vec<String>]) {
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..aligns.len()).map(widest).collect();
    for row in rows {
        let cells = row
            .iter()
            .zip(aligns)
            .zip(&widths)
            .map(|((cell, align), columns)| match align {
                Align::Left => padded(cell, *columns),
                Align::Right => format!("{}{cell}", spaces(columns - width(cell))),
            });
        line(format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end());
    }
}

/// The text with spaces behind it.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", spaces(columns.saturating_sub(width(text))))
}

fn spaces(number: usize) -> String {
    " ".repeat(number)
}

/// Terminal columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Source: Unicode's East Asian Width, of which W and F matter here: Hangul, CJK, full-width forms, emoji.
fn columns_of(character: char) -> usize {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{300}'..='\u{36f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' => 2,
        _ => 1,
    }
}

/// `1,234,567`.
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_that_hangul_is_wide() {
        assert_eq!(width("층간소음 3층"), 8 + 1 + 3);
        assert_eq!(padded("누수", 6), "누수  ");
        assert_eq!(width("ㅠㅠ"), 4);
    }

    #[test]
    fn breaks_lines_where_a_reader_would() {
        // 0         1
        // 01234567890
        // {"a":1,"bb"   is 11 columns wide, so the second field begins a line of its own.
        assert_eq!(wrapped(r#"{"a":1,"bb":2}"#, 10), [r#"{"a":1,"#, r#""bb":2}"#]);
        assert_eq!(wrapped("가나 다라\n\n마", 5), ["가나", "다라", "", "마"]);
    }

    #[test]
    fn groups_thousands() {
        assert_eq!(
            [grouped(7), grouped(999), grouped(137_799), grouped(1_000_000)],
            ["7", "999", "137,799", "1,000,000"]
        );
    }
}
