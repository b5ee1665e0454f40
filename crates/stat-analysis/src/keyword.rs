//! What the report is made of.

use stat_ledger::period::Period;

/// A row of the report: what a term means for a building.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyword {
    /// The building's id.
    pub building_id: String,
    /// The building's name.
    pub building: String,
    /// From 1, the most distinctive term first.
    pub rank: i32,
    /// A noun or compound noun.
    pub term: String,
    /// How often it occurs in the building's texts.
    pub frequency: i64,
    /// In how many of them.
    pub documents: i64,
    /// How distinctive it is against the month's other buildings.
    pub z_score: f64,
    /// How often it occurred in the month before; nothing where there is no month to compare with.
    pub previous_frequency: Option<i64>,
    /// The change of its share in the building's terms, from -1 to 1; nothing where there is no month to
    /// compare with.
    pub share_change: Option<f64>,
}

/// The month at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The month.
    pub period: Period,
    /// Every building of the run.
    pub buildings: Vec<BuildingSummary>,
    /// Whether there is a complete month before, made by the same analyser.
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
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Number of texts.
    pub documents: i64,
    /// Number of morphemes in them.
    pub morphemes: i64,
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
}
