//! The wording of a message in Korean and English.

use lambda_core::locale::Locale;

use super::source_item::SourceItemKind;
use crate::event::status::Status;
use crate::history::verdict::Verdict;

pub(crate) fn status(locale: Locale, status: Status) -> &'static str {
    match status {
        Status::InProgress => locale.pick("진행 중", "in progress"),
        Status::Succeeded => locale.pick("성공", "succeeded"),
        Status::Failed => locale.pick("실패", "failed"),
        Status::Stopped => locale.pick("중지됨", "stopped"),
        Status::Fault => locale.pick("CodeBuild 장애", "failed by a fault of CodeBuild"),
        Status::TimedOut => locale.pick("시간 초과", "timed out"),
        Status::Unknown => locale.pick("결과를 알 수 없음", "ended with an unknown result"),
    }
}

/// Returns the state of a build that its batch has not started.
pub(crate) fn not_started(locale: Locale, has_batch_ended: bool) -> &'static str {
    match has_batch_ended {
        false => locale.pick("시작 전", "not started"),
        true => locale.pick("실행되지 않음", "never started"),
    }
}

/// Returns the title of the builds of a batch.
pub(crate) fn builds(locale: Locale) -> &'static str {
    locale.pick("빌드", "Builds")
}

/// Returns the word after a failure that does not fail the batch.
pub(crate) fn ignored(locale: Locale) -> &'static str {
    locale.pick(", 무시됨", ", ignored")
}

/// Returns a number of builds in one state.
pub(crate) fn count(locale: Locale, state: &str, count: usize) -> String {
    match locale {
        Locale::Korean => format!("{state} {count}개"),
        Locale::English => format!("{count} {state}"),
    }
}

/// Returns the number of builds that are not shown, and those in each state.
pub(crate) fn other_builds(locale: Locale, rest: usize, counts: &str) -> String {
    match locale {
        Locale::Korean => format!("… 그 외 {rest}개: {counts}"),
        Locale::English => format!("… and {rest} more: {counts}"),
    }
}

pub(crate) fn verdict(locale: Locale, verdict: Verdict) -> String {
    match (locale, verdict) {
        (Locale::Korean, Verdict::Fixed { failures }) => format!("복구됨 ({failures}회 실패 후)"),
        (Locale::Korean, Verdict::StillFailing { times }) => format!("계속 실패 중 ({times}회째)"),
        (Locale::English, Verdict::Fixed { failures: 1 }) => "fixed after 1 failure".to_owned(),
        (Locale::English, Verdict::Fixed { failures }) => format!("fixed after {failures} failures"),
        (Locale::English, Verdict::StillFailing { times }) => {
            format!("still failing ({} time)", ordinal(times))
        }
    }
}

/// Returns the label of a source item.
pub(crate) fn source_item(locale: Locale, kind: SourceItemKind) -> &'static str {
    match kind {
        SourceItemKind::Commit => locale.pick("커밋", "Commit"),
        SourceItemKind::Branch => locale.pick("브랜치", "Branch"),
        SourceItemKind::Tag => locale.pick("태그", "Tag"),
        SourceItemKind::PullRequest => locale.pick("풀 리퀘스트", "Pull request"),
        SourceItemKind::Location => locale.pick("소스", "Source"),
    }
}

/// Returns the result of a completed phase.
pub(crate) fn completed_phase(locale: Locale, phase: &str, is_failed: bool) -> String {
    let result = match is_failed {
        false => locale.pick("완료", "done"),
        true => locale.pick("실패", "failed"),
    };
    format!("{phase} {result}")
}

/// Returns the title of the log tail.
pub(crate) fn last_lines(locale: Locale, lines: usize) -> String {
    match (locale, lines) {
        (Locale::Korean, _) => format!("로그의 마지막 {lines}줄"),
        (Locale::English, 1) => "The last line of the log".to_owned(),
        (Locale::English, _) => format!("The last {lines} lines of the log"),
    }
}

/// Returns the label of the links to reports, of which `rest` failed tests are not shown.
pub(crate) fn reports(locale: Locale, rest: usize) -> String {
    match (locale, rest) {
        (_, 0) => locale.pick("보고서", "Reports").to_owned(),
        (Locale::Korean, _) => format!("그 외 {rest}개"),
        (Locale::English, _) => format!("{rest} more"),
    }
}

/// Returns the label of the link to the log.
pub(crate) fn log(locale: Locale, is_in_s3: bool) -> &'static str {
    match is_in_s3 {
        false => locale.pick("전체 로그", "Logs"),
        true => locale.pick("전체 로그 (S3)", "Logs (S3)"),
    }
}

/// Returns the label of the link to the page of the build or the batch.
pub(crate) fn build(locale: Locale, is_batch: bool, number: Option<u64>) -> String {
    let build = match is_batch {
        false => locale.pick("빌드", "Build"),
        true => locale.pick("배치", "Batch"),
    };
    number.map_or_else(|| build.to_owned(), |number| format!("{build} #{number}"))
}

/// Formats a duration in its two largest units.
pub(crate) fn duration(locale: Locale, seconds: u64) -> String {
    let [day, hour, minute, second] = locale.pick(["일", "시간", "분", "초"], [" d", " h", " min", " s"]);
    let parts = [
        (seconds / 86_400, day),
        (seconds / 3600 % 24, hour),
        (seconds / 60 % 60, minute),
        (seconds % 60, second),
    ];
    let first = parts.iter().position(|(number, _)| *number > 0).unwrap_or(3);
    let shown = parts[first..]
        .iter()
        .take(2)
        .filter(|(number, _)| *number > 0 || first == 3);
    shown
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the duration as it follows the status in a notification.
pub(crate) fn after(locale: Locale, duration: &str) -> String {
    match locale {
        Locale::Korean => format!("({duration})"),
        Locale::English => format!("after {duration}"),
    }
}

/// Returns the emoji of a status. A fixed build has its own.
pub(crate) fn emoji(status: Status, verdict: Option<Verdict>) -> &'static str {
    match (status, verdict) {
        (Status::Succeeded, Some(Verdict::Fixed { .. })) => "🎉",
        (Status::InProgress, _) => "🔄",
        (Status::Succeeded, _) => "✅",
        (Status::Failed, _) => "❌",
        (Status::Stopped, _) => "🛑",
        (Status::Fault, _) => "💥",
        (Status::TimedOut, _) => "⌛",
        (Status::Unknown, _) => "❔",
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, korean: &str, english: &str) {
        assert_eq!(duration(Locale::Korean, seconds), korean);
        assert_eq!(duration(Locale::English, seconds), english);
    }

    #[test]
    fn durations_have_their_two_largest_units() {
        check(0, "0초", "0 s");
        check(59, "59초", "59 s");
        check(60, "1분", "1 min");
        check(192, "3분 12초", "3 min 12 s");
        check(3600, "1시간", "1 h");
        check(3605, "1시간", "1 h");
        check(7384, "2시간 3분", "2 h 3 min");
        check(90_000, "1일 1시간", "1 d 1 h");
    }

    #[test]
    fn english_ordinals_end_in_st_nd_rd_or_th() {
        let ordinals = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal);
        assert_eq!(
            ordinals,
            [
                "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"
            ]
        );
    }
}
