//! Learns costs from labelled texts: a structured perceptron over the lattice of the search itself.
//!
//! For each text two paths are looked for: the *hope*, which of all paths agrees best with the labels, and of those
//! costs least; and the *fear*, the cheapest one when disagreement is rewarded. In every eojeol in which they differ, and
//! whose label the lattice can express at all, what the hope is made of becomes cheaper and what the fear is made of
//! dearer. Steps get smaller the more often a number was changed (AdaGrad), and the result is the mean over all texts, not
//! the last state. Everything that is learned is a number that an image has: see [`Weights`].
//!
//! The same labels and options give the same weights, byte for byte: one thread, and a fixed order.

use std::collections::HashMap;

use xxhash_rust::xxh64::xxh64;

use crate::analysis::Analysis;
use crate::build::{BuildError, Lexicon, Weights, fingerprint, image_to_train};
use crate::chunk::Chunk;
use crate::dictionary::Dictionary;
use crate::image::View;
use crate::lattice::{Lattice, Node};
use crate::tag::Tag;
use crate::user_dictionary::UserDictionary;

/// How to learn.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often all texts are read.
    pub epochs: u32,
    /// Every so manieth text is not learned from but measured on.
    pub held_out: usize,
    /// Changes that are smaller are left out.
    pub smallest: i16,
    /// The first step of an entry's cost; the others' are parts of it.
    pub step: f32,
    /// What a character that disagrees is worth to the fear.
    pub margin: f32,
    /// Decides the order of the texts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 3,
            held_out: 20,
            smallest: 40,
            step: 300.0,
            margin: 800.0,
            seed: 1,
        }
    }
}

/// Why nothing can be learned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The lexicon cannot be an image.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A line of the labels is not `text<TAB>form/tag/start…`.
    #[error("line {line} of the labels is not as it should be: {problem}")]
    Label {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// How well the held out texts are analysed: F1 of morphemes and of nouns, in percent, against the labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Of all morphemes.
    pub morphemes: f64,
    /// Of NNG and NNP.
    pub nouns: f64,
}

/// Learns from labels, lines of a text and its morphemes as `form/tag/start`, all separated by tabs. Tells the number of
/// each epoch that has ended, 0 before the first, and the score of what is learned so far.
pub fn train(
    lexicon: &Lexicon,
    labels: &str,
    options: Options,
    mut progress: impl FnMut(u32, Score),
) -> Result<Weights, TrainError> {
    let image = image_to_train(lexicon)?;
    let dictionary =
        Dictionary::from_bytes(&image).map_err(|_| BuildError::Lexicon("its image cannot be read"))?;
    let view = dictionary.view();
    let mut texts = Vec::new();
    for (line, number) in labels.lines().zip(1..) {
        let text = Text::parse(line).map_err(|problem| TrainError::Label {
            line: number,
            problem,
        })?;
        if text.text.len() < crate::chunk::CHUNK_BYTES && !text.morphemes.is_empty() {
            texts.push(text);
        }
    }
    let is_held_out = |place: usize| place.is_multiple_of(options.held_out.max(2));
    let mut order: Vec<usize> = (0..texts.len()).filter(|&place| !is_held_out(place)).collect();
    let held_out: Vec<usize> = (0..texts.len()).filter(|&place| is_held_out(place)).collect();

    let mut learner = Learner::new(view, options);
    progress(
        0,
        learner.score(held_out.iter().map(|&place| &texts[place]), false),
    );
    let mut random = options.seed;
    for epoch in 1..=options.epochs {
        for place in (1..order.len()).rev() {
            // A linear congruential generator is random enough for an order.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            order.swap(place, (random >> 33) as usize % (place + 1));
        }
        for &place in &order {
            learner.learn(&texts[place]);
        }
        progress(
            epoch,
            learner.score(held_out.iter().map(|&place| &texts[place]), true),
        );
    }
    Ok(learner.weights(xxh64(labels.as_bytes(), 0)))
}

/// A labelled text.
struct Text<'a> {
    text: &'a str,
    morphemes: Vec<Label>,
}

