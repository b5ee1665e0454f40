//! The event: a change of state or phase of a CodeBuild build, as EventBridge delivers it.

pub(crate) mod batch;
pub(crate) mod build;
pub(crate) mod commit;
pub(crate) mod delivery;
pub(crate) mod initiator;
pub(crate) mod phase;
pub(crate) mod source;
pub(crate) mod status;
mod timestamp;

use jiff::Timestamp;
use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use self::build::{Build, Logs};
use self::initiator::Initiator;
use self::phase::Phase;
use self::source::Source;
use self::status::Status;
use crate::history::{setup, verdict};
use crate::mask::Mask;
use crate::message::log_tail;

const EXPECTED: &str = "expected EventBridge's event of source aws.codebuild, \"CodeBuild Build State Change\" or \
                        \"CodeBuild Build Phase Change\", directly, as a notification of CodeStar Notifications, inside \
                        SNS or SQS, from a pipe, or its detail alone; an input transformer must keep detail, so remove \
                        it or let it pass <$.detail>; without a rule for CodeBuild, add one";

/// Parses an event of CodeBuild. It reads the JSON itself: the public struct for this event requires fields that real
/// events lack.
///
/// # Errors
///
/// The event is of another source or type, or it lacks project, build id or status.
pub(crate) fn parse(event: &Value) -> Result<Build, InvalidEvent> {
    if event["source"] != "aws.codebuild" {
        return Err(InvalidEvent::new(EXPECTED));
    }
    let detail = &event["detail"];
    let more = &detail["additional-information"];
    let mask = mask(&more["environment"]["environment-variables"]);
    let (status, completed_phase) = match event["detail-type"].as_str() {
        Some("CodeBuild Build State Change") => (status(detail)?, None),
        // The end of the build itself arrives as a state change.
        Some("CodeBuild Build Phase Change") => (Status::InProgress, Some(completed_phase(detail, &mask)?)),
        _ => return Err(InvalidEvent::new(EXPECTED)),
    };
    let (phases, ended) = phases(&more["phases"], &mask);
    let exported = exported(&more["exported-environment-variables"]);
    let id = required(detail, "build-id")?;
    Ok(Build {
        id: id.clone(),
        project: required(detail, "project-name")?,
        batch_identifier: batch_identifier(&more["environment"]["environment-variables"], &mask),
        batch: text(more, "build-batch-arn"),
        members: batch::members(&more["build-groups"], &mask),
        status,
        completed_phase,
        region: text(event, "region")
            .or_else(|| arn_part(&id, 3))
            .unwrap_or_default(),
        // AWS's documentation shows account ids with a leading colon.
        account: text(event, "account")
            .or_else(|| arn_part(&id, 4))
            .unwrap_or_default()
            .trim_start_matches(':')
            .to_owned(),
        event_time: timestamp::parse(&event["time"]),
        initiator: text(more, "initiator").and_then(|text| Initiator::parse(&masked_name(&text, &mask))),
        number: timestamp::whole_number(&more["build-number"]),
        started: timestamp::parse(&more["build-start-time"]).or_else(|| first_start(&more["phases"])),
        ended,
        source: source(more, &mask),
        head_ref: head_ref(&exported),
        commit: text(more, "resolved-source-version"),
        reports: texts(&more["report-arns"]),
        author: commit::author(&exported, &mask),
        commit_message: commit::first_line(&exported, &mask),
        logs: logs(&more["logs"]),
        phases,
        context: listed_context(detail, "current-phase-context", &mask),
        mask,
    })
}

/// Returns a part of a build's ARN. An input transformer may have dropped region and account from the event itself.
fn arn_part(id: &str, index: usize) -> Option<String> {
    let part = id.split(':').nth(index).filter(|_| id.starts_with("arn:"))?;
    Some(part.to_owned())
}

fn status(detail: &Value) -> Result<Status, InvalidEvent> {
    Status::parse(&required(detail, "build-status")?)
        .map_err(|expected| InvalidEvent::new(format!("in detail.build-status, {expected}")))
}

fn completed_phase(detail: &Value, mask: &Mask) -> Result<Phase, InvalidEvent> {
    Ok(Phase {
        name: required(detail, "completed-phase")?,
        status: text(detail, "completed-phase-status"),
        seconds: timestamp::whole_number(&detail["completed-phase-duration-seconds"]),
        context: listed_context(detail, "completed-phase-context", mask),
    })
}

fn required(detail: &Value, name: &str) -> Result<String, InvalidEvent> {
    text(detail, name).ok_or_else(|| InvalidEvent::new(format!("expected text in detail.{name}")))
}

