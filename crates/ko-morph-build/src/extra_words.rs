use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use ko_morph::Tag;

use crate::feature::Feature;
use crate::hangul::{NO_FINAL, Syllable, has_final, is_hangul};
use crate::{Lexicon, LexiconWord};

/// Words that a dictionary lacks, each with its morphemes and its cost: contractions, stems of the spoken language and
/// misspellings.
///
/// A line of their file is a surface, its morphemes as `form/tag` joined with `+`, and its cost, separated by tabs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraWords(pub(crate) Vec<ExtraWord>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ExtraWord {
    pub(crate) surface: String,
    pub(crate) morphemes: Vec<(String, Tag)>,
    pub(crate) cost: i16,
}

/// An error of a line of extra words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the extra words is malformed: {problem}")]
pub struct ExtraWordsError {
    /// Number of the line, from 1.
    pub line: usize,
    /// Description of the problem.
    pub problem: String,
}

impl ExtraWords {
    /// Parses the lines of a file.
    ///
    /// # Errors
    /// When a line is malformed.
    pub fn parse(text: &str) -> Result<Self, ExtraWordsError> {
        let words = text.lines().zip(1..).map(|(line, number)| {
            ExtraWord::parse(line).map_err(|problem| ExtraWordsError {
                line: number,
                problem,
            })
        });
        words.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the content of a file.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|word| word.to_line() + "\n").collect()
    }

    /// Returns the number of words.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reports whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ExtraWord {
    fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[surface, morphemes, cost] = fields.as_slice() else {
            return Err(format!("{} columns, expected 3", fields.len()));
        };
        if !is_hangul(surface) {
            return Err(format!("the word {surface:?} has a character that is not Hangul"));
        }
        let morpheme = |text: &str| {
            let (form, tag) = text
                .split_once('/')
                .ok_or_else(|| format!("{text:?} has no tag"))?;
            if !is_hangul(form) {
                return Err(format!("the form {form:?} has a character that is not Hangul"));
            }
            let tag = tag.parse::<Tag>().map_err(|error| error.to_string())?;
            Ok((form.to_owned(), tag))
        };
        Ok(Self {
            surface: surface.to_owned(),
            morphemes: morphemes.split('+').map(morpheme).collect::<Result<_, _>>()?,
            cost: cost
                .parse()
                .map_err(|_| format!("cost {cost:?}, expected a number from -32768 to 32767"))?,
        })
    }

    pub(crate) fn to_line(&self) -> String {
        let morphemes: Vec<_> = self
            .morphemes
            .iter()
            .map(|(form, tag)| format!("{form}/{tag}"))
            .collect();
        format!("{}\t{}\t{}", self.surface, morphemes.join("+"), self.cost)
    }

    fn feature(&self) -> String {
        let Self {
            surface, morphemes, ..
        } = self;
        let tags: Vec<_> = morphemes.iter().map(|(_, tag)| tag.as_str()).collect();
        let final_consonant = if ends_in_consonant(surface) { "T" } else { "F" };
        let (kind, expression) = match morphemes.as_slice() {
            [(form, _)] if form == surface => ("*", "*".to_owned()),
            morphemes => {
                let parts: Vec<_> = morphemes
                    .iter()
                    .map(|(form, tag)| format!("{form}/{tag}/*"))
                    .collect();
                ("Inflect", parts.join("+"))
            }
        };
        let (first, last) = (tags.first().unwrap_or(&"*"), tags.last().unwrap_or(&"*"));
        format!(
            "{},*,{final_consonant},{surface},{kind},{first},{last},{expression}",
            tags.join("+")
        )
    }
}

impl Lexicon {
    /// Adds words. Their context ids and parts of speech are those that most words with the same first and the same
    /// last morpheme have.
    pub fn add(&mut self, words: &ExtraWords) {
        let contexts = Contexts::new(self);
        let words = words.0.iter().filter_map(|word| {
            let (left, posid) = contexts.left(word)?;
            Some(LexiconWord {
                surface: word.surface.clone(),
                left,
                right: contexts.right(word)?,
                posid,
                cost: word.cost,
                feature: word.feature(),
            })
        });
        let words: Vec<_> = words.collect();
        self.words.extend(words);
    }
}

