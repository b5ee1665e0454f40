use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use xxhash_rust::xxh64::xxh64;

use crate::image::Analysis;
use crate::image::layout::template;
use crate::lattice::USER_ENTRY;
use crate::normalise::normalise;
use crate::tag::{Tag, UnknownTag};

const DEFAULT_COST: i16 = -2000;
/// Most characters of a word.
const LONGEST_WORD: usize = 64;

/// Words of the user: those that the dictionary does not have, or weighs too lightly.
///
/// A line has the form `word,tag[,cost[,morphemes]]`. Empty lines and lines that start with `#` are skipped.
///
/// - The tag is a [`Tag`], or several joined with `+` for an inflected word.
/// - The cost is a number from -32768 to 32767, the lower, the likelier. It is -2000 if it is missing or empty.
/// - The morphemes are `form/tag` joined with `+`. Those of an inflected word replace it, and so does a single one: the
///   standard spelling of the word. Several morphemes under a single tag are the parts of a compound, which stays whole.
///
/// ```
/// let words = ko_morph::UserDictionary::parse(
///     "# building
///      주차권,NNG
///      냉난방기,NNG,-3000
///      출입카드,NNG,,출입/NNG+카드/NNG
///      엘베,NNG,,엘리베이터/NNG
///      쌩깜,VV+ETN,,쌩까/VV+ㅁ/ETN",
/// )?;
/// assert_eq!(words.len(), 5);
/// assert!(words.contains("주차권"));
/// # Ok::<(), ko_morph::UserDictionaryError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct UserDictionary {
    /// Words, ordered by text.
    words: Vec<UserWord>,
    /// Range in `words` of each first character.
    starts: HashMap<char, Range<usize>>,
    /// The remainders of the first characters by [`STARTS`]: they rule most positions of a text out.
    may_start: Vec<bool>,
}

/// Number of remainders of first characters. A prime spreads syllables, which differ by multiples of 28.
const STARTS: usize = 4_093;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserWord {
    text: String,
    /// Tag, or several joined with `+`.
    label: String,
    cost: i16,
    /// Morphemes as the line has them, or empty.
    morphemes: String,
    first_tag: Tag,
    last_tag: Tag,
    /// [`Analysis`] as an image encodes it.
    analysis: Vec<u8>,
}

/// An error of a user dictionary. It lists every malformed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDictionaryError {
    problems: Vec<(usize, String)>,
}

impl UserDictionary {
    /// Parses the lines of a user dictionary and [normalises](crate::normalise) the words.
    ///
    /// # Errors
    /// When a line is malformed or repeats a word. The error lists all such lines.
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
                        problems.push((number, format!("{:?} repeats line {first}", word.text)));
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

    /// Returns a user dictionary without words.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns 12 hex digits of a hash over the words, tags, costs and morphemes, or `none` without words.
    ///
    /// The order of the lines and the comments between them do not matter.
    pub fn version(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        let mut content = String::new();
        for UserWord {
            text,
            label,
            cost,
            morphemes,
            ..
        } in &self.words
        {
            let comma = if morphemes.is_empty() { "" } else { "," };
            content.extend([text, ",", label, ",", &cost.to_string(), comma, morphemes, "\n"]);
        }
        format!("{:012x}", xxh64(content.as_bytes(), 0) >> 16)
    }

    /// Returns the number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Reports whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Reports whether the dictionary has a word, which must be [normalised](crate::normalise).
    pub fn contains(&self, word: &str) -> bool {
        self.find(word).is_ok()
    }

    /// Returns the entry number of a word.
    pub(crate) fn number(&self, word: &str) -> Option<u32> {
        let index = u32::try_from(self.find(word).ok()?).ok()?;
        Some(USER_ENTRY | index)
    }

    fn find(&self, word: &str) -> Result<usize, usize> {
        self.words.binary_search_by(|known| known.text.as_str().cmp(word))
    }

    /// Returns the words of both dictionaries. Of a word that both have, the one of `other` stays.
    pub fn extended_by(self, other: Self) -> Self {
        let mut words = other.words.clone();
        words.extend(self.words.into_iter().filter(|word| !other.contains(&word.text)));
        Self::new(words)
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
        let mut may_start = vec![false; STARTS];
        for start in starts.keys() {
            may_start[*start as usize % STARTS] = true;
        }
        Self {
            words,
            starts,
            may_start,
        }
    }

