//! Files of texts: the demo's own, and anybody's.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Time},
};

use super::calendar::{Month, seoul};

/// A building as `stat_source_building` has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Building {
    pub id: String,
    pub name: String,
    pub closed_on: Option<Date>,
}

/// A text as `stat_source_text` has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Text<'l> {
    pub building_id: &'l str,
    pub month: Month,
    pub written_at: Timestamp,
    pub body: &'l str,
}

/// The lines of a UTF-8 file, which know where they stand.
pub struct Lines {
    path: PathBuf,
    expected: &'static str,
    file: BufReader<File>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// `expected` says in errors what a line should look like.
    pub fn open(path: &Path, expected: &'static str) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            expected,
            file: BufReader::with_capacity(1 << 16, file),
            number: 0,
            line: Vec::new(),
        })
    }

    /// Splits the next line into what `understand` makes of it; nothing at the end.
    pub fn next<'l, T>(
        &'l mut self,
        understand: impl FnOnce(&'l str, u64) -> Result<T>,
    ) -> Result<Option<T>> {
        self.line.clear();
        let read = self.file.read_until(b'\n', &mut self.line);
        let read = read.with_context(|| format!("could not read {}", self.path.display()))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let mut line = self.line.as_slice();
        for end in [b"\n", b"\r"] {
            line = line.strip_suffix(end).unwrap_or(line);
        }
        if self.number == 1 {
            // The byte order mark that Excel writes.
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        let understood = str::from_utf8(line)
            .map_err(|error| anyhow!("not UTF-8 from byte {} on", error.valid_up_to() + 1))
            .and_then(|line| {
                ensure!(!line.contains('\0'), "a NUL, which PostgreSQL does not store");
                understand(line, self.number)
            });
        understood.map(Some).map_err(|error| {
            let (path, number, expected) = (self.path.display(), self.number, self.expected);
            anyhow!("{path}, line {number}: {error:#}; expected {expected}")
        })
    }
}

/// Anybody's texts, one a line.
pub const TEXT_LINE: &str = "building<TAB>text in UTF-8";

/// A line of anybody's file. All of them go into one month, the first on its first day, the second on its
/// second, and so on.
pub fn anybodys(line: &str, number: u64, month: Month) -> Result<Text<'_>> {
    let (building_id, body) = line.split_once('\t').context("no tab")?;
    ensure!(!building_id.trim().is_empty(), "no building before the tab");
    let days = u64::from(month.days().unsigned_abs());
    let turn = number - 1;
    // Seoul's days all have 1440 minutes.
    let minutes = turn % days * 1440 + turn / days % 1440;
    Ok(Text {
        building_id,
        month,
        written_at: month.start() + SignedDuration::from_mins(i64::try_from(minutes)?),
        body,
    })
}

/// The demo's own texts.
pub const DEMO_TEXT_LINE: &str =
    "building<TAB>m0-15T09:30<TAB>text, m0 being the month and m1 the one before";

/// A line of the demo's texts.
pub fn demos(line: &str, month: Month) -> Result<Text<'_>> {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().context("fewer than three columns");
    let (building_id, when, body) = (part()?, part()?, part()?);
    let (day, time) = when.split_once('T').context("no time")?;
    let (month, date) = date(day, month)?;
    let time: Time = time.parse().with_context(|| format!("{time:?} is no time"))?;
    let written_at = date.to_datetime(time).to_zoned(seoul()).context("no such time")?;
    Ok(Text {
        building_id,
        month,
        written_at: written_at.timestamp(),
        body,
    })
}

/// How many months before its two the demo has texts of as well, so that the report has something to look back on.
pub const EARLIER_MONTHS: u32 = 4;
/// How many of ten texts of the month before are in these months, the latest first.
const KEPT_OF_TEN: [u64; EARLIER_MONTHS as usize] = [8, 9, 6, 7];

/// What somebody may have written `back` months before: the texts of the month before the reported one, thinned
/// out. `number` is the text's.
pub fn earlier<'l>(text: &Text<'l>, number: u64, back: u32) -> Option<Text<'l>> {
    let kept = KEPT_OF_TEN[back as usize - 1];
    if number % 10 >= kept {
        return None;
    }
    // A day that the month does not have becomes its last.
    let written_at = text.written_at.to_zoned(seoul()) - i64::from(back).months();
    Some(Text {
        building_id: text.building_id,
        month: (0..back).fold(text.month, |month, _| month.before()),
        written_at: written_at.timestamp(),
        body: text.body,
    })
}

