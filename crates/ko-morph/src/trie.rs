use bytemuck::{Pod, Zeroable};

/// A double array: from a unit, the character with code `c` leads to the unit at `base + c`, if that unit's
/// parent is where one came from. Code 0 ends a word and leads to a leaf, whose base is a value.
#[derive(Clone, Copy)]
pub(crate) struct Trie<'a> {
    units: &'a [Unit],
}

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Unit {
    /// Where the children start; in a leaf, the value. The highest bit tells a leaf.
    pub base: u32,
    /// The parent's place. The highest bit tells that a word ends here though others go on.
    pub parent: u32,
}

impl Unit {
    pub const FLAG: u32 = 1 << 31;
    /// A place where no unit is.
    pub const FREE: Unit = Unit {
        base: 0,
        parent: Self::FLAG - 1,
    };

    fn is_leaf(self) -> bool {
        self.base & Self::FLAG != 0
    }

    fn ends_word(self) -> bool {
        self.parent & Self::FLAG != 0
    }

    fn is_child_of(self, parent: u32) -> bool {
        self.parent & !Self::FLAG == parent
    }

    fn value(self) -> u32 {
        self.base & !Self::FLAG
    }
}

impl<'a> Trie<'a> {
    pub fn new(units: &'a [Unit]) -> Self {
        Self { units }
    }

    /// Calls `found` with length and value of every word that the codes start with, the shortest first.
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
