//! The report as CSV, for Excel.

use stat_ledger::period::Period;
use std::borrow::Cow;

use crate::keyword::Keyword;

/// Written row by row, into memory.
pub struct Table {
    period: String,
    writer: csv::Writer<Vec<u8>>,
}

const HEADER: [&str; 10] = [
    "period",
    "building_id",
    "building",
    "rank",
    "term",
    "frequency",
    "documents",
    "z_score",
    "previous_frequency",
    "share_change",
];

impl Table {
    /// A table with its header.
    ///
    /// It begins with a byte order mark, without which Excel takes UTF-8 for the system's code page, and
    /// its lines end with CRLF as RFC 4180 says.
    ///
    /// # Errors
    /// None in practice: it writes into memory.
    pub fn new(period: Period) -> Result<Self, csv::Error> {
        let bytes = "\u{feff}".as_bytes().to_vec();
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(bytes);
        writer.write_record(HEADER)?;
        Ok(Self {
            period: period.to_string(),
            writer,
        })
    }

    /// Adds a row. What is unknown stays empty.
    ///
    /// # Errors
    /// None in practice: it writes into memory.
    pub fn push(&mut self, keyword: &Keyword) -> Result<(), csv::Error> {
        let Keyword {
            building_id,
            building,
            term,
            z_score,
            ..
        } = keyword;
        let or_empty = |number: Option<String>| number.unwrap_or_default();
        self.writer.write_record([
            self.period.as_str(),
            &harmless(building_id),
            &harmless(building),
            &keyword.rank.to_string(),
            &harmless(term),
            &keyword.frequency.to_string(),
            &keyword.documents.to_string(),
            &format!("{z_score:.4}"),
            &or_empty(keyword.previous_frequency.map(|frequency| frequency.to_string())),
            &or_empty(keyword.share_change.map(|change| format!("{change:.6}"))),
        ])
    }

    /// The file.
    ///
    /// # Errors
    /// None in practice: it writes into memory.
    pub fn finish(self) -> anyhow::Result<Vec<u8>> {
        self.writer
            .into_inner()
            .map_err(|error| anyhow::anyhow!("could not end the CSV: {}", error.error()))
    }
}

/// A text that a spreadsheet does not take for a formula: `=HYPERLINK(…)` from a tenant must not run on the
/// manager's computer (OWASP, "CSV Injection").
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keyword: &Keyword, expected_row: &str) {
        let mut table = Table::new("2026-10".parse().expect("a period")).expect("in memory");
        table.push(keyword).expect("in memory");
        let file = String::from_utf8(table.finish().expect("in memory")).expect("UTF-8");
        let header = "period,building_id,building,rank,term,frequency,documents,z_score,previous_frequency,share_change";
        assert_eq!(file, format!("\u{feff}{header}\r\n{expected_row}\r\n"));
    }

    fn keyword() -> Keyword {
        Keyword {
            building_id: "B001".into(),
            building: "한빛 오피스텔".into(),
            rank: 1,
            term: "층간소음".into(),
            frequency: 12,
            documents: 9,
            z_score: -1.25,
            previous_frequency: Some(3),
            share_change: Some(-0.0125),
        }
    }

    #[test]
    fn is_what_excel_opens() {
        check(
            &keyword(),
            "2026-10,B001,한빛 오피스텔,1,층간소음,12,9,-1.2500,3,-0.012500",
        );
    }

    #[test]
    fn leaves_empty_what_cannot_be_compared() {
        let keyword = Keyword {
            previous_frequency: None,
            share_change: None,
            ..keyword()
        };
        check(&keyword, "2026-10,B001,한빛 오피스텔,1,층간소음,12,9,-1.2500,,");
    }

    #[test]
    fn quotes_names_with_commas_quotes_and_line_breaks() {
        let keyword = Keyword {
            building: "미소들 \"라온\", 2동\n별관".into(),
            ..keyword()
        };
        check(
            &keyword,
            "2026-10,B001,\"미소들 \"\"라온\"\", 2동\n별관\",1,층간소음,12,9,-1.2500,3,-0.012500",
        );
    }

    #[test]
    fn keeps_a_formula_text() {
        let keyword = Keyword {
            term: "=HYPERLINK(\"http://x\",\"y\")".into(),
            building: "@동".into(),
            ..keyword()
        };
        check(
            &keyword,
            "2026-10,B001,'@동,1,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",12,9,-1.2500,3,-0.012500",
        );
    }
}
