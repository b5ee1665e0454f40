//! The search for the cheapest sequence of words, as MeCab does it (Viterbi), ties included.

use crate::character;
use crate::chunk::Chunk;
use crate::image::{Category, Entry, NOUN_LENGTHS, Penalty, View};
use crate::lefts::{Lefts, PerId, Way};
use crate::user_dictionary::UserDictionary;
use crate::user_dictionary::has_final_consonant;

/// The words of one chunk, as far as found, and buffers that are kept from chunk to chunk.
///
/// Costs cannot overflow: a chunk has at most [`crate::chunk::CHUNK_BYTES`] (2^13) words, and a word adds
/// less than 2^17: connection, word and penalty have 16 bits each.
#[derive(Default)]
pub(crate) struct Lattice {
    /// For each character its byte offset, and one more for the end.
    offsets: Vec<u32>,
    /// For each character what the image knows of it.
    characters: Vec<u32>,
    /// For each position the last found of the words that end there.
    ending: Vec<u32>,
    nodes: Vec<Node>,
    /// The end of the run of like characters that was last looked for.
    run_end: usize,
    candidates: Vec<Candidates>,
    lefts: Lefts,
    /// For each left id the best way to the current position's words that have it.
    best: PerId<Way>,
}

/// No node.
const NONE: u32 = u32::MAX;

/// Set in the number of an entry that is of the user dictionary.
pub(crate) const USER: u32 = 1 << 31;

/// A word that ends somewhere, with the best way to it.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    cost: i32,
    pub previous: u32,
    /// The word found before it that ends at the same position.
    next_ending: u32,
    pub entry: u32,
    /// Places of characters.
    pub start: u16,
    pub end: u16,
    right: u16,
}

/// Homographs that start at the current position: entries side by side, or one word of the user's.
#[derive(Clone, Copy)]
struct Candidates {
    first_entry: u32,
    count: u32,
    end: usize,
}

/// A word of the best path: its bounds in the chunk in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathWord {
    pub start: u32,
    pub end: u32,
    pub entry: u32,
}

impl Lattice {
    /// The best path through the text, its last word first.
    pub fn analyse(
        &mut self,
        view: &View<'_>,
        user: &UserDictionary,
        Chunk { text, starts_word }: Chunk<'_>,
        path: &mut Vec<PathWord>,
    ) {
        path.clear();
        self.reset(view, text);
        for position in 0..self.characters.len() {
            if self.ending[position] == NONE {
                continue;
            }
            let start = self.skip_spaces(view, position);
            if start == self.characters.len() {
                break;
            }
            self.find_words(
                view,
                user,
                text,
                start,
                start > position || position == 0 && starts_word,
            );
            self.connect(view, user, position, start);
        }
        self.trace_back(view, path);
    }

    /// All words that were found in the last text, in the order in which they start; the first is its start.
    #[cfg(any(feature = "train", test))]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Where each of its characters starts, in bytes, and where the last ends.
    #[cfg(any(feature = "train", test))]
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    fn reset(&mut self, view: &View<'_>, text: &str) {
        self.offsets.clear();
        self.characters.clear();
        for (offset, character) in text.char_indices() {
            self.offsets.push(offset as u32);
            let number = view.characters.get(character as usize).or(view.characters.last());
            self.characters.push(number.copied().unwrap_or(character::NONE));
        }
        self.offsets.push(text.len() as u32);
        self.run_end = 0;
        self.nodes.clear();
        self.ending.clear();
        self.ending.resize(self.characters.len() + 1, NONE);
        self.ending[0] = 0;
        self.nodes.push(Node {
            cost: 0,
            previous: NONE,
            next_ending: NONE,
            entry: NONE,
            start: 0,
            end: 0,
            right: view.figures.sentence_right,
        });
    }

    fn skip_spaces(&self, view: &View<'_>, position: usize) -> usize {
        let is_space = |&&number: &&u32| category(view, number).is_some_and(|it| it.is(Category::SPACE));
        position + self.characters[position..].iter().take_while(is_space).count()
    }

    /// Fills the candidates: the dictionary's words, the user's, then unknown ones.
    fn find_words(
        &mut self,
        view: &View<'_>,
        user: &UserDictionary,
        text: &str,
        start: usize,
        starts_eojeol: bool,
    ) {
        self.candidates.clear();
        let Self {
            candidates,
            characters,
            offsets,
            ..
        } = self;
        let following = &characters[start..];

        let codes = following.iter().map(|&number| character::code(number));
        view.trie.prefixes(codes, |length, value| {
            // A leaf's value is the first of its entries, and in the lower 7 bits their number.
            candidates.push(Candidates {
                first_entry: value >> 7,
                count: value & 0x7f,
                end: start + length,
            });
        });
        user.prefixes(&text[offsets[start] as usize..], |length, entry| {
            candidates.push(Candidates {
                first_entry: USER | entry,
                count: 1,
                end: start + length,
            });
        });

        let Some(category) = following.first().and_then(|&number| category(view, number)) else {
            return;
        };
        let known = self.candidates.len();
        if known == 0 || category.is(Category::INVOKE) {
            self.find_unknown(view, category, start);
        }
        if starts_eojeol && view.figures.unknown_nouns > 0 {
            self.find_unknown_nouns(view, text, start, known);
        }
    }

