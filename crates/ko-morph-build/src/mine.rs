//! Words that a lexicon lacks, found in labelled texts.
//!
//! *Mined* words are segments of the texts that occur with an analysis which the lexicon does not have for them (재밋 for
//! 재밌/VA, 건 for 거/NNB and ㄴ/JX). Nouns stay out: labels contain too many accidental ones, and the search has unknown
//! nouns of its own. *Misspelt* words are misspellings of frequent segments, with the analysis of the correct word.
//!
//! Training needs texts in which the misspellings occur, so mining also returns the texts with some words misspelt. Texts
//! that training holds out are neither mined nor changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use ko_morph::Tag;

use crate::extra_words::{ExtraWord, ExtraWords, with_harmony};
use crate::feature::Feature;
use crate::label::{self, LabelledText};
use crate::misspelling::{misspellings, misspellings_at_seam};
use crate::segment::{Segment, analysis_key, segments};
use crate::{LabelError, Lexicon};

/// Parameters of the mining.
#[derive(Clone, Copy, Debug)]
pub struct MineOptions {
    /// One text in this many is held out.
    pub held_out: usize,
    /// Least number of texts' segments for a mined word.
    pub least_mined: u32,
    /// Least share of a surface's segments that have the analysis of a mined word, in percent. Rarer ones are mostly errors
    /// of the labels, and would slow the search down at every short word.
    pub least_share: u32,
    /// Least number for a word that is misspelt.
    pub least_misspelt: u32,
    /// Most misspelt words. The most frequent segments come first.
    pub most_misspelt: usize,
    /// Cost of a mined word above that of a known word as frequent.
    pub mined_cost: f64,
    /// Cost of a misspelt word above that of the correct one.
    pub misspelt_cost: f64,
    /// Chance that a segment of a text is misspelt, in percent.
    pub noise: u64,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for MineOptions {
    fn default() -> Self {
        Self {
            held_out: 20,
            least_mined: 3,
            least_share: 2,
            least_misspelt: 10,
            most_misspelt: 40_000,
            mined_cost: 500.0,
            misspelt_cost: 2500.0,
            noise: 4,
            seed: 1,
        }
    }
}

/// Result of [`mine`].
#[derive(Clone, Debug)]
pub struct Mined {
    /// The words, mined ones first.
    pub words: ExtraWords,
    /// Number of mined words.
    pub mined: usize,
    /// The labels, with some words of the texts misspelt.
    pub labels: String,
}

/// Finds words in labelled texts that a lexicon lacks.
///
/// # Errors
/// When a line of the labels is malformed.
pub fn mine(lexicon: &Lexicon, labels: &str, options: MineOptions) -> Result<Mined, LabelError> {
    let texts = label::parse(labels)?;
    let known = Known::new(lexicon);
    let counts = Counts::of(&texts, options.held_out);
    let costs = Costs::fit(&known, &counts);
    let mut words = mined(&known, &counts, &costs, options);
    let mined = words.len();
    let misspelt = misspelt(&known, &counts, &costs, options);
    let mut noise = Noise::new(&misspelt, options);
    let lines = texts.iter().enumerate().map(|(place, text)| {
        if is_held_out(place, options.held_out) {
            noise.unchanged(text)
        } else {
            noise.changed(text)
        }
    });
    let labels = lines.collect();
    words.extend(misspelt.into_iter().map(|(_, word)| word));
    Ok(Mined {
        words: ExtraWords(words),
        mined,
        labels,
    })
}

pub(crate) fn is_held_out(place: usize, held_out: usize) -> bool {
    place.is_multiple_of(held_out.max(2))
}

/// The words of a lexicon: for each surface the analyses and the lowest cost of each.
struct Known<'l>(HashMap<&'l str, Vec<(String, i16)>>);

impl<'l> Known<'l> {
    fn new(lexicon: &'l Lexicon) -> Self {
        let mut known: HashMap<&str, Vec<(String, i16)>> = HashMap::new();
        for word in &lexicon.words {
            let morphemes =
                Feature::parse(&word.feature).and_then(|feature| feature.morphemes(&word.surface));
            if let (Some(surface), Ok(morphemes)) = (word.surface(), morphemes) {
                let key = analysis_key(morphemes.iter().map(|(form, tag)| (form.as_str(), *tag)));
                known.entry(surface).or_default().push((key, word.cost));
            }
        }
        Self(known)
    }

