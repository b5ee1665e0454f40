//! The data of a building's expanded row, from which the page's script makes charts and lists.

use serde::Serialize;

use crate::number_format::percent;
use crate::statistics::change::Change;
use crate::statistics::example::Example;
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::Trend;
use crate::statistics::thresholds::{DISTINCTIVE_Z, EXAMPLES_ON_PAGE, TERMS_ON_PAGE};
use crate::statistics::without_overlaps;

/// Tuples instead of named fields: the names would be most of a page with thousands of buildings.
#[derive(Serialize)]
pub(super) struct Details<'a> {
    /// True if the terms distinguish the building; false if they are only its most frequent ones.
    distinctive: bool,
    terms: Vec<TermRow<'a>>,
    rising: Vec<ChangeRow<'a>>,
    falling: Vec<ChangeRow<'a>>,
    trend: &'a Trend,
    /// Sentences with their terms.
    examples: Vec<(&'a str, &'a str)>,
}

/// Term, texts with it, occurrences, occurrences in the month before.
type TermRow<'a> = (&'a str, i64, i64, Option<i64>);

/// Term, texts with it before and now, share of the building's texts now.
type ChangeRow<'a> = (&'a str, i64, i64, String);

impl<'a> Details<'a> {
    /// Chooses what the page shows of a building. `keywords` are ordered by rank.
    pub(super) fn new(
        trend: &'a Trend,
        keywords: &'a [Keyword],
        changes: &'a [Change],
        examples: &'a [Example],
    ) -> Self {
        let terms = shown_terms(keywords, TERMS_ON_PAGE);
        let (rising, falling): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|change| change.is_rise());
        let is_shown = |term: &str| {
            terms.iter().any(|keyword| keyword.term == term)
                || rising.iter().any(|change| change.term == term)
        };
        let examples = examples
            .iter()
            .filter(|example| is_shown(&example.term))
            .take(EXAMPLES_ON_PAGE)
            .map(|example| (example.text.as_str(), example.term.as_str()))
            .collect();
        Self {
            distinctive: terms.iter().any(|keyword| is_distinctive(keyword)),
            terms: terms.into_iter().map(term_row).collect(),
            rising: rising.into_iter().map(change_row).collect(),
            falling: falling.into_iter().map(change_row).collect(),
            trend,
            examples,
        }
    }

    /// Returns JSON for a `script` element: without `<`, which could close the element.
    pub(super) fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers serialise to JSON");
        json.replace('<', "\\u003c")
    }
}

/// Returns the terms that distinguish a building, by distinctiveness. If none does, as in a small building or in the
/// only one, it returns the most frequent terms. A compound and its parts are one.
pub(super) fn shown_terms(keywords: &[Keyword], limit: usize) -> Vec<&Keyword> {
    let mut terms: Vec<&Keyword> = keywords
        .iter()
        .filter(|keyword| is_distinctive(keyword))
        .collect();
    if terms.is_empty() {
        terms = keywords.iter().collect();
        terms.sort_by_key(|keyword| std::cmp::Reverse(keyword.frequency));
    }
    without_overlaps(terms, limit)
}

fn is_distinctive(keyword: &Keyword) -> bool {
    keyword.z_score >= DISTINCTIVE_Z
}

fn term_row(keyword: &Keyword) -> TermRow<'_> {
    (
        &keyword.term,
        keyword.documents,
        keyword.frequency,
        keyword.previous_frequency,
    )
}

fn change_row(change: &Change) -> ChangeRow<'_> {
    (&change.term, change.before, change.now, percent(change.share_now))
}
