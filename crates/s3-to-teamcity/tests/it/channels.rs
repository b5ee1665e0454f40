//! Real events of every channel, and the builds that they queue.

use serde_json::{Value, json};
use stand_ins::teamcity::Build;

use crate::setup::{BUILD_TYPE, Setup, event, record, records, sqs_message};

async fn builds_of(case: &str) -> (Value, Vec<Build>) {
    let setup = Setup::new().await;
    let response = setup.invoke(&event(case)).await;
    (response, setup.teamcity.builds())
}

fn key_of(build: &Build) -> String {
    build.resolved("eventKey").unwrap()
}

/// Checks that the event queues new builds for these keys, and that the response names them.
async fn check(case: &str, keys: &[&str]) {
    let (mut response, builds) = builds_of(case).await;
    let keys_of_builds: Vec<String> = builds.iter().map(key_of).collect();
    assert_eq!(keys_of_builds, keys, "{case}");
    for (queued, build) in response["queued"].as_array_mut().unwrap().iter_mut().zip(&builds) {
        let page = queued.as_object_mut().unwrap().remove("web_url").unwrap();
        assert!(
            page.as_str()
                .unwrap()
                .ends_with(&format!("?buildId={}", build.id)),
            "{page}"
        );
        let expected = json!({"bucket": "nightshift-inbox", "key": key_of(build), "build_id": build.id});
        assert_eq!(*queued, expected);
    }
    let rest = (&response["known"], &response["skipped"]);
    assert_eq!(rest, (&json!([]), &json!([])), "{case}");
}

/// Checks that the SQS batch queues builds for these keys without a failure.
async fn check_batch(case: &str, keys: &[&str]) {
    let (response, builds) = builds_of(case).await;
    assert_eq!(response, json!({"batchItemFailures": []}), "{case}");
    let mut keys_of_builds: Vec<String> = builds.iter().map(key_of).collect();
    keys_of_builds.sort_unstable();
    assert_eq!(keys_of_builds, keys, "{case}");
}

#[tokio::test]
async fn s3_invokes_the_function() {
    check("direct", &["red flower.jpg"]).await;
    check("encoded-korean-key", &["누수 신고/10월+최종 (1).csv"]).await;
    check("versioned", &["in/versioned.csv"]).await;
}

#[tokio::test]
async fn one_event_with_several_records() {
    let setup = Setup::new().await;
    let response = setup.invoke(&event("two-records")).await;
    let keys: Vec<&Value> = response["queued"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| &build["key"])
        .collect();
    assert_eq!(
        keys,
        ["in/first.csv", "in/second.csv"],
        "in the order of the records"
    );
    assert_eq!(setup.teamcity.builds().len(), 2);
}

#[tokio::test]
async fn sns_delivers_the_notification() {
    check("sns", &["in/by sns.csv"]).await;
}

#[tokio::test]
async fn eventbridge_delivers_the_event() {
    check("eventbridge", &["in/100%+tax.csv"]).await;
}

#[tokio::test]
async fn sqs_delivers_a_batch() {
    check_batch("sqs-batch", &["in/a.csv", "in/b.csv", "in/c d.csv"]).await;
    check_batch("sns-in-sqs", &["in/by sns and sqs.csv"]).await;
}

#[tokio::test]
async fn uploads_without_a_build_are_skipped_with_a_reason() {
    let (response, builds) = builds_of("test-event").await;
    let skipped = json!([{"bucket": "nightshift-inbox", "key": null, "reason": "test_event"}]);
    assert_eq!(response, json!({"queued": [], "known": [], "skipped": skipped}));
    assert!(builds.is_empty());

    let (response, builds) = builds_of("removed").await;
    let skipped = json!([{"bucket": "nightshift-inbox", "key": "in/old.csv", "reason": "removed"}]);
    assert_eq!(response["skipped"], skipped);
    assert!(builds.is_empty());

    let setup = Setup::new().await;
    let mut other = event("direct");
    other["Records"][0]["eventName"] = json!("ObjectTagging:Put");
    assert_eq!(setup.invoke(&other).await["skipped"][0]["reason"], "no_route");
}

#[tokio::test]
async fn a_build_has_properties_of_its_object_and_a_tag() {
    let (_, builds) = builds_of("versioned").await;
    let build = &builds[0];
    assert_eq!(build.build_type, BUILD_TYPE);
    assert_eq!(build.comment.as_deref(), Some("Executed by AWS Lambda."));
    let properties = json!({
        "eventKey": "in/versioned.csv",
        "eventBucket": "nightshift-inbox",
        "eventVersionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "eventETag": "d41d8cd98f00b204e9800998ecf8427e",
        "eventSequencer": "0065F2A1B3C4D5E6F9",
    });
    assert_eq!(json!(build.properties), properties);
    // printf 'nightshift-inbox\0in/versioned.csv\0000065F2A1B3C4D5E6F9' | sha256sum | head -c 32
    let tags = [
        "s3-b3fb364b190868aeed5af36716806a0e",
        // printf 'nightshift-inbox\0in/versioned.csv' | sha256sum | head -c 32
        "s3k-20714fd0a14e982c1c867c788a8a4c1a",
        // printf 'nightshift-inbox\0in/versioned.csv\000096fKKXTRTtl3on89fVO.nfljtsv6qko' | sha256sum | head -c 32
        "s3v-26a241d8a90e704aa20fe91a5d0a8dd8",
    ];
    assert_eq!(build.tags, tags);
}

