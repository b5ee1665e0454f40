//! The search for the cheapest sequence of words, as MeCab does it (Viterbi), ties included.

use crate::character;
use crate::image::{Category, View};
use crate::user_dictionary::UserDictionary;

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
    candidates: Vec<Candidate>,
    lefts: Lefts,
    best: Vec<Best>,
    /// For each left id the place of its best way.
    best_places: Places,
}

/// No node.
const NONE: u32 = u32::MAX;

/// Set in the number of an entry that is of the user dictionary.
pub(crate) const USER: u32 = 1 << 31;

/// A word that ends somewhere, with the best way to it.
#[derive(Clone, Copy)]
struct Node {
    cost: i32,
    previous: u32,
    /// The word found before it that ends at the same position.
    next_ending: u32,
    entry: u32,
    start: u16,
    end: u16,
    right: u16,
}

/// A word that starts at the current position.
#[derive(Clone, Copy)]
struct Candidate {
    entry: u32,
    cost: i32,
    left: u16,
    right: u16,
    end: u16,
}

/// The words that end at the current position, one for each right id, since no more than the cheapest of
/// them can be on the best path; in MeCab's order, which decides ties.
#[derive(Default)]
struct Lefts {
    words: Vec<Left>,
    /// The number of the word in the node list.
    nodes: Vec<u32>,
    /// For each right id the place of its word.
    places: Places,
}

#[derive(Clone, Copy)]
struct Left {
    /// The cost, and in the lower half the place among the words: the lowest number of all is then the first
    /// of the cheapest, found without a branch.
    cost_and_place: i64,
    right: u16,
}

impl Left {
    fn cost(&self) -> i32 {
        (self.cost_and_place >> 32) as i32
    }
}

/// The cost of a word that a cheaper one has replaced: more than a chunk can cost.
const REPLACED: i32 = 1 << 30;

/// The best way to a word with some left id.
#[derive(Clone, Copy, Default)]
struct Best {
    cost: i32,
    node: u32,
}

/// A place for some of the ids, forgotten for all of them at once. Small, since the search is in it all the
/// time.
#[derive(Default)]
struct Places {
    values: Vec<(u16, u16)>,
    round: u16,
}

impl Places {
    fn forget(&mut self, ids: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.values.len() != ids as usize {
            self.values.clear();
            self.values.resize(ids as usize, (0, 0));
            self.round = 1;
        }
    }

    #[inline]
    fn get(&self, id: u16) -> Option<usize> {
        let &(round, value) = self.values.get(usize::from(id))?;
        (round == self.round).then_some(usize::from(value))
    }

