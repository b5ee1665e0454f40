//! Restoration of an owner's settings from logged or returned changes.

use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::setup::Setup;

const GROUP: &str = "API-Gateway-Execution-Logs_r1/prod";

/// Starts a control plane with a REST, an HTTP and a WebSocket stage of other settings.
async fn with_owners() -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "r1", "prod");
    aws.add_stage("HTTP", "h1", "dev");
    aws.add_stage("WEBSOCKET", "w1", "dev");
    let own = json!({
        "destinationArn": "arn:aws:logs:ap-northeast-2:123456789012:log-group:/owners/place",
        "format": "$context.requestId",
    });
    aws.set_stage("r1", "prod", "/accessLogSettings", own);
    let settings = json!({"loggingLevel": "ERROR", "dataTraceEnabled": true, "metricsEnabled": true});
    aws.set_stage("r1", "prod", "/methodSettings", json!({"*/*": settings}));
    aws.state(|state| {
        state.log_groups.insert("/owners/place".to_owned(), Some(7));
        state.log_groups.insert(GROUP.to_owned(), Some(365));
    });
    aws
}

fn settings(aws: &ControlPlane) -> Vec<Value> {
    let stages = [("r1", "prod"), ("h1", "dev"), ("w1", "dev")];
    let mut settings: Vec<Value> = stages.map(|(api, stage)| aws.stage(api, stage)).into();
    settings.push(json!(aws.log_group(GROUP)));
    settings
}

/// Returns the changes in the log, as an operator would copy them.
fn logged_changes(function: &Setup) -> Value {
    let lines = function.log();
    let changes = lines.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let change = line["fields"]["change"]
            .as_str()
            .or_else(|| line["change"].as_str())?;
        serde_json::from_str::<Value>(change).ok()
    });
    changes.collect()
}

#[tokio::test]
async fn puts_back_what_enforce_has_changed() {
    let aws = with_owners().await;
    let before = settings(&aws);
    let function = Setup::fast(&aws, &[("ENFORCE", "true"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]).await;
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_ne!(settings(&aws), before);
    let logged = logged_changes(&function);
    let returned: Vec<Value> = [&response["stages"], &response["log_groups"]]
        .into_iter()
        .flat_map(|list| list.as_array().unwrap().clone())
        .collect();
    for change in &returned {
        assert!(
            logged.as_array().unwrap().contains(change),
            "{change} is not in {logged}"
        );
    }
    let restored = function.invoke(&json!({"restore": logged})).await;
    assert_eq!(restored["stages"].as_array().unwrap().len(), 3);
    let after = settings(&aws);
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1].get("accessLogSettings"), None);
    assert_eq!(after[2].get("accessLogSettings"), None);
    assert_eq!(
        after[2]["defaultRouteSettings"],
        before[2]["defaultRouteSettings"]
    );
    assert_eq!(after[3], before[3]);
    let writes = aws.take_writes().len();
    assert!(writes > 0);
    function.invoke(&json!({"restore": returned})).await;
    assert_eq!(
        aws.take_writes(),
        [""; 0],
        "a second restoration finds nothing to do"
    );
}

#[tokio::test]
async fn leaves_what_somebody_has_changed_since() {
    let aws = with_owners().await;
    let function = Setup::fast(&aws, &[("ENFORCE", "true")]).await;
    let response = function.invoke(&json!({"sweep": true})).await;
    aws.set_stage("r1", "prod", "/methodSettings/*~1*/loggingLevel", json!("OFF"));
    let mut stage = aws.stage("r1", "prod");
    stage["methodSettings"]["*/*"]["loggingLevel"] = json!("OFF");
    aws.state(|state| {
        let stages = &mut state.apis.get_mut("r1").unwrap().stages;
        stages.insert("prod".to_owned(), stage);
        state.log_groups.insert(GROUP.to_owned(), Some(90));
    });
    let changes = [
        response["stages"][0].clone(),
        json!({"name": GROUP, "retention": {"from": 365, "to": 30}}),
    ];
    function.invoke(&json!({"restore": changes})).await;
    let stage = aws.stage("r1", "prod");
    assert_eq!(stage["methodSettings"]["*/*"]["loggingLevel"], "OFF");
    assert_eq!(stage["methodSettings"]["*/*"]["dataTraceEnabled"], true);
    assert_eq!(aws.log_group(GROUP), Some(Some(90)));
}

#[tokio::test]
async fn a_dry_run_restores_nothing_and_a_deleted_stage_is_skipped() {
    let aws = with_owners().await;
    let enforcing = Setup::fast(&aws, &[("ENFORCE", "true")]).await;
    let response = enforcing.invoke(&json!({"sweep": true})).await;
    aws.take_writes();
    let function = Setup::fast(&aws, &[("DRY_RUN", "true")]).await;
    let mut changes = response["stages"].as_array().unwrap().clone();
    changes.push(json!({"api_id": "gone", "api_type": "REST", "stage": "x", "setting": "metrics", "from": true, "to": false}));
    let restored = function.invoke(&json!({"restore": changes})).await;
    assert_eq!(aws.take_writes(), [""; 0]);
    assert_eq!(restored["stages"][3]["skipped"], "gone");
    assert!(
        function.log().contains("would change stage r1/prod"),
        "{}",
        function.log()
    );
}
