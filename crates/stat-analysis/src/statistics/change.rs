//! Terms that a building uses more or less often than in the month before.

use super::overlap::{self, CountedTerm};

/// A term that a significantly larger or smaller share of a building's texts has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) building_id: String,
    pub(crate) term: String,
    /// Texts with the term in the month before.
    pub(crate) before: i64,
    /// Texts with the term in the reported month.
    pub(crate) now: i64,
    /// Share of the building's texts that have the term in the month before, from 0 to 1.
    pub(crate) share_before: f64,
    /// Share of the building's texts that have the term in the reported month, from 0 to 1.
    pub(crate) share_now: f64,
    /// Result of the two-proportion z-test: positive for a rise.
    pub(crate) z_score: f64,
}

impl Change {
    /// Returns whether the share has grown.
    pub(crate) fn is_rise(&self) -> bool {
        self.z_score > 0.0
    }
}

impl CountedTerm for Change {
    fn term(&self) -> &str {
        &self.term
    }

    fn count(&self) -> i64 {
        self.before + self.now
    }
}

/// Returns one building's part of `changes`, which are ordered by building id.
pub(crate) fn of_building<'c>(changes: &'c [Change], building_id: &str) -> &'c [Change] {
    let start = changes.partition_point(|change| change.building_id.as_str() < building_id);
    let end = changes.partition_point(|change| change.building_id.as_str() <= building_id);
    &changes[start..end]
}

/// Returns the strongest rises of one building, then its strongest falls: `per_direction` of each, without
/// overlaps.
pub(crate) fn strongest_of_building(changes: Vec<Change>, per_direction: usize) -> Vec<Change> {
    let strongest = |is_rise| {
        let one_direction = changes.iter().filter(|change| change.is_rise() == is_rise);
        overlap::without_overlaps(strongest_first(one_direction), per_direction)
    };
    strongest(true)
        .into_iter()
        .chain(strongest(false))
        .cloned()
        .collect()
}

/// Returns the strongest changes among those of all buildings.
pub(crate) fn strongest(changes: &[Change], limit: usize) -> Vec<&Change> {
    let mut strongest = strongest_first(changes.iter());
    strongest.truncate(limit);
    strongest
}

/// Sorts by |z|, and fully: the order does not depend on the database's.
fn strongest_first<'c>(changes: impl Iterator<Item = &'c Change>) -> Vec<&'c Change> {
    let mut changes: Vec<&Change> = changes.collect();
    changes.sort_by(|a, b| {
        let strength = b.z_score.abs().total_cmp(&a.z_score.abs());
        // Of two equal changes the compound comes first: it is more specific than its part.
        let length = b.term.len().cmp(&a.term.len());
        let name = (&a.building_id, &a.term).cmp(&(&b.building_id, &b.term));
        strength.then(length).then(name)
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
    fn orders_rises_before_falls_and_strong_changes_first() {
        let changes = [
            change("B1", "누수", 2, 20, 3.9),
            change("B1", "주차", 30, 4, -5.0),
            change("B1", "난방", 1, 40, 6.0),
            change("B1", "소독", 3, 10, 2.7),
        ];
        assert_eq!(
            terms(&strongest_of_building(changes.to_vec(), 2)),
            ["난방", "누수", "주차"]
        );
        assert_eq!(terms(strongest(&changes, 2)), ["난방", "주차"]);
    }

    #[test]
    fn merges_a_compound_and_its_parts() {
        let changes = [
            change("B1", "소음", 2, 20, 4.1),
            change("B1", "층간소음", 2, 20, 4.0),
            change("B1", "층간", 2, 20, 4.0),
        ];
        assert_eq!(terms(&strongest_of_building(changes.to_vec(), 5)), ["층간소음"]);
    }

    #[test]
    fn finds_the_changes_of_each_building() {
        let changes = ["B1", "B2", "B2", "B4"].map(|id| change(id, "누수", 2, 20, 3.9));
        let numbers = ["B0", "B1", "B2", "B3", "B4", "B5"].map(|id| of_building(&changes, id).len());
        assert_eq!(numbers, [0, 1, 2, 0, 1, 0]);
    }
}