struct Label {
    form: String,
    tag: Tag,
    /// Place of its first character.
    start: usize,
    /// What it is worth to find it: nothing for symbols.
    worth: f32,
}

impl<'a> Text<'a> {
    fn parse(line: &'a str) -> Result<Self, String> {
        let mut fields = line.split('\t');
        let text = fields.next().unwrap_or_default();
        let length = text.chars().count();
        let mut morphemes = Vec::new();
        for field in fields {
            let mut parts = field.rsplitn(3, '/');
            let (Some(start), Some(tag), Some(form)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("{field:?} is not form/tag/start"));
            };
            let start: usize = start.parse().map_err(|_| format!("{start:?} is no number"))?;
            if start >= length {
                return Err(format!("{field:?} starts behind the text"));
            }
            let tag = tag.parse::<Tag>().map_err(|error| error.to_string())?;
            let form: String = spelling(form, tag).collect();
            let worth = match group(tag) {
                Group::Symbol => 0.0,
                Group::Noun => form.chars().count() as f32 * 1.5,
                _ => form.chars().count() as f32,
            };
            morphemes.push(Label {
                form,
                tag,
                start,
                worth,
            });
        }
        morphemes.sort_by_key(|label| label.start);
        Ok(Self { text, morphemes })
    }
}

/// Tags that different analysers give to the same thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Noun,
    Predicate,
    Bound,
    Particle,
    Ending,
    Modifier,
    Affix,
    Symbol,
    Other,
}

fn group(tag: Tag) -> Group {
    match tag {
        Tag::NNG | Tag::NNP => Group::Noun,
        Tag::VV | Tag::VA | Tag::VX | Tag::VCN => Group::Predicate,
        Tag::NNB | Tag::NNBC | Tag::NR | Tag::NP => Group::Bound,
        Tag::JKS | Tag::JKC | Tag::JKG | Tag::JKO | Tag::JKB | Tag::JKV | Tag::JKQ | Tag::JX | Tag::JC => {
            Group::Particle
        }
        Tag::EP | Tag::EF | Tag::EC | Tag::ETN | Tag::ETM => Group::Ending,
        Tag::MM | Tag::MAG | Tag::MAJ | Tag::IC => Group::Modifier,
        Tag::XPN | Tag::XSN | Tag::XSV | Tag::XSA | Tag::XR => Group::Affix,
        Tag::SF
        | Tag::SE
        | Tag::SSO
        | Tag::SSC
        | Tag::SC
        | Tag::SY
        | Tag::SL
        | Tag::SH
        | Tag::SN
        | Tag::SP => Group::Symbol,
        _ => Group::Other,
    }
}

/// One spelling for what analysers write in several ways: final jamo as letters, 아 and 여 of endings as 어.
fn spelling(form: &str, tag: Tag) -> impl Iterator<Item = char> {
    const FINAL: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    let is_ending = group(tag) == Group::Ending;
    form.chars()
        .enumerate()
        .map(move |(place, character)| match character {
            '\u{11a8}'..='\u{11c2}' => FINAL
                .chars()
                .nth(character as usize - 0x11a8)
                .unwrap_or(character),
            '아' | '여' if is_ending && place == 0 => '어',
            '았' | '였' if is_ending && place == 0 => '었',
            _ => character,
        })
}

/// A number for each feature, with what AdaGrad and the mean need.
struct Numbers {
    values: Vec<f32>,
    squares: Vec<f32>,
    /// Sum of the changes, each times the number of texts before it.
    late: Vec<f64>,
    step: f32,
}

impl Numbers {
    fn new(length: usize, step: f32) -> Self {
        Self {
            values: vec![0.0; length],
            squares: vec![0.0; length],
            late: vec![0.0; length],
            step,
        }
    }

    fn change(&mut self, place: usize, direction: f32, texts: u64) {
        let Some(squares) = self.squares.get_mut(place) else {
            return;
        };
        *squares += direction * direction;
        let step = self.step * direction / squares.sqrt();
        self.values[place] += step;
        self.late[place] += f64::from(step) * texts as f64;
    }