/// Returns a field's text, trimmed, unless it is empty. CodeBuild writes "null" for the names of a log that does not
/// exist yet.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = value[name].as_str()?.trim();
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

/// Extracts the message from a field with a list of contexts.
fn listed_context(detail: &Value, name: &str, mask: &Mask) -> Option<String> {
    phase::listed_context(&masked(&text(detail, name)?, mask))
}

/// Removes control codes and secrets from CodeBuild's message: it quotes a failed command with all its arguments.
fn masked(message: &str, mask: &Mask) -> String {
    let plain: Vec<String> = message.lines().map(log_tail::plain).collect();
    mask.apply(&plain.join("\n"))
}

/// Removes control codes and secrets from a name that users choose.
fn masked_name(name: &str, mask: &Mask) -> String {
    mask.apply_to_name(&log_tail::plain(name))
}

/// Reads the phases and the end of the last one.
fn phases(phases: &Value, mask: &Mask) -> (Vec<Phase>, Option<Timestamp>) {
    let phases = elements(phases);
    let ended = phases
        .iter()
        .filter_map(|phase| timestamp::parse(&phase["end-time"]))
        .max();
    let phases = phases.iter().filter_map(|phase| {
        let contexts = elements(&phase["phase-context"]).iter();
        let contexts = contexts.filter_map(|text| phase::context(&masked(text.as_str()?, mask)));
        let context = contexts.collect::<Vec<_>>().join("\n");
        Some(Phase {
            name: text(phase, "phase-type")?,
            status: text(phase, "phase-status"),
            seconds: timestamp::whole_number(&phase["duration-in-seconds"]),
            context: (!context.is_empty()).then_some(context),
        })
    });
    (phases.collect(), ended)
}

fn first_start(phases: &Value) -> Option<Timestamp> {
    let phases = elements(phases).iter();
    phases
        .filter_map(|phase| timestamp::parse(&phase["start-time"]))
        .min()
}

/// Reads the source. Version and location are masked: users start builds of any version, and an address may contain
/// credentials.
fn source(more: &Value, mask: &Mask) -> Option<Source> {
    let source = &more["source"];
    let version = text(more, "source-version").or_else(|| text(source, "source-version"));
    let kind = text(source, "type");
    (kind.is_some() || version.is_some()).then(|| Source {
        kind: kind.unwrap_or_default(),
        location: text(source, "location").map(|location| masked_name(&location, mask)),
        version: version.map(|version| masked_name(&version, mask)),
    })
}

fn batch_identifier(variables: &Value, mask: &Mask) -> Option<String> {
    let mut variables = elements(variables).iter();
    let identifier = variables.find(|variable| variable["name"] == setup::BATCH_IDENTIFIER)?;
    text(identifier, "value").map(|identifier| masked_name(&identifier, mask))
}

/// Returns the names and values of exported variables.
fn exported(variables: &Value) -> Vec<(&str, &str)> {
    let variables = elements(variables).iter();
    variables
        .filter_map(|variable| Some((variable["name"].as_str()?, variable["value"].as_str()?)))
        .collect()
}

fn head_ref(exported: &[(&str, &str)]) -> Option<String> {
    let (_, head_ref) = exported.iter().find(|(name, _)| *name == verdict::HEAD_REF)?;
    let head_ref = head_ref.trim();
    (!head_ref.is_empty() && head_ref != "null").then(|| head_ref.to_owned())
}

fn logs(logs: &Value) -> Option<Logs> {
    let stream = text(logs, "group-name").zip(text(logs, "stream-name"));
    let link = |name| text(logs, name).filter(|link| link.starts_with("https://"));
    let logs = Logs {
        stream,
        link: link("deep-link").filter(|link| !link.contains("group=null")),
        object: text(logs, "s3-logs-arn").and_then(|arn| s3_object(&arn)),
        object_link: link("s3-deep-link"),
    };
    (logs != Logs::default()).then_some(logs)
}

/// Splits the ARN of an object, `arn:aws:s3:::bucket/key`, into bucket and key.
fn s3_object(arn: &str) -> Option<(String, String)> {
    let (bucket, key) = arn.split_once(":s3:::")?.1.split_once('/')?;
    Some((bucket.to_owned(), key.to_owned()))
}

