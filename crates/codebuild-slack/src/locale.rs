//! The words of a message.

use crate::source::What;
use crate::status::Status;
use crate::verdict::Verdict;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// Korean.
    Korean,
    /// English.
    English,
}

/// What stands before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// How the build stands.
    Status,
    /// How long it took.
    Duration,
    /// Who started it.
    StartedBy,
    /// When it was started.
    StartedAt,
    /// What it is made of.
    Source(What),
    /// How far it is.
    Progress,
}

impl Locale {
    /// Understands `ko` and `en`.
    ///
    /// # Errors
    /// A sentence with what is expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "ko" => Ok(Self::Korean),
            "en" => Ok(Self::English),
            _ => Err("expected ko or en"),
        }
    }

    /// How a build stands.
    pub fn status(self, status: Status) -> &'static str {
        match (self, status) {
            (Self::Korean, Status::InProgress) => "진행 중",
            (Self::Korean, Status::Succeeded) => "성공",
            (Self::Korean, Status::Failed) => "실패",
            (Self::Korean, Status::Stopped) => "중지됨",
            (Self::Korean, Status::Fault) => "CodeBuild 장애",
            (Self::Korean, Status::TimedOut) => "시간 초과",
            (Self::English, Status::InProgress) => "in progress",
            (Self::English, Status::Succeeded) => "succeeded",
            (Self::English, Status::Failed) => "failed",
            (Self::English, Status::Stopped) => "stopped",
            (Self::English, Status::Fault) => "failed by a fault of CodeBuild",
            (Self::English, Status::TimedOut) => "timed out",
        }
    }

    /// What its end means.
    pub fn verdict(self, verdict: Verdict) -> String {
        match (self, verdict) {
            (Self::Korean, Verdict::Fixed { failures }) => format!("복구됨 ({failures}회 실패 후)"),
            (Self::Korean, Verdict::StillFailing { times }) => format!("계속 실패 중 ({times}회째)"),
            (Self::English, Verdict::Fixed { failures: 1 }) => "fixed after 1 failure".to_owned(),
            (Self::English, Verdict::Fixed { failures }) => format!("fixed after {failures} failures"),
            (Self::English, Verdict::StillFailing { times }) => {
                format!("still failing ({} time)", ordinal(times))
            }
        }
    }

    /// The word for a value.
    pub fn label(self, label: Label) -> &'static str {
        match (self, label) {
            (Self::Korean, Label::Status) => "상태",
            (Self::Korean, Label::Duration) => "소요 시간",
            (Self::Korean, Label::StartedBy) => "시작한 주체",
            (Self::Korean, Label::StartedAt) => "시작 시각",
            (Self::Korean, Label::Progress) => "진행 단계",
            (Self::Korean, Label::Source(What::Commit)) => "커밋",
            (Self::Korean, Label::Source(What::Branch)) => "브랜치",
            (Self::Korean, Label::Source(What::Tag)) => "태그",
            (Self::Korean, Label::Source(What::PullRequest)) => "풀 리퀘스트",
            (Self::Korean, Label::Source(What::Source)) => "소스",
            (Self::English, Label::Status) => "Status",
            (Self::English, Label::Duration) => "Duration",
            (Self::English, Label::StartedBy) => "Started by",
            (Self::English, Label::StartedAt) => "Started at",
            (Self::English, Label::Progress) => "Progress",
            (Self::English, Label::Source(What::Commit)) => "Commit",
            (Self::English, Label::Source(What::Branch)) => "Branch",
            (Self::English, Label::Source(What::Tag)) => "Tag",
            (Self::English, Label::Source(What::PullRequest)) => "Pull request",
            (Self::English, Label::Source(What::Source)) => "Source",
        }
    }

    /// Before the phase that ended badly.
    pub fn failed_phase(self) -> &'static str {
        match self {
            Self::Korean => "실패한 단계",
            Self::English => "Failed in",
        }
    }

    /// A phase that has ended.
    pub fn completed(self, phase: &str, is_failed: bool) -> String {
        match (self, is_failed) {
            (Self::Korean, false) => format!("{phase} 완료"),
            (Self::Korean, true) => format!("{phase} 실패"),
            (Self::English, false) => format!("{phase} done"),
            (Self::English, true) => format!("{phase} failed"),
        }
    }

    /// Above the last lines of the log.
    pub fn last_lines(self, lines: usize) -> String {
        match (self, lines) {
            (Self::Korean, _) => format!("로그의 마지막 {lines}줄"),
            (Self::English, 1) => "The last line of the log".to_owned(),
            (Self::English, _) => format!("The last {lines} lines of the log"),
        }
    }

    /// A link to the log.
    pub fn logs(self) -> &'static str {
        match self {
            Self::Korean => "전체 로그",
            Self::English => "Logs",
        }
    }

    /// A link to the build's page.
    pub fn build(self, number: Option<u64>) -> String {
        match (self, number) {
            (Self::Korean, Some(number)) => format!("빌드 #{number}"),
            (Self::Korean, None) => "빌드".to_owned(),
            (Self::English, Some(number)) => format!("Build #{number}"),
            (Self::English, None) => "Build".to_owned(),
        }
    }

    /// How long something took: the two largest units.
    pub fn duration(self, seconds: u64) -> String {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        let (day, hour, minute, second) = match self {
            Self::Korean => ("일", "시간", "분", "초"),
            Self::English => (" d", " h", " min", " s"),
        };
        let parts = [
            (days, day),
            (hours, hour),
            (minutes, minute),
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

    /// What a sentence in a notification has between "failed" and a duration.
    pub fn after(self, duration: &str) -> String {
        match self {
            Self::Korean => format!("({duration})"),
            Self::English => format!("after {duration}"),
        }
    }
}

/// Of a status, in one character.
pub fn emoji(status: Status, verdict: Option<Verdict>) -> &'static str {
    match (status, verdict) {
        (Status::Succeeded, Some(Verdict::Fixed { .. })) => "🎉",
        (Status::InProgress, _) => "🔄",
        (Status::Succeeded, _) => "✅",
        (Status::Failed, _) => "❌",
        (Status::Stopped, _) => "🛑",
        (Status::Fault, _) => "💥",
        (Status::TimedOut, _) => "⌛",
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
        assert_eq!(Locale::Korean.duration(seconds), korean);
        assert_eq!(Locale::English.duration(seconds), english);
    }

    #[test]
    fn durations_are_said_in_their_two_largest_units() {
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
    fn english_counts_in_its_own_way() {
        let ordinals = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal);
        assert_eq!(
            ordinals,
            [
                "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"
            ]
        );
    }
}
