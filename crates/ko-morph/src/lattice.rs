//! Search for the cheapest sequence of words: the Viterbi search of MeCab, with the same choice among equal costs.

use std::ops::Range;

use crate::chunk::Chunk;
use crate::image::View;
use crate::image::layout::{
    Category, Entry, HOMOGRAPH_BITS, MOST_HOMOGRAPHS, NOUN_LENGTHS, Penalty, character_category,
    character_code,
};
use crate::lefts::{Lefts, PathEnd, PerId};
use crate::user_dictionary::{UserDictionary, has_final_consonant};

/// The words found in one chunk, and buffers that are reused for the next chunk.
///
/// Costs cannot overflow: a path has at most [`CHUNK_BYTES`](crate::CHUNK_BYTES) (2^13) words, and a word adds
/// less than 2^17, because connection, word and penalty have 16 bits each.
#[derive(Default)]
pub(crate) struct Lattice {
    /// Byte offset of each character, and of the end of the chunk.
    offsets: Vec<u32>,
    /// Packed code and category of each character.
    characters: Vec<u32>,
    /// Last node found that ends at each position: the head of a list linked by `next_ending`.
    ending: Vec<u32>,
    nodes: Vec<Node>,
    /// End of the most recent run of characters of one kind.
    run_end: usize,
    candidates: Vec<Candidates>,
    lefts: Lefts,
    /// Best path to a word at the current position, by the left id of the word.
    best: PerId<PathEnd>,
}

/// Number of a missing node or entry.
const NONE: u32 = u32::MAX;

/// Flag of an entry number that belongs to the user dictionary.
pub(crate) const USER_ENTRY: u32 = 1 << 31;

/// A word and the best path to it.
#[derive(Clone, Copy)]
struct Node {
    cost: i32,
    previous: u32,
    /// Next node in the list of those that end at the same position.
    next_ending: u32,
    entry: u32,
    /// Start and end in characters.
    start: u16,
    end: u16,
    right: u16,
}

/// Homographs that start at the current position: adjacent entries, or one word of the user.
#[derive(Clone, Copy)]
struct Candidates {
    first_entry: u32,
    count: u32,
    end: usize,
}

/// A word of the best path, with its bounds in bytes of the chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathWord {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) entry: u32,
}

/// A word that the search considered, whether or not it is on the best path. Returned by
/// [`Worker::lattice`](crate::Worker::lattice).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatticeWord {
    /// Number of the dictionary's entry, or `None` for a word of the user.
    pub entry: Option<u32>,
    /// Bounds of the word in characters.
    pub characters: Range<usize>,
    /// Bounds of the word in bytes.
    pub bytes: Range<usize>,
    /// Position, in characters, at which the words end that may precede it. Less than the start where spaces
    /// stand between.
    pub follows: usize,
}

