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
    array.units
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

/// Families of this size or more are placed alike.
const SIZES: usize = 16;

struct Array {
    units: Vec<Unit>,
    /// A bit for each place: whether it is taken. Places behind the end are free.
    taken: Vec<u64>,
    /// For each size of family, before which place hardly another one fits.
    crowded: [u32; SIZES],
}

impl Array {
    fn new() -> Self {
        let mut array = Self {
            units: Vec::new(),
            taken: Vec::new(),
            crowded: [0; SIZES],
        };
        array.take(0, 0);
        array
    }

    /// A base at which each of the codes has a free place.
    fn find_base(&mut self, codes: &[u16]) -> u32 {
        let first = u32::from(codes[0]);
        let size = codes.len().min(SIZES) - 1;
        let start = self.crowded[size].saturating_sub(first);
        let mut base = start;
        let free = loop {
            // 64 bases at once: a bit stays 0 where all places are free.
            let taken = codes
                .iter()
                .fold(0, |taken, &code| taken | self.taken_from(base + u32::from(code)));
            if taken != u64::MAX {
                break base + taken.trailing_ones();
            }
            base += 64;
        };
        // A family of odd codes may find its place far away: that alone does not make what is between crowded.
        let step = if codes.len() == 1 {
            free - start
        } else {
            (free - start) / 64
        };
        self.crowded[size] = start + first + step;
        free
    }

    /// The bits of 64 places.
    fn taken_from(&self, place: u32) -> u64 {
        let (word, shift) = (place as usize / 64, place % 64);
        let taken = |word: usize| self.taken.get(word).copied().unwrap_or(0);
        match shift {
            0 => taken(word),
            _ => taken(word) >> shift | taken(word + 1) << (64 - shift),
        }
    }

    fn take(&mut self, place: u32, parent: u32) {
        let place = place as usize;
        if place >= self.units.len() {
            self.units.resize(place + 1, Unit::FREE);
            self.taken.resize(place / 64 + 1, 0);
        }
        self.taken[place / 64] |= 1 << (place % 64);
        self.units[place] = Unit { base: 0, parent };
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
