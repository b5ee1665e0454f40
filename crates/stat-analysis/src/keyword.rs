//! What distinguishes a building.

use crate::overlap::Counts;

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

impl Counts for Keyword {
    fn term(&self) -> &str {
        &self.term
    }

    fn count(&self) -> i64 {
        self.frequency
    }
}
