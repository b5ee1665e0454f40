//! Files of texts and buildings, one per line: the demo's own, and a file of the user's.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::TIME_ZONE;

/// A row of `stat_source_building`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Building {
    pub id: String,
    pub name: String,
    pub closed_on: Option<Date>,
}

/// A row of `stat_source_text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub building_id: String,
    /// First day of the month.
    pub month: Date,
    pub written_at: Timestamp,
    pub body: String,
}

/// Reads a UTF-8 file and parses it line by line. `parse` gets the line and its number. An error names the file, the
/// line and the expected format.
pub(super) fn parse_lines<T>(
    path: &Path,
    expected: &'static str,
    parse: impl Fn(&str, u64) -> Result<T>,
) -> Result<impl Iterator<Item = Result<T>>> {
    let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
    let lines = BufReader::with_capacity(1 << 16, file).split(b'\n').zip(1..);
    Ok(lines.map(move |(line, number)| {
        let line = line.with_context(|| format!("could not read {}", path.display()))?;
        let value = utf8(&line, number == 1).and_then(|line| parse(line, number));
        value.map_err(|error| {
            anyhow!(
                "{}, line {number}: {error:#}; expected {expected}",
                path.display()
            )
        })
    }))
}

fn utf8(mut line: &[u8], is_first: bool) -> Result<&str> {
    line = line.strip_suffix(b"\r").unwrap_or(line);
    if is_first {
        // The byte order mark that Excel writes.
        line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    }
    let line = str::from_utf8(line)
        .map_err(|error| anyhow!("not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    ensure!(!line.contains('\0'), "a NUL, which PostgreSQL cannot store");
    Ok(line)
}

/// Format of a user's file.
pub(super) const TEXT_LINE: &str = "building<TAB>text in UTF-8";

/// Parses a line of a user's file. The first text is dated on the month's first day, the second on its second, and so
/// on.
pub(super) fn text(line: &str, number: u64, month: Date) -> Result<Text> {
    let (building_id, body) = line.split_once('\t').context("no tab")?;
    ensure!(!building_id.trim().is_empty(), "no building before the tab");
    let days = u64::from(month.days_in_month().unsigned_abs());
    let index = number - 1;
    // Days in Seoul always have 1440 minutes.
    let minutes = index % days * 1440 + index / days % 1440;
    let start = month.in_tz(TIME_ZONE)?.timestamp();
    Ok(Text {
        building_id: building_id.to_owned(),
        month,
        written_at: start + SignedDuration::from_mins(i64::try_from(minutes)?),
        body: body.to_owned(),
    })
}

/// Format of the demo's texts.
pub(super) const DEMO_TEXT_LINE: &str =
    "building<TAB>m0-15T09:30<TAB>text, where m0 is the reported month and m1 the month before";

/// Parses a line of the demo's texts.
pub(super) fn demo_text(line: &str, reported: Date) -> Result<Text> {
    let [building_id, when, body] = columns(line)?;
    let (day, time) = when.split_once('T').context("no T between day and time")?;
    let date = demo_date(day, reported)?;
    let time: Time = time.parse().with_context(|| format!("{time:?} is not a time"))?;
    Ok(Text {
        building_id: building_id.to_owned(),
        month: date.first_of_month(),
        written_at: date.to_datetime(time).in_tz(TIME_ZONE)?.timestamp(),
        body: body.to_owned(),
    })
}

/// Number of months before m1 that get texts too, so that the report has a history to compare with.
pub(super) const EARLIER_MONTHS: i64 = 4;
/// Texts of m1 per ten that each earlier month keeps, the latest month first.
const KEPT_OF_TEN: [u64; EARLIER_MONTHS as usize] = [8, 9, 6, 7];

/// Copies a text of m1 into the earlier months, each of which leaves out some texts by their number.
pub(super) fn earlier_texts(text: &Text, number: u64) -> impl Iterator<Item = Text> {
    let written_at = text
        .written_at
        .in_tz(TIME_ZONE)
        .expect("jiff bundles the time zones");
    let months = (1..=EARLIER_MONTHS).zip(KEPT_OF_TEN);
    months
        .filter(move |(_, kept)| number % 10 < *kept)
        .map(move |(back, _)| Text {
            building_id: text.building_id.clone(),
            month: text.month - back.months(),
            // A day that the month does not have becomes its last day.
            written_at: (written_at.clone() - back.months()).timestamp(),
            body: text.body.clone(),
        })
}

/// Format of the demo's buildings.
pub(super) const DEMO_BUILDING_LINE: &str = "building<TAB>name<TAB>last day as m0-15, or nothing";

/// Parses a line of the demo's buildings.
pub(super) fn demo_building(line: &str, reported: Date) -> Result<Building> {
    let [id, name, closed_on] = columns(line)?;
    Ok(Building {
        id: id.to_owned(),
        name: name.to_owned(),
        closed_on: match closed_on {
            "" => None,
            day => Some(demo_date(day, reported)?),
        },
    })
}

fn columns(line: &str) -> Result<[&str; 3]> {
    let columns: Vec<&str> = line.splitn(3, '\t').collect();
    columns.try_into().ok().context("fewer than three columns")
}

/// Parses a day of the reported month, `m0-15`, or of the month before, `m1-15`.
fn demo_date(text: &str, reported: Date) -> Result<Date> {
    let (month, day) = match text.split_once('-') {
        Some(("m0", day)) => (reported, day),
        Some(("m1", day)) => (reported - 1.month(), day),
        _ => return Err(anyhow!("{text:?} is not a day of m0 or m1")),
    };
    let day = day.parse().with_context(|| format!("{day:?} is not a day"))?;
    let date = month.with().day(day).build();
    date.with_context(|| format!("{} has no day {day}", super::month_id(month)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::month::month_id;

    const OCTOBER: Date = date(2026, 10, 1);

    fn read(content: &[u8]) -> Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.tsv");
        std::fs::write(&path, content).unwrap();
        let texts = parse_lines(&path, TEXT_LINE, |line, number| text(line, number, OCTOBER)).unwrap();
        texts
            .map(|text| text.map(|text| (text.building_id, text.body)))
            .collect()
    }

    #[track_caller]
    fn rejects(content: &[u8], reason: &str) {
        let error = read(content).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(error.contains("expected building<TAB>text in UTF-8"), "{error}");
    }

    #[test]
    fn reads_files_of_editors_and_of_excel() {
        let both = [("B1".into(), "물이 새요".into()), ("B2".into(), "a\tb".into())];
        for content in ["B1\t물이 새요\nB2\ta\tb\n", "\u{feff}B1\t물이 새요\r\nB2\ta\tb"] {
            assert_eq!(read(content.as_bytes()).unwrap(), both);
        }
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        rejects(b"B1\ta\nB2 b\n", "line 2: no tab");
        rejects(b"B1\ta\n\n", "line 2: no tab");
        rejects(b"\ta\n", "line 1: no building before the tab");
        rejects(
            b"B1\ta\nB1\tb\nB1\t\xb0\xa1\n",
            "line 3: not UTF-8 from byte 4 on",
        );
        rejects(b"B1\ta\0\n", "line 1: a NUL");
    }

    #[test]
    fn spreads_texts_over_the_month() {
        let at = |number| text("B1\ta", number, OCTOBER).unwrap().written_at.to_string();
        assert_eq!(at(1), "2026-09-30T15:00:00Z");
        assert_eq!(at(31), "2026-10-30T15:00:00Z");
        assert_eq!(at(32), "2026-09-30T15:01:00Z");
        // After 31 days of 1440 minutes it starts again.
        assert_eq!(at(31 * 1440), "2026-10-31T14:59:00Z");
        assert_eq!(at(31 * 1440 + 1), at(1));
    }

    #[test]
    fn dates_the_demos_texts_in_both_months() {
        let text = demo_text("B001\tm1-01T09:08\t미지근한 바람", OCTOBER).unwrap();
        assert_eq!(
            (month_id(text.month).as_str(), text.body.as_str()),
            ("2026-09", "미지근한 바람")
        );
        assert_eq!(text.written_at.to_string(), "2026-09-01T00:08:00Z");
        let closed = demo_building("B014\t구름재빌라트\tm0-15", OCTOBER)
            .unwrap()
            .closed_on;
        assert_eq!(closed.unwrap().to_string(), "2026-10-15");
        assert!(demo_text("B001\tm0-32T09:08\ta", OCTOBER).is_err());
    }
}
