//! `apigw-log-retention`: logging of API Gateway stages is switched on, and log groups get a retention.

use anyhow::{Result, bail, ensure};
use local_stack::moto::ACCOUNT;
use local_stack::{Moto, event};
use serde_json::{Value, json};

use super::rest_api::{
    CONFIGURED_DAYS, CONFIGURED_FORMAT, CONFIGURED_GROUP, CONFIGURED_STAGE, DELETED_STAGE, NEW_STAGE,
    RestApi, effects, received,
};
use super::{FunctionDemo, deploy};
use crate::invocation_record::InvocationRecord;
use crate::month::checks::CheckResult;
use crate::output::heading;

pub(crate) const FUNCTION: &str = "apigw-log-retention";
/// The function's default retention, in days.
const DAYS: u32 = 30;

pub(crate) async fn run(moto: &Moto) -> Result<FunctionDemo> {
    let api = RestApi::create(moto).await?;
    let emulator = deploy(FUNCTION, moto.environment().into_iter().chain(variables())).await?;
    let sweep = event(FUNCTION, "sweep");
    let events = [
        (
            "A stage was created: CloudTrail reports the call",
            create_stage(&api),
        ),
        (
            "Daily sweep: a stage with an access log of its own, and an orphaned log group of a deleted stage",
            sweep.clone(),
        ),
        ("The next sweep: nothing is left to change", sweep),
    ];
    let mut records = Vec::new();
    for (title, event) in events {
        heading(title);
        let before = api.settings().await?;
        let mut record = InvocationRecord::invoke(&emulator, FUNCTION, event).await?;
        let after = api.settings().await?;
        record.received = received(&before, &after);
        record.effects = effects(&before, &after);
        record.print();
        records.push(record);
    }
    emulator.shutdown().await;
    Ok(FunctionDemo {
        function: FUNCTION,
        check: logging_is_complete(&records, &api.id),
        records,
    })
}

/// The function's variable: the role that lets API Gateway write logs.
pub(crate) fn variables() -> [(String, String); 1] {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/api-gateway-logs");
    [("CLOUDWATCH_ROLE_ARN".to_owned(), role)]
}

/// CloudTrail's event for the new stage of the API in moto.
fn create_stage(api: &RestApi<'_>) -> Value {
    let mut event = event(FUNCTION, "rest-create-stage");
    let detail = &mut event["detail"];
    detail["requestParameters"]["restApiId"] = json!(api.id);
    for stage in ["/requestParameters/createStageInput", "/responseElements"] {
        if let Some(stage) = detail.pointer_mut(stage) {
            stage["stageName"] = json!(NEW_STAGE);
            stage["deploymentId"] = json!(api.deployment);
        }
    }
    event
}

fn logging_is_complete(records: &[InvocationRecord], api_id: &str) -> CheckResult {
    let [created, first_sweep, second_sweep] = records else {
        bail!("{} events were sent instead of three", records.len());
    };
    for record in records {
        ensure!(
            record.result.get("error").is_none(),
            "an invocation failed: {}",
            record.result
        );
    }
    let stages =
        |record: &InvocationRecord, when: &str| record.received["apigateway"][when]["stages"].clone();
    ensure!(
        stages(created, "before")[CONFIGURED_STAGE] == stages(created, "after")[CONFIGURED_STAGE],
        "the event for {NEW_STAGE} changed {CONFIGURED_STAGE}: {}",
        created.received
    );
    let after = stages(first_sweep, "after");
    for stage in [CONFIGURED_STAGE, NEW_STAGE] {
        stage_logs(stage, &after[stage])?;
    }
    configured_log_is_unchanged(&after[CONFIGURED_STAGE])?;
    every_group_has_a_retention(&first_sweep.received["logs"]["after"], api_id)?;
    nothing_changed(second_sweep)?;
    Ok(format!(
        "both stages log, their log groups keep {DAYS} days, the configured access log is unchanged; the second sweep \
         changed nothing"
    ))
}

/// Checks that a stage has an access log, and an execution log without request bodies.
fn stage_logs(stage: &str, settings: &Value) -> Result<()> {
    let is_complete = settings["access_log.destination"].is_string()
        && settings["access_log.format"].is_string()
        && settings["execution.level"] == "INFO"
        && settings["data_trace"] == false;
    ensure!(is_complete, "the stage {stage} has the settings {settings}");
    Ok(())
}

fn configured_log_is_unchanged(settings: &Value) -> Result<()> {
    let destination = settings["access_log.destination"].as_str().unwrap_or_default();
    let is_unchanged = destination.ends_with(&format!(":{CONFIGURED_GROUP}"))
        && settings["access_log.format"] == CONFIGURED_FORMAT;
    ensure!(
        is_unchanged,
        "the configured access log was changed to {settings}"
    );
    Ok(())
}

/// Checks that every log group has the function's retention, except the configured one, which keeps its own.
fn every_group_has_a_retention(groups: &Value, api_id: &str) -> Result<()> {
    let execution = |stage: &str| format!("API-Gateway-Execution-Logs_{api_id}/{stage}");
    let expected = json!({
        format!("/aws/vendedlogs/apigateway/{api_id}/{NEW_STAGE}"): DAYS,
        execution(NEW_STAGE): DAYS,
        execution(CONFIGURED_STAGE): DAYS,
        execution(DELETED_STAGE): DAYS,
        CONFIGURED_GROUP: CONFIGURED_DAYS,
    });
    ensure!(
        *groups == expected,
        "the log groups are {groups}, expected {expected}"
    );
    Ok(())
}

/// Checks both the response and the settings in moto.
fn nothing_changed(sweep: &InvocationRecord) -> Result<()> {
    let is_unchanged = |stage: &Value| stage["changes"] == json!([]) && stage["error"].is_null();
    let stages = sweep.result["stages"].as_array();
    let response_is_empty = stages.is_some_and(|stages| stages.len() == 2 && stages.iter().all(is_unchanged))
        && sweep.result["log_groups"] == json!([]);
    let settings_are_equal = ["apigateway", "logs"]
        .iter()
        .all(|side| sweep.received[side]["before"] == sweep.received[side]["after"]);
    ensure!(
        response_is_empty && settings_are_equal,
        "the second sweep changed something: {}",
        sweep.result
    );
    Ok(())
}