    pub(crate) fn word(&self, number: u32) -> Option<&UserWord> {
        self.words.get(number as usize)
    }

    /// Calls `found` for every word that is a prefix of the text, the shortest first, with its length in
    /// characters and its number.
    #[inline]
    pub(crate) fn prefixes(&self, text: &str, mut found: impl FnMut(usize, u32)) {
        let Some(start) = text.chars().next() else { return };
        if !self
            .may_start
            .get(start as usize % STARTS)
            .copied()
            .unwrap_or(false)
        {
            return;
        }
        let Some(range) = self.starts.get(&start) else {
            return;
        };
        let mut from = range.start;
        let mut words = &self.words[range.clone()];
        for (length, (offset, character)) in (1..).zip(text.char_indices()) {
            // Narrow the words that agree so far to those that continue with this character.
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
            return Err("no word, expected word,tag[,cost[,morphemes]]".to_owned());
        }
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(format!("{text:?} contains a space or control character"));
        }
        let length = text.chars().count();
        if length > LONGEST_WORD {
            return Err(format!(
                "the word has {length} characters, expected at most {LONGEST_WORD}"
            ));
        }
        let label = match fields.next() {
            Some(label) if !label.is_empty() => label,
            _ => return Err("no tag, expected word,tag[,cost[,morphemes]]".to_owned()),
        };
        let tags = label.split('+').map(parse_tag).collect::<Result<Vec<_>, _>>()?;
        let cost = match fields.next() {
            None | Some("") => DEFAULT_COST,
            Some(cost) => cost
                .parse()
                .map_err(|_| format!("malformed cost {cost:?}, expected a number from -32768 to 32767"))?,
        };
        let morphemes = normalise(fields.next().unwrap_or_default()).into_owned();
        if fields.next().is_some() {
            return Err("more than four fields, expected word,tag[,cost[,morphemes]]".to_owned());
        }
        Ok(Self {
            analysis: analysis(&text, label, &tags, &morphemes)?,
            text,
            label: label.to_owned(),
            cost,
            morphemes,
            first_tag: tags[0],
            last_tag: tags[tags.len() - 1],
        })
    }

    pub(crate) fn cost(&self) -> i16 {
        self.cost
    }

    /// Returns the [`Analysis`] as an image encodes it.
    pub(crate) fn analysis(&self) -> &[u8] {
        &self.analysis
    }

    /// Returns the indices of the image's templates for the first and the last morpheme of the word.
    pub(crate) fn templates(&self) -> [usize; 2] {
        let final_consonant = self.text.chars().next_back().is_some_and(has_final_consonant);
        [self.first_tag, self.last_tag].map(|tag| template(tag, final_consonant))
    }

    fn start(&self) -> Option<char> {
        self.text.chars().next()
    }
}

fn parse_tag(tag: &str) -> Result<Tag, String> {
    tag.parse().map_err(|error: UnknownTag| error.to_string())
}

/// Encodes the analysis of a word.
fn analysis(text: &str, label: &str, tags: &[Tag], morphemes: &str) -> Result<Vec<u8>, String> {
    let mut parts = Vec::new();
    for morpheme in morphemes.split('+').filter(|_| !morphemes.is_empty()) {
        let Some((form, tag)) = morpheme.rsplit_once('/').filter(|(form, _)| !form.is_empty()) else {
            return Err(format!("malformed morpheme {morpheme:?}, expected form/tag"));
        };
        parts.push((form.to_owned(), parse_tag(tag)?));
    }
    let expanded = tags.len() > 1 || parts.len() == 1;
    if expanded && !parts.iter().map(|(_, tag)| tag).eq(tags) {
        return Err(format!(
            "the morphemes {morphemes:?} do not have the tags {label}"
        ));
    }
    Analysis::encode(text, label, tags[0], expanded, &parts)
}

