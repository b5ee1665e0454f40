//! A build, as an event tells it.

use jiff::Timestamp;

use crate::mask::Mask;
use crate::phase::Phase;
use crate::rank::Rank;
use crate::source::Source;
use crate::status::Status;

/// A build at one moment. What the event does not say is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    /// The build's ARN, which names it among all builds.
    pub id: String,
    /// The project's name.
    pub project: String,
    /// How it stands.
    pub status: Status,
    /// The phase of which this event tells the end.
    pub completed_phase: Option<Phase>,
    /// Where it runs.
    pub region: String,
    /// Whose it is.
    pub account: String,
    /// When the event came about.
    pub event_time: Option<Timestamp>,
    /// Who started it, in CodeBuild's words.
    pub initiator: Option<String>,
    /// Counts up within the project.
    pub number: Option<u64>,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// When its last phase ended.
    pub ended: Option<Timestamp>,
    /// What is built.
    pub source: Option<Source>,
    /// What was pushed, where the project exports `CODEBUILD_WEBHOOK_HEAD_REF`.
    pub head_ref: Option<String>,
    /// Where it logs.
    pub logs: Option<Logs>,
    /// Those that were entered, in their order.
    pub phases: Vec<Phase>,
    /// What CodeBuild says about the phase in which it ended.
    pub context: Option<String>,
    /// Hides what the build had in its environment.
    pub mask: Mask,
}

/// Where a build logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// In CloudWatch, where it logs there.
    pub stream: Option<(String, String)>,
    /// The console's page that the event names.
    pub link: Option<String>,
}

impl Build {
    /// `project:uuid`, by which CodeBuild's API knows it.
    pub fn short_id(&self) -> &str {
        self.id.rsplit_once('/').map_or(&self.id, |(_, id)| id)
    }

    /// How far it is.
    pub fn rank(&self) -> Rank {
        Rank::of(
            self.status,
            self.completed_phase.as_ref().map(|phase| phase.name.as_str()),
        )
    }

    /// How long it took, once it has ended.
    pub fn seconds(&self) -> Option<u64> {
        if !self.status.is_final() {
            return None;
        }
        let ended = self.ended.or(self.event_time)?;
        u64::try_from(ended.as_second() - self.started?.as_second()).ok()
    }

    /// The phase that ended badly, the first of them: those after it only follow from it.
    pub fn failed_phase(&self) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.is_failed())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A build that has just begun, of which little is known.
    pub fn build() -> Build {
        Build {
            id: "arn:aws:codebuild:ap-northeast-2:123456789012:build/web:8745a7a9".to_owned(),
            project: "web".to_owned(),
            status: Status::InProgress,
            completed_phase: None,
            region: "ap-northeast-2".to_owned(),
            account: "123456789012".to_owned(),
            event_time: None,
            initiator: None,
            number: None,
            started: None,
            ended: None,
            source: None,
            head_ref: None,
            logs: None,
            phases: Vec::new(),
            context: None,
            mask: Mask::default(),
        }
    }

    #[test]
    fn has_a_short_id() {
        assert_eq!(build().short_id(), "web:8745a7a9");
        let short = Build {
            id: "web:1".to_owned(),
            ..build()
        };
        assert_eq!(short.short_id(), "web:1");
    }

    #[test]
    fn takes_as_long_as_from_its_start_to_the_end_of_its_last_phase() {
        let at = |text: &str| Some(text.parse().expect("a good instant"));
        let mut ended = Build {
            status: Status::Failed,
            started: at("2026-11-01T00:00:00Z"),
            event_time: at("2026-11-01T00:03:14Z"),
            ..build()
        };
        assert_eq!(ended.seconds(), Some(194));
        ended.ended = at("2026-11-01T00:03:12Z");
        assert_eq!(ended.seconds(), Some(192));
        ended.started = at("2026-11-01T01:00:00Z");
        assert_eq!(ended.seconds(), None, "a start after the end is no duration");
        assert_eq!(build().seconds(), None);
    }
}