    fn mean(&self, place: usize, texts: u64) -> f32 {
        let value = self.values.get(place).copied().unwrap_or(0.0);
        match texts {
            0 => value,
            _ => (f64::from(value) - self.late[place] / texts as f64) as f32,
        }
    }
}

struct Learner<'a> {
    view: View<'a>,
    options: Options,
    lattice: Lattice,
    /// Of entries: their cost, and what is added beside spaces.
    costs: Numbers,
    before: Numbers,
    behind: Numbers,
    connections: Numbers,
    /// Of all words with a left id: their cost, and what is added where a space stands before them; of all with a
    /// right id likewise, with a space behind them. What is learned here helps words that no label has.
    lefts: Numbers,
    lefts_before: Numbers,
    rights: Numbers,
    rights_behind: Numbers,
    texts: u64,
}

/// A word of a lattice, as learning needs it.
struct Item {
    entry: usize,
    left: usize,
    right: usize,
    start: usize,
    end: usize,
    after_space: bool,
    /// Where the words end that it may follow.
    position: usize,
    /// How much of the labels it finds, and what of that it finds with another tag of the group.
    worth: f32,
}

impl<'a> Learner<'a> {
    fn new(view: View<'a>, options: Options) -> Self {
        let entries = view.entries.len();
        let (lefts, rights) = (view.figures.left_ids as usize, view.figures.right_ids as usize);
        Self {
            view,
            options,
            lattice: Lattice::default(),
            costs: Numbers::new(entries, options.step),
            before: Numbers::new(entries, options.step * 0.5),
            behind: Numbers::new(entries, options.step * 0.5),
            connections: Numbers::new(view.connections.len(), options.step * 0.25),
            lefts: Numbers::new(lefts, options.step * 0.25),
            lefts_before: Numbers::new(lefts, options.step * 0.25),
            rights: Numbers::new(rights, options.step * 0.25),
            rights_behind: Numbers::new(rights, options.step * 0.25),
            texts: 0,
        }
    }

    /// The words of a text's lattice; the first stands for its start.
    fn items(&mut self, text: &Text<'_>) -> Vec<Item> {
        let mut path = Vec::new();
        let chunk = Chunk {
            text: text.text,
            starts_word: true,
        };
        self.lattice
            .analyse(&self.view, &UserDictionary::empty(), chunk, &mut path);
        let nodes = self.lattice.nodes();
        let offsets = self.lattice.offsets();
        let item = |node: &Node| {
            let (start, end) = (usize::from(node.start), usize::from(node.end));
            let entry = self.view.entries.get(node.entry as usize);
            let position = nodes
                .get(node.previous as usize)
                .map_or(0, |node| usize::from(node.end));
            let surface = &text.text[offsets[start] as usize..offsets[end] as usize];
            Item {
                entry: node.entry as usize,
                left: entry.map_or(0, |entry| usize::from(entry.left)),
                right: entry.map_or(usize::from(self.view.figures.sentence_right), |entry| {
                    usize::from(entry.right)
                }),
                start,
                end,
                after_space: start > position,
                position,
                worth: entry.map_or(0.0, |_| self.worth(text, node.entry, surface, start, end)),
            }
        };
        nodes.iter().map(item).collect()
    }

    /// How much of the labels that start within it a word finds.
    fn worth(&self, text: &Text<'_>, entry: u32, surface: &str, start: usize, end: usize) -> f32 {
        let first = text.morphemes.partition_point(|label| label.start < start);
        let labels = &text.morphemes[first..];
        let labels = &labels[..labels.partition_point(|label| label.start < end)];
        let offset = self.view.analyses.get(entry as usize);
        let Some(analysis) = offset.and_then(|&offset| Analysis::read(self.view.pool, offset)) else {
            return 0.0;
        };
        let mut found = 0_u64;
        let mut worth = 0.0;
        let mut find = |form: &str, tag: Tag| {
            for (place, label) in labels.iter().enumerate().take(64) {
                let agree = group(tag) == group(label.tag)
                    || (group(tag) == Group::Affix && group(label.tag) != Group::Symbol);
                if found >> place & 1 == 0 && spelling(form, tag).eq(label.form.chars()) {
                    found |= 1 << place;
                    worth += match (tag == label.tag, agree) {
                        (true, _) => label.worth,
                        (false, true) => label.worth * 0.9,
                        (false, false) => label.worth * 0.5,
                    };
                    break;
                }
            }
        };
        if analysis.is_expanded() {
            analysis.parts(surface).for_each(|(form, tag)| find(form, tag));
        } else {
            find(surface, analysis.tag);
        }
        worth
    }