/// Uses of the ids in a lexicon.
struct Contexts {
    /// Left ids and parts of speech, by first morpheme and by its tag alone.
    lefts: Uses<(String, Tag, bool), (u16, u16)>,
    lefts_of_tag: Uses<(Tag, bool), (u16, u16)>,
    /// Right ids, by last morpheme and by its tag alone.
    rights: Uses<(String, Tag, bool, bool), u16>,
    rights_of_tag: Uses<(Tag, bool, bool), u16>,
}

impl Contexts {
    fn new(lexicon: &Lexicon) -> Self {
        let mut contexts = Self {
            lefts: Uses::default(),
            lefts_of_tag: Uses::default(),
            rights: Uses::default(),
            rights_of_tag: Uses::default(),
        };
        for word in &lexicon.words {
            let morphemes =
                Feature::parse(&word.feature).and_then(|feature| feature.morphemes(&word.surface));
            let Ok(morphemes) = morphemes else {
                continue;
            };
            let (Some((first, first_tag)), Some((last, last_tag))) = (morphemes.first(), morphemes.last())
            else {
                continue;
            };
            let (several, final_consonant) = (morphemes.len() > 1, ends_in_consonant(&word.surface));
            let left = (word.left, word.posid);
            contexts.lefts.add((first.clone(), *first_tag, several), left);
            contexts.lefts_of_tag.add((*first_tag, several), left);
            contexts
                .rights
                .add((last.clone(), *last_tag, several, final_consonant), word.right);
            contexts
                .rights_of_tag
                .add((*last_tag, several, final_consonant), word.right);
        }
        contexts
    }

    fn left(&self, word: &ExtraWord) -> Option<(u16, u16)> {
        let several = word.morphemes.len() > 1;
        let (form, tag) = word.morphemes.first()?;
        let of_form = |several| self.lefts.most(&(form.clone(), *tag, several));
        let of_tag = |several| self.lefts_of_tag.most(&(*tag, several));
        of_form(several)
            .or_else(|| of_tag(several))
            .or_else(|| of_form(!several))
            .or_else(|| of_tag(!several))
    }

    fn right(&self, word: &ExtraWord) -> Option<u16> {
        let (several, final_consonant) = (word.morphemes.len() > 1, ends_in_consonant(&word.surface));
        let (form, tag) = word.morphemes.last()?;
        let of_form = |several| self.rights.most(&(form.clone(), *tag, several, final_consonant));
        let of_tag = |several| self.rights_of_tag.most(&(*tag, several, final_consonant));
        of_form(several)
            .or_else(|| of_form(!several))
            .or_else(|| of_tag(several))
            .or_else(|| of_tag(!several))
    }
}

/// Counts of values, by key.
struct Uses<K, V>(HashMap<K, HashMap<V, u32>>);

impl<K, V> Default for Uses<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V: Hash + Eq + Ord + Copy> Uses<K, V> {
    fn add(&mut self, key: K, value: V) {
        *self.0.entry(key).or_default().entry(value).or_default() += 1;
    }

    /// Returns the most frequent value of a key, of several the smallest.
    fn most(&self, key: &K) -> Option<V> {
        let values = self.0.get(key)?.iter();
        values
            .max_by_key(|&(value, count)| (count, Reverse(value)))
            .map(|(&value, _)| value)
    }
}

fn ends_in_consonant(surface: &str) -> bool {
    surface.chars().next_back().is_some_and(has_final)
}

/// Returns the forms of morphemes with the vowel that the stem requires: 아 and 았 after ㅏ and ㅗ, 여 and 였 after 하.
/// Labels have 어 and 었 everywhere.
pub(crate) fn with_harmony<'m>(morphemes: impl IntoIterator<Item = (&'m str, Tag)>) -> Vec<(String, Tag)> {
    let mut harmonised: Vec<(String, Tag)> = Vec::new();
    for (form, tag) in morphemes {
        let stem = harmonised.last().and_then(|(stem, _)| stem.chars().next_back());
        let ending = form.strip_prefix('어').map(|rest| (['아', '여'], rest));
        let ending = ending.or_else(|| form.strip_prefix('었').map(|rest| (['았', '였'], rest)));
        let form = match (stem, ending) {
            (Some('하'), Some(([_, after_ha], rest))) => format!("{after_ha}{rest}"),
            (Some(stem), Some(([bright, _], rest))) if is_bright(stem) => format!("{bright}{rest}"),
            _ => form.to_owned(),
        };
        harmonised.push((form, tag));
    }
    harmonised
}

