//! The month at a glance.

use stat_ledger::period::Period;

/// How many months a trend has, the reported one included.
pub const TREND_MONTHS: usize = 6;

/// Numbers of texts, the oldest month first and the reported one last; nothing where there is no such month, or
/// its analysis failed.
pub type Trend = [Option<i64>; TREND_MONTHS];

/// The month.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Which.
    pub period: Period,
    /// Every building of the run.
    pub buildings: Vec<BuildingSummary>,
    /// The month before, where all of it was counted.
    pub before: Option<MonthBefore>,
    /// All buildings together; nothing for a month of which a building is missing.
    pub trend: Trend,
    /// Whether terms can be compared with the month before: it is complete, and the same analyser made it.
    pub is_compared: bool,
    /// Whether it repeats the failed buildings of an earlier report.
    pub is_correction: bool,
    /// Texts of buildings that nobody knows.
    pub unknown_texts: i64,
    /// Some of these buildings' ids.
    pub unknown_buildings: Vec<String>,
}

/// A building at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildingSummary {
    /// Its id.
    pub building_id: String,
    /// Its name.
    pub name: String,
    /// Its texts and their morphemes; nothing where the analysis failed.
    pub counted: Option<Counted>,
    /// Its texts, month by month.
    pub trend: Trend,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Number of texts.
    pub documents: i64,
    /// Number of morphemes in them.
    pub morphemes: i64,
}

/// The month before, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthBefore {
    /// Number of buildings.
    pub buildings: i64,
    /// Their texts and morphemes.
    pub counted: Counted,
}

impl Summary {
    /// The sum over the buildings whose analysis did not fail.
    pub fn total(&self) -> Counted {
        self.buildings
            .iter()
            .filter_map(|building| building.counted)
            .fold(Counted::default(), |sum, one| Counted {
                documents: sum.documents + one.documents,
                morphemes: sum.morphemes + one.morphemes,
            })
    }

    /// The buildings whose analysis failed.
    pub fn failed(&self) -> impl Iterator<Item = &BuildingSummary> {
        self.buildings
            .iter()
            .filter(|building| building.counted.is_none())
    }

    /// The month before to hold the totals against: none while buildings of this one are missing.
    pub fn comparable_before(&self) -> Option<MonthBefore> {
        self.before.filter(|_| self.failed().next().is_none())
    }
}

impl BuildingSummary {
    /// How many texts it had in the month before.
    pub fn documents_before(&self) -> Option<i64> {
        self.trend[TREND_MONTHS - 2]
    }
}

/// The months of a trend that ends with `period`.
pub fn trend_months(period: Period) -> [Period; TREND_MONTHS] {
    let mut months = [period; TREND_MONTHS];
    for index in (0..TREND_MONTHS - 1).rev() {
        months[index] = months[index + 1].previous();
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_goes_over_the_turn_of_the_year() {
        let months = trend_months("2026-02".parse().expect("a period")).map(|month| month.to_string());
        assert_eq!(
            months,
            ["2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"]
        );
    }
}
