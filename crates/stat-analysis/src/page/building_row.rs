//! The table of buildings: its header, and a row for each building.

use lambda_core::locale::Locale;
use maud::{Markup, PreEscaped, html};

use super::details::{Details, shown_terms};
use crate::number_format::{difference, grouped, percent_difference};
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::BuildingSummary;
use crate::statistics::thresholds::TERMS_IN_ROW;

/// Renders the columns by which the page's script sorts.
pub(super) fn header_row(locale: Locale) -> Markup {
    let columns = locale.pick(
        [("name", "건물"), ("texts", "글 수"), ("change", "증감")],
        [("name", "Building"), ("texts", "Texts"), ("change", "Change")],
    );
    html! {
        thead { tr { @for (key, name) in columns { th scope="col" data-sort=(key) { (name) } } } }
    }
}

/// Renders a building's row, and behind it the data of its details.
pub(super) fn row(
    building: &BuildingSummary,
    keywords: &[Keyword],
    details: &Details<'_>,
    locale: Locale,
) -> Markup {
    let terms: Vec<&str> = shown_terms(keywords, TERMS_IN_ROW)
        .into_iter()
        .map(|keyword| keyword.term.as_str())
        .collect();
    let documents = building.documents;
    html! {
        tr data-id=(building.building_id) {
            th scope="row" {
                span.name { (building.label()) }
                @if !terms.is_empty() { span.terms { (terms.join(" · ")) } }
            }
            @match documents {
                Some(documents) => td data-value=(documents) { (grouped(documents)) },
                None => td.bad { (locale.pick("분석 실패", "failed")) },
            }
            @match documents.zip(building.documents_before()) {
                Some((now, before)) => td data-value=(now - before) {
                    (difference(now, before))
                    @if let Some(percent) = percent_difference(now, before) { span.percent { (percent) } }
                },
                None => td { "–" },
            }
        }
        @if documents.is_some() {
            script type="application/json" { (PreEscaped(details.to_json())) }
        }
    }
}
