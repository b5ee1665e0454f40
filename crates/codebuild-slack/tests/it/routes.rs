//! Which builds are told, where, and to whom.

use serde_json::{Value, json};

use crate::stage::{Stage, TOKEN, event, of_build};

#[tokio::test]
async fn a_webhook_gets_final_statuses_and_tells_no_place() {
    let stage = Stage::webhook().await;
    assert_eq!(
        stage.answer(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        stage.answer(&event("phase-change")).await,
        json!({"skipped": "status"})
    );
    let posted = json!({"posted": {"channel": null, "ts": null}});
    for case in [
        "succeeded",
        "failed",
        "stopped",
        "fault",
        "timed-out",
        "without-additional-information",
    ] {
        assert_eq!(stage.answer(&event(case)).await, posted, "{case}");
    }
    assert_eq!(stage.slack.messages().len(), 6);
}

#[tokio::test]
async fn the_same_end_is_told_once_by_an_environment() {
    let stage = Stage::bot().await;
    let answer = stage.answer(&event("failed")).await;
    assert_eq!(answer["posted"]["channel"], "C0BUILDS");
    assert_eq!(
        stage.answer(&event("failed")).await,
        json!({"skipped": "duplicate"})
    );
    stage.message();
}

#[tokio::test]
async fn routes_choose_the_channel_and_whom_to_call() {
    let stage = Stage::bot().await;
    let routes = json!([
        {"project": "web*", "statuses": ["FAILED", "FAULT", "TIMED_OUT"], "channel": "#alerts", "mention": "@here"},
        {"project": "web*"},
    ]);
    stage
        .emulator
        .deploy(stage.by_bot().variable("SLACK_ROUTES", routes.to_string()));
    assert_eq!(
        stage.answer(&event("failed")).await["posted"]["channel"],
        "C0ALERTS"
    );
    assert_eq!(
        stage.answer(&event("succeeded")).await["posted"]["channel"],
        "C0BUILDS"
    );
    let elsewhere = of_build(event("failed"), "api", "1");
    assert_eq!(stage.answer(&elsewhere).await, json!({"skipped": "route"}));
    let calls = |blocks: &Value| blocks.to_string().contains("<!here>");
    let messages = stage.slack.messages();
    assert_eq!(
        messages
            .iter()
            .map(|message| calls(&message.blocks))
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test]
async fn with_a_table_routes_that_call_nobody_are_warned_of_and_those_of_the_readme_call() {
    let stage = Stage::table().await;
    let alerts = r##"{"project": "web*", "statuses": ["FAILED", "FAULT", "TIMED_OUT"], "channel": "#alerts", "mention": "@here"}"##;
    let with = |other: &str| {
        stage
            .with_table()
            .variable("SLACK_ROUTES", format!("[{alerts}, {other}]"))
    };
    stage.emulator.deploy(with(r#"{"project": "web*"}"#));
    stage.answer(&of_build(event("succeeded"), "web-2", "1")).await;
    let warning = "for web* in FAILED, FAULT, TIMED_OUT, leave IN_PROGRESS out";
    assert!(stage.logs().contains(warning), "{}", stage.logs());

    let stage = Stage::table().await;
    let ends = r##"{"project": "web*", "statuses": ["SUCCEEDED", "STOPPED"], "channel": "#builds"}"##;
    let function = stage
        .with_table()
        .variable("SLACK_ROUTES", format!("[{alerts}, {ends}]"));
    stage.emulator.deploy(function);
    assert_eq!(
        stage.answer(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        stage.answer(&event("failed")).await["posted"]["channel"],
        "C0ALERTS"
    );
    assert!(stage.message().blocks.to_string().contains("<!here>"));
    assert!(
        !stage.logs().contains("leave IN_PROGRESS out"),
        "{}",
        stage.logs()
    );
}

#[tokio::test]
async fn only_the_statuses_that_are_asked_for_are_told() {
    let stage = Stage::webhook().await;
    stage.emulator.deploy(
        stage
            .by_webhook()
            .variable("NOTIFY_STATUSES", "FAILED,IN_PROGRESS"),
    );
    assert_eq!(
        stage.answer(&event("succeeded")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        stage.answer(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert!(stage.answer(&event("failed")).await.get("posted").is_some());
    assert!(
        stage
            .logs()
            .contains("IN_PROGRESS is told only with MESSAGES_TABLE"),
        "{}",
        stage.logs()
    );
}

#[tokio::test]
async fn times_are_told_in_the_readers_zone_and_language() {
    let stage = Stage::webhook().await;
    let function = stage
        .by_webhook()
        .variable("TIME_ZONE", "America/New_York")
        .variable("LOCALE", "ko");
    stage.emulator.deploy(function);
    stage.answer(&event("failed")).await;
    let message = stage.message();
    let blocks = message.blocks.to_string();
    assert!(blocks.contains("2026-10-31 21:02:03 EDT"), "{blocks}");
    assert!(message.text.starts_with("❌ web 실패"), "{}", message.text);
}

#[tokio::test]
async fn a_wrong_configuration_ends_the_init_and_names_all_that_is_wrong() {
    let stage = Stage::webhook().await;
    let function = stage
        .by_webhook()
        .variable("SLACK_ROUTES", r##"[{"project": "*", "channel": "#a"}]"##)
        .variable("MESSAGES_TABLE", "messages")
        .variable("LOCALE", "fr");
    stage.emulator.deploy(function);
    let (error_type, message) = stage.error(&event("failed")).await;
    assert_eq!(error_type, "ConfigurationError");
    for fault in [
        "MESSAGES_TABLE needs SLACK_BOT_TOKEN",
        "the channel of route 1",
        "LOCALE is malformed",
    ] {
        assert!(message.contains(fault), "{message}");
    }
    assert!(!message.contains(TOKEN));
}

#[tokio::test]
async fn an_event_that_is_none_of_codebuilds_is_an_error_without_its_content() {
    let stage = Stage::webhook().await;
    let (error_type, message) = stage.error(&json!({"source": "hunter2"})).await;
    assert_eq!(error_type, "InvalidEvent");
    assert!(
        message.contains("expected EventBridge's event of source aws.codebuild"),
        "{message}"
    );
}