    /// The cheapest path when what is found of the labels costs so much for each unit of its worth.
    fn path(&self, items: &[Item], length: usize, worth_costs: f32, mean: bool) -> Vec<usize> {
        let texts = if mean { self.texts } else { 0 };
        let columns = self.view.figures.right_ids as usize;
        let mut ending: Vec<Vec<usize>> = vec![Vec::new(); length + 1];
        let mut ways: Vec<(f32, usize)> = vec![(0.0, usize::MAX); items.len()];
        ending[0].push(0);
        let best = |ways: &[(f32, usize)], before: &[usize], left: usize, after_space: bool| {
            let mut best = (f32::INFINITY, usize::MAX);
            for &place in before {
                let item = &items[place];
                let cell = left * columns + item.right;
                let mut cost = ways[place].0
                    + f32::from(self.view.connections[cell])
                    + self.connections.mean(cell, texts);
                if after_space && place > 0 {
                    cost += self.behind.mean(item.entry, texts) + self.rights_behind.mean(item.right, texts);
                }
                if cost < best.0 {
                    best = (cost, place);
                }
            }
            best
        };
        for (place, item) in items.iter().enumerate().skip(1) {
            let (mut cost, previous) = best(&ways, &ending[item.position], item.left, item.after_space);
            let entry = &self.view.entries[item.entry];
            cost += f32::from(entry.cost)
                + self.costs.mean(item.entry, texts)
                + self.lefts.mean(item.left, texts)
                + self.rights.mean(item.right, texts)
                + item.worth * worth_costs;
            if item.after_space {
                let penalty = self.view.penalties[usize::from(entry.penalty)];
                cost += f32::from(penalty.before)
                    + self.before.mean(item.entry, texts)
                    + self.lefts_before.mean(item.left, texts);
            }
            ways[place] = (cost, previous);
            ending[item.end].push(place);
        }
        let Some(last) = ending.iter().rfind(|words| !words.is_empty()) else {
            return Vec::new();
        };
        let (_, mut place) = best(&ways, last, usize::from(self.view.figures.sentence_left), false);
        let mut path = Vec::new();
        while place != 0 && place != usize::MAX {
            path.push(place);
            place = ways[place].1;
        }
        path.reverse();
        path
    }

    fn learn(&mut self, text: &Text<'_>) {
        self.texts += 1;
        let items = self.items(text);
        let characters: Vec<char> = text.text.chars().collect();
        // Worth more than any cost: of paths that agree as well the cheapest.
        let hope = self.path(&items, characters.len(), -20_000.0, false);
        let fear = self.path(&items, characters.len(), self.options.margin, false);

        // Each eojeol by its number.
        let mut eojeols = Vec::with_capacity(characters.len());
        let mut eojeol = 0;
        for &character in &characters {
            eojeol += usize::from(character == ' ');
            eojeols.push(eojeol);
        }
        let mut missing = vec![0.0_f32; eojeol + 1];
        for label in &text.morphemes {
            missing[eojeols[label.start]] += label.worth;
        }
        for &place in &hope {
            missing[eojeols[items[place].start]] -= items[place].worth;
        }
        let mut differs = vec![false; eojeol + 1];
        for (path, other) in [(&hope, &fear), (&fear, &hope)] {
            for &place in path {
                if !other.contains(&place) {
                    differs[eojeols[items[place].start]] = true;
                }
            }
        }
        for (path, direction) in [(&hope, -1.0), (&fear, 1.0)] {
            let mut previous = 0;
            for &place in path {
                let item = &items[place];
                let eojeol = eojeols[item.start];
                // A tenth is what tags of the same group lack.
                let total: f32 = text
                    .morphemes
                    .iter()
                    .filter(|label| eojeols[label.start] == eojeol)
                    .map(|label| label.worth)
                    .sum();
                if differs[eojeol] && missing[eojeol] <= total * 0.11 {
                    self.change(&items, previous, item, direction);
                }
                previous = place;
            }
        }
    }

