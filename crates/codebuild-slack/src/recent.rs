//! What this environment has posted: without a table the only memory there is.

use std::collections::VecDeque;

const KEPT: usize = 500;

/// The last few builds and how they ended. It lasts as long as the environment, and knows nothing of others: most
/// doubled events come within seconds, and meet the same environment.
#[derive(Debug, Default)]
pub struct Recent(VecDeque<String>);

impl Recent {
    /// Whether this was posted.
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|known| known == key)
    }

    /// Notes that this was posted.
    pub fn add(&mut self, key: String) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest() {
        let mut recent = Recent::default();
        for number in 0..=KEPT {
            recent.add(number.to_string());
        }
        assert!(!recent.has("0") && recent.has("1") && recent.has(&KEPT.to_string()));
    }
}
