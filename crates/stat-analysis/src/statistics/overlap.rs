//! Overlaps between a compound noun and its parts: each is counted, and often they mean the same thing.

use super::thresholds::{OVERLAP_PERCENT, OVERLAP_PERCENT_ONE_SYLLABLE};

/// A term and its number of occurrences.
pub(crate) trait CountedTerm {
    fn term(&self) -> &str;

    fn count(&self) -> i64;
}

/// Returns the first `limit` terms without overlaps, in their order. Of overlapping terms the longest stays.
pub(crate) fn without_overlaps<T: CountedTerm>(terms: Vec<&T>, limit: usize) -> Vec<&T> {
    let mut chosen: Vec<(usize, &T)> = Vec::new();
    for (place, term) in terms.into_iter().enumerate() {
        let overlapping = |other: &(usize, &T)| overlap(other.1, term);
        let longest = chosen
            .iter()
            .filter(|other| overlapping(other))
            .map(|(_, other)| other.term().len())
            .max();
        match longest {
            Some(longest) if longest < term.term().len() => {
                chosen.retain(|other| !overlapping(other));
                chosen.push((place, term));
            }
            Some(_) => {}
            None if chosen.len() < limit => chosen.push((place, term)),
            None => {}
        }
    }
    chosen.sort_by_key(|(place, _)| *place);
    chosen.into_iter().map(|(_, term)| term).collect()
}

/// Returns whether one term is a part of the other and mostly occurs inside it.
///
/// Beside 층간소음 (19 times), 층간 (20 times) adds nothing, but 소음 (60 times) does. Where a single syllable is
/// left over, the two are usually different words (전기 and 충전기, 관리 and 관리비), unless they occur nearly equally
/// often (충전 and 충전기).
fn overlap(one: &impl CountedTerm, other: &impl CountedTerm) -> bool {
    let Some(rest) = rest(one.term(), other.term()).or_else(|| rest(other.term(), one.term())) else {
        return false;
    };
    let percent = if rest.contains(&1) {
        OVERLAP_PERCENT_ONE_SYLLABLE
    } else {
        OVERLAP_PERCENT
    };
    let (fewer, more) = (one.count().min(other.count()), one.count().max(other.count()));
    fewer * 100 >= more * percent
}

/// Returns the syllables of `whole` before and after `part`, or `None` if it does not contain `part`.
fn rest(part: &str, whole: &str) -> Option<[usize; 2]> {
    let (before, after) = whole.split_once(part)?;
    Some([before.chars().count(), after.chars().count()])
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Term(&'static str, i64);

    impl CountedTerm for Term {
        fn term(&self) -> &str {
            self.0
        }

        fn count(&self) -> i64 {
            self.1
        }
    }

    #[track_caller]
    fn check(terms: &[Term], limit: usize, expected: &[&str]) {
        let chosen = without_overlaps(terms.iter().collect(), limit);
        let chosen: Vec<&str> = chosen.iter().map(|term| term.0).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn a_compound_replaces_all_its_parts() {
        let terms = [
            Term("층간", 20),
            Term("누수", 9),
            Term("소음", 20),
            Term("층간소음", 19),
        ];
        check(&terms, 5, &["누수", "층간소음"]);
        check(&terms, 2, &["누수", "층간소음"]);
        check(&[Term("층간소음", 19), Term("소음", 20)], 5, &["층간소음"]);
        check(
            &[Term("주차장", 9), Term("지하주차장누수", 8)],
            5,
            &["지하주차장누수"],
        );
    }

    #[test]
    fn keeps_a_part_that_is_common_outside_its_compound() {
        check(
            &[Term("소음", 60), Term("층간소음", 19)],
            5,
            &["소음", "층간소음"],
        );
    }

    #[test]
    fn keeps_words_that_differ_by_one_syllable() {
        check(
            &[
                Term("전기", 40),
                Term("충전기", 25),
                Term("관리", 30),
                Term("관리비", 20),
            ],
            5,
            &["전기", "충전기", "관리", "관리비"],
        );
        check(&[Term("충전기", 23), Term("충전", 21)], 5, &["충전기"]);
    }

    #[test]
    fn stops_at_the_limit() {
        check(&[Term("가", 1), Term("나", 1), Term("다", 1)], 2, &["가", "나"]);
    }
}
