//! What a building writes more or less of than in the month before.

use crate::overlap::{self, Counts};

/// A term whose share in a building's terms has changed, and not by chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The building's id.
    pub building_id: String,
    /// A noun or compound noun.
    pub term: String,
    /// How often it occurred in the month before.
    pub before: i64,
    /// How often it occurs now.
    pub now: i64,
    /// Its share in the building's terms of the month before, from 0 to 1.
    pub share_before: f64,
    /// Its share in the building's terms now, from 0 to 1.
    pub share_now: f64,
    /// The two-proportion z-test: above 0 where the share has grown.
    pub z_score: f64,
}

impl Change {
    /// Whether the share has grown.
    pub fn is_rise(&self) -> bool {
        self.z_score > 0.0
    }
}

impl Counts for Change {
    fn term(&self) -> &str {
        &self.term
    }

    fn count(&self) -> i64 {
        self.before + self.now
    }
}

/// The changes of one building, among those of all in the order of the buildings' ids.
pub fn of_building<'c>(changes: &'c [Change], building_id: &str) -> &'c [Change] {
    let start = changes.partition_point(|change| change.building_id.as_str() < building_id);
    let end = changes.partition_point(|change| change.building_id.as_str() <= building_id);
    &changes[start..end]
}

/// What is worth a line of one building's changes: the loudest rises and falls, `each_way` of them, a compound and
/// its parts as one.
pub fn telling(changes: Vec<Change>, each_way: usize) -> Vec<Change> {
    let loudest = |is_rise| {
        let one_way = changes.iter().filter(|change| change.is_rise() == is_rise);
        overlap::without_repetition(loudest_first(one_way), each_way)
    };
    loudest(true).into_iter().chain(loudest(false)).cloned().collect()
}

/// Beyond which a change is loud among those of all buildings: one chance in a thousand, as there are many.
const LOUD: f64 = 3.291;

/// The loudest of all buildings' changes.
pub fn loudest(changes: &[Change], how_many: usize) -> Vec<&Change> {
    let loud = changes.iter().filter(|change| change.z_score.abs() >= LOUD);
    let mut loudest = loudest_first(loud);
    loudest.truncate(how_many);
    loudest
}

/// Also without an order in the database they come in the same one.
fn loudest_first<'c>(changes: impl Iterator<Item = &'c Change>) -> Vec<&'c Change> {
    let mut changes: Vec<&Change> = changes.collect();
    changes.sort_by(|a, b| {
        let loudness = b.z_score.abs().total_cmp(&a.z_score.abs());
        // Of two that are equally loud the compound says more than its part.
        let length = b.term.len().cmp(&a.term.len());
        let name = (&a.building_id, &a.term).cmp(&(&b.building_id, &b.term));
        loudness.then(length).then(name)
    });
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(building_id: &str, term: &str, before: i64, now: i64, z_score: f64) -> Change {
        Change {
            building_id: building_id.into(),
            term: term.into(),
            before,
            now,
            share_before: before as f64 / 1000.0,
            share_now: now as f64 / 1000.0,
            z_score,
        }
    }

    fn terms<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Vec<&'c str> {
        changes.into_iter().map(|change| change.term.as_str()).collect()
    }

    #[test]
    fn rises_come_before_falls_and_the_loudest_first() {
        let changes = [
            change("B1", "누수", 2, 20, 3.9),
            change("B1", "주차", 30, 4, -5.0),
            change("B1", "난방", 1, 40, 6.0),
            change("B1", "소독", 3, 10, 2.7),
        ];
        assert_eq!(terms(&telling(changes.to_vec(), 2)), ["난방", "누수", "주차"]);
        assert_eq!(terms(loudest(&changes, 2)), ["난방", "주차"]);
        // What may be chance among so many is not loud.
        assert_eq!(terms(loudest(&changes, 9)), ["난방", "주차", "누수"]);
    }

    #[test]
    fn a_compound_and_its_parts_are_one_change() {
        let changes = [
            change("B1", "소음", 2, 20, 4.1),
            change("B1", "층간소음", 2, 20, 4.0),
            change("B1", "층간", 2, 20, 4.0),
        ];
        assert_eq!(terms(&telling(changes.to_vec(), 5)), ["층간소음"]);
    }

    #[test]
    fn every_building_has_its_own() {
        let changes = ["B1", "B2", "B2", "B4"].map(|id| change(id, "누수", 2, 20, 3.9));
        let numbers = ["B0", "B1", "B2", "B3", "B4", "B5"].map(|id| of_building(&changes, id).len());
        assert_eq!(numbers, [0, 1, 2, 0, 1, 0]);
    }
}
