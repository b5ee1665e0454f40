//! The failed tests of a build's reports, through CodeBuild's API.

use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};
use stand_ins::slack::texts;

use crate::setup::{Setup, event, short_lived};

const REPORT: &str = "arn:aws:codebuild:ap-northeast-2:123456789012:report/web-unit:1a2b";

fn operation(name: &str) -> Match {
    Match::containing(&format!("CodeBuild_20161006.{name}"))
}

/// Lets CodeBuild's API return the build of the event `failed`, with one report of seven failed tests.
///
/// `fault` fails an operation.
async fn with_report(setup: &Setup, fault: Option<(&str, Fault)>) -> FaultProxy {
    let proxy = FaultProxy::start(setup.moto().endpoint()).await.unwrap();
    if let Some((name, fault)) = fault {
        proxy.faults.inject(operation(name), fault, usize::MAX);
    }
    let function = setup.table_function().variable("FAILED_TESTS", "5");
    setup.emulator.deploy(short_lived(
        function.variable("AWS_ENDPOINT_URL", proxy.endpoint()),
    ));
    let failed = event("failed");
    let arn = failed["detail"]["build-id"].as_str().unwrap();
    let build = json!({"id": arn.rsplit('/').next(), "arn": arn, "buildStatus": "FAILED", "projectName": "web",
        "sourceVersion": "main", "resolvedSourceVersion": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "reportArns": [REPORT]});
    let report = json!({"arn": REPORT, "type": "TEST", "status": "FAILED", "testSummary": {"total": 90,
        "statusCounts": {"SUCCEEDED": 83, "FAILED": 6, "ERROR": 1}, "durationInNanoSeconds": 9}});
    answer(&proxy, "BatchGetBuilds", json!({"builds": [build]}));
    answer(&proxy, "BatchGetReports", json!({"reports": [report]}));
    let tests: Vec<Value> = (1..=5)
        .map(|number| {
            json!({"reportArn": REPORT, "prefix": "basket", "name": format!("total {number}"), "status": "FAILED",
                "message": format!("expected {number}, got 0 with hunter2\n  at basket.ts:{number}")})
        })
        .collect();
    answer(&proxy, "DescribeTestCases", json!({"testCases": tests}));
    proxy
}

fn answer(proxy: &FaultProxy, name: &str, response: Value) {
    let response = Fault::respond(200, response.to_string());
    proxy.faults.inject(operation(name), response, 10);
}

/// Returns the event `failed` of a build with a secret in its environment.
fn failed() -> Value {
    let mut event = event("failed");
    event["detail"]["additional-information"]["environment"]["environment-variables"] =
        json!([{"name": "DEPLOY_TOKEN", "value": "hunter2", "type": "PLAINTEXT"}]);
    event
}

#[tokio::test]
async fn the_message_names_failed_tests_without_secrets_and_links_the_rest() {
    let setup = Setup::table().await;
    let proxy = with_report(&setup, None).await;
    setup.response(&failed()).await;
    let blocks = setup.message().blocks;
    let texts = texts(&blocks);
    let tests = texts.iter().find(|text| text.starts_with("*Failed tests* (7)"));
    let tests = tests.unwrap_or_else(|| panic!("no failed tests in {texts:?}"));
    assert!(
        tests.contains("basket › total 1\n  expected 1, got 0 with ***\nbasket › total 2"),
        "{tests}"
    );
    assert!(
        tests.contains("2 more: <https://ap-northeast-2.console.aws"),
        "{tests}"
    );
    assert!(
        tests.contains("/testReports/reports/web-unit/web-unit%3A1a2b?region=ap-northeast-2|web-unit>"),
        "{tests}"
    );
    assert!(!blocks.to_string().contains("hunter2"), "{blocks}");
    let described = proxy.faults.count(&operation("DescribeTestCases"));
    assert_eq!(described, 1, "five tests are enough");
    // CodeBuild's record also knows the commit of the branch.
    assert!(blocks.to_string().contains("|1a2b3c4d>"), "{blocks}");
}

#[tokio::test]
async fn a_build_that_succeeded_needs_no_report() {
    let setup = Setup::table().await;
    let proxy = with_report(&setup, None).await;
    setup.response(&event("succeeded")).await;
    assert_eq!(proxy.faults.count(&Match::containing("CodeBuild_20161006")), 0);
}

/// Checks that the message is posted without the tests if this request fails.
async fn check_without(name: &str, fault: Fault, lacks: &str) {
    let setup = Setup::table().await;
    let proxy = with_report(&setup, Some((name, fault))).await;
    setup.response(&failed()).await;
    assert!(setup.message().text.starts_with("❌ web failed"));
    assert!(!setup.message().blocks.to_string().contains("basket"));
    assert!(
        setup.logs().contains(&format!("without {lacks}")),
        "{}",
        setup.logs()
    );
    proxy.faults.clear();
}

#[tokio::test]
async fn the_message_has_no_tests_if_a_request_fails() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    let denied = || Fault::respond(400, denied.to_owned());
    futures_util::join!(
        check_without("BatchGetBuilds", denied(), "CodeBuild's record of it"),
        check_without("BatchGetReports", denied(), "its failed tests"),
        check_without("DescribeTestCases", Fault::Hold, "its failed tests")
    );
}
