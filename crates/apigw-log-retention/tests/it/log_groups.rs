//! Rules for all log groups of the account, and the log of a dry run.

use std::time::{Duration, Instant};

use local_stack::Function;
use serde_json::json;
use stand_ins::control_plane::ControlPlane;

use crate::large_region::{examples, five_minutes, most_within};
use crate::setup::{NAME, PATIENCE, Setup, fast_sweep};

const RULES: &str = r#"[
    {"group": "/aws/lambda/audit-*", "days": "never"},
    {"group": "/aws/rds/*", "days": null},
    {"group": "/aws/lambda/*", "days": 14},
    {"group": "*", "days": 90}
]"#;

#[tokio::test]
async fn the_first_matching_rule_sets_the_retention_that_a_group_lacks() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    let groups = [
        ("/aws/lambda/orders", None, Some(14)),
        ("/aws/lambda/audit-orders", None, None),
        ("/aws/rds/instance/a/error", None, None),
        ("/aws/codebuild/web", None, Some(90)),
        ("/aws/lambda/kept", Some(3), Some(3)),
        ("API-Gateway-Execution-Logs_gone/dev", None, Some(30)),
    ];
    aws.state(|state| {
        let groups = groups.map(|(name, days, _)| (name.to_owned(), days));
        state.log_groups.extend(groups);
    });
    let function = Setup::fast(&aws, &[("LOG_GROUP_RULES", RULES)]).await;
    function.invoke(&json!({"sweep": true})).await;
    for (name, _, expected) in groups {
        assert_eq!(aws.log_group(name), Some(expected), "{name}");
    }
    assert_eq!(
        aws.log_group("/aws/vendedlogs/apigateway/a1/prod"),
        Some(Some(30))
    );
    aws.take_writes();
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), [""; 0], "a second run writes nothing");
    let enforcing = Setup::fast(&aws, &[("LOG_GROUP_RULES", RULES), ("ENFORCE", "true")]).await;
    enforcing.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), ["PutRetentionPolicy /aws/lambda/kept"]);
}

#[tokio::test]
async fn rules_do_not_apply_to_groups_that_a_stage_names() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1", "prod");
    let own = json!({
        "destinationArn": "arn:aws:logs:ap-northeast-2:123456789012:log-group:/owners/place",
        "format": "$context.requestId",
    });
    aws.set_stage("a1", "prod", "/accessLogSettings", own);
    aws.set_stage("a1", "prod", "/tags", json!({"nightshift:skip": ""}));
    aws.state(|state| state.log_groups.insert("/owners/place".to_owned(), None));
    let function = Setup::fast(&aws, &[("LOG_GROUP_RULES", RULES)]).await;
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        aws.log_group("/owners/place"),
        Some(None),
        "its stage has the skip tag"
    );
    aws.set_stage("a1", "prod", "/tags", json!({}));
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        aws.log_group("/owners/place"),
        Some(Some(30)),
        "the retention of stages"
    );
}

