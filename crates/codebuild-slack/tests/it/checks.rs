//! `{"check":true}` reports configuration, permissions and Slack, and posts no message.

use std::time::{Duration, Instant};

use local_stack::{CheckReport, Fault, Function, Match};
use serde_json::{Value, json};
use stand_ins::slack::Channel;

use crate::setup::{NAME, Setup, TOKEN};

const REACHABLE: &str = "Slack reachable";
const ACCEPTED: &str = "token accepted by Slack";

async fn report_of(setup: &Setup) -> CheckReport {
    let report = setup.response(&json!({"check": true})).await;
    assert_eq!(setup.slack.messages(), [], "a check posts nothing");
    assert!(!report.to_string().contains(TOKEN));
    CheckReport(report)
}

fn with_channel(function: Function, channel: &str) -> Function {
    function.variable("SLACK_CHANNEL", channel)
}

#[tokio::test]
async fn a_sound_deployment_with_a_bot_and_a_table_passes() {
    let setup = Setup::table().await;
    let function = with_channel(setup.table_function(), "C0BUILDS")
        .variable("COMPARE_WITH_PREVIOUS", "true")
        .variable("LOG_TAIL_LINES", "15");
    setup.emulator.deploy(function);
    let before = setup.items().await;
    let report = report_of(&setup).await;
    assert_eq!(
        (&report.0["function"], &report.0["ok"]),
        (&json!(NAME), &json!(true))
    );
    report.assert("secret SLACK_BOT_TOKEN", true, "read");
    report.assert(REACHABLE, true, "");
    report.assert(ACCEPTED, true, "workspace Nightshift, user nightshift");
    report.assert("scope chat:write", true, "granted");
    report.assert("channel C0BUILDS", true, "#builds");
    report.assert(&format!("table {} readable", setup.table), true, "granted");
    report.assert(&format!("table {} writable", setup.table), true, "granted");
    for permission in [
        "codebuild:ListBuildsForProject",
        "codebuild:BatchGetBuilds",
        "logs:GetLogEvents",
    ] {
        report.assert(&format!("permission {permission}"), true, "granted");
    }
    assert_eq!(setup.items().await, before, "a check writes nothing");
}

