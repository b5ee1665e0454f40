//! Costs that were learned for a dictionary, as a file: what [`crate::train`] writes and the builder folds in.
//!
//! ```text
//! magic "KO-WEIGH"; format version, u32
//! XXH64 of the plain entries and connections that they are for, u64
//! XXH64 of the labels that they were learned from, u64
//! number of left ids, of right ids, of entries, of connections, u32 each
//! for each left id    two changes (variable): of the cost of its words, and where a space stands before them
//! for each right id   two changes (variable): of the cost of its words, and where a space stands behind them
//! for each entry      its number less the one before (variable), three changes (variable): of its cost, where a
//!                     space stands before it, where a space stands behind it
//! for each connection its place in the table less the one before (variable), the change of its cost (variable)
//! XXH64 of everything before, u64
//! ```
//!
//! Variable are 7 bits a byte, the lowest first, the eighth bit set where another byte follows; changes with the
//! sign in the lowest bit.

use std::collections::HashMap;

use xxhash_rust::xxh64::{Xxh64, xxh64};

use super::connections::Connections;
use super::writer::image_to_train;
use super::{BuildError, Lexicon};
use crate::dictionary::Dictionary;
use crate::image::{Entry, Penalty};

const MAGIC: [u8; 8] = *b"KO-WEIGH";
const FORMAT: u32 = 1;
const HEADER: usize = 44;

/// Learned changes of costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// What they are for.
    pub(crate) dictionary: u64,
    /// What they were learned from.
    pub(crate) labels: u64,
    /// By id: the cost, and beside a space.
    pub(crate) lefts: Vec<[i16; 2]>,
    pub(crate) rights: Vec<[i16; 2]>,
    /// By the number of an entry, ascending.
    pub(crate) entries: Vec<(u32, [i16; 3])>,
    /// By the place in the table of connections, ascending.
    pub(crate) connections: Vec<(u32, i16)>,
}

/// Why weights cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are no weights: {0}")]
pub struct WeightsError(&'static str);

impl Weights {
    /// Reads a file of weights.
    pub fn parse(bytes: &[u8]) -> Result<Self, WeightsError> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(WeightsError("the file does not start with KO-WEIGH"));
        }
        let (content, sum) = bytes
            .split_last_chunk()
            .filter(|(content, _)| content.len() >= HEADER)
            .ok_or(WeightsError("the file is cut off"))?;
        if u64::from_le_bytes(*sum) != xxh64(content, 0) {
            return Err(WeightsError("the file does not have the checksum it should have"));
        }
        let number =
            |at: usize| u32::from_le_bytes([content[at], content[at + 1], content[at + 2], content[at + 3]]);
        let long = |at: usize| u64::from(number(at)) | u64::from(number(at + 4)) << 32;
        if number(8) != FORMAT {
            return Err(WeightsError("the file has another format: learn them again"));
        }
        let mut rest = Reader(&content[HEADER..]);
        let mut weights = Self {
            dictionary: long(12),
            labels: long(20),
            ..Self::default()
        };
        let malformed = WeightsError("a number is not as it should be");
        for (ids, at) in [(&mut weights.lefts, 28), (&mut weights.rights, 32)] {
            for _ in 0..number(at) {
                let pair = [rest.change(), rest.change()];
                let [Some(cost), Some(beside_space)] = pair else {
                    return Err(malformed);
                };
                ids.push([cost, beside_space]);
            }
        }
        let mut entry = 0_u32;
        for _ in 0..number(36) {
            entry = rest
                .number()
                .and_then(|step| entry.checked_add(step))
                .ok_or(malformed)?;
            let mut changes = [0; 3];
            for change in &mut changes {
                *change = rest.change().ok_or(malformed)?;
            }
            weights.entries.push((entry, changes));
        }
        let mut place = 0_u32;
        for _ in 0..number(40) {
            place = rest
                .number()
                .and_then(|step| place.checked_add(step))
                .ok_or(malformed)?;
            weights.connections.push((place, rest.change().ok_or(malformed)?));
        }
        if !rest.0.is_empty() {
            return Err(WeightsError("something stands behind the last of them"));
        }
        Ok(weights)
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(self.dictionary.to_le_bytes());
        bytes.extend(self.labels.to_le_bytes());
        let lengths = [
            self.lefts.len(),
            self.rights.len(),
            self.entries.len(),
            self.connections.len(),
        ];
        lengths
            .into_iter()
            .for_each(|length| bytes.extend((length as u32).to_le_bytes()));
        for change in self.lefts.iter().chain(&self.rights).flatten() {
            write(&mut bytes, folded(*change));
        }
        let mut last = 0;
        for &(entry, changes) in &self.entries {
            write(&mut bytes, entry - last);
            changes
                .into_iter()
                .for_each(|change| write(&mut bytes, folded(change)));
            last = entry;
        }
        let mut last = 0;
        for &(place, change) in &self.connections {
            write(&mut bytes, place - last);
            write(&mut bytes, folded(change));
            last = place;
        }
        bytes.extend(xxh64(&bytes, 0).to_le_bytes());
        bytes
    }

    /// Weights that change nothing: what they bring is unknown nouns, at the cost that they have before learning.
    pub fn none(lexicon: &Lexicon) -> Result<Self, BuildError> {
        let image = image_to_train(lexicon)?;
        let dictionary = Dictionary::from_bytes(&image);
        let dictionary = dictionary.map_err(|_| BuildError::Lexicon("its image cannot be read"))?;
        let view = dictionary.view();
        Ok(Self {
            dictionary: fingerprint(view.entries, view.connections),
            ..Self::default()
        })
    }

    /// How an image names them: `weights 0123abcd`.
    pub fn name(&self) -> String {
        let bytes = self.to_bytes();
        format!("weights {:08x}", xxh64(&bytes, 0) >> 32)
    }

    /// Adds the changes to the costs, if they are for this dictionary. Words of the user's change as all do that have
    /// their ids: tells by how much, and their class of penalties.
    pub(super) fn fold(
        &self,
        entries: &mut [Entry],
        penalties: &mut Vec<Penalty>,
        connections: &mut Connections,
        templates: [[u16; 2]; 4],
    ) -> Result<[(i16, u16); 4], BuildError> {
        if self.dictionary != fingerprint(entries, &connections.costs) {
            return Err(BuildError::Lexicon(
                "the weights were learned for another dictionary",
            ));
        }
        let outside = BuildError::Lexicon("the weights name an entry or a connection that it does not have");
        let mut changes = vec![[0_i16; 3]; entries.len()];
        for &(entry, change) in &self.entries {
            let Some(place) = changes.get_mut(entry as usize) else {
                return Err(outside);
            };
            *place = change;
        }
        let mut classes: HashMap<Penalty, u16> = (0..)
            .zip(&*penalties)
            .map(|(class, &penalty)| (penalty, class))
            .collect();
        for (entry, [cost, before, behind]) in entries.iter_mut().zip(changes) {
            let shared = self.of_ids(entry.left, entry.right);
            entry.cost = sum([entry.cost, cost, shared.cost]);
            let plain = penalties
                .get(usize::from(entry.penalty))
                .copied()
                .unwrap_or_default();
            let penalty = Penalty {
                before: coarse(sum([plain.before, before, shared.penalty.before])),
                behind: coarse(sum([plain.behind, behind, shared.penalty.behind])),
            };
            entry.penalty = class_of(penalty, penalties, &mut classes)?;
        }
        let mut of_templates = [(0, 0); 4];
        for (template, [left, right]) in of_templates.iter_mut().zip(templates) {
            let shared = self.of_ids(left, right);
            let penalty = Penalty {
                before: coarse(shared.penalty.before),
                behind: coarse(shared.penalty.behind),
            };
            *template = (shared.cost, class_of(penalty, penalties, &mut classes)?);
        }
        for &(place, change) in &self.connections {
            let Some(cost) = connections.costs.get_mut(place as usize) else {
                return Err(outside);
            };
            *cost = cost.saturating_add(change);
        }
        Ok(of_templates)
    }

    /// What all words with these ids cost more.
    fn of_ids(&self, left: u16, right: u16) -> Shared {
        let [left, before] = self.lefts.get(usize::from(left)).copied().unwrap_or_default();
        let [right, behind] = self.rights.get(usize::from(right)).copied().unwrap_or_default();
        Shared {
            cost: sum([left, right]),
            penalty: Penalty { before, behind },
        }
    }
}

