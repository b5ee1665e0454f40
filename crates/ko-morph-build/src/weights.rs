mod fold;
mod reader;

use xxhash_rust::xxh64::xxh64;

use self::reader::Reader;
use crate::image::Content;
use crate::{BuildError, Lexicon};

const MAGIC: [u8; 8] = *b"KO-WEIGH";
const FORMAT: u32 = 1;

/// Changes of costs that were learned for a lexicon.
///
/// A file of weights has this layout:
///
/// ```text
/// magic "KO-WEIGH"; format version, u32
/// XXH64 of the plain entries and connections to which the weights apply, u64
/// XXH64 of the labels from which they were learned, u64
/// number of left ids, of right ids, of entries, of connections, u32 each
/// for each left id    two changes: of the cost of its words, and after a space
/// for each right id   two changes: of the cost of its words, and before a space
/// for each entry      difference to the previous entry's number, three changes: of its cost, after a space, before
///                     a space
/// for each connection difference to the previous index in the table, change of its cost
/// XXH64 of everything before, u64
/// ```
///
/// Differences and changes have variable length: 7 bits a byte, the lowest first, with the eighth bit set where
/// another byte follows. The lowest bit of a change is its sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// Fingerprint of the plain entries and connections.
    pub(crate) dictionary: u64,
    /// Hash of the labels.
    pub(crate) labels: u64,
    /// Changes of the costs of words with each left id: in general, and after a space.
    pub(crate) lefts: Vec<[i16; 2]>,
    /// Changes of the costs of words with each right id: in general, and before a space.
    pub(crate) rights: Vec<[i16; 2]>,
    /// Numbers of entries, ascending, and the changes of their costs: in general, after and before a space.
    pub(crate) entries: Vec<(u32, [i16; 3])>,
    /// Indices in the connection table, ascending, and the changes of the costs.
    pub(crate) connections: Vec<(u32, i16)>,
}

/// An error of a file of weights that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed weights: {0}")]
pub struct WeightsError(&'static str);

impl Weights {
    /// Parses a file of weights.
    ///
    /// # Errors
    /// When the file has another format or is damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, WeightsError> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(WeightsError("the file does not start with KO-WEIGH"));
        }
        let cut_off = WeightsError("the file is cut off");
        let (content, checksum) = bytes[8..].split_last_chunk().ok_or(cut_off)?;
        if u64::from_le_bytes(*checksum) != xxh64(&bytes[..bytes.len() - 8], 0) {
            return Err(WeightsError("the checksum of the file differs"));
        }
        let mut reader = Reader(content);
        if reader.u32()? != FORMAT {
            return Err(WeightsError(
                "the file has another format; learn the weights again",
            ));
        }
        let (dictionary, labels) = (reader.u64()?, reader.u64()?);
        let (lefts, rights) = (reader.u32()?, reader.u32()?);
        let (entries, connections) = (reader.u32()?, reader.u32()?);
        let weights = Self {
            dictionary,
            labels,
            lefts: (0..lefts).map(|_| reader.changes()).collect::<Result<_, _>>()?,
            rights: (0..rights).map(|_| reader.changes()).collect::<Result<_, _>>()?,
            entries: reader.ascending(entries, Reader::changes)?,
            connections: reader.ascending(connections, Reader::change)?,
        };
        if !reader.0.is_empty() {
            return Err(WeightsError("the file continues after the last change"));
        }
        Ok(weights)
    }

    /// Returns the content of a file of weights.
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
        for &change in self.lefts.iter().chain(&self.rights).flatten() {
            write_change(&mut bytes, change);
        }
        let mut last = 0;
        for &(entry, changes) in &self.entries {
            write(&mut bytes, entry - last);
            changes
                .into_iter()
                .for_each(|change| write_change(&mut bytes, change));
            last = entry;
        }
        let mut last = 0;
        for &(place, change) in &self.connections {
            write(&mut bytes, place - last);
            write_change(&mut bytes, change);
            last = place;
        }
        bytes.extend(xxh64(&bytes, 0).to_le_bytes());
        bytes
    }

    /// Returns weights without changes. An image with them has unknown nouns at their initial costs.
    ///
    /// # Errors
    /// Those of [`image`](crate::image).
    pub fn none(lexicon: &Lexicon) -> Result<Self, BuildError> {
        Ok(Self {
            dictionary: Content::with_unknown_nouns(lexicon)?.fingerprint(),
            ..Self::default()
        })
    }

    /// Returns the name of the weights in an image: `weights` and eight hex digits of their hash.
    pub fn name(&self) -> String {
        let bytes = self.to_bytes();
        format!("weights {:08x}", xxh64(&bytes, 0) >> 32)
    }
}

fn write_change(bytes: &mut Vec<u8>, change: i16) {
    let change = i32::from(change);
    write(bytes, (change << 1 ^ change >> 31) as u32);
}

fn write(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
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
    fn weights_parse_back() {
        assert_eq!(Weights::parse(&weights().to_bytes()), Ok(weights()));
        let none = Weights::default();
        assert_eq!(Weights::parse(&none.to_bytes()), Ok(none));
    }

    #[test]
    fn rejects_damaged_weights() {
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
    fn never_panics_on_nonsense_with_a_correct_checksum() {
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