/// Reports whether the vowel of a stem is ㅏ or ㅗ. Stems in ㅂ (가깝, 고맙) take 어, apart from 돕 and 곱.
fn is_bright(stem: char) -> bool {
    let Some(Syllable { vowel, last, .. }) = Syllable::of(stem) else {
        return false;
    };
    matches!(vowel, 'ㅏ' | 'ㅗ' | 'ㅑ') && (last != 'ㅂ' || matches!(stem, '돕' | '곱' | '뽑' | '좁' | '잡'))
        || vowel == 'ㅏ' && last == NO_FINAL
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "건\t거/NNB+ㄴ/JX\t1200\n재밋\t재밌/VA\t-30\n";

    #[test]
    fn lines_parse_back() {
        let words = ExtraWords::parse(LINES).expect("the lines are well-formed");
        assert_eq!((words.len(), words.to_text().as_str()), (2, LINES));
    }

    #[test]
    fn reports_the_number_of_a_malformed_line() {
        for (line, problem) in [
            ("건\t거/NNB", "2 columns, expected 3"),
            (
                "a\t거/NNB\t1",
                "the word \"a\" has a character that is not Hangul",
            ),
            ("건\t거\t1", "\"거\" has no tag"),
            ("건\t거/XY\t1", "unknown part of speech \"XY\""),
            (
                "건\t거/NNB\t1.5",
                "cost \"1.5\", expected a number from -32768 to 32767",
            ),
        ] {
            let error = ExtraWords::parse(&format!("{LINES}{line}\n")).expect_err("the line is malformed");
            assert_eq!(
                error.to_string(),
                format!("line 3 of the extra words is malformed: {problem}")
            );
        }
    }

    #[test]
    fn a_word_takes_the_ids_of_its_first_and_last_morpheme() {
        let word = |surface: &str, left, right, posid, feature: &str| LexiconWord {
            surface: surface.to_owned(),
            left,
            right,
            posid,
            cost: 0,
            feature: feature.to_owned(),
        };
        let mut lexicon = Lexicon {
            name: String::new(),
            words: vec![
                word("맛있", 1, 2, 10, "VA,*,T,맛있,*,*,*,*"),
                word("게", 3, 4, 11, "NNB+JKS,*,F,게,Inflect,NNB,JKS,것/NNB/*+이/JKS/*"),
                word("난", 5, 6, 12, "NP+JX,*,T,난,Inflect,NP,JX,나/NP/*+ㄴ/JX/*"),
            ],
            unknown: Default::default(),
            characters: Vec::new(),
            left_ids: 7,
            right_ids: 7,
            connections: Vec::new(),
            penalties: Vec::new(),
        };
        lexicon.add(&ExtraWords::parse(LINES).expect("the lines are well-formed"));
        let added: Vec<_> = lexicon.words[3..]
            .iter()
            .map(|it| (it.left, it.right, it.posid, it.feature.as_str()))
            .collect();
        assert_eq!(
            added,
            [
                (3, 6, 11, "NNB+JX,*,T,건,Inflect,NNB,JX,거/NNB/*+ㄴ/JX/*"),
                (1, 2, 10, "VA,*,T,재밋,Inflect,VA,VA,재밌/VA/*"),
            ]
        );
    }

    #[test]
    fn endings_take_the_vowel_of_the_stem() {
        let forms = |morphemes: [(&'static str, Tag); 2]| with_harmony(morphemes)[1].0.clone();
        assert_eq!(forms([("좋", Tag::VA), ("어", Tag::EF)]), "아");
        assert_eq!(forms([("보", Tag::VV), ("었", Tag::EP)]), "았");
        assert_eq!(forms([("하", Tag::VV), ("어서", Tag::EC)]), "여서");
        assert_eq!(forms([("고맙", Tag::VA), ("어요", Tag::EF)]), "어요");
        assert_eq!(forms([("먹", Tag::VV), ("었", Tag::EP)]), "었");
    }
}
