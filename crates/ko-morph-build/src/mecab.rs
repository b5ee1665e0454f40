use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use crate::{BuildError, CharacterRule, Lexicon, LexiconWord};

/// Reads a dictionary that MeCab has compiled: `sys.dic`, `unk.dic`, `matrix.bin`, `char.bin` and `dicrc` of a
/// folder.
///
/// The layouts are those of MeCab 0.996 (`dictionary.cpp`, `connector.cpp`, `char_property.cpp`) and of the double
/// array of Darts 0.3. `name` becomes the name and version of the lexicon.
///
/// # Errors
/// [`BuildError::Read`] and [`BuildError::Malformed`].
pub fn read_mecab(folder: &Path, name: &str) -> Result<Lexicon, BuildError> {
    let read = |file: &'static str| {
        let path = folder.join(file);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(File { name: file, bytes }),
            Err(source) => Err(BuildError::Read { path, source }),
        }
    };
    let (rights, lefts, connections) = matrix(&read("matrix.bin")?)?;
    let (categories, characters) = characters(&read("char.bin")?)?;
    let mut unknown: BTreeMap<u8, Vec<LexiconWord>> = BTreeMap::new();
    for word in words(&read("unk.dic")?)? {
        if let Some(category) = categories.iter().position(|category| *category == word.surface) {
            unknown.entry(category as u8).or_default().push(word);
        }
    }
    Ok(Lexicon {
        name: name.to_owned(),
        words: words(&read("sys.dic")?)?,
        unknown,
        characters,
        left_ids: lefts,
        right_ids: rights,
        connections,
        penalties: penalties(&read("dicrc")?)?,
    })
}

struct File {
    name: &'static str,
    bytes: Vec<u8>,
}

impl File {
    fn error(&self, problem: impl Into<String>) -> BuildError {
        BuildError::Malformed {
            file: self.name,
            problem: problem.into(),
        }
    }

    fn bytes(&self, range: Range<usize>) -> Result<&[u8], BuildError> {
        let end = range.end;
        self.bytes
            .get(range)
            .ok_or_else(|| self.error(format!("{} bytes, expected at least {end}", self.bytes.len())))
    }

    fn u32(&self, offset: usize) -> Result<u32, BuildError> {
        Ok(self
            .bytes(offset..offset + 4)?
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn u16(&self, offset: usize) -> Result<u16, BuildError> {
        Ok(self
            .bytes(offset..offset + 2)?
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u16::from(byte)))
    }

    /// Reads the text from an offset to a NUL or `end`.
    fn text(&self, offset: usize, end: usize) -> Result<&str, BuildError> {
        let bytes = self.bytes(offset..end)?;
        let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
        std::str::from_utf8(text).map_err(|_| self.error(format!("the text at {offset} is not UTF-8")))
    }
}

/// Parses `matrix.bin`: the numbers of right and left ids, then a row of costs for each left id.
///
/// Returns both numbers and the costs.
fn matrix(file: &File) -> Result<(u16, u16, Vec<i16>), BuildError> {
    let (rights, lefts) = (file.u16(0)?, file.u16(2)?);
    let length = usize::from(rights) * usize::from(lefts) * 2;
    if file.bytes.len() != 4 + length {
        return Err(file.error(format!(
            "{} bytes, expected {} for {rights} x {lefts} costs",
            file.bytes.len(),
            4 + length
        )));
    }
    let costs = file
        .bytes(4..4 + length)?
        .chunks_exact(2)
        .map(|cost| i16::from_le_bytes([cost[0], cost[1]]));
    Ok((rights, lefts, costs.collect()))
}

/// Parses `char.bin`: the number of categories, their names of 32 bytes, then a number for each of 65,535
/// characters with 18 bits of kinds, 8 of category, 4 of length, and one each of group and invoke.
fn characters(file: &File) -> Result<(Vec<String>, Vec<CharacterRule>), BuildError> {
    let count = file.u32(0)? as usize;
    let table = 4 + count.min(256) * 32;
    let names = (4..table)
        .step_by(32)
        .map(|offset| file.text(offset, offset + 32).map(str::to_owned));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let mut rules = Vec::with_capacity(0x1_0000);
    for character in 0..0xffff {
        let number = file.u32(table + character * 4)?;
        let rule = CharacterRule {
            kinds: number & 0x3_ffff,
            category: (number >> 18) as u8,
            length: (number >> 26) as u8 & 0xf,
            group: number >> 30 & 1 == 1,
            invoke: number >> 31 == 1,
        };
        if usize::from(rule.category) >= names.len() {
            return Err(file.error(format!(
                "U+{character:04X} has category {}, expected less than {}",
                rule.category,
                names.len()
            )));
        }
        rules.push(rule);
    }
    // MeCab's table ends before U+FFFF, which is not a character. An image uses its place for all characters
    // outside the plane, which MeCab treats like U+0000.
    rules.push(rules[0]);
    Ok((names, rules))
}

/// Parses a `.dic` file: a header of ten numbers and the charset, the double array, tokens of 16 bytes, features.
fn words(file: &File) -> Result<Vec<LexiconWord>, BuildError> {
    const HEADER: usize = 72;
    if file.u32(0)? ^ file.bytes.len() as u32 != 0xef71_8f77 {
        return Err(file.error("its magic number does not match its length"));
    }
    if file.u32(4)? != 102 {
        return Err(file.error(format!("version {}, expected 102", file.u32(4)?)));
    }
    let charset = file.text(40, HEADER)?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return Err(file.error(format!("charset {charset:?}, expected UTF-8")));
    }
    let tokens = HEADER + file.u32(24)? as usize;
    let features = tokens + file.u32(28)? as usize;
    let end = features + file.u32(32)? as usize;

