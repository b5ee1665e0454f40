//! The terms that distinguish a building.

use super::overlap::CountedTerm;

/// A row of the report: a term of one building.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Keyword {
    pub(crate) building_id: String,
    /// Name of the building.
    pub(crate) building: String,
    /// Rank by `z_score`, from 1.
    pub(crate) rank: i32,
    pub(crate) term: String,
    /// Occurrences in the building's texts.
    pub(crate) frequency: i64,
    /// Texts with the term.
    pub(crate) documents: i64,
    /// Distinctiveness against the month's other buildings.
    pub(crate) z_score: f64,
    /// Occurrences in the month before; `None` without a comparable month.
    pub(crate) previous_frequency: Option<i64>,
    /// Change of the term's share in the building's terms, from -1 to 1; `None` without a comparable month.
    pub(crate) share_change: Option<f64>,
}

impl CountedTerm for Keyword {
    fn term(&self) -> &str {
        &self.term
    }

    fn count(&self) -> i64 {
        self.frequency
    }
}
