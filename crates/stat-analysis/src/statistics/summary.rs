//! The totals of the month and of its buildings.

use std::borrow::Cow;
use std::collections::HashMap;

use stat_ledger::period::Period;
use uuid::Uuid;

use super::category_share::CategoryShare;
use super::thresholds::{LONGEST_NAME, TREND_MONTHS};

/// Numbers of texts, the oldest month first and the reported one last. `None` for a month without a run, or with a
/// failed analysis.
pub(crate) type Trend = [Option<i64>; TREND_MONTHS];

/// The totals of a month.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) period: Period,
    /// Every building of the run.
    pub(crate) buildings: Vec<BuildingSummary>,
    /// Texts of all buildings together by category.
    pub(crate) categories: Vec<CategoryShare>,
    /// The month before, if its run is complete.
    pub(crate) before: Option<MonthBefore>,
    /// Texts of all buildings together; `None` for a month with a failed building.
    pub(crate) trend: Trend,
    pub(crate) comparison: Comparison,
    /// True if the run repeats the failed buildings of an earlier report.
    pub(crate) is_correction: bool,
    /// Texts of buildings that `stat_source_building` does not list.
    pub(crate) unknown_texts: i64,
    /// Ids of some of these buildings.
    pub(crate) unknown_buildings: Vec<String>,
}

/// Comparison of terms and categories with the month before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Comparison with this run of the month before.
    With(Uuid),
    /// The month before was counted by another analyser, or with other dictionaries, word lists or rules.
    OtherVersion,
    /// The month before has no complete run, or its terms were removed.
    NoMonthBefore,
}

/// The totals of a building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildingSummary {
    pub(crate) building_id: String,
    pub(crate) name: String,
    /// True if another building of the month has the same name.
    pub(crate) has_namesake: bool,
    /// Number of texts; `None` if the analysis failed.
    pub(crate) documents: Option<i64>,
    pub(crate) trend: Trend,
}

/// The totals of the month before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthBefore {
    /// Number of buildings.
    pub(crate) buildings: i64,
    /// Number of texts.
    pub(crate) documents: i64,
}

impl Summary {
    /// Returns the number of texts of the buildings whose analysis succeeded.
    pub(crate) fn documents(&self) -> i64 {
        self.buildings
            .iter()
            .filter_map(|building| building.documents)
            .sum()
    }

    /// Returns whether terms and categories are compared with the month before.
    pub(crate) fn is_compared(&self) -> bool {
        self.comparison.run().is_some()
    }

    /// Returns a building of the month.
    pub(crate) fn building(&self, id: &str) -> Option<&BuildingSummary> {
        self.buildings.iter().find(|building| building.building_id == id)
    }

    /// Lists the buildings whose analysis failed.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &BuildingSummary> {
        self.buildings
            .iter()
            .filter(|building| building.documents.is_none())
    }

    /// Returns the month before if the totals can be compared: every building of this month was analysed.
    pub(crate) fn comparable_before(&self) -> Option<MonthBefore> {
        self.before.filter(|_| self.failed().next().is_none())
    }
}

impl Comparison {
    /// Returns the run of the month before.
    pub(crate) fn run(self) -> Option<Uuid> {
        match self {
            Self::With(run) => Some(run),
            Self::OtherVersion | Self::NoMonthBefore => None,
        }
    }
}

impl BuildingSummary {
    /// Returns the name, and with it the id where another building has the same name.
    pub(crate) fn label(&self) -> Cow<'_, str> {
        if self.has_namesake {
            Cow::Owned(format!("{} ({})", self.name, self.building_id))
        } else {
            Cow::Borrowed(&self.name)
        }
    }

    /// Returns the number of texts in the month before.
    pub(crate) fn documents_before(&self) -> Option<i64> {
        self.trend[TREND_MONTHS - 2]
    }
}

/// Marks the buildings that share their name with another one. Names that differ only in space, case or Unicode's
/// normal form look the same.
pub(crate) fn mark_namesakes(buildings: &mut [BuildingSummary]) {
    let mut number: HashMap<String, usize> = HashMap::new();
    for building in &*buildings {
        *number.entry(appearance(&building.name)).or_default() += 1;
    }
    for building in buildings {
        building.has_namesake = number[&appearance(&building.name)] > 1;
    }
}

/// Returns what a reader sees of a name: the mail shows its first characters only.
fn appearance(name: &str) -> String {
    let name = ko_morph::normalise(name);
    let shown = name.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    shown.take(LONGEST_NAME).flat_map(char::to_lowercase).collect()
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
    fn buildings_of_one_name_are_told_apart_by_their_ids() {
        let building = |id: &str, name: &str| BuildingSummary {
            building_id: id.into(),
            name: name.into(),
            has_namesake: false,
            documents: None,
            trend: [None; TREND_MONTHS],
        };
        let mut buildings = [
            building("B1", "한빛 APT"),
            building("B2", "은솔"),
            building("B3", "한빛apt "),
            building("B4", "한빛 APT"),
            building("B5", "\u{110b}\u{1173}\u{11ab}\u{1109}\u{1169}\u{11af}"),
        ];
        mark_namesakes(&mut buildings);
        let labels = buildings.each_ref().map(BuildingSummary::label);
        assert_eq!(
            labels,
            [
                "한빛 APT (B1)",
                "은솔 (B2)",
                "한빛apt  (B3)",
                "한빛 APT (B4)",
                "\u{110b}\u{1173}\u{11ab}\u{1109}\u{1169}\u{11af} (B5)"
            ]
        );
    }

    #[test]
    fn a_trend_crosses_the_turn_of_the_year() {
        let months = trend_months("2026-02".parse().expect("a period")).map(|month| month.to_string());
        assert_eq!(
            months,
            ["2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"]
        );
    }
}
