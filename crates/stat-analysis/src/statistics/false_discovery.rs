//! The false discovery rate of many tests.

use super::thresholds::FALSE_DISCOVERY_RATE;

/// Step-up procedure of Benjamini and Hochberg (1995), "Controlling the False Discovery Rate", in one pass: of m tests
/// it rejects the k strongest, where k is the largest rank with p ≤ k / m · rate.
#[derive(Default)]
pub(crate) struct StepUp {
    /// Number of tests so far, which is the rank of the last one.
    rank: i64,
    /// |z| of the weakest test that is rejected; `None` if none is.
    critical_z: Option<f64>,
}

impl StepUp {
    /// Adds the z-score of the next of all `tests`. The strongest comes first.
    pub(crate) fn push(&mut self, tests: i64, z_score: f64) {
        self.rank += 1;
        if p_value(z_score) <= self.rank as f64 / tests as f64 * FALSE_DISCOVERY_RATE {
            self.critical_z = Some(z_score.abs());
        }
    }

    /// Returns whether a test with this z-score is rejected, once all have been added.
    pub(crate) fn rejects(&self, z_score: f64) -> bool {
        self.critical_z.is_some_and(|critical| z_score.abs() >= critical)
    }
}

/// Returns the probability of a |z| at least as large by chance, in either direction.
fn p_value(z_score: f64) -> f64 {
    libm::erfc(z_score.abs() / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the z-score of a p-value, by bisection.
    fn z_of(p: f64) -> f64 {
        let (mut low, mut high) = (0.0, 40.0);
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if p_value(middle) > p {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    #[track_caller]
    fn check(p_values: &[f64], expected: usize) {
        let z_scores: Vec<f64> = p_values.iter().copied().map(z_of).collect();
        let mut procedure = StepUp::default();
        z_scores
            .iter()
            .for_each(|z| procedure.push(z_scores.len() as i64, *z));
        assert_eq!(
            z_scores.iter().filter(|z| procedure.rejects(**z)).count(),
            expected
        );
    }

    #[test]
    fn rejects_as_in_the_paper() {
        // Section 3.2 of the paper: p₄ = 0.0095 ≤ 4 / 15 · 0.05 = 0.013, and p₅ = 0.0201 > 5 / 15 · 0.05 = 0.017.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        check(&p_values, 4);
    }

    #[test]
    fn a_later_rank_rejects_the_earlier_ones() {
        // 0.04 > 1 / 3 · 0.05 and 0.041 > 2 / 3 · 0.05, but 0.05 ≤ 3 / 3 · 0.05.
        check(&[0.04, 0.041, 0.05], 3);
        check(&[0.04, 0.041, 0.051], 0);
        check(&[], 0);
    }

    #[test]
    fn p_values_are_those_of_the_normal_distribution() {
        // Tables of the normal distribution: 0.05 at 1.959964, 0.01 at 2.575829, 0.001 at 3.290527; 2.87e-7 one-sided
        // at 5 is 5.733e-7.
        for (z, p) in [(0.0, 1.0), (1.959964, 0.05), (-2.575829, 0.01), (3.290527, 0.001)] {
            assert!((p_value(z) - p).abs() < 1e-7, "{z}");
        }
        assert!((p_value(5.0) / 5.733e-7 - 1.0).abs() < 1e-3);
        assert!(p_value(super::super::thresholds::DISCOVERY_Z) > FALSE_DISCOVERY_RATE);
    }
}
