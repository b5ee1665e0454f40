//! The texts of the month by category: the first section of the page.

use lambda_core::locale::Locale;
use maud::{Markup, html};

use crate::number_format::{difference, grouped, percent};
use crate::statistics::category_share::CategoryShare;
use crate::wording::category_name;

/// Renders a table with a bar for each category. The texts without a category come last.
pub(super) fn section(categories: &[CategoryShare], locale: Locale) -> Markup {
    let longest = categories
        .iter()
        .map(|it| it.now.documents)
        .max()
        .unwrap_or(0)
        .max(1);
    html! {
        section aria-labelledby="categories" {
            h2 #categories { (locale.pick("분류별 글", "Texts by category")) }
            @if categories.is_empty() { p { (locale.pick("글이 없습니다.", "There are no texts.")) } }
            @else {
                p.explained {
                    (locale.pick(
                        "한 글이 여러 분류에 들어갈 수 있습니다. 증감은 전월과 비교한 글 수입니다.",
                        "A text may have several categories. The change is in texts against the month before.",
                    ))
                }
                table.categories {
                    thead { tr { @for name in columns(locale) { th scope="col" { (name) } } } }
                    tbody { @for category in categories { (row(category, longest, locale)) } }
                }
            }
        }
    }
}

/// Names the columns, here and in a building's details.
pub(super) fn columns(locale: Locale) -> [&'static str; 4] {
    locale.pick(
        ["분류", "글 수", "비중", "증감"],
        ["Category", "Texts", "Share", "Change"],
    )
}

fn row(category: &CategoryShare, longest: i64, locale: Locale) -> Markup {
    let now = category.now;
    html! {
        tr {
            th scope="row" {
                (category_name(&category.category, locale))
                span.bar style={ "width:" (now.documents * 100 / longest) "%" } {}
            }
            td { (grouped(now.documents)) }
            td { (now.share().map_or("–".to_owned(), percent)) }
            td { (category.before.map_or("–".to_owned(), |before| difference(now.documents, before.documents))) }
        }
    }
}