/// Creates the mask of the environment. The value of a variable from Parameter Store or Secrets Manager is the name of a
/// parameter or a secret.
fn mask(variables: &Value) -> Mask {
    Mask::new(elements(variables).iter().filter_map(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        let value = variable["value"].as_str()?;
        let is_reference = matches!(
            variable["type"].as_str(),
            Some("PARAMETER_STORE" | "SECRETS_MANAGER")
        );
        (!is_reference || !Mask::is_name(value)).then_some((name, value))
    }))
}

fn texts(list: &Value) -> Vec<String> {
    let texts = elements(list).iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn elements(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture(case: &str) -> Build {
        parse(&local_stack::event("codebuild-slack", case)).expect("a good event")
    }

    #[test]
    fn accepts_the_oldest_form_without_additional_information() {
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
    fn reads_where_a_build_failed() {
        let build = fixture("failed");
        assert_eq!(build.status, Status::Failed);
        let phase = build.failed_phase().expect("a failed phase");
        assert_eq!((phase.name.as_str(), phase.seconds), ("BUILD", Some(63)));
        assert!(
            phase
                .context
                .as_deref()
                .expect("a context")
                .contains("exit status 101")
        );
        assert_eq!(build.number, Some(128), "the event has 128.0");
        assert_eq!(build.seconds(), Some(134));
    }

    #[test]
    fn a_phase_change_reports_the_end_of_a_phase() {
        let build = fixture("phase-change");
        let phase = build.completed_phase.as_ref().expect("a completed phase");
        assert_eq!(
            (phase.name.as_str(), phase.status.as_deref()),
            ("INSTALL", Some("SUCCEEDED"))
        );
        assert_eq!((build.status, build.seconds()), (Status::InProgress, None));
    }

    #[test]
    fn a_log_that_does_not_exist_yet_has_no_link() {
        assert_eq!(fixture("in-progress").logs, None);
    }

    #[test]
    fn debug_output_hides_values_of_the_environment() {
        let build = fixture("with-environment-values");
        let shown = format!("{build:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("correct horse"),
            "{shown}"
        );
        assert_eq!(build.mask.apply("say correct horse battery staple"), "say ***");
    }

    /// Returns CodeBuild's message about a failed build with one variable.
    fn context(variable: &Value, message: &str) -> String {
        let event = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "FAILED", "build-id": "a:1", "project-name": "a",
                "current-phase-context": format!("[: {message}]"),
                "additional-information": {"environment": {"environment-variables": [variable]}}}});
        parse(&event).expect("a good event").context.expect("a context")
    }

    #[test]
    fn names_of_parameters_and_secrets_are_shown() {
        let denied = "not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:ap-northeast-2:123456789012:\
                      parameter/CodeBuild/DB_PASSWORD";
        let variable =
            json!({"name": "DB_PASSWORD", "type": "PARAMETER_STORE", "value": "/CodeBuild/DB_PASSWORD"});
        assert!(context(&variable, denied).ends_with("parameter/CodeBuild/DB_PASSWORD"));
        let denied = "not authorized to perform: secretsmanager:GetSecretValue on resource: prod/db-AbCdEf";
        let variable =
            json!({"name": "DB_PASSWORD", "type": "SECRETS_MANAGER", "value": "prod/db-AbCdEf:password"});
        assert!(
            context(&variable, denied).ends_with("secretsmanager:GetSecretValue on resource: prod/db-AbCdEf")
        );
    }

    #[test]
    fn a_secret_in_the_place_of_a_name_is_hidden() {
        for value in [
            "hunter2!x",
            "Zx81Qm4vTr99Lp20Kd55",
            "ghp_0123456789abcdefABCDEF0123456789abcdef",
        ] {
            let variable = json!({"name": "DB_PASSWORD", "type": "PARAMETER_STORE", "value": value});
            let context = context(&variable, &format!("parameter does not exist: {value}"));
            assert!(context.ends_with("parameter does not exist: ***"), "{context}");
        }
    }

    #[test]
    fn masks_secrets_of_the_environment_in_names() {
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
        assert_eq!(
            build.initiator,
            Some(Initiator::Identity("bot/hunter2".to_owned()))
        );
    }

    #[test]
    fn rejects_other_events_with_a_message_about_the_expected_one() {
        let secret = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "hunter2", "project-name": "a", "build-id": "b"}});
        let without_project = json!({"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change",
            "detail": {"build-status": "FAILED", "build-id": "b"}});
        for (event, message) in [
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
            (secret, "in detail.build-status, expected one of IN_PROGRESS"),
            (without_project, "expected text in detail.project-name"),
        ] {
            let error = parse(&event).expect_err("a bad event").to_string();
            assert!(error.contains(message) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn ignores_malformed_optional_fields() {
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
