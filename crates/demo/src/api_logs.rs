//! A stage is made, and its API's logs are brought into order: `apigw-log-retention`.

use std::time::Instant;

use anyhow::Result;
use local_stack::{Emulator, Function, Moto, event, function_binary, moto::ACCOUNT};
use serde_json::{Value, json};

use super::{
    api::{Api, GONE_STAGE, NEW_STAGE, OWNED_DAYS, OWNED_FORMAT, OWNED_GROUP, OWNED_STAGE},
    record::{self, Entry},
    scene::Scene,
    screen::heading,
    show,
};

const FUNCTION: &str = "apigw-log-retention";
/// The function's default.
const DAYS: u32 = 30;

/// Sends the events, and shows them with the settings before and after, as moto tells them.
pub async fn play(moto: &Moto) -> Result<Scene> {
    let api = Api::make(moto).await?;
    let emulator = Emulator::start().await?;
    let function = Function::new(FUNCTION, function_binary(FUNCTION)?);
    emulator.deploy(function.variables(moto.environment()).variables(variables()));

    let sweep = event(FUNCTION, "sweep");
    let events = [
        ("A stage is made: CloudTrail tells it", stage_is_made(&api)?),
        (
            "The daily sweep, which finds an owner's stage and the log group of one that is gone",
            sweep.clone(),
        ),
        ("The next sweep, which finds everything in order", sweep),
    ];
    let mut entries = Vec::new();
    for (title, event) in events {
        heading(title);
        let before = api.state().await?;
        let began = Instant::now();
        let outcome = emulator.invoke(FUNCTION, &event).await?;
        let took = began.elapsed();
        let entry = Entry {
            event,
            result: record::result(Some(&outcome)),
            took,
            received: before.received(&api.state().await?),
        };
        show::entry(FUNCTION, &entry);
        entries.push(entry);
    }
    let check = ("API logs", logs_are_in_order(&entries, &api.id));
    emulator.shutdown().await;
    Ok(Scene {
        function: FUNCTION,
        entries,
        check,
    })
}

/// With which the function gives the account the role that API Gateway needs to write logs.
pub fn variables() -> [(String, String); 1] {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/api-gateway-logs");
    [("CLOUDWATCH_ROLE_ARN".to_owned(), role)]
}

/// CloudTrail's event for the stage that is there.
fn stage_is_made(api: &Api<'_>) -> Result<Value> {
    let mut event = event(FUNCTION, "rest-create-stage");
    let detail = &mut event["detail"];
    detail["requestParameters"]["restApiId"] = json!(api.id);
    for stage in ["/requestParameters/createStageInput", "/responseElements"] {
        if let Some(stage) = detail.pointer_mut(stage) {
            stage["stageName"] = json!(NEW_STAGE);
            stage["deploymentId"] = json!(api.deployment);
        }
    }
    Ok(event)
}

fn logs_are_in_order(entries: &[Entry], api_id: &str) -> Result<String, String> {
    let [made, swept, again] = entries else {
        return Err(format!("{} events were sent instead of three", entries.len()));
    };
    for entry in entries {
        if entry.result.get("error").is_some() {
            return Err(format!("it failed: {}", entry.result));
        }
    }
    let stages = |entry: &Entry, when: &str| entry.received["apigateway"][when]["stages"].clone();
    if stages(made, "before")[OWNED_STAGE] != stages(made, "after")[OWNED_STAGE] {
        return Err(format!(
            "the event for {NEW_STAGE} changed {OWNED_STAGE}: {}",
            made.received
        ));
    }
    let after = stages(swept, "after");
    for stage in [OWNED_STAGE, NEW_STAGE] {
        logs_fully(stage, &after[stage])?;
    }
    owner_was_left_alone(&after[OWNED_STAGE])?;
    every_group_has_an_end(&swept.received["logs"]["after"], api_id)?;
    nothing_changed(again)?;
    Ok(format!(
        "both stages log, their log groups keep {DAYS} days, an owner's own log is as it was; the second sweep \
         changed nothing"
    ))
}

/// Access and execution log, and no bodies in it.
fn logs_fully(stage: &str, settings: &Value) -> Result<(), String> {
    let is_complete = settings["access_log.destination"].is_string()
        && settings["access_log.format"].is_string()
        && settings["execution.level"] == "INFO"
        && settings["data_trace"] == false;
    match is_complete {
        true => Ok(()),
        false => Err(format!("the stage {stage} has {settings}")),
    }
}

fn owner_was_left_alone(settings: &Value) -> Result<(), String> {
    let destination = settings["access_log.destination"].as_str().unwrap_or_default();
    match destination.ends_with(&format!(":{OWNED_GROUP}")) && settings["access_log.format"] == OWNED_FORMAT {
        true => Ok(()),
        false => Err(format!("the owner's access log is now {settings}")),
    }
}

/// The function's retention, but for the owner's own.
fn every_group_has_an_end(groups: &Value, api_id: &str) -> Result<(), String> {
    let execution = |stage: &str| format!("API-Gateway-Execution-Logs_{api_id}/{stage}");
    let expected = [
        (format!("/aws/vendedlogs/apigateway/{api_id}/{NEW_STAGE}"), DAYS),
        (execution(NEW_STAGE), DAYS),
        (execution(OWNED_STAGE), DAYS),
        (execution(GONE_STAGE), DAYS),
        (OWNED_GROUP.to_owned(), OWNED_DAYS),
    ];
    let expected: Value = expected
        .into_iter()
        .map(|(name, days)| (name, json!(days)))
        .collect();
    match *groups == expected {
        true => Ok(()),
        false => Err(format!("the log groups are {groups}, expected {expected}")),
    }
}

/// Neither by the function's own account nor by moto's.
fn nothing_changed(again: &Entry) -> Result<(), String> {
    let is_left = |stage: &Value| stage["changes"] == json!([]) && stage["error"].is_null();
    let stages = again.result["stages"].as_array();
    let is_quiet = stages.is_some_and(|stages| stages.len() == 2 && stages.iter().all(is_left))
        && again.result["log_groups"] == json!([]);
    let is_same = ["apigateway", "logs"]
        .iter()
        .all(|side| again.received[side]["before"] == again.received[side]["after"]);
    match is_quiet && is_same {
        true => Ok(()),
        false => Err(format!("the second sweep changed something: {}", again.result)),
    }
}