    /// Where an eojeol starts, its first syllables may be a name that no dictionary has, unless it has a word
    /// of that length: the first candidates are such words.
    fn find_unknown_nouns(&mut self, view: &View<'_>, text: &str, start: usize, known: usize) {
        let syllables = text[self.offsets[start] as usize..].chars();
        let syllables = syllables.take_while(|character| ('가'..='힣').contains(character));
        for (length, last) in (1..=*NOUN_LENGTHS.end()).zip(syllables) {
            let end = start + length;
            let is_known = || self.candidates.iter().take(known).any(|word| word.end == end);
            if length < *NOUN_LENGTHS.start() || is_known() {
                continue;
            }
            let place = (length - NOUN_LENGTHS.start()) as u32 * 2 + u32::from(has_final_consonant(last));
            self.candidates.push(Candidates {
                first_entry: view.figures.unknown_nouns + place,
                count: 1,
                end,
            });
        }
    }

    fn find_unknown(&mut self, view: &View<'_>, category: &Category, start: usize) {
        let Category {
            first_entry,
            entries: count,
            ..
        } = *category;
        let unknown = |end| Candidates {
            first_entry,
            count,
            end,
        };
        let mut group_end = None;
        if category.is(Category::GROUP) {
            let end = self.end_of_run(view, start);
            self.candidates.push(unknown(end));
            group_end = Some(end);
        }
        let mut end = start + 1;
        for _ in 0..category.length {
            if Some(end) == group_end {
                break;
            }
            self.candidates.push(unknown(end));
            let next = self
                .characters
                .get(end)
                .and_then(|&number| self::category(view, number));
            match next {
                Some(next) if next.kinds & category.kinds != 0 => end += 1,
                _ => break,
            }
        }
        if self.candidates.is_empty() {
            self.candidates.push(unknown(start + 1));
        }
    }

    /// Where the characters stop to be of one kind with their neighbours. Each run is looked at once.
    fn end_of_run(&mut self, view: &View<'_>, start: usize) -> usize {
        if start >= self.run_end {
            let kinds = |number: u32| category(view, number).map_or(0, |category| category.kinds);
            let following = &self.characters[start..];
            let goes_on = |pair: &&[u32]| kinds(pair[0]) & kinds(pair[1]) != 0;
            self.run_end = start + 1 + following.windows(2).take_while(goes_on).count();
        }
        self.run_end
    }

    /// Joins each candidate to the best of the words that end at the position.
    fn connect(&mut self, view: &View<'_>, user: &UserDictionary, position: usize, start: usize) {
        let after_space = start > position;
        let words = ending_with(&self.nodes, self.ending[position]);
        if after_space {
            let nodes = &self.nodes;
            let penalised = |(way, right): (Way, u16)| {
                let entry = nodes.get(way.node() as usize).map_or(NONE, |node| node.entry);
                (way.and(penalty_behind(view, user, entry)), right)
            };
            self.lefts.gather(view, words.map(penalised));
        } else {
            self.lefts.gather(view, words);
        }
        self.best.forget(view.figures.left_ids);
        // Each list of words that end somewhere starts with the word found last, so MeCab's order within
        // one start takes the candidates from the last to the first.
        for place in (0..self.candidates.len()).rev() {
            let Candidates {
                first_entry,
                count,
                end,
            } = self.candidates[place];
            if first_entry & USER != 0 {
                if let Some((entry, more)) = user_entry(view, user, first_entry) {
                    let penalty = if after_space {
                        penalty(view, entry.penalty).before
                    } else {
                        0
                    };
                    self.join(
                        view,
                        entry,
                        first_entry,
                        i32::from(more) + i32::from(penalty),
                        start,
                        end,
                    );
                }
                continue;
            }
            let entries = first_entry as usize..(first_entry as usize).saturating_add(count as usize);
            let entries = view.entries.get(entries).unwrap_or_default();
            let mut number = first_entry + entries.len() as u32;
            for &entry in entries.iter().rev() {
                number -= 1;
                let penalty = if after_space {
                    i32::from(penalty(view, entry.penalty).before)
                } else {
                    0
                };
                self.join(view, entry, number, penalty, start, end);
            }
        }
    }