/// Reports whether the character is read with a final consonant, which decides between 은 and 는, 이 and 가.
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
        formatter.write_str("malformed user dictionary: ")?;
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
    /// Returns the malformed lines: for each its number, from 1, and a description of the problem.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &str)> {
        self.problems
            .iter()
            .map(|(line, problem)| (*line, problem.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(csv: &str, expected: &str) {
        let error = UserDictionary::parse(csv).expect_err("has a malformed line");
        assert_eq!(
            error.to_string(),
            format!("malformed user dictionary: {expected}")
        );
    }

    #[test]
    fn skips_comments_blank_lines_and_a_byte_order_mark() {
        let user = UserDictionary::parse("\u{feff}# 단지\r\n\r\n 주차권 , NNG , -3000 \r\n정산기,NNP\r\n")
            .expect("is well-formed");
        assert_eq!(user.len(), 2);
        assert!(user.contains("주차권") && user.contains("정산기") && !user.contains("주차"));
    }

    #[test]
    fn normalises_words() {
        let user = UserDictionary::parse("\u{110c}\u{116e}\u{110e}\u{1161},NNG").expect("is well-formed");
        assert!(user.contains("주차"));
    }

    #[test]
    fn reports_every_malformed_line() {
        check_error("주차권", "line 1: no tag, expected word,tag[,cost[,morphemes]]");
        check_error(
            "# ok\n,NNG",
            "line 2: no word, expected word,tag[,cost[,morphemes]]",
        );
        check_error(
            "공용 부,NNG",
            "line 1: \"공용 부\" contains a space or control character",
        );
        check_error("집,VW", "line 1: unknown part of speech \"VW\"");
        check_error("집,NNG+", "line 1: unknown part of speech \"\"");
        check_error(
            "집,NNG,싸다",
            "line 1: malformed cost \"싸다\", expected a number from -32768 to 32767",
        );
        check_error(
            "집,NNG,40000",
            "line 1: malformed cost \"40000\", expected a number from -32768 to 32767",
        );
        check_error(
            "집,NNG,1,,2",
            "line 1: more than four fields, expected word,tag[,cost[,morphemes]]",
        );
        check_error(
            "집,NNG,1,집",
            "line 1: malformed morpheme \"집\", expected form/tag",
        );
        check_error(
            "집,NNG,1,/NNG",
            "line 1: malformed morpheme \"/NNG\", expected form/tag",
        );
        check_error(
            "쌩깜,VV+ETN",
            "line 1: the morphemes \"\" do not have the tags VV+ETN",
        );
        check_error(
            "쌩깜,VV+ETN,,쌩까/VA+ㅁ/ETN",
            "line 1: the morphemes \"쌩까/VA+ㅁ/ETN\" do not have the tags VV+ETN",
        );
        let long = "가".repeat(65);
        check_error(
            &format!("{long},NNG"),
            "line 1: the word has 65 characters, expected at most 64",
        );
        check_error("집,NNG\n\n집,NNP", "line 3: \"집\" repeats line 1");
        check_error(
            "a,b\nc",
            "line 1: unknown part of speech \"b\"; line 2: no tag, expected word,tag[,cost[,morphemes]]",
        );
    }

    #[test]
    fn an_extension_replaces_words_of_the_same_text() {
        let parse = |csv| UserDictionary::parse(csv).expect("is well-formed");
        let extended = parse("집,NNG\n방,NNG").extended_by(parse("방,NNP,-3000\n문,NNG"));
        assert_eq!(
            extended.version(),
            parse("집,NNG\n방,NNP,-3000\n문,NNG").version()
        );
    }

    #[test]
    fn the_version_depends_on_the_words_alone() {
        let version = |csv| UserDictionary::parse(csv).expect("is well-formed").version();
        assert_eq!(UserDictionary::empty().version(), "none");
        assert_eq!(version("# nothing"), "none");
        assert_eq!(
            version("집,NNG\n방,NNP"),
            version("# other order\n방,NNP,-2000\n\n집,NNG")
        );
        assert_ne!(version("집,NNG"), version("집,NNP"));
        assert_ne!(version("집,NNG"), version("집,NNG,-1999"));
        assert_eq!(version("집,NNG"), version("집,NNG,"));
        assert_ne!(version("집,NNG"), version("집,NNG,,집/NNG"));
        assert_eq!(version("집,NNG").len(), 12);
    }
}
