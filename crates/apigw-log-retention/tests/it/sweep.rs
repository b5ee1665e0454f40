//! Everything in the Region, and what is left of what is gone.

use local_stack::Function;
use serde_json::{Value, json};
use std::time::Duration;

use crate::control_plane::ControlPlane;
use crate::surroundings::{Deployed, NAME, PATIENCE};

#[tokio::test]
async fn brings_all_kinds_of_apis_into_order_and_then_writes_nothing_more() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1", "prod");
    aws.add_stage("HTTP", "b1", "$default");
    aws.add_stage("WEBSOCKET", "c1", "dev");
    let function = Deployed::at(&aws, &[]).await;
    let answer = function.answer(&json!({"sweep": true})).await;
    assert_eq!(
        answer["counts"],
        json!({"found": 3, "changed": 3, "left": 0, "skipped": 0, "failed": 0})
    );
    let kinds: Vec<&Value> = answer["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| &stage["api_type"])
        .collect();
    assert_eq!(kinds, ["REST", "HTTP", "WEBSOCKET"]);
    assert_eq!(answer["log_groups"].as_array().unwrap().len(), 5);
    aws.take_writes();
    let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    let again = function.answer(&scheduled).await;
    assert_eq!(
        again["counts"],
        json!({"found": 3, "changed": 0, "left": 3, "skipped": 0, "failed": 0})
    );
    assert_eq!(again["log_groups"], json!([]));
    assert_eq!(aws.take_writes(), [""; 0], "a second time, nothing is written");
    assert_eq!(function.metric("StagesFound"), [3.0, 3.0]);
    assert_eq!(
        (function.metric("StagesChanged"), function.metric("StagesLeft")),
        (vec![3.0, 0.0], vec![0.0, 3.0])
    );
}

#[tokio::test]
async fn groups_of_stages_that_are_gone_get_an_end_and_others_stay() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1", "prod");
    let gone = [
        "API-Gateway-Execution-Logs_a1/old",
        "API-Gateway-Execution-Logs_z9/prod",
        "/aws/apigateway/z8/dev",
        "/aws/vendedlogs/apigateway/z7/default",
    ];
    let others = [
        "/aws/apigateway/welcome",
        "/aws/lambda/z9/prod",
        "/aws/vendedlogs/apigateway/z7/a/b",
    ];
    aws.state(|state| {
        for name in gone.into_iter().chain(others) {
            state.groups.insert(name.to_owned(), None);
        }
        state
            .groups
            .insert("API-Gateway-Execution-Logs_z9/kept".to_owned(), Some(3653));
    });
    let rules = r#"[{"stage":"$default","days":3},{"stage":"old","api":"a1-name","days":5}]"#;
    let function = Deployed::at(&aws, &[("RETENTION_RULES", rules)]).await;
    function.answer(&json!({"sweep": true})).await;
    let ends: Vec<Option<u64>> = gone.iter().map(|name| aws.group(name).unwrap()).collect();
    assert_eq!(ends, [Some(5), Some(30), Some(30), Some(3)]);
    assert_eq!(aws.group("API-Gateway-Execution-Logs_z9/kept"), Some(Some(3653)));
    assert!(others.iter().all(|name| aws.group(name) == Some(None)));
    aws.take_writes();
    function.answer(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), [""; 0]);
}

fn short_of_time(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(6),
        ..function
    }
}

#[tokio::test]
async fn what_does_not_fit_into_the_time_is_continued_behind_the_cursor() {
    let aws = ControlPlane::start().await;
    for api in ["a1", "a2", "a3"] {
        aws.add_stage("HTTP", api, "dev");
        aws.add_stage("HTTP", api, "prod");
    }
    let function = Deployed::with(&aws.endpoint, &[], short_of_time).await;
    function
        .emulator
        .invoke_event(NAME, &json!({"sweep": true}))
        .unwrap();
    function.emulator.idle(PATIENCE).await.unwrap();
    let parts = function.emulator.invocations_of(NAME);
    assert!(parts.len() >= 3, "{} invocations", parts.len());
    let answers: Vec<Value> = parts
        .iter()
        .map(|part| part.outcome.clone().unwrap().answer().unwrap())
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
    let done: Vec<String> = answers
        .iter()
        .flat_map(|answer| answer["stages"].as_array().unwrap())
        .map(|stage| {
            format!(
                "{}/{}",
                stage["api_id"].as_str().unwrap(),
                stage["stage"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        done,
        ["a1/dev", "a1/prod", "a2/dev", "a2/prod", "a3/dev", "a3/prod"],
        "each once"
    );
    let continued: Vec<bool> = answers.iter().map(|answer| answer["continued"] == true).collect();
    assert!(
        continued[..continued.len() - 1]
            .iter()
            .all(|continued| *continued)
    );
    assert!(!continued[continued.len() - 1]);
    let patched = aws
        .take_writes()
        .into_iter()
        .filter(|write| write.starts_with("PATCH"))
        .count();
    assert_eq!(patched, 6);
}

#[tokio::test]
async fn stops_after_ten_hops_and_tells_it() {
    let aws = ControlPlane::start().await;
    for stage in 0..8 {
        aws.add_stage("HTTP", "a1", &format!("s{stage}"));
    }
    let function = Deployed::with(&aws.endpoint, &[], short_of_time).await;
    let last = json!({"sweep": true, "hop": 10, "cursor": {"phase": "rest", "api_id": "", "stage": ""}});
    let answer = function.answer(&last).await;
    assert_eq!(answer["continued"], false);
    assert_eq!(function.metric("SweepUnfinished"), [1.0]);
    assert_eq!(function.emulator.invocations_of(NAME).len(), 1);
}