impl Lattice {
    /// Finds the best path through a chunk. `path` receives its words, the last one first.
    pub(crate) fn analyse(
        &mut self,
        view: &View<'_>,
        user: &UserDictionary,
        Chunk {
            text, starts_eojeol, ..
        }: Chunk<'_>,
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
                start > position || position == 0 && starts_eojeol,
            );
            self.connect(view, user, position, start);
        }
        self.trace_back(view, path);
    }

    /// Returns all words found in the last chunk, ordered by start.
    pub(crate) fn words(&self) -> impl Iterator<Item = LatticeWord> {
        // The first node is the start of the chunk.
        self.nodes.iter().skip(1).map(|node| {
            let (start, end) = (usize::from(node.start), usize::from(node.end));
            let previous = self.nodes.get(node.previous as usize);
            LatticeWord {
                entry: (node.entry & USER_ENTRY == 0).then_some(node.entry),
                characters: start..end,
                bytes: self.offsets[start] as usize..self.offsets[end] as usize,
                follows: previous.map_or(0, |previous| usize::from(previous.end)),
            }
        })
    }

    fn reset(&mut self, view: &View<'_>, text: &str) {
        self.offsets.clear();
        self.characters.clear();
        for (offset, character) in text.char_indices() {
            self.offsets.push(offset as u32);
            let number = view.characters.get(character as usize).or(view.characters.last());
            self.characters.push(number.copied().unwrap_or(0));
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
            right: view.parameters.sentence_right,
        });
    }

    fn skip_spaces(&self, view: &View<'_>, position: usize) -> usize {
        let is_space = |&&number: &&u32| category(view, number).is_some_and(|it| it.is(Category::SPACE));
        position + self.characters[position..].iter().take_while(is_space).count()
    }

    /// Collects the words that start at a position: those of the dictionary, of the user, then unknown ones.
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

        let codes = following.iter().map(|&number| character_code(number));
        view.trie.prefixes(codes, |length, value| {
            candidates.push(Candidates {
                first_entry: value >> HOMOGRAPH_BITS,
                count: value & MOST_HOMOGRAPHS,
                end: start + length,
            });
        });
        user.prefixes(&text[offsets[start] as usize..], |length, entry| {
            candidates.push(Candidates {
                first_entry: USER_ENTRY | entry,
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
        if starts_eojeol && view.parameters.unknown_nouns > 0 {
            self.find_unknown_nouns(view, text, start, known);
        }
    }

    /// Adds unknown names at the start of an eojeol: for each length in [`NOUN_LENGTHS`] one, unless one of the
    /// first `known` candidates has this length.
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
                first_entry: view.parameters.unknown_nouns + place,
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

    /// Returns the end of the run in which neighbouring characters share a kind. Scans each run once.
    fn end_of_run(&mut self, view: &View<'_>, start: usize) -> usize {
        if start >= self.run_end {
            let kinds = |number: u32| category(view, number).map_or(0, |category| category.kinds);
            let following = &self.characters[start..];
            let goes_on = |pair: &&[u32]| kinds(pair[0]) & kinds(pair[1]) != 0;
            self.run_end = start + 1 + following.windows(2).take_while(goes_on).count();
        }
        self.run_end
    }

    /// Adds a node for each candidate, connected to the best of the nodes that end at the position.
    fn connect(&mut self, view: &View<'_>, user: &UserDictionary, position: usize, start: usize) {
        let after_space = start > position;
        let words = ending_with(&self.nodes, self.ending[position]);
        if after_space {
            let nodes = &self.nodes;
            let penalised = |(path, right): (PathEnd, u16)| {
                let entry = nodes.get(path.node() as usize).map_or(NONE, |node| node.entry);
                (path.plus(penalty_before_space(view, user, entry)), right)
            };
            self.lefts.gather(view, words.map(penalised));
        } else {
            self.lefts.gather(view, words);
        }
        self.best.clear(view.parameters.left_ids);
        let penalty = |entry: Entry| match after_space {
            true => i32::from(penalty(view, entry.penalty).after_space),
            false => 0,
        };
        // A list of nodes begins with the node found last, so this order reproduces MeCab's.
        for place in (0..self.candidates.len()).rev() {
            let Candidates {
                first_entry,
                count,
                end,
            } = self.candidates[place];
            if first_entry & USER_ENTRY != 0 {
                if let Some((entry, more)) = user_entry(view, user, first_entry) {
                    let cost = i32::from(more) + penalty(entry);
                    self.join(view, entry, first_entry, cost, start, end);
                }
                continue;
            }
            let entries = first_entry as usize..(first_entry as usize).saturating_add(count as usize);
            let entries = view.entries.get(entries).unwrap_or_default();
            for (place, &entry) in entries.iter().enumerate().rev() {
                self.join(
                    view,
                    entry,
                    first_entry + place as u32,
                    penalty(entry),
                    start,
                    end,
                );
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
        // Spaces may follow the last word.
        let Some(&last) = self.ending.iter().rfind(|&&node| node != NONE) else {
            return;
        };
        self.lefts.gather(view, ending_with(&self.nodes, last));
        let mut node = self.lefts.best(view, view.parameters.sentence_left).node();
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

/// Returns the nodes that end at a position, the last found first: the path to each and its right id.
fn ending_with(nodes: &[Node], last: u32) -> impl Iterator<Item = (PathEnd, u16)> {
    let mut next = last;
    std::iter::from_fn(move || {
        let number = next;
        let node = nodes.get(number as usize)?;
        next = node.next_ending;
        Some((PathEnd::new(node.cost, number), node.right))
    })
}

fn category<'a>(view: &View<'a>, number: u32) -> Option<&'a Category> {
    view.categories.get(character_category(number))
}

/// Returns a word of the user as an entry, and the cost that its template adds.
fn user_entry(view: &View<'_>, user: &UserDictionary, entry: u32) -> Option<(Entry, i16)> {
    let word = user.word(entry & !USER_ENTRY)?;
    let [first, last] = word
        .templates()
        .map(|template| view.templates.get(template).copied());
    let (first, last) = (first?, last?);
    let entry = Entry {
        right: last.right,
        cost: word.cost(),
        ..first
    };
    Some((entry, first.cost))
}

fn penalty(view: &View<'_>, class: u16) -> Penalty {
    view.penalties
        .get(usize::from(class))
        .copied()
        .unwrap_or_default()
}

/// Returns the cost that is added to an entry before a space: 0 for the start of a chunk.
#[inline]
fn penalty_before_space(view: &View<'_>, user: &UserDictionary, entry: u32) -> i16 {
    let class = match view.entries.get(entry as usize) {
        Some(known) => Some(known.penalty),
        None => user_entry(view, user, entry).map(|(entry, _)| entry.penalty),
    };
    class.map_or(0, |class| penalty(view, class).before_space)
}
