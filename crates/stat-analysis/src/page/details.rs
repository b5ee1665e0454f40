//! What a building's row unfolds: as data, from which the page's script makes charts and lists.

use serde::Serialize;

use crate::change::{self, Change};
use crate::example::Example;
use crate::keyword::Keyword;
use crate::overlap;
use crate::summary::Trend;

/// How many of a building's terms the page shows; the CSV has them all.
pub const TERMS_SHOWN: usize = 10;
/// How many rising and how many falling terms.
const CHANGES_SHOWN: usize = 5;

/// Tuples instead of named fields: the names would be most of a page with thousands of buildings.
#[derive(Serialize)]
pub struct Details<'a> {
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
            change::loudest_of(changes, is_rise, CHANGES_SHOWN)
                .into_iter()
                .map(|change| {
                    let (before, now) = (percent(change.share_before), percent(change.share_now));
                    (change.term.as_str(), change.before, change.now, before, now)
                })
                .collect()
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
        let telling = distinctive(keywords, TERMS_SHOWN);
        Self {
            terms: telling.into_iter().map(term).collect(),
            rising: moved(true),
            falling: moved(false),
            trend,
            examples: examples
                .iter()
                .map(|example| (example.text.as_str(), example.term.as_str()))
                .collect(),
        }
    }

    /// JSON that can stand in a `script` element: in it nothing begins with `<`.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("numbers and texts become JSON");
        json.replace('<', "\\u003c")
    }
}

/// The terms that distinguish a building, and not those that others use more: down to an even use of them all.
pub fn distinctive(keywords: &[Keyword], how_many: usize) -> Vec<&Keyword> {
    let telling = keywords.iter().filter(|keyword| keyword.z_score >= 0.0);
    overlap::without_repetition(telling.collect(), how_many)
}

fn percent(share: f64) -> f64 {
    rounded(share * 100.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
