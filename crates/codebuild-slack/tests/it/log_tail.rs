//! The last lines of a failed build's log.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};
use stand_ins::slack::texts;

use crate::setup::{Setup, event, of_build, short_lived};

/// Writes a log to moto and returns the event of a failed build with that log.
async fn failed_with_log(setup: &Setup, name: &str, lines: &[String]) -> Value {
    let group = format!("/aws/codebuild/{name}");
    setup.write_log(&group, lines).await;
    let mut event = of_build(event("failed"), name, "1");
    event["detail"]["additional-information"]["logs"] = json!({"group-name": group, "stream-name": "1"});
    event
}

async fn setup() -> Setup {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("LOG_TAIL_LINES", "15"));
    setup
}

fn lines(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("line {number}.")).collect()
}

#[tokio::test]
async fn the_message_shows_the_last_lines() {
    let setup = setup().await;
    let failed = failed_with_log(&setup, "tail", &lines(400)).await;
    setup.response(&failed).await;
    let texts = texts(&setup.message().blocks);
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
async fn finds_few_lines_before_many_lines_of_codebuild() {
    let setup = setup().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("LOG_TAIL_LINES", "1"));
    let mut lines = lines(3);
    lines.extend((0..30).map(|_| "[Container] 2026/11/01 01:02:03 Entering phase POST_BUILD".to_owned()));
    setup
        .response(&failed_with_log(&setup, "few", &lines).await)
        .await;
    let blocks = setup.message().blocks.to_string();
    assert!(
        blocks.contains("line 3.") && !blocks.contains("line 2."),
        "{blocks}"
    );
}

#[tokio::test]
async fn a_successful_build_and_a_limit_of_zero_show_no_lines() {
    let setup = setup().await;
    let mut event = failed_with_log(&setup, "succeeded", &lines(3)).await;
    event["detail"]["build-status"] = json!("SUCCEEDED");
    setup.response(&event).await;
    assert!(!setup.message().blocks.to_string().contains("line 3."));

    let setup = Setup::table().await;
    setup
        .response(&failed_with_log(&setup, "none", &lines(3)).await)
        .await;
    assert!(!setup.message().blocks.to_string().contains("line 3."));
}

#[tokio::test]
async fn lines_stay_in_their_block_and_fit_into_it() {
    let setup = setup().await;
    let wild: Vec<String> = (0..20)
        .map(|n| format!("\u{1b}[31m``` <!channel> & {n} {}\u{1b}[0m", "가<".repeat(200)))
        .collect();
    setup
        .response(&failed_with_log(&setup, "wild", &wild).await)
        .await;
    let texts = texts(&setup.message().blocks);
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

/// Checks that the message is posted without the lines.
async fn check_without(fault: Fault) {
    let setup = setup().await;
    let failed = failed_with_log(&setup, &format!("without-{}", setup.table), &lines(3)).await;
    let proxy = FaultProxy::start(setup.moto().endpoint()).await.unwrap();
    let function = setup.table_function().variable("LOG_TAIL_LINES", "15");
    setup.emulator.deploy(short_lived(
        function.variable("AWS_ENDPOINT_URL", proxy.endpoint()),
    ));
    proxy
        .faults
        .inject(Match::containing("Logs_20140328.GetLogEvents"), fault, usize::MAX);
    setup.response(&failed).await;
    assert!(setup.message().text.contains("failed"));
    assert!(!setup.message().blocks.to_string().contains("line 3."));
    assert!(setup.logs().contains("without its log tail"), "{}", setup.logs());
    proxy.faults.clear();
}

#[tokio::test]
async fn the_message_has_no_lines_if_the_log_cannot_be_read() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    futures_util::join!(
        check_without(Fault::respond(400, denied.to_owned())),
        check_without(Fault::respond(503, "")),
        check_without(Fault::Hold)
    );

    let setup = setup().await;
    let mut failed = event("failed");
    failed["detail"]["additional-information"]["logs"] =
        json!({"group-name": "/nowhere", "stream-name": "1"});
    setup.response(&failed).await;
    assert!(
        setup.logs().contains("ResourceNotFoundException"),
        "{}",
        setup.logs()
    );
}
