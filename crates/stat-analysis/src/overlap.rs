//! A compound noun and its parts, which are counted each and often say the same thing.

/// A term with its count.
pub trait Counts {
    /// The term.
    fn term(&self) -> &str;

    /// How often it occurs.
    fn count(&self) -> i64;
}

/// Whether one is a part of the other and nearly always occurs in it: with 층간소음 19 times, 층간 20 times says
/// nothing new, and 소음 60 times does.
pub fn says_the_same(one: &impl Counts, other: &impl Counts) -> bool {
    let is_part = one.term().contains(other.term()) || other.term().contains(one.term());
    let (fewer, more) = (one.count().min(other.count()), one.count().max(other.count()));
    is_part && fewer * 2 >= more
}

/// The first `how_many` that do not repeat one before them. The longer of two that say the same stands in the
/// first one's place.
pub fn without_repetition<T: Counts>(terms: Vec<&T>, how_many: usize) -> Vec<&T> {
    let mut chosen: Vec<&T> = Vec::new();
    for term in terms {
        match chosen.iter().position(|other| says_the_same(*other, term)) {
            Some(place) if chosen[place].term().len() < term.term().len() => chosen[place] = term,
            Some(_) => {}
            None if chosen.len() < how_many => chosen.push(term),
            None => {}
        }
    }
    chosen
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
    fn the_compound_stands_for_its_parts() {
        check(
            &[
                Term("층간", 20),
                Term("누수", 9),
                Term("층간소음", 19),
                Term("소음", 60),
            ],
            5,
            &["층간소음", "누수", "소음"],
        );
    }

    #[test]
    fn a_rare_compound_does_not_hide_a_common_noun() {
        check(&[Term("주차", 90), Term("주차권", 8)], 5, &["주차", "주차권"]);
    }

    #[test]
    fn ends_where_there_are_enough() {
        check(&[Term("가", 1), Term("나", 1), Term("다", 1)], 2, &["가", "나"]);
    }
}
