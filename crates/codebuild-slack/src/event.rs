//! What wakes the function.

use jiff::Timestamp;
use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use crate::build::{Build, Logs};
use crate::log_tail;
use crate::mask::Mask;
use crate::moment;
use crate::phase::{self, Phase};
use crate::source::Source;
use crate::status::Status;
use crate::verdict;

const EXPECTED: &str = "expected EventBridge's event of source aws.codebuild, \"CodeBuild Build State Change\" or \
                        \"CodeBuild Build Phase Change\"";

/// Understands an event of CodeBuild. The JSON decides: the public struct of this event wants fields that real
/// events lack.
///
/// # Errors
/// [`InvalidEvent`] where it is another event, or lacks project, build or status.
pub fn parse(event: &Value) -> Result<Build, InvalidEvent> {
    if event["source"] != "aws.codebuild" {
        return Err(InvalidEvent::new(EXPECTED));
    }
    let detail = &event["detail"];
    let more = &detail["additional-information"];
    let mask = mask(&more["environment"]["environment-variables"]);
    let (status, completed_phase) = match event["detail-type"].as_str() {
        Some("CodeBuild Build State Change") => (status(detail)?, None),
        // It tells of a phase; how the build itself ends comes as a change of its state.
        Some("CodeBuild Build Phase Change") => (Status::InProgress, Some(completed_phase(detail, &mask)?)),
        _ => return Err(InvalidEvent::new(EXPECTED)),
    };
    let (phases, ended) = phases(&more["phases"], &mask);
    Ok(Build {
        id: required(detail, "build-id")?,
        project: required(detail, "project-name")?,
        status,
        completed_phase,
        region: text(event, "region").unwrap_or_default(),
        // AWS's documentation shows it with a colon in front.
        account: text(event, "account")
            .unwrap_or_default()
            .trim_start_matches(':')
            .to_owned(),
        event_time: moment::parse(&event["time"]),
        initiator: text(more, "initiator").map(|words| name(&words, &mask)),
        number: moment::seconds(&more["build-number"]),
        started: moment::parse(&more["build-start-time"]).or_else(|| first_start(&more["phases"])),
        ended,
        source: source(more, &mask),
        head_ref: head_ref(&more["exported-environment-variables"]),
        logs: logs(&more["logs"]),
        phases,
        context: text(detail, "current-phase-context").and_then(|said| context(&said, &mask)),
        mask,
    })
}

fn status(detail: &Value) -> Result<Status, InvalidEvent> {
    Status::parse(&required(detail, "build-status")?)
        .map_err(|expected| InvalidEvent::new(format!("in detail.build-status, {expected}")))
}

fn completed_phase(detail: &Value, mask: &Mask) -> Result<Phase, InvalidEvent> {
    Ok(Phase {
        name: required(detail, "completed-phase")?,
        status: text(detail, "completed-phase-status"),
        seconds: moment::seconds(&detail["completed-phase-duration-seconds"]),
        context: text(detail, "completed-phase-context").and_then(|said| context(&said, mask)),
    })
}

fn required(detail: &Value, name: &str) -> Result<String, InvalidEvent> {
    text(detail, name).ok_or_else(|| InvalidEvent::new(format!("expected a text in detail.{name}")))
}

/// A text that says something.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = value[name].as_str()?.trim();
    // The log's names, before there is a log.
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// Masked and without colours from the first moment: a command that failed is quoted with all its arguments.
fn context(said: &str, mask: &Mask) -> Option<String> {
    let plain: Vec<String> = said.lines().map(log_tail::plain).collect();
    phase::context(&mask.apply(&plain.join("\n")))
}

/// A name that people choose, without control codes and without what is, or looks like, a secret.
fn name(words: &str, mask: &Mask) -> String {
    mask.apply_to_name(&log_tail::plain(words))
}

