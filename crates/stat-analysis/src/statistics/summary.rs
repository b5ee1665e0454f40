//! The totals of the month and of its buildings.

use stat_ledger::period::Period;

use super::thresholds::TREND_MONTHS;

/// Numbers of texts, the oldest month first and the reported one last. `None` for a month without a run, or with a
/// failed analysis.
pub(crate) type Trend = [Option<i64>; TREND_MONTHS];

/// The totals of a month.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) period: Period,
    /// Every building of the run.
    pub(crate) buildings: Vec<BuildingSummary>,
    /// The month before, if its run is complete.
    pub(crate) before: Option<MonthBefore>,
    /// Texts of all buildings together; `None` for a month with a failed building.
    pub(crate) trend: Trend,
    /// True if the month before is complete and the same analyser counted it, so that terms are comparable.
    pub(crate) is_compared: bool,
    /// True if the run repeats the failed buildings of an earlier report.
    pub(crate) is_correction: bool,
    /// Texts of buildings that `stat_source_building` does not list.
    pub(crate) unknown_texts: i64,
    /// Ids of some of these buildings.
    pub(crate) unknown_buildings: Vec<String>,
}

/// The totals of a building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildingSummary {
    pub(crate) building_id: String,
    pub(crate) name: String,
    /// `None` if the analysis failed.
    pub(crate) totals: Option<Totals>,
    pub(crate) trend: Trend,
}

/// Numbers of texts and of their morphemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) documents: i64,
    pub(crate) morphemes: i64,
}

/// The totals of the month before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthBefore {
    /// Number of buildings.
    pub(crate) buildings: i64,
    pub(crate) totals: Totals,
}

impl Summary {
    /// Sums up the buildings whose analysis succeeded.
    pub(crate) fn totals(&self) -> Totals {
        self.buildings
            .iter()
            .filter_map(|building| building.totals)
            .fold(Totals::default(), |sum, totals| Totals {
                documents: sum.documents + totals.documents,
                morphemes: sum.morphemes + totals.morphemes,
            })
    }

    /// Lists the buildings whose analysis failed.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &BuildingSummary> {
        self.buildings.iter().filter(|building| building.totals.is_none())
    }

    /// Returns the month before if the totals can be compared: every building of this month was analysed.
    pub(crate) fn comparable_before(&self) -> Option<MonthBefore> {
        self.before.filter(|_| self.failed().next().is_none())
    }
}

impl BuildingSummary {
    /// Returns the number of texts in the month before.
    pub(crate) fn documents_before(&self) -> Option<i64> {
        self.trend[TREND_MONTHS - 2]
    }
}

/// Returns the months of a trend that ends with `period`.
pub(crate) fn trend_months(period: Period) -> [Period; TREND_MONTHS] {
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
    fn a_trend_crosses_the_turn_of_the_year() {
        let months = trend_months("2026-02".parse().expect("a period")).map(|month| month.to_string());
        assert_eq!(
            months,
            ["2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"]
        );
    }
}
