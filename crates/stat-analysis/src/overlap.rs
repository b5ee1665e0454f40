//! A compound noun and its parts, which are counted each and often say the same thing.

/// A term with its count.
pub trait Counts {
    /// The term.
    fn term(&self) -> &str;

    /// How often it occurs.
    fn count(&self) -> i64;
}

/// Whether one is a part of the other and mostly occurs in it: with 층간소음 19 times, 층간 20 times says nothing
/// new, and 소음 60 times does.
///
/// Where a single syllable is left it is rather another word (전기 and 충전기, 관리 and 관리비), unless nearly every
/// occurrence may be the same (충전 and 충전기).
pub fn says_the_same(one: &impl Counts, other: &impl Counts) -> bool {
    let Some(rest) = rest(one.term(), other.term()).or_else(|| rest(other.term(), one.term())) else {
        return false;
    };
    let (fewer, more) = (one.count().min(other.count()), one.count().max(other.count()));
    if rest.contains(&1) {
        fewer * 5 >= more * 4
    } else {
        fewer * 2 >= more
    }
}

/// What of the whole stands before and after the part, in syllables; nothing where it is no part of it.
fn rest(part: &str, whole: &str) -> Option<[usize; 2]> {
    let (before, after) = whole.split_once(part)?;
    Some([before.chars().count(), after.chars().count()])
}

/// The first `how_many` that do not repeat one another: of several that say the same the longest. They stay in
/// their order.
pub fn without_repetition<T: Counts>(terms: Vec<&T>, how_many: usize) -> Vec<&T> {
    let mut chosen: Vec<(usize, &T)> = Vec::new();
    for (place, term) in terms.into_iter().enumerate() {
        let repeats = |other: &(usize, &T)| says_the_same(other.1, term);
        match chosen
            .iter()
            .filter(|other| repeats(other))
            .map(|other| other.1.term().len())
            .max()
        {
            Some(longest) if longest < term.term().len() => {
                chosen.retain(|other| !repeats(other));
                chosen.push((place, term));
            }
            Some(_) => {}
            None if chosen.len() < how_many => chosen.push((place, term)),
            None => {}
        }
    }
    chosen.sort_by_key(|(place, _)| *place);
    chosen.into_iter().map(|(_, term)| term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Term(&'static str, i64);

    impl Counts for Term {
        fn term(&self) -> &str {
            self.0
        }

        fn count(&self) -> i64 {
            self.1
        }
    }

    #[track_caller]
    fn check(terms: &[Term], how_many: usize, expected: &[&str]) {
        let chosen = without_repetition(terms.iter().collect(), how_many);
        let chosen: Vec<&str> = chosen.iter().map(|term| term.0).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn the_compound_stands_for_all_its_parts() {
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
    fn a_common_part_stands_beside_its_compound() {
        check(
            &[Term("소음", 60), Term("층간소음", 19)],
            5,
            &["소음", "층간소음"],
        );
    }

    #[test]
    fn a_word_with_one_syllable_more_is_another_word() {
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
    fn ends_where_there_are_enough() {
        check(&[Term("가", 1), Term("나", 1), Term("다", 1)], 2, &["가", "나"]);
    }
}
