//! The texts and numbers that the page's script needs, as JSON.

use lambda_core::locale::Locale;
use serde_json::{Value, json};

use super::categories;
use crate::statistics::summary::{Summary, trend_months};

/// Returns JSON for a `script` element: without `<`, which could close the element.
pub(super) fn json(summary: &Summary, locale: Locale) -> String {
    let months = trend_months(summary.period).map(|month| month.start().strftime("%Y-%m").to_string());
    let data = json!({
        "words": locale.pick(korean(), english()),
        "categoryColumns": categories::columns(locale),
        "months": months,
        "trend": summary.trend,
        "isCompared": summary.is_compared(),
    });
    data.to_string().replace('<', "\\u003c")
}

fn korean() -> Value {
    json!({
        "shown": "{shown}곳 / 모두 {all}곳",
        "texts": "글 수",
        "trend": "최근 여섯 달의 글 수",
        "terms": "이 건물의 특징적인 단어",
        "frequent": "자주 나온 단어",
        "frequentExplained": "다른 건물보다 두드러지는 단어가 없어, 많이 나온 순서로 보여 줍니다.",
        "explained": "다른 건물보다 두드러지게 자주 나온 단어입니다. 위에 있을수록 뚜렷하고, 막대는 그 단어가 있는 글 수입니다.",
        "columns": ["단어", "분류", "글 수", "횟수", "전월 횟수"],
        "categories": "분류별 글",
        "rising": "늘어난 단어",
        "falling": "줄어든 단어",
        "nothing": "두드러진 변화가 없습니다.",
        "uncompared": "전월과 비교할 수 없습니다.",
        "move": "{before}건 → {now}건, 이 건물 문의의 {share}",
        "examples": "이런 글이 있었습니다",
        "table": "표로 보기",
        "noTerms": "여러 글에 나온 단어가 없습니다.",
        "month": "{month}월",
        "unknown": "자료 없음",
    })
}

fn english() -> Value {
    json!({
        "shown": "{shown} of {all}",
        "texts": "Texts",
        "trend": "Texts in the last six months",
        "terms": "Distinctive terms",
        "frequent": "Frequent terms",
        "frequentExplained": "No term stands out against the other buildings; these are the most frequent ones.",
        "explained": "Terms that stand out against the other buildings, the clearest first. A bar is the number of texts with the term.",
        "columns": ["Term", "Category", "Texts", "Count", "Count the month before"],
        "categories": "Texts by category",
        "rising": "Rising terms",
        "falling": "Falling terms",
        "nothing": "No change stands out.",
        "uncompared": "There is no month to compare with.",
        "move": "{before} → {now} texts, {share} of this building's texts",
        "examples": "What people wrote",
        "table": "As a table",
        "noTerms": "No term stands in several texts.",
        "month": "{month}",
        "unknown": "no data",
    })
}
