//! The terms of every building as CSV.

use stat_ledger::period::Period;

use crate::csv_file::{CsvFile, escape_formula, or_empty};
use crate::statistics::keyword::Keyword;

/// Writes the keywords row by row.
pub(crate) struct KeywordCsv {
    period: String,
    file: CsvFile,
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

impl KeywordCsv {
    /// Writes the header.
    pub(crate) fn new(period: Period) -> Result<Self, csv::Error> {
        Ok(Self {
            period: period.to_string(),
            file: CsvFile::new(HEADER)?,
        })
    }

    /// Writes a row. Unknown numbers stay empty.
    pub(crate) fn push(&mut self, keyword: &Keyword) -> Result<(), csv::Error> {
        self.file.push([
            self.period.as_str(),
            &escape_formula(&keyword.building_id),
            &escape_formula(&keyword.building),
            &keyword.rank.to_string(),
            &escape_formula(&keyword.term),
            &keyword.frequency.to_string(),
            &keyword.documents.to_string(),
            &format!("{:.4}", keyword.z_score),
            &or_empty(keyword.previous_frequency.map(|frequency| frequency.to_string())),
            &or_empty(keyword.share_change.map(|change| format!("{change:.6}"))),
        ])
    }

    /// Returns what has been written since the last call.
    pub(crate) fn take(&mut self) -> anyhow::Result<Vec<u8>> {
        self.file.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keyword: &Keyword, expected_row: &str) {
        let mut csv = KeywordCsv::new("2026-10".parse().expect("a period")).expect("in memory");
        csv.push(keyword).expect("in memory");
        let file = String::from_utf8(csv.take().expect("in memory")).expect("UTF-8");
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
    fn writes_what_excel_opens() {
        check(
            &keyword(),
            "2026-10,B001,한빛 오피스텔,1,층간소음,12,9,-1.2500,3,-0.012500",
        );
    }

    #[test]
    fn leaves_unknown_numbers_empty() {
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
    fn escapes_a_formula() {
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
