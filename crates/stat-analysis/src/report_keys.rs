//! The keys of the report's files in the bucket.

use stat_ledger::period::Period;

/// One key for each file.
#[derive(Clone, Debug)]
pub(crate) struct ReportKeys {
    pub(crate) html: String,
    pub(crate) xlsx: String,
    /// Terms of every building.
    pub(crate) csv: String,
    /// Categories of every building.
    pub(crate) categories: String,
}

impl ReportKeys {
    pub(crate) fn of(period: Period) -> Self {
        let key = |ending: &str| format!("stat/{}-{}{ending}", period.start(), period.end());
        Self {
            html: key(".html"),
            xlsx: key(".xlsx"),
            csv: key(".csv"),
            categories: key("-categories.csv"),
        }
    }
}