/// The demo's buildings.
pub const DEMO_BUILDING_LINE: &str = "building<TAB>name<TAB>its last day as m0-15, or nothing";

/// A line of the demo's buildings.
pub fn demo_building(line: &str, month: Month) -> Result<Building> {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().context("fewer than three columns");
    let (id, name, closed_on) = (part()?, part()?, part()?);
    Ok(Building {
        id: id.to_owned(),
        name: name.to_owned(),
        closed_on: match closed_on {
            "" => None,
            day => Some(date(day, month)?.1),
        },
    })
}

/// `m0-15` or `m1-15`.
fn date(text: &str, month: Month) -> Result<(Month, Date)> {
    let (month, day) = match text.split_once('-') {
        Some(("m0", day)) => (month, day),
        Some(("m1", day)) => (month.before(), day),
        _ => return Err(anyhow!("{text:?} is neither a day of m0 nor of m1")),
    };
    let day = day.parse().with_context(|| format!("{day:?} is no day"))?;
    Ok((month, month.day(day)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn october() -> Month {
        Month::parse("2026-10").unwrap()
    }

    fn read(content: &[u8]) -> Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.tsv");
        std::fs::write(&path, content).unwrap();
        let mut lines = Lines::open(&path, TEXT_LINE).unwrap();
        let mut read = Vec::new();
        while let Some(text) = lines.next(|line, number| {
            let text = anybodys(line, number, october())?;
            Ok((text.building_id.to_owned(), text.body.to_owned()))
        })? {
            read.push(text);
        }
        Ok(read)
    }

    #[track_caller]
    fn refuses(content: &[u8], because: &str) {
        let error = read(content).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
        assert!(error.contains("expected building<TAB>text in UTF-8"), "{error}");
    }

    #[test]
    fn reads_what_people_bring() {
        let both = [("B1".into(), "물이 새요".into()), ("B2".into(), "a\tb".into())];
        for content in ["B1\t물이 새요\nB2\ta\tb\n", "\u{feff}B1\t물이 새요\r\nB2\ta\tb"] {
            assert_eq!(read(content.as_bytes()).unwrap(), both);
        }
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        refuses(b"B1\ta\nB2 b\n", "line 2: no tab");
        refuses(b"B1\ta\n\n", "line 2: no tab");
        refuses(b"\ta\n", "line 1: no building before the tab");
        refuses(
            b"B1\ta\nB1\tb\nB1\t\xb0\xa1\n",
            "line 3: not UTF-8 from byte 4 on",
        );
        refuses(b"B1\ta\0\n", "line 1: a NUL");
    }

    #[test]
    fn spreads_texts_over_the_month() {
        let at = |number| {
            anybodys("B1\ta", number, october())
                .unwrap()
                .written_at
                .to_string()
        };
        assert_eq!(at(1), "2026-09-30T15:00:00Z");
        assert_eq!(at(31), "2026-10-30T15:00:00Z");
        assert_eq!(at(32), "2026-09-30T15:01:00Z");
        // 31 days of 1440 minutes, and it begins anew.
        assert_eq!(at(31 * 1440), "2026-10-31T14:59:00Z");
        assert_eq!(at(31 * 1440 + 1), at(1));
    }

    #[test]
    fn puts_the_demos_texts_into_both_months() {
        let text = demos("B001\tm1-01T09:08\t미지근한 바람", october()).unwrap();
        assert_eq!((text.month.id(), text.body), ("2026-09".into(), "미지근한 바람"));
        assert_eq!(text.written_at.to_string(), "2026-09-01T00:08:00Z");
        let closed = demo_building("B014\t구름재빌라트\tm0-15", october())
            .unwrap()
            .closed_on;
        assert_eq!(closed.unwrap().to_string(), "2026-10-15");
        assert!(demos("B001\tm0-32T09:08\ta", october()).is_err());
    }
}
