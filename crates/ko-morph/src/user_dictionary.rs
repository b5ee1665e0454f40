use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use crate::normalise::normalise;
use crate::tag::Tag;
use xxhash_rust::xxh64::xxh64;

const DEFAULT_COST: i16 = -2000;
/// Characters of a word.
const LONGEST_WORD: usize = 64;

/// Words that the dictionary does not have, or weighs too lightly.
///
/// A line is `word,tag[,cost]`: the tag NNG or NNP, the cost from -32768 to 32767, the lower the likelier,
/// -2000 where it is left out. Empty lines and lines that start with `#` are skipped.
///
/// ```
/// let words = ko_morph::UserDictionary::parse("# building\n주차권,NNG\n냉난방기,NNG,-3000\n")?;
/// assert_eq!(words.len(), 2);
/// assert!(words.contains("주차권"));
/// # Ok::<(), ko_morph::UserDictionaryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct UserDictionary {
    /// In the order of their texts.
    words: Vec<UserWord>,
    /// Which of the words start with a character.
    starts: HashMap<char, Range<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserWord {
    text: String,
    tag: Tag,
    cost: i16,
}

/// What is wrong with a user dictionary: every bad line, with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDictionaryError {
    problems: Vec<(usize, String)>,
}

impl UserDictionary {
    /// Reads the lines of a dictionary; the words need not be normalised.
    pub fn parse(csv: &str) -> Result<Self, UserDictionaryError> {
        let mut words = Vec::new();
        let mut lines = HashMap::new();
        let mut problems = Vec::new();
        for (line, number) in csv.trim_start_matches('\u{feff}').lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match UserWord::parse(line) {
                Err(problem) => problems.push((number, problem)),
                Ok(word) => match lines.insert(word.text.clone(), number) {
                    Some(first) => {
                        problems.push((number, format!("{:?} already stands in line {first}", word.text)));
                    }
                    None => words.push(word),
                },
            }
        }
        if problems.is_empty() {
            Ok(Self::new(words))
        } else {
            Err(UserDictionaryError { problems })
        }
    }

    /// A dictionary without words.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A short hash of the words, tags and costs, whatever their order and the comments between; `none`
    /// without words.
    pub fn version(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        let mut content = String::new();
        for UserWord { text, tag, cost } in &self.words {
            content.extend([text, ",", tag.as_str(), ",", &cost.to_string(), "\n"]);
        }
        format!("{:012x}", xxh64(content.as_bytes(), 0) >> 16)
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it has no words.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it has this word, which must be normalised.
    pub fn contains(&self, word: &str) -> bool {
        self.words
            .binary_search_by(|known| known.text.as_str().cmp(word))
            .is_ok()
    }

    fn new(mut words: Vec<UserWord>) -> Self {
        words.sort();
        let mut starts: HashMap<char, Range<usize>> = HashMap::new();
        for (index, start) in words
            .iter()
            .enumerate()
            .filter_map(|(i, word)| Some((i, word.start()?)))
        {
            starts.entry(start).or_insert(index..index).end = index + 1;
        }
        Self { words, starts }
    }

    pub(crate) fn word(&self, entry: u32) -> Option<&UserWord> {
        self.words.get(entry as usize)
    }

    /// Calls `found` with length in characters and number of every word that the text starts with, the
    /// shortest first.
    #[inline]
    pub(crate) fn prefixes(&self, text: &str, mut found: impl FnMut(usize, u32)) {
        if self.words.is_empty() {
            return;
        }
        let Some(range) = text.chars().next().and_then(|start| self.starts.get(&start)) else {
            return;
        };
        let mut from = range.start;
        let mut words = &self.words[range.clone()];
        for (length, (offset, character)) in (1..).zip(text.char_indices()) {
            // Of the words that agree so far: those that have this character next.
            let next = |word: &UserWord| word.text[offset..].chars().next();
            let skipped = words.partition_point(|word| next(word) < Some(character));
            from += skipped;
            words = &words[skipped..];
            words = &words[..words.partition_point(|word| next(word) == Some(character))];
            let Some(first) = words.first() else { return };
            if first.text.len() == offset + character.len_utf8() {
                found(length, from as u32);
            }
        }
    }
}

impl UserWord {
    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = line.split(',').map(str::trim);
        let text = normalise(fields.next().unwrap_or_default()).into_owned();
        if text.is_empty() {
            return Err("has no word".to_owned());
        }
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(format!("{text:?} has a space in it"));
        }
        let length = text.chars().count();
        if length > LONGEST_WORD {
            return Err(format!(
                "the word has {length} characters, more than {LONGEST_WORD}"
            ));
        }
        let tag = match fields.next() {
            Some("NNG") => Tag::NNG,
            Some("NNP") => Tag::NNP,
            Some(tag) => return Err(format!("the tag must be NNG or NNP, not {tag:?}")),
            None => return Err("has no tag: NNG or NNP".to_owned()),
        };
        let cost = match fields.next() {
            None => DEFAULT_COST,
            Some(cost) => cost
                .parse()
                .map_err(|_| format!("the cost must be a number from -32768 to 32767, not {cost:?}"))?,
        };
        match fields.next() {
            Some(_) => Err("has more than word, tag and cost".to_owned()),
            None => Ok(Self { text, tag, cost }),
        }
    }

    pub fn tag(&self) -> Tag {
        self.tag
    }

    pub fn cost(&self) -> i16 {
        self.cost
    }

    /// Which of an image's templates stands for words like this one.
    pub fn template(&self) -> usize {
        template(
            self.tag,
            self.text.chars().next_back().is_some_and(has_final_consonant),
        )
    }

    fn start(&self) -> Option<char> {
        self.text.chars().next()
    }
}

/// The place of a template in [`crate::image::Figures`].
pub(crate) fn template(tag: Tag, final_consonant: bool) -> usize {
    usize::from(tag == Tag::NNP) * 2 + usize::from(final_consonant)
}

/// Whether the character is read with a consonant at its end: decides between 은 and 는, 이 and 가.
pub(crate) fn has_final_consonant(character: char) -> bool {
    match character {
        // 28 syllables for each pair of initial and vowel, the first of them without a final.
        '가'..='힣' => !(character as u32 - '가' as u32).is_multiple_of(28),
        // 영 일 삼 육 칠 팔; 엘 엠 엔 알.
        '0' | '1' | '3' | '6' | '7' | '8' => true,
        _ => matches!(character.to_ascii_lowercase(), 'l' | 'm' | 'n' | 'r'),
    }
}

impl fmt::Display for UserDictionaryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the user dictionary has bad lines: ")?;
        for (index, (line, problem)) in self.problems.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            write!(formatter, "line {line}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UserDictionaryError {}

impl UserDictionaryError {
    /// The numbers of the bad lines, from 1, and what is wrong with each.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &str)> {
        self.problems
            .iter()
            .map(|(line, problem)| (*line, problem.as_str()))
    }
}