/// Ten stages of all kinds, and twenty log groups, of which some are in order.
#[tokio::test]
async fn a_dry_run_logs_a_line_for_each_stage_and_group_that_would_change() {
    let aws = ControlPlane::start().await.unwrap();
    for at in 0..10 {
        let protocol = ["REST", "HTTP", "WEBSOCKET"][at % 3];
        aws.add_stage(protocol, &format!("api{at}"), "prod");
    }
    aws.set_stage(
        "api3",
        "prod",
        "/methodSettings",
        json!({"*/*": {"loggingLevel": "OFF"}}),
    );
    aws.state(|state| {
        for at in 0..20 {
            let name = [
                "/aws/lambda/f",
                "/aws/codebuild/p",
                "/aws/rds/i",
                "/aws/lambda/audit-",
            ][at % 4];
            state
                .log_groups
                .insert(format!("{name}{at}"), (at % 5 == 0).then_some(7));
        }
    });
    let function = Setup::fast(&aws, &[("LOG_GROUP_RULES", RULES), ("DRY_RUN", "true")]).await;
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.take_writes(), [""; 0]);
    let log = function.log();
    #[expect(clippy::print_stdout, reason = "the log of the test")]
    {
        println!("{log}");
    }
    let count = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count("would change stage api"), 10);
    // Lambda and CodeBuild: five each, of which one has a retention.
    assert_eq!(count("would change log group /aws/lambda/f"), 4);
    assert_eq!(count("would change log group /aws/codebuild/p"), 4);
    assert_eq!(count("would change log group /aws/rds"), 0);
    assert_eq!(count("would change log group /aws/lambda/audit"), 0);
    // 4 REST and 3 WebSocket stages with two groups each, 3 HTTP stages with one.
    assert_eq!(count("would change log group"), 8 + 17);
    assert!(
        log.contains(r#"execution.level from \"OFF\" to \"INFO\""#),
        "{log}"
    );
    assert!(
        log.contains("log group /aws/lambda/f4: retention from never to 14 days"),
        "{log}"
    );
    assert_eq!(function.metric("StagesDiffering"), [10.0]);
    assert_eq!(function.metric("StagesChanged"), [0.0; 0]);
}

async fn with_groups(count: usize, without_retention: usize) -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
    aws.state(|state| {
        for at in 0..count {
            let days = (at % (count / without_retention) != 3).then_some(90);
            state
                .log_groups
                .insert(format!("/aws/lambda/a-function-{at:05}"), days);
        }
    });
    aws
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_log_groups_need_little_more_memory_than_two_stages() {
    let (_, peak_of_two) = examples().await;
    let aws = with_groups(10_000, 50).await;
    let function = Setup::with(&aws.endpoint(), &[("LOG_GROUP_RULES", RULES)], |function| {
        five_minutes(fast_sweep(function))
    })
    .await;
    let began = Instant::now();
    let response = function.invoke(&json!({"sweep": true})).await;
    let requests = aws.state(|state| state.received.len());
    let peak = function.emulator.peak_memory(NAME).unwrap_or_default();
    #[expect(clippy::print_stdout, reason = "the figures of the test")]
    {
        println!(
            "{requests} requests in {:.1} s without pauses, {:.0} s at 260 ms; peak {peak} bytes, {peak_of_two} with two stages",
            began.elapsed().as_secs_f64(),
            requests as f64 * 0.26,
        );
    }
    assert_eq!(response["log_groups"].as_array().unwrap().len(), 50);
    assert!(aws.state(|state| state.log_groups.values().all(Option::is_some)));
    // 200 pages, 50 retentions, and one page of APIs of each kind.
    assert_eq!(requests, 252);
    assert!(
        peak < peak_of_two + 6 * 1024 * 1024,
        "{peak} bytes, and {peak_of_two} with two stages"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_groups_are_swept_at_the_same_pace_and_continued() {
    let aws = with_groups(100, 20).await;
    let function = Setup::with(&aws.endpoint(), &[("LOG_GROUP_RULES", RULES)], |function| {
        Function {
            timeout: Duration::from_secs(6),
            ..function
        }
    })
    .await;
    function
        .emulator
        .invoke_event(NAME, &json!({"sweep": true}))
        .unwrap();
    function.emulator.wait_until_idle(PATIENCE).await.unwrap();
    let parts = function.emulator.invocations_of(NAME);
    assert!(parts.len() >= 2, "{} invocations", parts.len());
    assert!(
        parts[1].payload["cursor"]["log_group"].is_string(),
        "{}",
        parts[1].payload
    );
    let received = aws.state(|state| std::mem::take(&mut state.received));
    let writes: Vec<&str> = received
        .iter()
        .filter(|request| request.is_write)
        .map(|request| request.operation.as_str())
        .collect();
    assert_eq!(writes.len(), 20, "each once: {writes:?}");
    assert!(most_within(Duration::from_secs(5), &received) <= 20);
    assert!(aws.state(|state| state.log_groups.values().all(Option::is_some)));
}
