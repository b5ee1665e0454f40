//! The data of a building's expanded row, from which the page's script makes charts and lists.

use lambda_core::locale::Locale;
use serde::Serialize;

use crate::findings::Findings;
use crate::number_format::percent;
use crate::statistics::category_share::CategoryShare;
use crate::statistics::change::{self, Change};
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::{BuildingSummary, Trend};
use crate::statistics::term_list::TermList;
use crate::statistics::thresholds::{DISTINCTIVE_Z, EXAMPLES_ON_PAGE, TERMS_ON_PAGE};
use crate::statistics::without_overlaps;
use crate::wording::category_name;

/// Tuples instead of named fields: the names would be most of a page with thousands of buildings.
#[derive(Serialize)]
pub(super) struct Details<'a> {
    categories: Vec<CategoryRow<'a>>,
    /// True if the terms distinguish the building; false if they are only its most frequent ones.
    distinctive: bool,
    terms: Vec<TermRow<'a>>,
    rising: Vec<ChangeRow<'a>>,
    falling: Vec<ChangeRow<'a>>,
    trend: &'a Trend,
    /// Sentences with their terms as written.
    examples: Vec<(&'a str, &'a str)>,
}

/// Category, texts, their share, texts in the month before.
type CategoryRow<'a> = (&'a str, i64, Option<String>, Option<i64>);

/// Term, its category, texts with it, occurrences, occurrences in the month before.
type TermRow<'a> = (&'a str, &'a str, i64, i64, Option<i64>);

/// Term, its category, texts with it before and now, share of the building's texts now.
type ChangeRow<'a> = (&'a str, &'a str, i64, i64, String);

impl<'a> Details<'a> {
    /// Chooses what the page shows of a building. `keywords` are ordered by rank.
    pub(super) fn new(
        building: &'a BuildingSummary,
        keywords: &'a [Keyword],
        findings: &'a Findings,
        term_list: &'a TermList,
        locale: Locale,
    ) -> Self {
        let id = building.building_id.as_str();
        let category_of = |term: &str| category_name(term_list.category_of(term), locale);
        let categories = findings.categories.get(id).map_or(&[][..], Vec::as_slice);
        let examples = findings.examples.get(id).map_or(&[][..], Vec::as_slice);
        let terms = shown_terms(keywords, TERMS_ON_PAGE);
        let (rising, falling): (Vec<&Change>, Vec<&Change>) = change::of_building(&findings.changes, id)
            .iter()
            .partition(|change| change.is_rise());
        let is_shown = |term: &str| {
            terms.iter().any(|keyword| keyword.term == term)
                || rising.iter().any(|change| change.term == term)
        };
        let change_row = |change: &'a Change| change_row(change, category_of(&change.term));
        let examples = examples
            .iter()
            .filter(|example| is_shown(&example.term))
            .take(EXAMPLES_ON_PAGE)
            .map(|example| (example.text.as_str(), example.written.as_str()))
            .collect();
        Self {
            categories: categories.iter().map(|it| category_row(it, locale)).collect(),
            distinctive: terms.iter().any(|keyword| is_distinctive(keyword)),
            terms: terms
                .into_iter()
                .map(|keyword| term_row(keyword, category_of(&keyword.term)))
                .collect(),
            rising: rising.into_iter().map(change_row).collect(),
            falling: falling.into_iter().map(change_row).collect(),
            trend: &building.trend,
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

fn category_row(category: &CategoryShare, locale: Locale) -> CategoryRow<'_> {
    (
        category_name(&category.category, locale),
        category.now.documents,
        category.now.share().map(percent),
        category.before.map(|before| before.documents),
    )
}

fn term_row<'a>(keyword: &'a Keyword, category: &'a str) -> TermRow<'a> {
    (
        &keyword.term,
        category,
        keyword.documents,
        keyword.frequency,
        keyword.previous_frequency,
    )
}

fn change_row<'a>(change: &'a Change, category: &'a str) -> ChangeRow<'a> {
    (
        &change.term,
        category,
        change.before,
        change.now,
        percent(change.share_now),
    )
}