fn phases(phases: &Value, mask: &Mask) -> (Vec<Phase>, Option<Timestamp>) {
    let phases = phases.as_array().map(Vec::as_slice).unwrap_or_default();
    let ended = phases
        .iter()
        .filter_map(|phase| moment::parse(&phase["end-time"]))
        .max();
    let phases = phases.iter().filter_map(|phase| {
        let contexts = phase["phase-context"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let contexts = contexts.iter().filter_map(|said| context(said.as_str()?, mask));
        let context = contexts.collect::<Vec<_>>().join("\n");
        Some(Phase {
            name: text(phase, "phase-type")?,
            status: text(phase, "phase-status"),
            seconds: moment::seconds(&phase["duration-in-seconds"]),
            context: (!context.is_empty()).then_some(context),
        })
    });
    (phases.collect(), ended)
}

fn first_start(phases: &Value) -> Option<Timestamp> {
    let phases = phases.as_array()?.iter();
    phases
        .filter_map(|phase| moment::parse(&phase["start-time"]))
        .min()
}

/// Whoever starts a build may name any version, and an address may hold credentials.
fn source(more: &Value, mask: &Mask) -> Option<Source> {
    let source = &more["source"];
    let version = text(more, "source-version").or_else(|| text(source, "source-version"));
    let kind = text(source, "type");
    (kind.is_some() || version.is_some()).then(|| Source {
        kind: kind.unwrap_or_default(),
        location: text(source, "location").map(|location| name(&location, mask)),
        version: version.map(|version| name(&version, mask)),
    })
}

fn head_ref(exported: &Value) -> Option<String> {
    let mut exported = exported.as_array()?.iter();
    let head_ref = exported.find(|variable| variable["name"] == verdict::HEAD_REF)?;
    text(head_ref, "value")
}

fn logs(logs: &Value) -> Option<Logs> {
    let stream = text(logs, "group-name").zip(text(logs, "stream-name"));
    let link =
        text(logs, "deep-link").filter(|link| link.starts_with("https://") && !link.contains("group=null"));
    (stream.is_some() || link.is_some()).then_some(Logs { stream, link })
}

fn mask(variables: &Value) -> Mask {
    let variables = variables.as_array().map(Vec::as_slice).unwrap_or_default();
    Mask::new(variables.iter().filter_map(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        Some((name, variable["value"].as_str()?))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(case: &str) -> Build {
        let path = format!(
            "{}/../../events/codebuild-slack/{case}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        parse(&serde_json::from_str(&text).expect("a fixture is JSON")).expect("a good event")
    }

    #[test]
    fn the_classic_sample_lacks_additional_information() {
        let build = fixture("without-additional-information");
        assert_eq!(
            (build.project.as_str(), build.status),
            ("my-sample-project", Status::Succeeded)
        );
        assert_eq!(
            build.short_id(),
            "my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX"
        );
        assert_eq!(build.account, "123456789012");
        assert_eq!(
            (build.started, build.number, build.source, build.logs),
            (None, None, None, None)
        );
    }

    #[test]
    fn a_failed_build_says_where_it_failed() {
        let build = fixture("failed");
        assert_eq!(build.status, Status::Failed);
        let phase = build.failed_phase().expect("a phase failed");
        assert_eq!((phase.name.as_str(), phase.seconds), ("BUILD", Some(63)));
        assert!(
            phase
                .context
                .as_deref()
                .expect("it says why")
                .contains("exit status 101")
        );
        assert_eq!(build.number, Some(128), "it comes as 128.0");
        assert_eq!(build.seconds(), Some(134));
    }

    #[test]
    fn a_change_of_phase_tells_its_end() {
        let build = fixture("phase-change");
        let phase = build.completed_phase.as_ref().expect("a phase has ended");
        assert_eq!(
            (phase.name.as_str(), phase.status.as_deref()),
            ("INSTALL", Some("SUCCEEDED"))
        );
        assert_eq!((build.status, build.seconds()), (Status::InProgress, None));
    }

    #[test]
    fn a_log_that_is_not_there_yet_has_no_link() {
        assert_eq!(fixture("in-progress").logs, None);
    }

    #[test]
    fn values_of_the_environment_are_shown_by_nothing() {
        let build = fixture("with-environment-values");
        let shown = format!("{build:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("correct horse"),
            "{shown}"
        );
        assert_eq!(build.mask.apply("say correct horse battery staple"), "say ***");
    }

    #[test]
    fn a_secret_of_the_environment_stands_in_no_name() {
        let mut event = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "FAULT", "build-id": "a:1", "project-name": "a", "additional-information": {
                "initiator": "bot/hunter2", "source-version": "hunter2",
                "source": {"type": "GITHUB", "location": "https://example.com/hunter2/web"},
                "environment": {"environment-variables": [{"name": "DEPLOY_TOKEN", "value": "hunter2"}]}}}});
        let shown = format!("{:?}", parse(&event).expect("a good event"));
        assert!(!shown.contains("hunter2"), "{shown}");
        event["detail"]["additional-information"]["environment"]["environment-variables"][0]["name"] =
            json!("BRANCH");
        let build = parse(&event).expect("a good event");
        assert_eq!(build.initiator.as_deref(), Some("bot/hunter2"));
    }

    #[test]
    fn refuses_what_it_does_not_understand_and_says_what_it_expects() {
        let secret = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "hunter2", "project-name": "a", "build-id": "b"}});
        let without_project = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "FAILED", "build-id": "b"}});
        for (event, words) in [
            (json!(null), "expected EventBridge's event"),
            (json!({"Records": []}), "expected EventBridge's event"),
            (
                json!({"source": "aws.s3", "detail": {}}),
                "expected EventBridge's event",
            ),
            (
                json!({"source": "aws.codebuild", "detail-type": "x"}),
                "expected EventBridge's event",
            ),
            (
                secret,
                "in detail.build-status, expected statuses among IN_PROGRESS",
            ),
            (without_project, "expected a text in detail.project-name"),
        ] {
            let error = parse(&event).expect_err("a bad event").to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_malformed_at_the_edge_does_not_spoil_the_rest() {
        let build = parse(
            &json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "FAULT", "build-id": "a:1", "project-name": "a",
                "additional-information": {"build-number": "x", "build-start-time": [], "source": "S3", "logs": null,
                    "phases": [null, {"phase-type": 3}, {"phase-type": "BUILD", "phase-status": "FAULT"}],
                    "environment": {"environment-variables": [{"name": 1}, {"value": {}}]}}}}),
        );
        let build = build.expect("the rest is good");
        assert_eq!(build.phases.len(), 1);
        assert_eq!((build.number, build.started, build.source), (None, None, None));
    }
}
