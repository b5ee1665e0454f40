//! The top of the page: totals, notes, and the strongest changes.

use std::borrow::Cow;

use lambda_core::locale::Locale;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::number_format::{difference, grouped, percent_difference};
use crate::statistics::change::{self, Change};
use crate::statistics::summary::{BuildingSummary, Summary};
use crate::statistics::term_list::TermList;
use crate::statistics::thresholds::CHANGES_ON_PAGE;
use crate::wording::{category_name, comparison_note, counts_and_share, no_change};

pub(super) fn totals(summary: &Summary, locale: Locale) -> Markup {
    let before = summary.comparable_before();
    let buildings = summary.buildings.len() as i64;
    let names = locale.pick(["건물", "글"], ["Buildings", "Texts"]);
    html! {
        section aria-labelledby="totals" {
            h2 #totals { (locale.pick("한눈에 보기", "At a glance")) }
            dl.totals {
                (figure(names[0], buildings, before.map(|before| before.buildings), locale))
                (figure(names[1], summary.documents(), before.map(|before| before.documents), locale))
            }
            @if summary.trend.iter().flatten().count() > 1 {
                div.chart.trend { canvas #total-trend role="img" {} }
            }
        }
    }
}

fn figure(name: &str, number: i64, before: Option<i64>, locale: Locale) -> Markup {
    html! {
        div {
            dt { (name) }
            dd {
                strong { (grouped(number)) }
                @if let Some(before) = before {
                    span.change {
                        (locale.pick("전월 대비 ", "against the month before: "))
                        (difference(number, before))
                        @if let Some(percent) = percent_difference(number, before) { " (" (percent) ")" }
                    }
                }
            }
        }
    }
}

/// Renders a note for everything that the report lacks.
pub(super) fn notes(summary: &Summary, locale: Locale) -> Markup {
    html! {
        (failed_buildings(summary, locale))
        @if let Some(note) = comparison_note(summary, locale) { p.note { (note) } }
        (unknown_buildings(summary, locale))
        noscript {
            p.note {
                (locale.pick(
                    "이 브라우저는 스크립트를 실행하지 않아 정렬, 검색, 차트를 쓸 수 없습니다. 특징적인 단어의 숫자는 CSV에 있습니다.",
                    "This browser runs no scripts, so there are no charts, no sorting and no search. The CSV has the numbers of the distinctive terms.",
                ))
            }
        }
    }
}

fn failed_buildings(summary: &Summary, locale: Locale) -> Markup {
    let failed: Vec<&BuildingSummary> = summary.failed().collect();
    html! {
        @if !failed.is_empty() {
            div.note.bad {
                p {
                    (locale.pick(
                        format!("분석하지 못한 건물 {}곳:", failed.len()),
                        format!("Buildings whose analysis failed ({}):", failed.len()),
                    ))
                }
                ul { @for building in &failed { li { (building.name) " (" (building.building_id) ")" } } }
            }
        }
    }
}

fn unknown_buildings(summary: &Summary, locale: Locale) -> Markup {
    let texts = grouped(summary.unknown_texts);
    html! {
        @if summary.unknown_texts > 0 {
            p.note {
                (locale.pick(
                    format!("등록되지 않은 건물의 글 {texts}건은 분석하지 않았습니다: "),
                    format!("{texts} texts of unknown buildings were not analysed: "),
                ))
                (summary.unknown_buildings.join(", "))
            }
        }
    }
}

pub(super) fn strongest_changes(
    summary: &Summary,
    changes: &[Change],
    terms: &TermList,
    locale: Locale,
) -> Markup {
    let changes = change::strongest(changes, CHANGES_ON_PAGE);
    html! {
        @if summary.is_compared() {
            section aria-labelledby="loudest" {
                h2 #loudest { (locale.pick("가장 크게 달라진 것", "What changed most")) }
                @if changes.is_empty() { p { (no_change(locale)) } }
                @else { ul.loudest { @for change in changes { li { (item(change, summary, terms, locale)) } } } }
            }
        }
    }
}

/// Renders a change with a link to its building and the term's category:
/// `한빛 오피스텔: 누수 ▲ 2건 → 41건, 이 건물 문의의 12% (누수·배관)`.
fn item(change: &Change, summary: &Summary, terms: &TermList, locale: Locale) -> Markup {
    let (class, arrow) = if change.is_rise() {
        ("up", "▲ ")
    } else {
        ("down", "▼ ")
    };
    let id = &change.building_id;
    html! {
        a href={ "#b=" (utf8_percent_encode(id, NON_ALPHANUMERIC)) } {
            (summary.building(id).map_or(Cow::Borrowed(id.as_str()), BuildingSummary::label))
        }
        ": " b { (change.term) } " "
        span.(class) { (arrow) (counts_and_share(change, locale)) }
        span.category { " (" (category_name(terms.category_of(&change.term), locale)) ")" }
    }
}
