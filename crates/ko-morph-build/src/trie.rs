//! Construction of the double array.

use ko_morph::image::layout::Unit;

/// Builds the double array of words: pairs of codes and a value.
///
/// The codes of each word end with 0 and have no other 0. Words are sorted by codes and distinct. Values have 31
/// bits.
pub(crate) fn units(words: &[(Vec<u16>, u32)]) -> Vec<Unit> {
    let mut array = Array::new();
    // Families that still need a place. Those with several codes come first; those with one code then fill the
    // gaps.
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

/// Words with a common prefix.
struct Family<'a> {
    words: &'a [(Vec<u16>, u32)],
    /// Index of the unit of the prefix.
    parent: u32,
    /// Length of the prefix.
    depth: usize,
}

impl<'a> Family<'a> {
    /// Groups the words by their next code.
    fn branches(&self) -> impl Iterator<Item = &'a [(Vec<u16>, u32)]> {
        let depth = self.depth;
        self.words
            .chunk_by(move |(one, _), (other, _)| one[depth] == other[depth])
    }

    fn codes(&self) -> impl Iterator<Item = u16> {
        self.branches().map(|branch| branch[0].0[self.depth])
    }

    /// Gives each branch a unit and returns the families of the branches that continue.
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
                // A word that is not a prefix of another needs no unit for its end.
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

/// Number of size classes: families with more codes share the last class.
const SIZES: usize = 16;

struct Array {
    units: Vec<Unit>,
    /// One bit for each unit that is taken. Units beyond the end are free.
    taken: Vec<u64>,
    /// Index below which hardly another family fits, by size class.
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

    /// Returns a base at which the unit of every code is free.
    fn find_base(&mut self, codes: &[u16]) -> u32 {
        let first = u32::from(codes[0]);
        let size = codes.len().min(SIZES) - 1;
        let start = self.crowded[size].saturating_sub(first);
        let mut base = start;
        let free = loop {
            // Tests 64 bases at once: a bit stays 0 where all units are free.
            let taken = codes
                .iter()
                .fold(0, |taken, &code| taken | self.taken_from(base + u32::from(code)));
            if taken != u64::MAX {
                break base + taken.trailing_ones();
            }
            base += 64;
        };
        // A family of rare codes may end up far away. That alone does not make the units between crowded.
        let step = if codes.len() == 1 {
            free - start
        } else {
            (free - start) / 64
        };
        self.crowded[size] = start + first + step;
        free
    }

    /// Returns the bits of 64 units.
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
    use ko_morph::image::Trie;

    use super::*;

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
    fn finds_every_prefix_of_a_text() {
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