struct Shared {
    cost: i16,
    penalty: Penalty,
}

/// The class of a penalty, a new one if there is none yet.
fn class_of(
    penalty: Penalty,
    penalties: &mut Vec<Penalty>,
    classes: &mut HashMap<Penalty, u16>,
) -> Result<u16, BuildError> {
    if let Some(&class) = classes.get(&penalty) {
        return Ok(class);
    }
    let class = u16::try_from(penalties.len());
    let class = class.map_err(|_| BuildError::Lexicon("the weights have too many classes of penalties"))?;
    penalties.push(penalty);
    classes.insert(penalty, class);
    Ok(class)
}

/// What tells one dictionary's costs from another's.
pub(crate) fn fingerprint(entries: &[Entry], connections: &[i16]) -> u64 {
    let mut hash = Xxh64::new(0);
    hash.update(bytemuck::cast_slice(entries));
    hash.update(bytemuck::cast_slice(connections));
    hash.digest()
}

fn sum<const N: usize>(costs: [i16; N]) -> i16 {
    costs.into_iter().fold(0, i16::saturating_add)
}

/// Penalties are shared by what words they are equal for, so they are rounded.
fn coarse(penalty: i16) -> i16 {
    const STEP: i32 = 50;
    let steps = (i32::from(penalty) + STEP / 2).div_euclid(STEP);
    (steps * STEP).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn folded(change: i16) -> u32 {
    let change = i32::from(change);
    (change << 1 ^ change >> 31) as u32
}

fn write(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).ok();
            }
        }
        None
    }

    fn change(&mut self) -> Option<i16> {
        let number = self.number()?;
        i16::try_from((number >> 1) as i32 ^ -((number & 1) as i32)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        Weights {
            dictionary: 1,
            labels: u64::MAX,
            lefts: vec![[1, -2], [0, 900]],
            rights: vec![[-7000, 0]],
            entries: vec![(0, [0, 1, -1]), (300, [i16::MIN, i16::MAX, 64])],
            connections: vec![(7, -64), (70_000, 8000)],
        }
    }

    #[test]
    fn weights_read_back() {
        assert_eq!(Weights::parse(&weights().to_bytes()), Ok(weights()));
        let none = Weights::default();
        assert_eq!(Weights::parse(&none.to_bytes()), Ok(none));
    }

    #[test]
    fn damaged_weights_are_refused() {
        let bytes = weights().to_bytes();
        for end in 0..bytes.len() {
            assert!(Weights::parse(&bytes[..end]).is_err(), "cut at {end}");
        }
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(Weights::parse(&damaged).is_err(), "byte {place}");
        }
    }

    #[test]
    fn nonsense_with_the_right_checksum_is_refused_or_read() {
        let bytes = weights().to_bytes();
        for place in 8..bytes.len() - 8 {
            for change in [1, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes[..bytes.len() - 8].to_vec();
                damaged[place] ^= change;
                damaged.extend(xxh64(&damaged, 0).to_le_bytes());
                let _ = Weights::parse(&damaged);
            }
        }
    }
}
