//! The last lines of a failed build's log.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};
use stand_ins::slack::texts;

use crate::stage::{Stage, event, of_build};

/// A failed build with a log of its own in moto.
async fn failed_with_log(stage: &Stage, name: &str, lines: &[String]) -> Value {
    let group = format!("/aws/codebuild/{name}");
    let moto = stage.moto();
    let call = async |operation: &str, body: Value| {
        moto.json("logs", &format!("Logs_20140328.{operation}"), &body)
            .await
            .unwrap();
    };
    call("CreateLogGroup", json!({"logGroupName": group})).await;
    call(
        "CreateLogStream",
        json!({"logGroupName": group, "logStreamName": "1"}),
    )
    .await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let events: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| json!({"timestamp": now - 60_000 + number as u64, "message": format!("{line}\n")}))
        .collect();
    call(
        "PutLogEvents",
        json!({"logGroupName": group, "logStreamName": "1", "logEvents": events}),
    )
    .await;
    let mut event = of_build(event("failed"), name, "1");
    event["detail"]["additional-information"]["logs"] = json!({"group-name": group, "stream-name": "1"});
    event
}

async fn stage() -> Stage {
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("LOG_TAIL_LINES", "15"));
    stage
}

fn lines(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("line {number}.")).collect()
}

#[tokio::test]
async fn are_in_the_message() {
    let stage = stage().await;
    let failed = failed_with_log(&stage, "tail", &lines(400)).await;
    stage.answer(&failed).await;
    let texts = texts(&stage.message().blocks);
    let tail = texts
        .iter()
        .find(|text| text.contains("The last 15 lines"))
        .unwrap();
    assert!(
        tail.contains("line 386.\n") && tail.contains("line 400.\n```") && !tail.contains("line 385."),
        "{tail}"
    );
}

#[tokio::test]
async fn are_found_before_what_codebuild_says_afterwards_however_few_they_are() {
    let stage = stage().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("LOG_TAIL_LINES", "1"));
    let mut lines = lines(3);
    lines.extend((0..30).map(|_| "[Container] 2026/11/01 01:02:03 Entering phase POST_BUILD".to_owned()));
    stage.answer(&failed_with_log(&stage, "few", &lines).await).await;
    let blocks = stage.message().blocks.to_string();
    assert!(
        blocks.contains("line 3.") && !blocks.contains("line 2."),
        "{blocks}"
    );
}

#[tokio::test]
async fn are_not_in_the_message_of_a_build_that_went_well_or_where_there_are_to_be_none() {
    let stage = stage().await;
    let mut event = failed_with_log(&stage, "well", &lines(3)).await;
    event["detail"]["build-status"] = json!("SUCCEEDED");
    stage.answer(&event).await;
    assert!(!stage.message().blocks.to_string().contains("line 3."));

    let stage = Stage::table().await;
    stage
        .answer(&failed_with_log(&stage, "none", &lines(3)).await)
        .await;
    assert!(!stage.message().blocks.to_string().contains("line 3."));
}

#[tokio::test]
async fn do_not_leave_their_block_and_fit_into_it() {
    let stage = stage().await;
    let wild: Vec<String> = (0..20)
        .map(|n| format!("\u{1b}[31m``` <!channel> & {n} {}\u{1b}[0m", "가<".repeat(200)))
        .collect();
    stage.answer(&failed_with_log(&stage, "wild", &wild).await).await;
    let texts = texts(&stage.message().blocks);
    let tail = texts
        .iter()
        .find(|text| text.contains("lines of the log"))
        .unwrap();
    assert_eq!(tail.matches("```").count(), 2, "{tail}");
    assert!(
        !tail.contains("<!") && !tail.contains('\u{1b}') && tail.contains("19"),
        "{tail}"
    );
}

/// The message comes without the lines.
async fn check_without(fault: Fault) {
    let stage = stage().await;
    let failed = failed_with_log(&stage, &format!("without-{}", stage.table), &lines(3)).await;
    let proxy = FaultProxy::start(stage.moto().endpoint()).await.unwrap();
    let function = stage.with_table().variable("LOG_TAIL_LINES", "15");
    stage
        .emulator
        .deploy(function.variable("AWS_ENDPOINT_URL", proxy.endpoint()));
    proxy.inject(Match::containing("Logs_20140328.GetLogEvents"), fault, usize::MAX);
    stage.answer(&failed).await;
    assert!(stage.message().text.contains("failed"));
    assert!(!stage.message().blocks.to_string().contains("line 3."));
    assert!(
        stage.logs().contains("is told without the end of its log"),
        "{}",
        stage.logs()
    );
    proxy.clear();
}

#[tokio::test]
async fn are_left_out_where_they_cannot_be_read() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    check_without(Fault::Status(400, denied.to_owned())).await;
    check_without(Fault::Status(503, String::new())).await;
    check_without(Fault::Hold).await;

    let stage = stage().await;
    let mut failed = event("failed");
    failed["detail"]["additional-information"]["logs"] =
        json!({"group-name": "/nowhere", "stream-name": "1"});
    stage.answer(&failed).await;
    assert!(
        stage.logs().contains("ResourceNotFoundException"),
        "{}",
        stage.logs()
    );
}
