//! The words that page, mail and workbook share.

use lambda_core::locale::Locale;

use crate::number_format::{grouped, percent};
use crate::statistics::change::Change;
use crate::statistics::summary::{Comparison, Summary};
use crate::statistics::term_list::OTHER;

/// Returns the name of a category. Those of the list are in the language of the list.
pub(crate) fn category_name(category: &str, locale: Locale) -> &str {
    if category == OTHER {
        locale.pick(OTHER, "Other")
    } else {
        category
    }
}

/// Writes the texts with the term in both months, and their share: `1건 → 30건, 이 건물 문의의 12%`.
pub(crate) fn counts_and_share(change: &Change, locale: Locale) -> String {
    let (before, now) = (grouped(change.before), grouped(change.now));
    let share = percent(change.share_now);
    locale.pick(
        format!("{before}건 → {now}건, 이 건물 문의의 {share}"),
        format!("{before} → {now} texts, {share} of this building's texts"),
    )
}

/// States that no change is more than chance.
pub(crate) fn no_change(locale: Locale) -> &'static str {
    locale.pick(
        "전월보다 우연이라고 보기 어려울 만큼 달라진 단어는 없습니다.",
        "No term changed more than chance explains against the month before.",
    )
}

/// States why there is no comparison with the month before, and how to get one; `None` if there is.
pub(crate) fn comparison_note(summary: &Summary, locale: Locale) -> Option<String> {
    let (before, now) = (summary.period.previous(), summary.period);
    match summary.comparison {
        Comparison::With(_) => None,
        Comparison::NoMonthBefore => {
            let note = locale.pick(
                "전월과의 비교가 없습니다. 전월 통계가 완료되지 않았습니다.",
                "There is no comparison with the month before: its statistics are not complete.",
            );
            Some(note.to_owned())
        }
        Comparison::OtherVersion => {
            let recount = format!(r#"{{"period":"{before}","force":true,"mail":false}}"#);
            let report = format!(r#"{{"period":"{now}","force":true}}"#);
            Some(locale.pick(
                format!(
                    "{before}은 다른 버전의 분석기나 단어 목록으로 세어 비교하지 않았습니다. 비교하려면 stat-prep에 {recount}를 \
                     보내 다시 센 다음 {report}를 보내십시오."
                ),
                format!(
                    "{before} was counted with another version of the analyser or its word lists, so there is no \
                     comparison. To compare, send {recount} to stat-prep, and then {report}."
                ),
            ))
        }
    }
}