/// Starts the function with routes to both build configurations.
async fn setup_with_routes() -> Setup {
    let setup = Setup::new().await;
    let routes = json!([
        {"bucket": "another", "build_type": "Never"},
        {"prefix": "in/", "suffix": ".csv", "min_size": 10, "build_type": "Other_Build", "branch": "nightly",
         "queue_at_top": true, "properties": {"env.FILE": "{file_name} of {bucket}, {size} bytes, {version_id}"}},
        {"events": ["ObjectRemoved:*"], "build_type": BUILD_TYPE},
    ]);
    let function = setup.function_with_routes(&routes);
    setup
        .emulator
        .deploy(function.variable("BUILD_COMMENT", "밤에 만든 빌드"));
    setup
}

#[tokio::test]
async fn a_route_selects_uploads() {
    let setup = setup_with_routes().await;
    setup.invoke(&event("two-records")).await;
    setup.invoke(&event("removed")).await;
    let response = setup.invoke(&event("direct")).await;
    assert_eq!(response["skipped"][0]["reason"], "no_route");
    // The look-up also finds builds of another branch.
    let response = setup.invoke(&event("two-records")).await;
    assert_eq!(response["known"].as_array().unwrap().len(), 2);
    let builds = setup.teamcity.builds();
    let build_types = builds.iter().map(|build| build.build_type.as_str());
    assert_eq!(
        build_types.collect::<Vec<_>>(),
        ["Other_Build", "Other_Build", BUILD_TYPE]
    );
}

#[tokio::test]
async fn a_route_sets_up_the_build() {
    let setup = setup_with_routes().await;
    setup.invoke(&event("two-records")).await;
    setup.invoke(&event("removed")).await;
    let builds = setup.teamcity.builds();
    let by_route = |build: &Build| (build.branch.clone(), build.queue_at_top);
    let nightly = (Some("nightly".to_owned()), true);
    assert_eq!(
        builds.iter().map(by_route).collect::<Vec<_>>(),
        [nightly.clone(), nightly, (None, false)]
    );
    assert_eq!(builds[2].comment.as_deref(), Some("밤에 만든 빌드"));
    let mut files = [0, 1].map(|build| builds[build].properties["env.FILE"].as_str());
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "first.csv of nightshift-inbox, 1024 bytes, ",
            "second.csv of nightshift-inbox, 73400320 bytes, "
        ]
    );
}

#[tokio::test]
async fn unusual_keys_reach_teamcity_unchanged() {
    let long = ["k".repeat(1024), "%EB%88%84".repeat(341), "누".repeat(341)];
    let keys = [
        ("%EB%88%84%EC%88%98/%EC%82%AC%EC%A7%84+1.jpg", "누수/사진 1.jpg"),
        ("a+b%2Bc", "a b+c"),
        ("a%252Bb", "a%2Bb"),
        ("%2C%3A%28%29%2Ctag%3A%28name%3Ax%29", ",:(),tag:(name:x)"),
        ("%F0%9F%8F%A2%F0%9F%91%A9%E2%80%8D%F0%9F%94%A7", "🏢👩\u{200d}🔧"),
        (long[0].as_str(), long[0].as_str()),
        (long[1].as_str(), long[2].as_str()),
    ];
    let setup = Setup::new().await;
    let batch = keys.iter().map(|(encoded, _)| record(encoded, "0A"));
    let response = setup.invoke(&records(batch)).await;
    let queued = response["queued"].as_array().unwrap().iter();
    let queued: Vec<&str> = queued.map(|build| build["key"].as_str().unwrap()).collect();
    assert_eq!(queued, keys.map(|(_, key)| key));
    let builds = setup.teamcity.builds();
    for (_, key) in keys {
        assert!(builds.iter().any(|build| key_of(build) == key), "{key}");
    }
}

#[tokio::test]
async fn a_malformed_record_does_not_stop_the_others() {
    let setup = Setup::new().await;
    let mut bad = record("bad", "0A");
    bad["s3"]["object"]["key"] = json!(null);
    let event = records([record("first", "0A"), bad.clone(), record("last", "0A")]);
    let (error_type, message) = setup.invoke_failing(&event).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert_eq!(
        message,
        "could not queue builds for 1 of 3 uploads: record 2 has no s3.object.key"
    );
    assert_eq!(setup.teamcity.builds().len(), 2);

    let good = records([record("in a queue", "0A")]);
    let batch = records([
        sqs_message("good", &good),
        sqs_message("half", &records([record("half", "0A"), bad])),
        sqs_message("no JSON", &json!("hello")),
        sqs_message("other", &json!({"hello": 1})),
    ]);
    let response = setup.invoke(&batch).await;
    let failed = ["half", "no JSON", "other"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(response, json!({"batchItemFailures": failed}));
    assert_eq!(setup.teamcity.builds().len(), 4);
    let logs = setup.logs();
    assert!(
        logs.contains("failed SQS message half: record 2 has no s3.object.key"),
        "{logs}"
    );
}

#[tokio::test]
async fn another_event_is_rejected_without_quoting_it() {
    let setup = Setup::new().await;
    let (error_type, message) = setup.invoke_failing(&json!({"secret": "principalId"})).await;
    assert_eq!(error_type, "InvalidEvent");
    assert!(message.contains("expected an S3 notification"), "{message}");
}
