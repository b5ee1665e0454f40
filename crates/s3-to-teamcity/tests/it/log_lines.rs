//! One log line for each record, whatever the channel.

use serde_json::{Value, json};

use crate::setup::{BUILD_TYPE, Setup, event, record, records, sqs_message};

fn field<'a>(line: &'a Value, name: &str) -> &'a str {
    line["fields"][name].as_str().unwrap_or_default()
}

/// Returns the sum of the parts of each record's line.
fn lines(setup: &Setup) -> Vec<String> {
    let lines = setup.record_lines().into_iter().map(|line| {
        assert_eq!(line["level"], "INFO");
        let parts = ["s3.bucket", "s3.key", "s3.event", "route", "outcome"];
        parts.map(|part| field(&line, part)).join(" ")
    });
    lines.collect()
}

async fn setup_with_route() -> Setup {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([{"prefix": "in/", "build_type": BUILD_TYPE}]));
    setup
}

#[tokio::test]
async fn every_record_of_an_sqs_message_has_one_line_with_its_outcome() {
    let setup = setup_with_route().await;
    let mut removed = record("in/old.csv", "0C");
    removed["eventName"] = json!("ObjectRemoved:Delete");
    let body = records([record("in/a.csv", "0A"), record("other/x.csv", "0B"), removed]);
    let batch = records([
        sqs_message("m1", &body),
        sqs_message("m2", &records([record("in/a.csv", "0A")])),
        sqs_message("m3", &event("test-event")),
        sqs_message("m4", &event("cloudtrail-call")),
    ]);
    setup.invoke(&batch).await;
    let put = "ObjectCreated:Put";
    assert_eq!(
        lines(&setup),
        [
            format!("nightshift-inbox in/a.csv {put} BUILD_ROUTES[0] queued"),
            format!("nightshift-inbox other/x.csv {put}  no_route"),
            "nightshift-inbox in/old.csv ObjectRemoved:Delete  removed".to_owned(),
            format!("nightshift-inbox in/a.csv {put} BUILD_ROUTES[0] known"),
            "nightshift-inbox  TestEvent  test_event".to_owned(),
            "  aws.s3: AWS API Call via CloudTrail  foreign".to_owned(),
        ]
    );
    let ids: Vec<Value> = setup
        .record_lines()
        .iter()
        .map(|line| line["fields"]["build.id"].clone())
        .collect();
    assert_eq!(ids[0], json!("1001"));
}

#[tokio::test]
async fn a_line_can_be_read_alone() {
    let setup = setup_with_route().await;
    setup
        .invoke(&records([record("other/x.csv", "0B"), record("in/a.csv", "0A")]))
        .await;
    let messages: Vec<String> = setup
        .record_lines()
        .iter()
        .map(|line| field(line, "message").to_owned())
        .collect();
    assert_eq!(
        messages,
        [
            "skipped ObjectCreated:Put of s3://nightshift-inbox/other/x.csv: no matching route",
            "queued build 1001 for ObjectCreated:Put of s3://nightshift-inbox/in/a.csv",
        ]
    );
}

#[tokio::test]
async fn a_failure_has_a_line_too() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_BUILD_TYPE", "Unknown");
    setup.invoke_failing(&event("direct")).await;
    assert_eq!(
        lines(&setup),
        ["nightshift-inbox red flower.jpg ObjectCreated:Put TEAMCITY_BUILD_TYPE failed"]
    );
}

#[tokio::test]
async fn a_record_with_two_builds_has_one_line() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([
        {"build_type": BUILD_TYPE, "continue": true},
        {"build_type": "Other_Build"},
    ]));
    setup.invoke(&event("direct")).await;
    assert_eq!(
        lines(&setup),
        ["nightshift-inbox red flower.jpg ObjectCreated:Put BUILD_ROUTES[0], BUILD_ROUTES[1] queued, queued"]
    );
}

#[tokio::test]
async fn ten_records_have_ten_lines() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([
        {"key": "in/{branch}/{name}.zip", "build_type": BUILD_TYPE, "branch": "{branch}", "continue": true},
        {"prefix": "in/", "suffix": [".zip", ".csv"], "build_type": "Other_Build"},
    ]));
    let mut marker = record("in/2026/", "0D");
    marker["s3"]["object"]["size"] = json!(0);
    let batch = records([
        sqs_message(
            "m1",
            &records([record("in/main/a.zip", "0A"), record("in/b.csv", "0B")]),
        ),
        sqs_message(
            "m2",
            &records([record("in/b.csv", "0B"), record("in/c.txt", "0C"), marker]),
        ),
        sqs_message("m3", &event("encoded-korean-key")),
        sqs_message("m4", &event("test-event")),
        sqs_message("m5", &event("cloudtrail-call")),
        sqs_message("m6", &event("removed")),
        sqs_message("m7", &event("not-encoded-key")),
    ]);
    setup.invoke(&batch).await;
    let lines = setup.record_lines();
    for line in &lines {
        println!("{line}");
    }
    assert_eq!(lines.len(), 10);
}