    fn cost(&self, surface: &str, analysis: &str) -> Option<f64> {
        let analyses = self.0.get(surface)?.iter();
        let costs = analyses
            .filter(|(known, _)| known == analysis)
            .map(|&(_, cost)| cost);
        costs.min().map(f64::from)
    }

    fn has(&self, surface: &str) -> bool {
        self.0.contains_key(surface)
    }
}

/// A surface and its morphemes, as often as they occur.
struct Counted {
    count: u32,
    morphemes: Vec<(String, Tag)>,
    /// Number of characters of the first segment, if there are two.
    seam: Option<usize>,
}

/// Occurrences in the texts, each text once. The keys are surface and analysis, so their order is always the same.
#[derive(Default)]
struct Counts {
    segments: BTreeMap<(String, String), Counted>,
    /// Neighbouring segments without a space between them.
    pairs: BTreeMap<(String, String), Counted>,
    /// Occurrences of each surface, however it is analysed.
    surfaces: HashMap<String, u32>,
}

impl Counts {
    fn of(texts: &[LabelledText<'_>], held_out: usize) -> Self {
        let mut counts = Self::default();
        let mut seen = HashSet::new();
        for (place, text) in texts.iter().enumerate() {
            if !is_held_out(place, held_out) && seen.insert(text.text) {
                counts.add(&segments(text));
            }
        }
        counts
    }

    fn add(&mut self, segments: &[Segment<'_>]) {
        for segment in segments {
            let key = (segment.surface.to_owned(), key(segment));
            *self.surfaces.entry(segment.surface.to_owned()).or_default() += 1;
            let counted = self.segments.entry(key).or_insert_with(|| Counted {
                count: 0,
                morphemes: morphemes(segment),
                seam: None,
            });
            counted.count += 1;
        }
        for pair in segments.windows(2).filter(|pair| pair[0].end == pair[1].start) {
            let surface = format!("{}{}", pair[0].surface, pair[1].surface);
            let counted = self.pairs.entry((surface, key(&pair[0]) + &key(&pair[1])));
            let counted = counted.or_insert_with(|| Counted {
                count: 0,
                morphemes: [morphemes(&pair[0]), morphemes(&pair[1])].concat(),
                seam: Some(pair[0].end - pair[0].start),
            });
            counted.count += 1;
        }
    }
}

fn key(segment: &Segment<'_>) -> String {
    analysis_key(segment.labels.iter().map(|label| (label.original, label.tag)))
}

fn morphemes(segment: &Segment<'_>) -> Vec<(String, Tag)> {
    with_harmony(segment.labels.iter().map(|label| (label.original, label.tag)))
}

/// Lines that map the logarithm of a count to a cost, for one morpheme and for several.
struct Costs([[f64; 2]; 2]);

impl Costs {
    /// Fits the lines to the segments that the lexicon has.
    fn fit(known: &Known<'_>, counts: &Counts) -> Self {
        let mut points = [Vec::new(), Vec::new()];
        for ((surface, analysis), counted) in counts.segments.iter().filter(|(_, it)| it.count >= 3) {
            if let Some(cost) = known.cost(surface, analysis) {
                let several = usize::from(counted.morphemes.len() > 1);
                points[several].push((f64::from(counted.count).ln(), cost));
            }
        }
        Self(points.map(|points| line(&points)))
    }

    fn estimate(&self, counted: &Counted) -> f64 {
        let [start, slope] = self.0[usize::from(counted.morphemes.len() > 1)];
        start + slope * f64::from(counted.count).ln()
    }
}

/// Returns start and slope of the line with the least squares.
fn line(points: &[(f64, f64)]) -> [f64; 2] {
    let count = points.len().max(1) as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let covariance: f64 = points.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let variance: f64 = points.iter().map(|it| (it.0 - x) * (it.0 - x)).sum();
    let slope = if variance > 0.0 {
        covariance / variance
    } else {
        0.0
    };
    [y - slope * x, slope]
}

fn mined(known: &Known<'_>, counts: &Counts, costs: &Costs, options: MineOptions) -> Vec<ExtraWord> {
    let frequent = counts
        .segments
        .iter()
        .filter(|(_, it)| it.count >= options.least_mined);
    let lacking = frequent.filter(|((surface, analysis), counted)| {
        let is_noun = matches!(counted.morphemes.as_slice(), [(_, tag)] if tag.is_noun());
        let all = counts.surfaces.get(surface).copied().unwrap_or(0);
        let is_rare = counted.count * 100 < options.least_share * all;
        !is_noun && !is_rare && known.cost(surface, analysis).is_none()
    });
    lacking
        .map(|((surface, _), counted)| ExtraWord {
            surface: surface.clone(),
            morphemes: counted.morphemes.clone(),
            cost: (costs.estimate(counted) + options.mined_cost).round() as i16,
        })
        .collect()
}

/// Returns misspelt words, each with the correct word.
fn misspelt(
    known: &Known<'_>,
    counts: &Counts,
    costs: &Costs,
    options: MineOptions,
) -> Vec<(String, ExtraWord)> {
    let mut frequent: Vec<_> = counts
        .segments
        .iter()
        .chain(&counts.pairs)
        .filter(|(_, it)| it.count >= options.least_misspelt)
        .collect();
    frequent.sort_by_key(|&(key, counted)| (std::cmp::Reverse(counted.count), key));
    let mut taken = HashSet::new();
    let mut words = Vec::new();
    for ((surface, analysis), counted) in frequent {
        let cost = known
            .cost(surface, analysis)
            .unwrap_or_else(|| costs.estimate(counted))
            + options.misspelt_cost;
        for misspelling in misspellings_of(surface, counted) {
            // A word itself: taken for a misspelling only where the other word is far more frequent.
            let others = counts.surfaces.get(&misspelling).copied().unwrap_or(0);
            let is_word = known.has(&misspelling) || others > 0;
            let is_rare = counted.count >= 100 * (others + 1);
            if is_word && !is_rare || !taken.insert((misspelling.clone(), analysis.clone())) {
                continue;
            }
            let word = ExtraWord {
                surface: misspelling,
                morphemes: counted.morphemes.clone(),
                cost: cost.round() as i16,
            };
            words.push((surface.clone(), word));
        }
    }
    words.truncate(options.most_misspelt);
    words
}

fn misspellings_of(surface: &str, counted: &Counted) -> Vec<String> {
    let Some(seam) = counted.seam else {
        return misspellings(surface);
    };
    let mut places = surface.char_indices();
    let place = places.nth(seam).map_or(surface.len(), |(place, _)| place);
    misspellings_at_seam(&surface[..place], &surface[place..])
}

/// Puts misspellings into texts.
struct Noise<'w> {
    /// Misspellings by correct word and analysis.
    misspellings: HashMap<(&'w str, String), Vec<&'w str>>,
    chance: u64,
    random: u64,
}

impl<'w> Noise<'w> {
    fn new(misspelt: &'w [(String, ExtraWord)], options: MineOptions) -> Self {
        let mut misspellings: HashMap<_, Vec<_>> = HashMap::new();
        for (correct, word) in misspelt {
            let analysis = analysis_key(word.morphemes.iter().map(|(form, tag)| (form.as_str(), *tag)));
            let words = misspellings.entry((correct.as_str(), analysis)).or_default();
            words.push(word.surface.as_str());
        }
        Self {
            misspellings,
            chance: options.noise,
            random: options.seed,
        }
    }

    fn unchanged(&self, text: &LabelledText<'_>) -> String {
        line_of(text.text, text)
    }

    /// Returns the line of a text in which some segments are misspelt. Misspellings keep the number of characters, so
    /// that the labels stay as they are.
    fn changed(&mut self, text: &LabelledText<'_>) -> String {
        let mut characters: Vec<char> = text.text.chars().collect();
        let segments = segments(text);
        let mut free = 0;
        for (place, segment) in segments.iter().enumerate() {
            let next = segments.get(place + 1).filter(|next| next.start == segment.end);
            let pair = next.map(|next| {
                let surface = format!("{}{}", segment.surface, next.surface);
                (surface, key(segment) + &key(next))
            });
            let single = (segment.surface.to_owned(), key(segment));
            for (surface, analysis) in [Some(single), pair].into_iter().flatten() {
                let Some(words) = self.misspellings.get(&(surface.as_str(), analysis)) else {
                    continue;
                };
                let (chance, choice) = (self.random >> 33, self.random >> 45);
                self.random = next_random(self.random);
                if segment.start >= free && chance % 100 < self.chance {
                    let word = words[choice as usize % words.len()];
                    free = segment.start + word.chars().count();
                    characters.splice(segment.start..free, word.chars());
                }
            }
        }
        line_of(&characters.into_iter().collect::<String>(), text)
    }
}

fn line_of(text: &str, labelled: &LabelledText<'_>) -> String {
    let mut line = text.to_owned();
    for label in &labelled.labels {
        let length = label.end - label.start;
        line += &format!("\t{}/{}/{}/{length}", label.original, label.tag, label.start);
    }
    line + "\n"
}

/// Advances a linear congruential generator.
pub(crate) fn next_random(random: u64) -> u64 {
    random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LexiconWord;

    fn lexicon() -> Lexicon {
        let word = |surface: &str, tag: &str| LexiconWord {
            surface: surface.to_owned(),
            cost: 1000,
            feature: format!("{tag},*,T,{surface},*,*,*,*"),
            ..Default::default()
        };
        Lexicon {
            name: String::new(),
            words: vec![
                word("영화", "NNG"),
                word("없", "VA"),
                word("어", "EC"),
                word("이", "JKS"),
            ],
            unknown: Default::default(),
            characters: Vec::new(),
            left_ids: 1,
            right_ids: 1,
            connections: Vec::new(),
            penalties: Vec::new(),
        }
    }

    /// Returns labels in which each line occurs so often in texts that differ.
    fn labels(lines: &[(&str, usize)]) -> String {
        let mut labels = String::new();
        for (line, count) in lines {
            for number in 0..*count {
                let (text, morphemes) = line.split_once('\t').expect("has morphemes");
                // The number makes the text another one.
                labels += &format!("{text} {number}\t{morphemes}\n");
            }
        }
        labels
    }

    fn mined(lines: &[(&str, usize)]) -> Mined {
        mine(&lexicon(), &labels(lines), MineOptions::default()).expect("the labels are well-formed")
    }

    #[test]
    fn mines_what_the_lexicon_lacks_and_no_nouns() {
        let found = mined(&[
            ("재밋어\t재밌/VA/0/2\t어/EC/2/1", 6),
            ("건\t거/NNB/0/1\tㄴ/JX/0/1", 6),
            ("빌런\t빌런/NNG/0/2", 6),
            ("영화\t영화/NNG/0/2", 6),
            ("넘\t너무/MAG/0/1", 2),
        ]);
        let words: Vec<_> = found.words.0[..found.mined]
            .iter()
            .map(ExtraWord::to_line)
            .collect();
        // The known words of one morpheme cost 1000. There are none of several, so their line is 0. A mined word costs 500
        // more.
        assert_eq!(words, ["건\t거/NNB+ㄴ/JX\t500", "재밋\t재밌/VA\t1500"]);
    }

    #[test]
    fn misspells_frequent_words_within_and_between() {
        let found = mined(&[("영화 없어\t영화/NNG/0/2\t없/VA/3/1\t어/EC/4/1", 40)]);
        let words: Vec<_> = found.words.0[found.mined..]
            .iter()
            .map(ExtraWord::to_line)
            .collect();
        // A misspelt word costs 2500 more than the correct one, which is 1000 for one morpheme and 0 for several.
        assert_eq!(
            words,
            ["업\t없/VA\t3500", "엇\t없/VA\t3500", "업서\t없/VA+어/EC\t2500"]
        );
    }

    #[test]
    fn misspells_texts_that_are_learned_from_and_keeps_their_labels() {
        let line = ("영화 없어\t영화/NNG/0/2\t없/VA/3/1\t어/EC/4/1", 400);
        let (before, after) = (labels(&[line]), mined(&[line]).labels);
        let changed = before
            .lines()
            .zip(after.lines())
            .enumerate()
            .filter(|(_, (one, other))| one != other);
        let changed: Vec<_> = changed.collect();
        assert!((10..60).contains(&changed.len()), "{}", changed.len());
        for (place, (one, other)) in changed {
            assert!(!place.is_multiple_of(20), "{other}");
            assert_eq!(
                one.split_once('\t').expect("labels").1,
                other.split_once('\t').expect("labels").1
            );
        }
        assert_eq!(mined(&[line]).labels, after);
    }
}
