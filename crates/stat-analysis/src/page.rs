//! The report as a page: one file that loads nothing else and fits a desktop and a phone.
//!
//! Names, totals and terms are readable without scripts. The page's script sorts and filters the table, and expands
//! a building into charts, changes and examples from the data behind its row.

mod assets;
mod building_row;
mod categories;
mod details;
mod overview;
mod script_data;

use std::cmp::Reverse;
use std::collections::HashSet;

use details::Details;
use lambda_core::locale::Locale;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::findings::Findings;
use crate::number_format::{counted, grouped};
use crate::statistics::change::{self, Change};
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::{BuildingSummary, Summary};
use crate::statistics::term_list::TermList;
use crate::statistics::thresholds::{BUILDINGS_ON_PAGE, CHANGES_ON_PAGE, KEYWORDS_READ};

/// A page that grows building by building.
pub(crate) struct Page<'s> {
    findings: &'s Findings,
    terms: &'s TermList,
    /// Texts that a term needs to be shown.
    min_documents: i64,
    locale: Locale,
    html: String,
    /// The buildings that the page has, by their place in the summary.
    shown: Vec<bool>,
    /// Number of the summary's buildings that are complete.
    complete: usize,
    /// Keywords of the next building.
    keywords: Vec<Keyword>,
}

impl<'s> Page<'s> {
    /// Writes everything above the buildings.
    pub(crate) fn new(
        findings: &'s Findings,
        terms: &'s TermList,
        min_documents: u32,
        locale: Locale,
    ) -> Self {
        Self {
            html: before_buildings(findings, terms, locale).into_string(),
            shown: is_shown(&findings.summary, &findings.changes),
            findings,
            terms,
            min_documents: min_documents.into(),
            locale,
            complete: 0,
            keywords: Vec::new(),
        }
    }

    /// Adds a keyword. Keywords come by building, in the order of the summary, and by rank.
    pub(crate) fn push(&mut self, keyword: Keyword) {
        while self
            .next_building()
            .is_some_and(|building| building.building_id != keyword.building_id)
        {
            self.complete_building();
        }
        if keyword.documents >= self.min_documents && self.keywords.len() < KEYWORDS_READ {
            self.keywords.push(keyword);
        }
    }

    /// Returns what has been rendered since the last call.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.html)
    }

    /// Completes the last buildings and returns the rest of the file.
    pub(crate) fn finish(mut self) -> String {
        while self.next_building().is_some() {
            self.complete_building();
        }
        self.html.push_str("</tbody></table></div></section></main>");
        self.html
            .push_str(&scripts(&self.findings.summary, self.locale).into_string());
        self.html.push_str("</body></html>");
        self.html
    }

    fn next_building(&self) -> Option<&'s BuildingSummary> {
        self.findings.summary.buildings.get(self.complete)
    }

    fn complete_building(&mut self) {
        if let Some(building) = self.next_building()
            && self.shown[self.complete]
        {
            let details = Details::new(building, &self.keywords, self.findings, self.terms, self.locale);
            let row = building_row::row(building, &self.keywords, &details, self.locale);
            self.html.push_str(&row.into_string());
        }
        self.complete += 1;
        self.keywords.clear();
    }
}

/// Returns the ids of the page's buildings.
pub(crate) fn shown_buildings<'s>(summary: &'s Summary, changes: &[Change]) -> Vec<&'s str> {
    let all = summary.buildings.iter().zip(is_shown(summary, changes));
    all.filter(|(_, is_shown)| *is_shown)
        .map(|(building, _)| building.building_id.as_str())
        .collect()
}

/// Chooses the buildings of the page: failed ones, those of the strongest changes, which the top of the page links
/// to, and the largest others.
fn is_shown(summary: &Summary, changes: &[Change]) -> Vec<bool> {
    let linked: HashSet<&str> = change::strongest(changes, CHANGES_ON_PAGE)
        .into_iter()
        .map(|change| change.building_id.as_str())
        .collect();
    let mut order: Vec<usize> = (0..summary.buildings.len()).collect();
    order.sort_by_key(|place| {
        let BuildingSummary {
            building_id,
            documents,
            ..
        } = &summary.buildings[*place];
        (
            documents.is_some() && !linked.contains(building_id.as_str()),
            Reverse(*documents),
        )
    });
    let mut shown = vec![false; order.len()];
    for place in order.into_iter().take(BUILDINGS_ON_PAGE) {
        shown[place] = true;
    }
    shown
}

/// Renders everything above the first building. The table stays open until [`Page::finish`].
fn before_buildings(findings: &Findings, terms: &TermList, locale: Locale) -> Markup {
    let Findings { summary, changes, .. } = findings;
    let title = title(summary, locale);
    html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"{}\">", locale.tag())))
        (head(&title))
        (PreEscaped("<body>"))
        header {
            h1 { (title) }
            p.period {
                (summary.period.start()) " – " (summary.period.end())
                @if summary.is_correction { (locale.pick(" · 정정본", " · corrected")) }
            }
        }
        (PreEscaped("<main>"))
        (overview::notes(summary, locale))
        (categories::section(&summary.categories, locale))
        (overview::strongest_changes(summary, changes, terms, locale))
        (overview::totals(summary, locale))
        (PreEscaped("<section aria-labelledby=\"buildings\">"))
        h2 #buildings { (locale.pick("건물", "Buildings")) }
        (filter(summary, locale))
        (PreEscaped("<div class=\"scroll\"><table id=\"table\">"))
        (building_row::header_row(locale))
        (PreEscaped("<tbody>"))
    }
}

fn title(summary: &Summary, locale: Locale) -> String {
    let first = summary.period.start();
    locale.pick(
        format!("{}년 {}월 건물별 통계", first.year(), first.month()),
        format!("{}: statistics by building", first.strftime("%B %Y")),
    )
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(content_security_policy());
            meta name="referrer" content="no-referrer";
            link rel="icon" href="data:,";
            title { (title) }
            style { (PreEscaped(assets::STYLE)) }
        }
    }
}

/// Policy that loads nothing and runs only the page's own two scripts (CSP Level 3).
fn content_security_policy() -> String {
    let (script, chart) = (assets::SCRIPT_HASH, assets::CHART_HASH);
    format!(
        "default-src 'none'; script-src 'sha256-{script}' 'sha256-{chart}'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'"
    )
}

fn filter(summary: &Summary, locale: Locale) -> Markup {
    let all = summary.buildings.len() as i64;
    let shown = all.min(BUILDINGS_ON_PAGE as i64);
    html! {
        @if shown < all {
            p.note {
                (locale.pick(
                    format!("건물 {}곳 가운데 글이 많은 {}곳을 보여 줍니다. 나머지는 CSV에 있습니다.", grouped(all), grouped(shown)),
                    format!("The page shows the {} buildings with the most texts out of {}; the CSV has all.", grouped(shown), grouped(all)),
                ))
            }
        }
        p.filter {
            label for="filter" { (locale.pick("건물이나 주요 단어로 찾기", "Find a building or a main term")) }
            input #filter type="search" autocomplete="off" spellcheck="false";
            output #shown for="filter" aria-live="polite" {
                (locale.pick(format!("{}곳", grouped(shown)), counted(shown, "building")))
            }
        }
    }
}

fn scripts(summary: &Summary, locale: Locale) -> Markup {
    html! {
        script #page type="application/json" { (PreEscaped(script_data::json(summary, locale))) }
        script { (PreEscaped(assets::chart())) }
        script { (PreEscaped(assets::SCRIPT)) }
    }
}

#[cfg(test)]
mod tests;