    #[inline]
    fn set(&mut self, id: u16, place: usize) {
        if let Some(slot) = self.values.get_mut(usize::from(id)) {
            *slot = (self.round, place as u16);
        }
    }
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
    pub fn analyse(&mut self, view: &View<'_>, user: &UserDictionary, text: &str, path: &mut Vec<PathWord>) {
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
            self.find_words(view, user, text, start, start != position);
            self.connect(view, position, start);
        }
        self.trace_back(view, path);
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
            entry: 0,
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
        after_space: bool,
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
            let (first, count) = (value >> 7, value & 0x7f);
            add_entries(candidates, view, first, count, start + length, after_space);
        });

        user.prefixes(&text[offsets[start] as usize..], |length, word, entry| {
            let Some(&[left, right]) = view.figures.templates.get(word.template()) else {
                return;
            };
            let (cost, end) = (i32::from(word.cost()), (start + length) as u16);
            candidates.push(Candidate {
                entry: USER | entry,
                cost,
                left,
                right,
                end,
            });
        });

        let Some(category) = following.first().and_then(|&number| category(view, number)) else {
            return;
        };
        if self.candidates.is_empty() || category.is(Category::INVOKE) {
            self.add_unknown(view, category, start, after_space);
        }
    }

    fn add_unknown(&mut self, view: &View<'_>, category: &Category, start: usize, after_space: bool) {
        let add = |candidates: &mut Vec<Candidate>, end| {
            add_entries(
                candidates,
                view,
                category.first_entry,
                category.entries,
                end,
                after_space,
            );
        };
        let mut group_end = None;
        if category.is(Category::GROUP) {
            let end = self.end_of_run(view, start);
            add(&mut self.candidates, end);
            group_end = Some(end);
        }
        let mut end = start + 1;
        for _ in 0..category.length {
            if Some(end) == group_end {
                break;
            }
            add(&mut self.candidates, end);
            match self
                .characters
                .get(end)
                .and_then(|&number| self::category(view, number))
            {
                Some(next) if next.kinds & category.kinds != 0 => end += 1,
                _ => break,
            }
        }
        if self.candidates.is_empty() {
            add(&mut self.candidates, start + 1);
        }
        if self.candidates.is_empty() {
            // Only a damaged image has no entry for unknown words.
            let end = (start + 1) as u16;
            self.candidates.push(Candidate {
                entry: USER - 1,
                cost: 0,
                left: 0,
                right: 0,
                end,
            });
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
    fn connect(&mut self, view: &View<'_>, position: usize, start: usize) {
        self.lefts.gather(view, &self.nodes, self.ending[position]);
        self.best.clear();
        self.best_places.forget(view.figures.left_ids);
        // Each list of words that end somewhere starts with the word found last, so MeCab's order within
        // one start takes the candidates from the last to the first.
        for candidate in self.candidates.iter().rev() {
            let known = self
                .best_places
                .get(candidate.left)
                .and_then(|place| self.best.get(place));
            let best = known.copied().unwrap_or_else(|| {
                let best = self.lefts.best(view, candidate.left);
                self.best_places.set(candidate.left, self.best.len());
                self.best.push(best);
                best
            });
            let end = usize::from(candidate.end);
            self.nodes.push(Node {
                cost: best.cost + candidate.cost,
                previous: best.node,
                next_ending: self.ending[end],
                entry: candidate.entry,
                start: start as u16,
                end: candidate.end,
                right: candidate.right,
            });
            self.ending[end] = (self.nodes.len() - 1) as u32;
        }
    }

    fn trace_back(&mut self, view: &View<'_>, path: &mut Vec<PathWord>) {
        // Behind the last word there may be spaces.
        let Some(&last) = self.ending.iter().rfind(|&&node| node != NONE) else {
            return;
        };
        self.lefts.gather(view, &self.nodes, last);
        let mut node = self.lefts.best(view, view.figures.sentence_left).node;
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

impl Lefts {
    fn gather(&mut self, view: &View<'_>, nodes: &[Node], last: u32) {
        self.words.clear();
        self.nodes.clear();
        self.places.forget(view.figures.right_ids);
        let mut number = last;
        while let Some(node) = nodes.get(number as usize) {
            let known = self
                .places
                .get(node.right)
                .and_then(|place| self.words.get_mut(place));
            let cheapest = match known {
                Some(known) if known.cost() <= node.cost => false,
                Some(known) => {
                    known.cost_and_place = i64::from(REPLACED) << 32;
                    true
                }
                None => true,
            };
            if cheapest {
                self.places.set(node.right, self.words.len());
                let cost_and_place = i64::from(node.cost) << 32 | self.nodes.len() as i64;
                self.words.push(Left {
                    cost_and_place,
                    right: node.right,
                });
                self.nodes.push(number);
            }
            number = node.next_ending;
        }
    }

    /// The cheapest way to a word with this left id; the first of equally cheap ones.
    fn best(&self, view: &View<'_>, left: u16) -> Best {
        let columns = view.figures.right_ids as usize;
        let row = usize::from(left) * columns;
        let row = view.connections.get(row..row + columns).unwrap_or_default();
        let mut best = i64::MAX;
        for word in &self.words {
            let cost = row.get(usize::from(word.right)).copied().unwrap_or(0);
            best = best.min(word.cost_and_place + (i64::from(cost) << 32));
        }
        let node = self.nodes.get(best as u32 as usize).copied().unwrap_or(0);
        Best {
            cost: (best >> 32) as i32,
            node,
        }
    }
}

fn category<'a>(view: &View<'a>, number: u32) -> Option<&'a Category> {
    view.categories.get(character::category(number))
}

fn add_entries(
    candidates: &mut Vec<Candidate>,
    view: &View<'_>,
    first: u32,
    count: u32,
    end: usize,
    after_space: bool,
) {
    let range = first as usize..(first as usize).saturating_add(count as usize);
    let entries = view.entries.get(range).unwrap_or_default();
    candidates.extend(entries.iter().zip(first..).map(|(entry, number)| {
        let penalty = if after_space {
            penalty(view, entry.penalty)
        } else {
            0
        };
        Candidate {
            entry: number,
            cost: i32::from(entry.cost) + penalty,
            left: entry.left,
            right: entry.right,
            end: end as u16,
        }
    }));
}

fn penalty(view: &View<'_>, class: u16) -> i32 {
    i32::from(view.penalties.get(usize::from(class)).copied().unwrap_or(0))
}
