//! What a building's row unfolds: as data, from which the page's script makes charts and lists.

use serde::Serialize;

use crate::change::Change;
use crate::example::Example;
use crate::keyword::Keyword;
use crate::overlap;
use crate::summary::Trend;

/// How many of a building's terms the page shows; the CSV has `KEYWORDS_PER_BUILDING`.
pub const TERMS_SHOWN: usize = 10;
/// How many sentences.
const EXAMPLES_SHOWN: usize = 3;
/// From here on a term distinguishes a building: below, one in twenty does by chance.
const DISTINCTIVE: f64 = 1.96;

/// Tuples instead of named fields: the names would be most of a page with thousands of buildings.
#[derive(Serialize)]
pub struct Details<'a> {
    /// Whether the terms distinguish the building, or are only its most frequent ones.
    distinctive: bool,
    /// Term, count, texts, z-score, count of the month before.
    terms: Vec<(&'a str, i64, i64, f64, Option<i64>)>,
    rising: Vec<Moved<'a>>,
    falling: Vec<Moved<'a>>,
    trend: &'a Trend,
    /// Sentence and term.
    examples: Vec<(&'a str, &'a str)>,
}

/// Term, count before, count now, share before, share now, in percent.
type Moved<'a> = (&'a str, i64, i64, f64, f64);

impl<'a> Details<'a> {
    /// `keywords` in the order of their rank.
    pub fn of(
        trend: &'a Trend,
        keywords: &'a [Keyword],
        changes: &'a [Change],
        examples: &'a [Example],
    ) -> Self {
        let moved = |is_rise| {
            let one_way = changes.iter().filter(|change| change.is_rise() == is_rise);
            let shown = |change: &'a Change| {
                let (before, now) = (percent(change.share_before), percent(change.share_now));
                (change.term.as_str(), change.before, change.now, before, now)
            };
            one_way.map(shown).collect()
        };
        let term = |keyword: &'a Keyword| {
            let Keyword {
                frequency,
                documents,
                previous_frequency,
                ..
            } = *keyword;
            (
                keyword.term.as_str(),
                frequency,
                documents,
                rounded(keyword.z_score),
                previous_frequency,
            )
        };
        let shown = shown(keywords, TERMS_SHOWN);
        let is_shown = |example: &&Example| {
            shown.iter().any(|keyword| keyword.term == example.term)
                || changes
                    .iter()
                    .any(|change| change.is_rise() && change.term == example.term)
        };
        Self {
            distinctive: shown.iter().any(|keyword| is_distinctive(keyword)),
            examples: examples
                .iter()
                .filter(is_shown)
                .take(EXAMPLES_SHOWN)
                .map(|example| (example.text.as_str(), example.term.as_str()))
                .collect(),
            terms: shown.into_iter().map(term).collect(),
            rising: moved(true),
            falling: moved(false),
            trend,
        }
    }

    /// JSON that can stand in a `script` element: in it nothing begins with `<`.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("numbers and texts become JSON");
        json.replace('<', "\\u003c")
    }
}

/// The terms that distinguish a building, by distinctiveness; or where none does, as in a small building or in the only
/// one, its most frequent terms, by frequency. A compound and its parts are one.
pub fn shown(keywords: &[Keyword], how_many: usize) -> Vec<&Keyword> {
    let mut shown: Vec<&Keyword> = keywords
        .iter()
        .filter(|keyword| is_distinctive(keyword))
        .collect();
    if shown.is_empty() {
        shown = keywords.iter().collect();
        shown.sort_by_key(|keyword| std::cmp::Reverse(keyword.frequency));
    }
    overlap::without_repetition(shown, how_many)
}

fn is_distinctive(keyword: &Keyword) -> bool {
    keyword.z_score >= DISTINCTIVE
}

fn percent(share: f64) -> f64 {
    rounded(share * 100.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
