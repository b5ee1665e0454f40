//! The categories of every building as CSV.

use stat_ledger::period::Period;

use crate::csv_file::{CsvFile, escape_formula, or_empty};
use crate::statistics::category_share::BuildingCategories;

/// Writes the categories building by building.
pub(crate) struct CategoryCsv {
    period: String,
    file: CsvFile,
}

const HEADER: [&str; 8] = [
    "period",
    "building_id",
    "building",
    "category",
    "documents",
    "share",
    "previous_documents",
    "share_change",
];

impl CategoryCsv {
    /// Writes the header.
    pub(crate) fn new(period: Period) -> Result<Self, csv::Error> {
        Ok(Self {
            period: period.to_string(),
            file: CsvFile::new(HEADER)?,
        })
    }

    /// Writes a row for each category. Unknown numbers stay empty.
    pub(crate) fn push(&mut self, building: &BuildingCategories) -> Result<(), csv::Error> {
        let share = |share: Option<f64>| or_empty(share.map(|share| format!("{share:.6}")));
        for category in &building.categories {
            self.file.push([
                self.period.as_str(),
                &escape_formula(&building.building_id),
                &escape_formula(&building.building),
                &escape_formula(&category.category),
                &category.now.documents.to_string(),
                &share(category.now.share()),
                &or_empty(category.before.map(|before| before.documents.to_string())),
                &share(category.share_change()),
            ])?;
        }
        Ok(())
    }

    /// Returns what has been written since the last call.
    pub(crate) fn take(&mut self) -> anyhow::Result<Vec<u8>> {
        self.file.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::category_share::{CategoryShare, Part};

    #[test]
    fn writes_a_row_for_each_category() {
        let category = |name: &str, documents, before| CategoryShare {
            category: name.into(),
            now: Part { documents, all: 40 },
            before,
        };
        let building = BuildingCategories {
            building_id: "B001".into(),
            building: "=한빛, 오피스텔".into(),
            categories: vec![
                category(
                    "주차",
                    10,
                    Some(Part {
                        documents: 4,
                        all: 20,
                    }),
                ),
                category("기타", 1, None),
            ],
        };
        let mut csv = CategoryCsv::new("2026-10".parse().expect("a period")).expect("in memory");
        csv.push(&building).expect("in memory");
        let file = String::from_utf8(csv.take().expect("in memory")).expect("UTF-8");
        assert_eq!(
            file,
            "\u{feff}period,building_id,building,category,documents,share,previous_documents,share_change\r\n\
             2026-10,B001,\"'=한빛, 오피스텔\",주차,10,0.250000,4,0.050000\r\n\
             2026-10,B001,\"'=한빛, 오피스텔\",기타,1,0.025000,,\r\n"
        );
    }
}