    #[inline]
    fn join(&mut self, view: &View<'_>, entry: Entry, number: u32, penalty: i32, start: usize, end: usize) {
        let best = match self.best.get(entry.left) {
            Some(best) => best,
            None => {
                let best = self.lefts.best(view, entry.left);
                self.best.set(entry.left, best);
                best
            }
        };
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            cost: best.cost() + i32::from(entry.cost) + penalty,
            previous: best.node(),
            next_ending: std::mem::replace(&mut self.ending[end], node),
            entry: number,
            start: start as u16,
            end: end as u16,
            right: entry.right,
        });
    }

    fn trace_back(&mut self, view: &View<'_>, path: &mut Vec<PathWord>) {
        // Behind the last word there may be spaces.
        let Some(&last) = self.ending.iter().rfind(|&&node| node != NONE) else {
            return;
        };
        self.lefts.gather(view, ending_with(&self.nodes, last));
        let mut node = self.lefts.best(view, view.figures.sentence_left).node();
        // Node 0 is the start.
        while node != 0 {
            let Node {
                start,
                end,
                entry,
                previous,
                ..
            } = self.nodes[node as usize];
            let (start, end) = (self.offsets[usize::from(start)], self.offsets[usize::from(end)]);
            path.push(PathWord { start, end, entry });
            node = previous;
        }
    }
}

/// The words that end at a position, the last found first: the way to their end, and their right id.
fn ending_with(nodes: &[Node], last: u32) -> impl Iterator<Item = (Way, u16)> {
    let mut next = last;
    std::iter::from_fn(move || {
        let number = next;
        let node = nodes.get(number as usize)?;
        next = node.next_ending;
        Some((Way::new(node.cost, number), node.right))
    })
}

fn category<'a>(view: &View<'a>, number: u32) -> Option<&'a Category> {
    view.categories.get(character::category(number))
}

/// A word of the user's, by its number as an entry, like one of the dictionary's; and what it costs more.
fn user_entry(view: &View<'_>, user: &UserDictionary, entry: u32) -> Option<(Entry, i16)> {
    let word = user.word(entry & !USER)?;
    let template = word.template();
    let &[left, right] = view.figures.templates.get(template)?;
    let entry = Entry {
        left,
        right,
        cost: word.cost(),
        penalty: *view.figures.template_penalties.get(template)?,
    };
    Some((entry, *view.figures.template_costs.get(template)?))
}

fn penalty(view: &View<'_>, class: u16) -> Penalty {
    view.penalties
        .get(usize::from(class))
        .copied()
        .unwrap_or_default()
}

/// What an entry's word costs more before a space: nothing for the start.
#[inline]
fn penalty_behind(view: &View<'_>, user: &UserDictionary, entry: u32) -> i16 {
    let class = match view.entries.get(entry as usize) {
        Some(known) => Some(known.penalty),
        None => user_entry(view, user, entry).map(|(entry, _)| entry.penalty),
    };
    class.map_or(0, |class| penalty(view, class).behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{CharacterRule, Lexicon, LexiconWord, image};
    use crate::dictionary::Dictionary;

    /// A lexicon in which everything is a word and an unknown word of up to three characters and a group.
    fn dictionary() -> Dictionary {
        let word = |surface: &str| LexiconWord {
            surface: surface.to_owned(),
            feature: "NNG,*,*,*,*,*,*,*".to_owned(),
            ..Default::default()
        };
        let rule = CharacterRule {
            kinds: 2,
            category: 1,
            invoke: true,
            group: true,
            length: 3,
        };
        let space = CharacterRule {
            kinds: 1,
            ..Default::default()
        };
        let mut characters = vec![rule; 0x1_0000];
        characters[usize::from(b' ')] = space;
        let lexicon = Lexicon {
            name: "test".to_owned(),
            words: ["ㅋ", "ㅋㅋ", "ㅋㅋㅋ", "ㅋㅋㅋㅋ"].map(word).to_vec(),
            unknown: [(0, vec![word("")]), (1, vec![word("")])].into_iter().collect(),
            characters,
            left_ids: 1,
            right_ids: 1,
            connections: vec![0],
            penalties: Vec::new(),
        };
        Dictionary::from_bytes(&image(&lexicon).expect("it is valid")).expect("it is valid")
    }

    /// Words looked at, and words that a look goes back to.
    fn work(text: &str) -> (usize, usize) {
        let dictionary = dictionary();
        let mut lattice = Lattice::default();
        let chunk = Chunk {
            text,
            starts_word: true,
        };
        lattice.analyse(
            &dictionary.view(),
            &UserDictionary::empty(),
            chunk,
            &mut Vec::new(),
        );
        let visits = lattice
            .ending
            .iter()
            .map(|&last| ending_with(&lattice.nodes, last).count());
        (lattice.nodes.len(), visits.sum())
    }

    #[test]
    fn work_grows_with_length_alone() {
        for unit in ["ㅋ", "1", "ㅋㅋㅋ ", "가1 ", "👍"] {
            let (words, visits) = work(&unit.repeat(300));
            let (more_words, more_visits) = work(&unit.repeat(1200));
            // At a text's end fewer words fit.
            assert!(more_words <= words * 4 + 50, "{unit}: {words} and {more_words}");
            assert!(
                more_visits <= visits * 4 + 50,
                "{unit}: {visits} and {more_visits}"
            );
            // 4 words of the dictionary, 4 unknown ones; and the start.
            assert!(
                more_words <= 8 * 1200 * unit.chars().count() + 1,
                "{unit}: {more_words}"
            );
        }
    }
}
