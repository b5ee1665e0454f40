//! A build or a batch of CodeBuild's API in the shape of an event, so that one parser reads and masks all of them.

use aws_sdk_codebuild::primitives::DateTime;
use aws_sdk_codebuild::types::{
    Build, BuildBatch, BuildBatchPhase, BuildGroup, BuildPhase, ExportedEnvironmentVariable, LogsLocation,
    PhaseContext, ProjectEnvironment,
};
use serde_json::{Value, json};

/// Returns the event of the build's current state.
pub(super) fn event(build: &Build) -> Value {
    let status = build.build_status().map(|status| status.as_str());
    let source = build.source();
    let exported = build.exported_environment_variables().iter();
    json!({
        "source": "aws.codebuild",
        "detail-type": "CodeBuild Build State Change",
        "time": seconds(build.end_time()),
        "detail": {
            "build-status": status,
            "project-name": build.project_name(),
            "build-id": build.arn().or(build.id()),
            "current-phase": build.current_phase(),
            "additional-information": {
                "initiator": build.initiator(),
                "build-number": build.build_number(),
                "build-start-time": seconds(build.start_time()),
                "source": {
                    "type": source.map(|source| source.r#type().as_str()),
                    "location": source.and_then(|source| source.location()),
                },
                "source-version": build.source_version(),
                "resolved-source-version": build.resolved_source_version(),
                "environment": {"environment-variables": variables(build.environment())},
                "exported-environment-variables": exported.map(exported_variable).collect::<Vec<_>>(),
                "logs": build.logs().map(logs),
                "phases": build.phases().iter().map(phase).collect::<Vec<_>>(),
                "report-arns": build.report_arns(),
                "build-batch-arn": build.build_batch_arn(),
            },
        },
    })
}

/// Returns the event of the batch's current state, which EventBridge does not have.
pub(super) fn batch_event(batch: &BuildBatch) -> Value {
    let status = batch.build_batch_status().map(|status| status.as_str());
    let source = batch.source();
    json!({
        "source": "aws.codebuild",
        "detail-type": "CodeBuild Build State Change",
        "time": seconds(batch.end_time()),
        "detail": {
            "build-status": status,
            "project-name": batch.project_name(),
            "build-id": batch.arn(),
            "current-phase": batch.current_phase(),
            "additional-information": {
                "initiator": batch.initiator(),
                "build-number": batch.build_batch_number(),
                "build-start-time": seconds(batch.start_time()),
                "source": {
                    "type": source.map(|source| source.r#type().as_str()),
                    "location": source.and_then(|source| source.location()),
                },
                "source-version": batch.source_version(),
                "resolved-source-version": batch.resolved_source_version(),
                "environment": {"environment-variables": variables(batch.environment())},
                "phases": batch.phases().iter().map(batch_phase).collect::<Vec<_>>(),
                "report-arns": batch.report_arns(),
                "build-groups": batch.build_groups().iter().map(group).collect::<Vec<_>>(),
            },
        },
    })
}

fn batch_phase(phase: &BuildBatchPhase) -> Value {
    json!({
        "phase-type": phase.phase_type().map(|kind| kind.as_str()),
        "phase-status": phase.phase_status().map(|status| status.as_str()),
        "start-time": seconds(phase.start_time()),
        "end-time": seconds(phase.end_time()),
        "duration-in-seconds": phase.duration_in_seconds(),
        "phase-context": phase.contexts().iter().map(context).collect::<Vec<_>>(),
    })
}

fn group(group: &BuildGroup) -> Value {
    let current = group.current_build_summary();
    let status = current.and_then(|current| current.build_status());
    json!({
        "identifier": group.identifier(),
        "status": status.map(|status| status.as_str()),
        "ignore-failure": group.ignore_failure(),
        "retries": group.prior_build_summary_list().len(),
        "build-id": current.and_then(|current| current.arn()),
    })
}

fn seconds(at: Option<&DateTime>) -> Option<f64> {
    at.map(DateTime::as_secs_f64)
}

fn variables(environment: Option<&ProjectEnvironment>) -> Vec<Value> {
    let variables = environment
        .into_iter()
        .flat_map(|environment| environment.environment_variables());
    variables
        .map(|variable| {
            let kind = variable.r#type().map(|kind| kind.as_str());
            json!({"name": variable.name(), "value": variable.value(), "type": kind})
        })
        .collect()
}

fn exported_variable(variable: &ExportedEnvironmentVariable) -> Value {
    json!({"name": variable.name(), "value": variable.value()})
}

fn logs(logs: &LogsLocation) -> Value {
    json!({
        "group-name": logs.group_name(),
        "stream-name": logs.stream_name(),
        "deep-link": logs.deep_link(),
        "s3-logs-arn": logs.s3_logs_arn(),
        "s3-deep-link": logs.s3_deep_link(),
    })
}

fn phase(phase: &BuildPhase) -> Value {
    json!({
        "phase-type": phase.phase_type().map(|kind| kind.as_str()),
        "phase-status": phase.phase_status().map(|status| status.as_str()),
        "start-time": seconds(phase.start_time()),
        "end-time": seconds(phase.end_time()),
        "duration-in-seconds": phase.duration_in_seconds(),
        "phase-context": phase.contexts().iter().map(context).collect::<Vec<_>>(),
    })
}

/// Writes a context as an event does: `COMMAND_EXECUTION_ERROR: Error while …`.
fn context(context: &PhaseContext) -> String {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    format!("{}: {}", text(context.status_code()), text(context.message()))
}