#[tokio::test]
async fn a_webhook_is_not_used() {
    let setup = Setup::webhook().await;
    let report = report_of(&setup).await;
    report.assert("secret SLACK_WEBHOOK_URL", true, "read");
    report.assert("webhook", Value::Null, "only a message would show more");
    assert_eq!(report.0["ok"], true);
    assert_eq!(setup.slack.faults.count(&Match::any()), 0);
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_scope_fail() {
    let setup = Setup::bot().await;
    setup
        .slack
        .change(|settings| settings.scopes = vec!["channels:read".to_owned()]);
    let report = report_of(&setup).await;
    report.assert("scope chat:write", false, "install the app again");
    setup
        .slack
        .change(|settings| settings.token = "xoxb-another".to_owned());
    let report = report_of(&setup).await;
    report.assert(REACHABLE, true, "");
    report.assert(ACCEPTED, false, "invalid_auth: the token is invalid");
    assert_eq!(report.0["ok"], false);
}

#[tokio::test]
async fn the_scopes_that_routes_ask_for_are_checked() {
    let setup = Setup::table().await;
    let deploy = |routes: &str| {
        let function = setup.table_function().variable("SLACK_ROUTES", routes);
        setup.emulator.deploy(function);
    };
    let scopes = ["scope users:read", "scope users:read.email"];
    let report = report_of(&setup).await;
    assert!(!report.0.to_string().contains("users:read"), "{}", report.0);

    deploy(r#"[{"project": "*", "mention": "@here"}]"#);
    let report = report_of(&setup).await;
    for scope in scopes {
        report.assert(scope, Value::Null, "does not mention the author");
    }
    deploy(r#"[{"project": "*", "thread": true}]"#);
    setup
        .slack
        .change(|settings| settings.scopes.push("users:read".to_owned()));
    let report = report_of(&setup).await;
    report.assert(scopes[0], true, "granted");
    report.assert(scopes[1], false, "install the app again");
    assert_eq!(report.failed(), [scopes[1]]);
}

#[test]
fn the_manifest_of_the_readme_has_every_scope() {
    for readme in [
        include_str!("../../README.md"),
        include_str!("../../README.ko.md"),
    ] {
        let (_, manifest) = readme.split_once("display_information:").expect("a manifest");
        let (manifest, _) = manifest.split_once("```").expect("its end");
        for scope in [
            "chat:write",
            "chat:write.public",
            "users:read",
            "users:read.email",
        ] {
            assert!(
                manifest.contains(&format!("- {scope}\n")),
                "{scope} is not in: {manifest}"
            );
        }
    }
}

#[tokio::test]
async fn a_channel_is_checked_as_far_as_the_token_may_see_it() {
    let setup = Setup::bot().await;
    let report = report_of(&setup).await;
    report.assert("channel #builds", Value::Null, "by its id");

    setup
        .emulator
        .deploy(with_channel(setup.bot_function(), "C0BUILDS"));
    setup
        .slack
        .change(|settings| settings.channels[0].is_member = false);
    let report = report_of(&setup).await;
    report.assert("channel C0BUILDS", false, "the app is not in #builds: invite it");
    setup
        .slack
        .change(|settings| settings.scopes.push("chat:write.public".to_owned()));
    report_of(&setup)
        .await
        .assert("channel C0BUILDS", true, "#builds");
    setup
        .slack
        .change(|settings| settings.channels[0].is_archived = true);
    report_of(&setup)
        .await
        .assert("channel C0BUILDS", false, "archived");

    setup
        .emulator
        .deploy(with_channel(setup.bot_function(), "C0NOWHERE"));
    // A private channel seems not to exist for a token that sees public ones only.
    report_of(&setup)
        .await
        .assert("channel C0NOWHERE", Value::Null, "may not see it");
    setup
        .slack
        .change(|settings| settings.scopes.push("groups:read".to_owned()));
    report_of(&setup)
        .await
        .assert("channel C0NOWHERE", false, "channel_not_found");
    setup
        .slack
        .change(|settings| settings.scopes.retain(|scope| !scope.ends_with(":read")));
    report_of(&setup)
        .await
        .assert("channel C0NOWHERE", Value::Null, "which no message needs");
}

#[tokio::test]
async fn the_channels_of_routes_are_checked_once_each() {
    let setup = Setup::bot().await;
    setup
        .slack
        .change(|settings| settings.channels.push(Channel::new("C0THIRD01", "third")));
    let routes = json!([
        {"project": "a-*", "channel": "C0ALERTS"},
        {"project": "b-*", "channel": "C0THIRD01"},
        {"project": "*", "channel": "C0ALERTS"}
    ]);
    let function =
        with_channel(setup.bot_function(), "C0BUILDS").variable("SLACK_ROUTES", routes.to_string());
    setup.emulator.deploy(function);
    let report = report_of(&setup).await;
    for channel in ["C0BUILDS", "C0ALERTS", "C0THIRD01"] {
        report.assert(&format!("channel {channel}"), true, "#");
    }
    assert_eq!(
        setup
            .slack
            .faults
            .count(&Match::path("POST", "/api/conversations.info")),
        3
    );
}

#[tokio::test]
async fn slack_that_is_down_or_hangs_is_not_reachable_and_nothing_else_fails() {
    let hangs = Fault::DelayRequest(Duration::from_secs(120));
    for fault in [Fault::Refuse, Fault::respond(503, "down"), hangs] {
        let setup = Setup::bot().await;
        setup.emulator.deploy(Function {
            timeout: Duration::from_secs(6),
            ..setup.bot_function()
        });
        setup.slack.faults.inject(Match::any(), fault, usize::MAX);
        let began = Instant::now();
        let report = report_of(&setup).await;
        assert!(
            began.elapsed() < Duration::from_secs(6),
            "the invocation did not time out"
        );
        report.assert(REACHABLE, false, "VPC");
        report.assert(ACCEPTED, Value::Null, "not reachable");
        assert_eq!(report.failed(), [REACHABLE]);
    }
}

#[tokio::test]
async fn a_page_in_slacks_place_is_a_fault_of_the_configuration() {
    let setup = Setup::bot().await;
    let page = Fault::respond(200, "<html>proxy</html>");
    setup.slack.faults.inject(Match::any(), page, usize::MAX);
    let report = report_of(&setup).await;
    report.assert("Slack's Web API at SLACK_API_URL", false, "is there a proxy?");
}

#[tokio::test]
async fn a_table_that_does_not_exist_fails() {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("MESSAGES_TABLE", "no-such-table"));
    let report = report_of(&setup).await;
    report.assert("table no-such-table readable", false, "ResourceNotFoundException");
    report.assert("table no-such-table writable", false, "dynamodb:UpdateItem");
}
