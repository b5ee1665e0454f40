use super::layout::Unit;

/// A double array that maps the surfaces of words to their entries.
///
/// [`Unit`] describes the encoding.
#[derive(Clone, Copy, Debug)]
pub struct Trie<'a> {
    units: &'a [Unit],
}

impl<'a> Trie<'a> {
    /// Returns a trie over these units, the first of which is the root.
    pub fn new(units: &'a [Unit]) -> Self {
        Self { units }
    }

    /// Calls `found` for every word that is a prefix of the codes, the shortest first, with its length in
    /// characters and its value.
    #[inline]
    pub fn prefixes(self, codes: impl Iterator<Item = u16>, mut found: impl FnMut(usize, u32)) {
        let mut place = 0;
        let Some(&(mut unit)) = self.units.first() else {
            return;
        };
        for (depth, code) in codes.enumerate() {
            let next = unit.base.wrapping_add(u32::from(code));
            match self.units.get(next as usize) {
                Some(&child) if code != 0 && child.is_child_of(place) => unit = child,
                _ => return,
            }
            place = next;
            if unit.is_leaf() {
                return found(depth + 1, unit.value());
            }
            if unit.ends_word()
                && let Some(leaf) = self.units.get(unit.base as usize)
            {
                found(depth + 1, leaf.value());
            }
        }
    }
}