    let mut words = Vec::with_capacity(file.u32(12)? as usize);
    for (surface, value) in surfaces(file, file.bytes(HEADER..tokens)?)? {
        // A value holds the index of the first token and, in the lower 8 bits, the number of tokens.
        for token in (value >> 8)..(value >> 8) + (value & 0xff) {
            let token = tokens + token as usize * 16;
            file.bytes(token..(token + 16).min(features))?;
            words.push(LexiconWord {
                surface: surface.clone(),
                left: file.u16(token)?,
                right: file.u16(token + 2)?,
                posid: file.u16(token + 4)?,
                cost: file.u16(token + 6)? as i16,
                feature: file
                    .text(features + file.u32(token + 8)? as usize, end)?
                    .to_owned(),
            });
        }
    }
    Ok(words)
}

/// Reads the words and values of a Darts double array.
///
/// From a unit with base `b`, the byte `x` leads to the unit `b + x + 1` and the end of a word to the unit `b`, if
/// the check of that unit is `b`. The base of an end is `-1 - value`.
fn surfaces(file: &File, array: &[u8]) -> Result<Vec<(String, u32)>, BuildError> {
    let number = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let units: Vec<(u32, u32)> = array
        .chunks_exact(8)
        .map(|unit| (number(&unit[..4]), number(&unit[4..])))
        .collect();
    let mut stack = vec![(
        units.first().ok_or_else(|| file.error("it has no words"))?.0,
        Vec::new(),
    )];
    let mut words = Vec::new();
    while let Some((base, bytes)) = stack.pop() {
        // A damaged array may contain cycles.
        if bytes.len() > 1024 || words.len() > units.len() {
            return Err(file.error("its double array has a cycle"));
        }
        let children = units.get(base as usize..).unwrap_or_default().iter().take(257);
        for (code, &(child_base, check)) in children.enumerate() {
            if check != base {
                continue;
            }
            match code.checked_sub(1) {
                Some(byte) => stack.push((child_base, [&bytes[..], &[byte as u8]].concat())),
                None => {
                    let surface = String::from_utf8(bytes.clone());
                    let surface = surface.map_err(|_| file.error("a word is not UTF-8"))?;
                    words.push((surface, !child_base));
                }
            }
        }
    }
    Ok(words)
}

/// Parses `dicrc`: the line `left-space-penalty-factor = <posid>,<cost>,<posid>,<cost>…`, which may be missing.
fn penalties(file: &File) -> Result<Vec<(u16, i16)>, BuildError> {
    let text = file.text(0, file.bytes.len())?;
    let setting = text.lines().filter_map(|line| line.split_once('='));
    let Some((_, factors)) = setting
        .into_iter()
        .find(|(key, _)| key.trim() == "left-space-penalty-factor")
    else {
        return Ok(Vec::new());
    };
    let numbers: Vec<&str> = factors.split(',').map(str::trim).collect();
    let pair = |pair: &[&str]| Some((pair[0].parse().ok()?, pair.get(1)?.parse().ok()?));
    let pairs: Option<Vec<_>> = numbers.chunks(2).map(pair).collect();
    pairs.ok_or_else(|| {
        file.error(format!(
            "left-space-penalty-factor is {factors:?}, expected pairs of numbers"
        ))
    })
}
