//! Fills a double array, see [`crate::trie`].

use crate::trie::Unit;

/// The double array of the words. The codes of each word end with 0 (and have no other 0); words are sorted
/// by their codes, without doubles; values have 31 bits.
pub(super) fn units(words: &[(Vec<u16>, u32)]) -> Vec<Unit> {
    let mut array = Array::new();
    // Families of words with one beginning, that still need a place: those of several codes first, since
    // those of one code then fill the gaps.
    let mut large = vec![Family {
        words,
        parent: 0,
        depth: 0,
    }];
    let mut small = Vec::new();
    while let Some(family) = large.pop().or_else(|| small.pop()) {
        for child in family.place(&mut array) {
            if child.codes().nth(1).is_some() {
                large.push(child)
            } else {
                small.push(child)
            }
        }
    }
    array.finish()
}

/// Words with one beginning.
struct Family<'a> {
    words: &'a [(Vec<u16>, u32)],
    /// The place of the unit for the beginning, and how long that is.
    parent: u32,
    depth: usize,
}

impl<'a> Family<'a> {
    /// The words by what comes next.
    fn branches(&self) -> impl Iterator<Item = &'a [(Vec<u16>, u32)]> {
        let depth = self.depth;
        self.words
            .chunk_by(move |(one, _), (other, _)| one[depth] == other[depth])
    }

    fn codes(&self) -> impl Iterator<Item = u16> {
        self.branches().map(|branch| branch[0].0[self.depth])
    }

    /// Gives each branch a unit; returns the families of those that go on.
    fn place(&self, array: &mut Array) -> Vec<Family<'a>> {
        let codes: Vec<u16> = self.codes().collect();
        let Some(&first) = codes.first() else {
            return Vec::new();
        };
        let base = array.find_base(&codes);
        array.units[self.parent as usize].base = base;
        if first == 0 {
            array.units[self.parent as usize].parent |= Unit::FLAG;
        }
        let mut families = Vec::new();
        for (words, &code) in self.branches().zip(&codes) {
            let place = base + u32::from(code);
            array.take(place, self.parent);
            match words {
                // A word that no other starts with needs no unit for its end.
                [(codes, value)] if codes.len() <= self.depth + 2 => {
                    array.units[place as usize].base = value | Unit::FLAG;
                }
                _ => families.push(Family {
                    words,
                    parent: place,
                    depth: self.depth + 1,
                }),
            }
        }
        families
    }
}

struct Array {
    units: Vec<Unit>,
    /// For each free place the next one, in order, from place 0; taken places leave when one comes by.
    next_free: Vec<u32>,
    last_free: u32,
    /// Before it, hardly a place is left for more than one code.
    crowded: u32,
}

const END: u32 = u32::MAX;

impl Array {
    fn new() -> Self {
        let root = Unit { base: 0, parent: 0 };
        Self {
            units: vec![root],
            next_free: vec![END],
            last_free: 0,
            crowded: 0,
        }
    }

    /// A base at which each of the codes has a free place.
    fn find_base(&mut self, codes: &[u16]) -> u32 {
        let first = u32::from(codes[0]);
        if self.next_free[self.crowded as usize] == END {
            self.crowded = self.last_free;
        }
        let start = if codes.len() == 1 { 0 } else { self.crowded };
        let mut before = start;
        let mut tries = 0;
        loop {
            let place = self.free_after(before);
            if place == END {
                break;
            }
            let fits = |base: u32| codes.iter().all(|&code| self.is_free(base + u32::from(code)));
            if let Some(base) = place.checked_sub(first)
                && fits(base)
            {
                // As Darts does it: leave behind what is 95 % full.
                if codes.len() > 1 && (place - start) / 20 > tries {
                    self.crowded = before;
                }
                return base;
            }
            tries += 1;
            before = place;
        }
        // Behind everything; place 0 is the root's.
        (self.units.len() as u32).max(first) - first
    }

    fn free_after(&mut self, before: u32) -> u32 {
        let mut place = self.next_free[before as usize];
        while place != END && !self.is_free(place) {
            place = self.next_free[place as usize];
        }
        self.next_free[before as usize] = place;
        if place == END {
            self.last_free = before;
        }
        place
    }

    fn is_free(&self, place: u32) -> bool {
        self.units
            .get(place as usize)
            .is_none_or(|&unit| unit == Unit::FREE)
    }

    fn take(&mut self, place: u32, parent: u32) {
        while self.units.len() <= place as usize {
            let new = self.units.len() as u32;
            self.units.push(Unit::FREE);
            self.next_free.push(END);
            self.next_free[self.last_free as usize] = new;
            self.last_free = new;
        }
        self.units[place as usize].parent = parent;
    }

    fn finish(mut self) -> Vec<Unit> {
        while self.units.last() == Some(&Unit::FREE) {
            self.units.pop();
        }
        self.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trie::Trie;

    #[track_caller]
    fn check(words: &[&[u16]], text: &[u16], expected: &[(usize, u32)]) {
        let words: Vec<_> = words
            .iter()
            .zip(1..)
            .map(|(word, value)| ([word, &[0][..]].concat(), value))
            .collect();
        let units = units(&words);
        let mut found = Vec::new();
        Trie::new(&units).prefixes(text.iter().copied(), |length, value| found.push((length, value)));
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_all_words_that_a_text_starts_with() {
        let words: &[&[u16]] = &[&[1], &[1, 2], &[1, 2, 3, 4], &[2, 9000], &[9000]];
        check(words, &[1, 2, 3, 4, 5], &[(1, 1), (2, 2), (4, 3)]);
        check(words, &[1, 2, 3], &[(1, 1), (2, 2)]);
        check(words, &[2, 1], &[]);
        check(words, &[2, 9000], &[(2, 4)]);
        check(words, &[9000, 1], &[(1, 5)]);
        check(words, &[0, 1], &[]);
        check(words, &[], &[]);
        check(&[], &[1], &[]);
    }

    #[test]
    fn finds_each_of_many_words() {
        // Words of three codes from a small alphabet and a large one, so that families collide.
        let words: Vec<Vec<u16>> = (1..40)
            .flat_map(|a| (1..30).map(move |b| vec![a, b * 300, a * b % 50 + 1, 0]))
            .collect();
        let words: Vec<_> = words.into_iter().zip(0..).collect();
        let units = units(&words);
        for (codes, value) in &words {
            let mut found = Vec::new();
            Trie::new(&units).prefixes(codes.iter().copied(), |length, value| found.push((length, value)));
            assert_eq!(found, [(3, *value)]);
        }
    }
}
