//! The size of the next batch of buildings.

use std::time::Duration;

use stat_ledger::building::UnfinishedBuilding;

use super::pace::GROWTH;

/// Largest number of buildings in a batch. One batch is analysed while another is stored, so a killed process costs
/// an attempt at 300 buildings at most.
const BUILDINGS: usize = 150;
/// Texts of a batch of several buildings. Reading it costs two round trips to the database, which are nothing
/// beside the half second of its analysis.
const TEXTS: i64 = 10_000;
/// Bytes of a batch's results in memory, where two batches of them are held.
const RESULT_BYTES: i64 = 4 * 1024 * 1024;
/// A batch that is analysed or stored more slowly is too large: another invocation repeats it if this one dies.
const SLOW: Duration = Duration::from_secs(2);

/// Grows from one building, as long as batches are fast.
pub(super) struct BatchSize {
    buildings: usize,
    /// Largest size of the results of a text so far.
    bytes_per_text: i64,
}

impl BatchSize {
    pub(super) fn new() -> Self {
        Self {
            buildings: 1,
            bytes_per_text: 1,
        }
    }

    /// Returns how many of the buildings are the next batch: at least one.
    pub(super) fn of_next(&self, buildings: &[UnfinishedBuilding]) -> usize {
        let limit = TEXTS.min(RESULT_BYTES / self.bytes_per_text);
        let mut texts = 0;
        let fits = |building: &&UnfinishedBuilding| {
            texts += building.texts;
            texts <= limit
        };
        buildings
            .iter()
            .take(self.buildings)
            .take_while(fits)
            .count()
            .max(1)
    }

    /// Learns from a batch that took this time to be analysed, or to be stored.
    pub(super) fn measure(&mut self, slower: Duration, texts: i64, result_bytes: usize) {
        let bytes = i64::try_from(result_bytes).unwrap_or(i64::MAX);
        self.bytes_per_text = self.bytes_per_text.max(bytes / texts.max(1));
        self.buildings = if slower > SLOW {
            (self.buildings / GROWTH).max(1)
        } else if slower * GROWTH as u32 > SLOW {
            self.buildings
        } else {
            (self.buildings * GROWTH).min(BUILDINGS)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(10);

    fn buildings(texts: &[i64]) -> Vec<UnfinishedBuilding> {
        let building = |texts: &i64| UnfinishedBuilding {
            building_id: String::new(),
            attempts: 0,
            texts: *texts,
        };
        texts.iter().map(building).collect()
    }

    #[test]
    fn grows_while_batches_are_fast_and_shrinks_after_a_slow_one() {
        let mut size = BatchSize::new();
        let many = buildings(&[1; 1000]);
        let mut sizes = Vec::new();
        for slower in [FAST, FAST, FAST, FAST, FAST, SLOW, 2 * SLOW] {
            sizes.push(size.of_next(&many));
            size.measure(slower, 1, 100);
        }
        sizes.push(size.of_next(&many));
        assert_eq!(sizes, [1, 4, 16, 64, 150, 150, 150, 37]);
    }

    #[test]
    fn large_buildings_and_large_results_make_small_batches() {
        let mut size = BatchSize::new();
        for _ in 0..4 {
            size.measure(FAST, 100, 100);
        }
        assert_eq!(size.of_next(&buildings(&[4_000; 9])), 2, "10,000 texts");
        assert_eq!(size.of_next(&buildings(&[1_000_000, 1])), 1, "at least one");
        // 4 KiB of results for each text: 4 MiB for 1,024 texts.
        size.measure(FAST, 1, 4_096);
        assert_eq!(size.of_next(&buildings(&[100; 99])), 10);
    }
}