    fn change(&mut self, items: &[Item], previous: usize, item: &Item, direction: f32) {
        let columns = self.view.figures.right_ids as usize;
        let (previous_item, texts) = (&items[previous], self.texts);
        self.costs.change(item.entry, direction, texts);
        self.lefts.change(item.left, direction, texts);
        self.rights.change(item.right, direction, texts);
        self.connections
            .change(item.left * columns + previous_item.right, direction, texts);
        if item.after_space {
            self.before.change(item.entry, direction, texts);
            self.lefts_before.change(item.left, direction, texts);
            if previous > 0 {
                self.behind.change(previous_item.entry, direction, texts);
                self.rights_behind.change(previous_item.right, direction, texts);
            }
        }
    }

    fn score<'t>(&mut self, texts: impl Iterator<Item = &'t Text<'t>>, mean: bool) -> Score {
        let mut tallies = [[0_usize; 3]; 2];
        for text in texts {
            let items = self.items(text);
            let path = self.path(&items, text.text.chars().count(), 0.0, mean);
            let mut counts: HashMap<(String, bool), [usize; 2]> = HashMap::new();
            for label in text.morphemes.iter().filter(|label| label.worth > 0.0) {
                counts
                    .entry((label.form.clone(), group(label.tag) == Group::Noun))
                    .or_default()[0] += 1;
            }
            let offsets: Vec<usize> = text
                .text
                .char_indices()
                .map(|(offset, _)| offset)
                .chain([text.text.len()])
                .collect();
            for &place in &path {
                let item = &items[place];
                let Some(analysis) = Analysis::read(self.view.pool, self.view.analyses[item.entry]) else {
                    continue;
                };
                let surface = &text.text[offsets[item.start]..offsets[item.end]];
                let mut count = |form: &str, tag: Tag| {
                    if group(tag) != Group::Symbol {
                        let key = (spelling(form, tag).collect(), group(tag) == Group::Noun);
                        counts.entry(key).or_default()[1] += 1;
                    }
                };
                if analysis.is_expanded() {
                    analysis.parts(surface).for_each(|(form, tag)| count(form, tag));
                } else {
                    count(surface, analysis.tag);
                }
            }
            for ((_, noun), [label, found]) in counts {
                for tally in tallies.iter_mut().take(1 + usize::from(noun)) {
                    tally[0] += label.min(found);
                    tally[1] += label;
                    tally[2] += found;
                }
            }
        }
        let f1 = |[agree, labels, found]: [usize; 3]| match labels + found {
            0 => 0.0,
            all => 200.0 * agree as f64 / all as f64,
        };
        Score {
            morphemes: f1(tallies[0]),
            nouns: f1(tallies[1]),
        }
    }

    fn weights(&self, labels: u64) -> Weights {
        let round = |numbers: &Numbers, place: usize| {
            numbers.mean(place, self.texts).round().clamp(-8000.0, 8000.0) as i16
        };
        let large = |numbers: &Numbers, place: usize| match round(numbers, place) {
            change if change.abs() < self.options.smallest => 0,
            change => change,
        };
        let all = |numbers: &Numbers, other: &Numbers| -> Vec<[i16; 2]> {
            let places = 0..numbers.values.len();
            places
                .map(|place| [round(numbers, place), round(other, place)])
                .collect()
        };
        let entries = (0..self.view.entries.len()).map(|place| {
            let change = [&self.costs, &self.before, &self.behind].map(|numbers| large(numbers, place));
            (place as u32, change)
        });
        let connections = 0..self.view.connections.len();
        let connections = connections.map(|place| (place as u32, large(&self.connections, place)));
        Weights {
            dictionary: fingerprint(self.view.entries, self.view.connections),
            labels,
            lefts: all(&self.lefts, &self.lefts_before),
            rights: all(&self.rights, &self.rights_behind),
            entries: entries.filter(|&(_, change)| change != [0; 3]).collect(),
            connections: connections.filter(|&(_, change)| change != 0).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyser::Analyser;
    use crate::build::{CharacterRule, LexiconWord, learned_image};

    /// 가나 as one word is cheaper than 가 and 나.
    fn lexicon() -> Lexicon {
        let word = |surface: &str, tag: &str, cost| LexiconWord {
            surface: surface.to_owned(),
            cost,
            feature: format!("{tag},*,F,{surface},*,*,*,*"),
            ..Default::default()
        };
        let rule = CharacterRule {
            kinds: 2,
            category: 1,
            length: 2,
            ..Default::default()
        };
        let mut characters = vec![rule; 0x1_0000];
        characters[usize::from(b' ')] = CharacterRule {
            kinds: 1,
            ..Default::default()
        };
        Lexicon {
            name: "test".to_owned(),
            words: vec![
                word("가나", "NNG", 100),
                word("가", "NNG", 100),
                word("나", "JX", 100),
                word("다", "EC", 100),
            ],
            unknown: [(0, vec![word("", "SP", 0)]), (1, vec![word("", "UNKNOWN", 9000)])]
                .into_iter()
                .collect(),
            characters,
            left_ids: 1,
            right_ids: 1,
            connections: vec![0],
            penalties: Vec::new(),
        }
    }

    const LABELS: &str = "가나 다\t가/NNG/0\t나/JX/1\t다/EC/3\n마바 다\t마바/NNP/0\t다/EC/3\n";

    fn labels() -> String {
        LABELS.repeat(30)
    }

    fn learned() -> Weights {
        train(&lexicon(), &labels(), Options::default(), |_, _| ()).expect("the labels are right")
    }

    #[track_caller]
    fn check(image: Vec<u8>, text: &str, expected: &str) {
        let dictionary = Dictionary::from_bytes(&image).expect("the image is valid");
        let analyser = Analyser::new(dictionary, UserDictionary::empty());
        let found: Vec<_> = analyser
            .worker()
            .tokens(text)
            .map(|token| format!("{}/{}", token.surface, token.tag))
            .collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn learns_what_the_labels_say() {
        let learned = learned_image(&lexicon(), &learned()).expect("the weights fit");
        check(
            crate::build::image(&lexicon()).expect("it is valid"),
            "가나 다",
            "가나/NNG 다/EC",
        );
        check(learned.clone(), "가나 다", "가/NNG 나/JX 다/EC");
        check(learned, "마바 다", "마바/NNP 다/EC");
    }

    #[test]
    fn two_runs_are_equal() {
        assert_eq!(learned().to_bytes(), learned().to_bytes());
    }

    #[test]
    fn weights_of_another_dictionary_are_refused() {
        let mut other = lexicon();
        other.words[0].cost += 1;
        let error = learned_image(&other, &learned())
            .expect_err("is refused")
            .to_string();
        assert_eq!(
            error,
            "the lexicon cannot be an image: the weights were learned for another dictionary"
        );
    }

    #[test]
    fn the_image_names_its_weights() {
        let weights = learned();
        let image = learned_image(&lexicon(), &weights).expect("the weights fit");
        let version = Dictionary::from_bytes(&image).expect("it is valid").version();
        assert!(
            version.starts_with(&format!("test + {} ", weights.name())),
            "{version}"
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        for (line, problem) in [
            ("가\t가/NNG", "\"가/NNG\" is not form/tag/start"),
            ("가\t가/XY/0", "no such part of speech: \"XY\""),
            ("가\t가/NNG/1", "\"가/NNG/1\" starts behind the text"),
            ("가\t가/NNG/x", "\"x\" is no number"),
        ] {
            let labels = format!("{LABELS}{line}\n");
            let error = train(&lexicon(), &labels, Options::default(), |_, _| ()).expect_err("is refused");
            assert_eq!(
                error.to_string(),
                format!("line 3 of the labels is not as it should be: {problem}")
            );
        }
    }
}
