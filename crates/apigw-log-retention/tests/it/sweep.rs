//! Sweeps over the whole Region, and over log groups that outlive their stages.

use std::time::Duration;

use local_stack::Function;
use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::setup::{NAME, PATIENCE, Setup, fast_sweep};

#[tokio::test]
async fn sets_up_stages_of_every_api_type_and_writes_nothing_the_second_time() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    aws.add_stage("HTTP", "b1", "$default");
    aws.add_stage("WEBSOCKET", "c1", "dev");
    let function = Setup::fast(&aws, &[]).await;
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        response["counts"],
        json!({"found": 3, "changed": 3, "left": 0, "skipped": 0, "failed": 0})
    );
    let api_types: Vec<&Value> = response["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| &stage["api_type"])
        .collect();
    assert_eq!(api_types, ["REST", "HTTP", "WEBSOCKET"]);
    assert_eq!(response["log_groups"].as_array().unwrap().len(), 5);
    aws.take_writes();
    let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    let again = function.invoke(&scheduled).await;
    assert_eq!(
        again["counts"],
        json!({"found": 3, "changed": 0, "left": 3, "skipped": 0, "failed": 0})
    );
    assert_eq!(again["log_groups"], json!([]));
    assert_eq!(aws.take_writes(), [""; 0], "a second run writes nothing");
    assert_eq!(function.metric("StagesFound"), [3.0, 3.0]);
    assert_eq!(
        (function.metric("StagesChanged"), function.metric("StagesLeft")),
        (vec![3.0, 0.0], vec![0.0, 3.0])
    );
    assert_eq!(
        function.metric("SweepUnfinished"),
        [0.0, 0.0],
        "each sweep has finished"
    );
}

#[tokio::test]
async fn orphaned_log_groups_get_a_retention_and_foreign_ones_stay() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    let orphaned = [
        "API-Gateway-Execution-Logs_a1/old",
        "API-Gateway-Execution-Logs_z9/prod",
        "/aws/apigateway/z8/dev",
        "/aws/vendedlogs/apigateway/z7/default",
    ];
    let foreign = [
        "/aws/apigateway/welcome",
        "/aws/lambda/z9/prod",
        "/aws/vendedlogs/apigateway/z7/a/b",
    ];
    let with_retention = "API-Gateway-Execution-Logs_z9/kept";
    aws.state(|state| {
        for name in orphaned.into_iter().chain(foreign) {
            state.log_groups.insert(name.to_owned(), None);
        }
        state.log_groups.insert(with_retention.to_owned(), Some(3653));
    });
    let rules = r#"[{"stage":"$default","days":3},{"stage":"old","api":"a1-name","days":5}]"#;
    let function = Setup::fast(&aws, &[("RETENTION_RULES", rules)]).await;
    function.invoke(&json!({"sweep": true})).await;
    let retentions = orphaned.map(|name| aws.log_group(name).unwrap());
    assert_eq!(retentions, [Some(5), Some(30), Some(30), Some(3)]);
    assert_eq!(aws.log_group(with_retention), Some(Some(3653)));
    assert!(foreign.iter().all(|name| aws.log_group(name) == Some(None)));
    aws.take_writes();
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), [""; 0]);
}

/// Leaves an invocation time for about two stages: 3 s for requests, and a second to invoke the next one, which a busy
/// machine may need.
fn short_of_time(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(4),
        ..fast_sweep(function).variable("SWEEP_INTERVAL_MS", "170")
    }
}

#[tokio::test]
async fn another_invocation_continues_a_sweep_that_runs_out_of_time() {
    let aws = ControlPlane::start().await.unwrap();
    for api in ["a1", "a2", "a3"] {
        aws.add_stage("HTTP", api, "dev");
        aws.add_stage("HTTP", api, "prod");
    }
    let function = Setup::with(&aws.endpoint(), &[], short_of_time).await;
    function
        .emulator
        .invoke_event(NAME, &json!({"sweep": true}))
        .unwrap();
    function.emulator.wait_until_idle(PATIENCE).await.unwrap();
    let parts = function.emulator.invocations_of(NAME);
    assert!(parts.len() >= 3, "{} invocations", parts.len());
    let responses: Vec<Value> = parts
        .iter()
        .map(|part| part.outcome.clone().unwrap().into_response().unwrap())
        .collect();
    for (hop, part) in parts.iter().enumerate().skip(1) {
        let cursor = part.payload["cursor"].as_object().unwrap();
        assert_eq!(
            (&part.payload["hop"], cursor.len()),
            (&json!(hop), 3),
            "{}",
            part.payload
        );
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let done: Vec<String> = responses
        .iter()
        .flat_map(|response| response["stages"].as_array().unwrap())
        .map(|stage| format!("{}/{}", text(&stage["api_id"]), text(&stage["stage"])))
        .collect();
    assert_eq!(
        done,
        ["a1/dev", "a1/prod", "a2/dev", "a2/prod", "a3/dev", "a3/prod"],
        "each once"
    );
    assert_eq!(
        function.metric("SweepUnfinished"),
        [0.0],
        "only the last part has finished"
    );
    let (last, earlier) = responses.split_last().unwrap();
    assert!(earlier.iter().all(|response| response["continued"] == true));
    assert_ne!(last["continued"], true);
    let writes = aws.take_writes().into_iter();
    assert_eq!(writes.filter(|write| write.starts_with("PATCH")).count(), 6);
}

#[tokio::test]
async fn stops_after_ten_hops_and_reports_it() {
    let aws = ControlPlane::start().await.unwrap();
    for stage in 0..8 {
        aws.add_stage("HTTP", "a1", &format!("s{stage}"));
    }
    let function = Setup::with(&aws.endpoint(), &[], short_of_time).await;
    let last = json!({"sweep": true, "hop": 10, "cursor": {"phase": "rest", "api_id": "", "stage": ""}});
    let response = function.invoke(&last).await;
    assert_eq!(response["continued"], false);
    assert_eq!(function.metric("SweepUnfinished"), [1.0]);
    assert_eq!(function.emulator.invocations_of(NAME).len(), 1);
}
