//! The recent posts of this environment, which detect duplicate events if there is no table.

use std::collections::VecDeque;

const CAPACITY: usize = 500;

/// Keys of the last posted messages.
///
/// They are lost with the environment and unknown to others. Most duplicate events arrive within seconds and reach the
/// same environment.
#[derive(Debug, Default)]
pub(crate) struct RecentPosts(VecDeque<String>);

impl RecentPosts {
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0.iter().any(|recent| recent == key)
    }

    pub(crate) fn add(&mut self, key: String) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_post() {
        let mut posts = RecentPosts::default();
        for number in 0..=CAPACITY {
            posts.add(number.to_string());
        }
        assert!(!posts.contains("0") && posts.contains("1") && posts.contains(&CAPACITY.to_string()));
    }
}
