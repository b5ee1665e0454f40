//! Routes: which builds are notified, in which channel, with which mention.

use serde_json::{Value, json};

use crate::setup::{Setup, TOKEN, event, of_build};

#[tokio::test]
async fn a_webhook_gets_final_statuses_and_returns_no_location() {
    let setup = Setup::webhook().await;
    assert_eq!(
        setup.response(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        setup.response(&event("phase-change")).await,
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
        assert_eq!(setup.response(&event(case)).await, posted, "{case}");
    }
    assert_eq!(setup.slack.messages().len(), 6);
}

#[tokio::test]
async fn an_environment_posts_the_same_end_once() {
    let setup = Setup::bot().await;
    let response = setup.response(&event("failed")).await;
    assert_eq!(response["posted"]["channel"], "C0BUILDS");
    assert_eq!(
        setup.response(&event("failed")).await,
        json!({"skipped": "duplicate"})
    );
    setup.message();
}

#[tokio::test]
async fn routes_choose_channel_and_mention() {
    let setup = Setup::bot().await;
    let routes = json!([
        {"project": "web*", "statuses": ["FAILED", "FAULT", "TIMED_OUT"], "channel": "#alerts", "mention": "@here"},
        {"project": "web*"},
    ]);
    setup
        .emulator
        .deploy(setup.bot_function().variable("SLACK_ROUTES", routes.to_string()));
    assert_eq!(
        setup.response(&event("failed")).await["posted"]["channel"],
        "C0ALERTS"
    );
    assert_eq!(
        setup.response(&event("succeeded")).await["posted"]["channel"],
        "C0BUILDS"
    );
    let elsewhere = of_build(event("failed"), "api", "1");
    assert_eq!(setup.response(&elsewhere).await, json!({"skipped": "route"}));
    let mentions = |blocks: &Value| blocks.to_string().contains("<!here>");
    let messages = setup.slack.messages();
    assert_eq!(
        messages
            .iter()
            .map(|message| mentions(&message.blocks))
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test]
async fn with_a_table_ineffective_routes_are_logged_and_those_of_the_readme_mention() {
    let setup = Setup::table().await;
    let alerts = r##"{"project": "web*", "statuses": ["FAILED", "FAULT", "TIMED_OUT"], "channel": "#alerts", "mention": "@here"}"##;
    let with = |other: &str| {
        setup
            .table_function()
            .variable("SLACK_ROUTES", format!("[{alerts}, {other}]"))
    };
    setup.emulator.deploy(with(r#"{"project": "web*"}"#));
    setup.response(&of_build(event("succeeded"), "web-2", "1")).await;
    let warning = "for web* in FAILED, FAULT, TIMED_OUT, leave IN_PROGRESS out";
    assert!(setup.logs().contains(warning), "{}", setup.logs());

    let setup = Setup::table().await;
    let ends = r##"{"project": "web*", "statuses": ["SUCCEEDED", "STOPPED"], "channel": "#builds"}"##;
    let function = setup
        .table_function()
        .variable("SLACK_ROUTES", format!("[{alerts}, {ends}]"));
    setup.emulator.deploy(function);
    assert_eq!(
        setup.response(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        setup.response(&event("failed")).await["posted"]["channel"],
        "C0ALERTS"
    );
    assert!(setup.slack.messages()[0].blocks.to_string().contains("<!here>"));
    assert!(
        !setup.logs().contains("leave IN_PROGRESS out"),
        "{}",
        setup.logs()
    );
}

#[tokio::test]
async fn only_the_configured_statuses_are_posted() {
    let setup = Setup::webhook().await;
    setup.emulator.deploy(
        setup
            .webhook_function()
            .variable("NOTIFY_STATUSES", "FAILED,IN_PROGRESS"),
    );
    assert_eq!(
        setup.response(&event("succeeded")).await,
        json!({"skipped": "status"})
    );
    assert_eq!(
        setup.response(&event("in-progress")).await,
        json!({"skipped": "status"})
    );
    assert!(setup.response(&event("failed")).await.get("posted").is_some());
    assert!(
        setup
            .logs()
            .contains("IN_PROGRESS, which has no effect without MESSAGES_TABLE"),
        "{}",
        setup.logs()
    );
}

#[tokio::test]
async fn messages_have_the_configured_time_zone_and_language() {
    let setup = Setup::webhook().await;
    let function = setup
        .webhook_function()
        .variable("TIME_ZONE", "America/New_York")
        .variable("LOCALE", "ko");
    setup.emulator.deploy(function);
    setup.response(&event("failed")).await;
    let message = setup.message();
    let blocks = message.blocks.to_string();
    assert!(blocks.contains("2026-10-31 21:02:03 EDT"), "{blocks}");
    assert!(message.text.starts_with("❌ web 실패"), "{}", message.text);
}

#[tokio::test]
async fn a_faulty_configuration_fails_the_init_and_lists_all_faults() {
    let setup = Setup::webhook().await;
    let function = setup
        .webhook_function()
        .variable("SLACK_ROUTES", r##"[{"project": "*", "channel": "#a"}]"##)
        .variable("MESSAGES_TABLE", "messages")
        .variable("LOCALE", "fr");
    setup.emulator.deploy(function);
    let (error_type, message) = setup.error(&event("failed")).await;
    assert_eq!(error_type, "ConfigurationError");
    for fault in [
        "MESSAGES_TABLE needs SLACK_BOT_TOKEN",
        "SLACK_ROUTES[0].channel: needs SLACK_BOT_TOKEN",
        "LOCALE is malformed",
    ] {
        assert!(message.contains(fault), "{message}");
    }
    assert!(!message.contains(TOKEN));
}

#[tokio::test]
async fn an_event_of_another_source_is_an_error_without_its_content() {
    let setup = Setup::webhook().await;
    let (error_type, message) = setup.error(&json!({"source": "hunter2"})).await;
    assert_eq!(error_type, "InvalidEvent");
    assert!(
        message.contains("expected EventBridge's event of source aws.codebuild"),
        "{message}"
    );
}
