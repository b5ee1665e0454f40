use super::{BuildError, Lexicon, LexiconWord};

/// The table of connections with its ids renumbered: those that likely words use come first, so that a
/// search touches few pages of it; those that no word uses are left out.
pub(super) struct Connections {
    lefts: Vec<Option<u16>>,
    rights: Vec<Option<u16>>,
    pub left_ids: u32,
    pub right_ids: u32,
    pub costs: Vec<i16>,
}

impl Connections {
    pub fn new(lexicon: &Lexicon) -> Result<Self, BuildError> {
        let columns = usize::from(lexicon.right_ids);
        if lexicon.connections.len() != usize::from(lexicon.left_ids) * columns || columns == 0 {
            return Err(BuildError::Lexicon(
                "its table of connections does not have the size it should have",
            ));
        }
        let lefts = by_use(lexicon, lexicon.left_ids, |word| word.left)?;
        let rights = by_use(lexicon, lexicon.right_ids, |word| word.right)?;
        let row = |&left: &u16| lexicon.connections[usize::from(left) * columns..][..columns].iter();
        let costs = lefts.iter().flat_map(|left| {
            let row = row(left).as_slice();
            rights.iter().map(move |&right| row[usize::from(right)])
        });
        Ok(Self {
            costs: costs.collect(),
            left_ids: lefts.len() as u32,
            right_ids: rights.len() as u32,
            lefts: places(&lefts, lexicon.left_ids),
            rights: places(&rights, lexicon.right_ids),
        })
    }

    /// The new left and right id of a word.
    pub fn ids(&self, left: u16, right: u16) -> Option<[u16; 2]> {
        let new = |ids: &[Option<u16>], id| ids.get(usize::from(id)).copied().flatten();
        Some([new(&self.lefts, left)?, new(&self.rights, right)?])
    }
}

/// The ids that words use, the most used first.
fn by_use(lexicon: &Lexicon, ids: u16, id: impl Fn(&LexiconWord) -> u16) -> Result<Vec<u16>, BuildError> {
    let mut weights = vec![0_u64; usize::from(ids)];
    for word in lexicon.words.iter().chain(lexicon.unknown.values().flatten()) {
        let Some(sum) = weights.get_mut(usize::from(id(word))) else {
            let problem = "it uses a connection that the table does not have".to_owned();
            return Err(BuildError::Word {
                surface: word.surface.clone(),
                problem,
            });
        };
        *sum += weight(word.cost);
    }
    // The sentence's own.
    weights[0] += weight(0);
    let mut used: Vec<u16> = (0..ids).filter(|&id| weights[usize::from(id)] > 0).collect();
    used.sort_by_key(|&id| std::cmp::Reverse(weights[usize::from(id)]));
    Ok(used)
}

/// About how often a word of this cost is met: twice as often for each 512 less. Whole numbers, so that
/// every machine makes the same image.
fn weight(cost: i16) -> u64 {
    1 << ((16_384 - i32::from(cost)) / 512).clamp(0, 40)
}

fn places(used: &[u16], ids: u16) -> Vec<Option<u16>> {
    let mut places = vec![None; usize::from(ids)];
    for (&id, place) in used.iter().zip(0..) {
        places[usize::from(id)] = Some(place);
    }
    places
}
