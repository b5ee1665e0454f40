//! Every channel's event, as it really looks, becomes its build.

use serde_json::{Value, json};
use stand_ins::teamcity::Build;

use crate::stage::{BUILD_TYPE, Stage, event, record, records, sqs_message};

async fn builds_of(case: &str) -> (Value, Vec<Build>) {
    let stage = Stage::new().await;
    let answer = stage.answer(&event(case)).await;
    (answer, stage.teamcity.builds())
}

/// The case brings builds of these keys, all of them new, and the answer names them.
async fn check(case: &str, keys: &[&str]) {
    let (mut answer, builds) = builds_of(case).await;
    let came: Vec<&str> = builds
        .iter()
        .map(|build| build.properties["eventKey"].as_str())
        .collect();
    assert_eq!(came, keys, "{case}");
    for (queued, build) in answer["queued"].as_array_mut().unwrap().iter_mut().zip(&builds) {
        let page = queued.as_object_mut().unwrap().remove("web_url").unwrap();
        assert!(
            page.as_str()
                .unwrap()
                .ends_with(&format!("?buildId={}", build.id)),
            "{page}"
        );
        let named =
            json!({"bucket": "nightshift-inbox", "key": build.properties["eventKey"], "build_id": build.id});
        assert_eq!(*queued, named);
    }
    let rest = (&answer["known"], &answer["skipped"]);
    assert_eq!(rest, (&json!([]), &json!([])), "{case}");
}

/// The batch brings builds of these keys, and nothing fails.
async fn check_batch(case: &str, keys: &[&str]) {
    let (answer, builds) = builds_of(case).await;
    assert_eq!(answer, json!({"batchItemFailures": []}), "{case}");
    let mut came: Vec<&str> = builds
        .iter()
        .map(|build| build.properties["eventKey"].as_str())
        .collect();
    came.sort_unstable();
    assert_eq!(came, keys, "{case}");
}

#[tokio::test]
async fn s3_itself() {
    check("direct", &["red flower.jpg"]).await;
    check("encoded-korean-key", &["누수 신고/10월+최종 (1).csv"]).await;
    check("versioned", &["in/versioned.csv"]).await;
}

#[tokio::test]
async fn several_records_at_once() {
    let stage = Stage::new().await;
    let answer = stage.answer(&event("two-records")).await;
    let keys: Vec<&Value> = answer["queued"]
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
    assert_eq!(stage.teamcity.builds().len(), 2);
}

#[tokio::test]
async fn sns() {
    check("sns", &["in/by sns.csv"]).await;
}

#[tokio::test]
async fn eventbridge() {
    check("eventbridge", &["in/100%+tax.csv"]).await;
}

#[tokio::test]
async fn a_queue() {
    check_batch("sqs-batch", &["in/a.csv", "in/b.csv", "in/c d.csv"]).await;
    check_batch("sns-in-sqs", &["in/by sns and sqs.csv"]).await;
}

#[tokio::test]
async fn what_is_not_built_is_skipped_with_a_reason() {
    let (answer, builds) = builds_of("test-event").await;
    let skipped = json!([{"bucket": "nightshift-inbox", "key": null, "reason": "test_event"}]);
    assert_eq!(answer, json!({"queued": [], "known": [], "skipped": skipped}));
    assert!(builds.is_empty());

    let (answer, builds) = builds_of("removed").await;
    let skipped = json!([{"bucket": "nightshift-inbox", "key": "in/old.csv", "reason": "removed"}]);
    assert_eq!(answer["skipped"], skipped);
    assert!(builds.is_empty());

    let stage = Stage::new().await;
    let mut other = event("direct");
    other["Records"][0]["eventName"] = json!("ObjectTagging:Put");
    assert_eq!(stage.answer(&other).await["skipped"][0]["reason"], "no_route");
}

#[tokio::test]
async fn a_build_knows_its_object() {
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
    assert_eq!(build.tags, ["s3-b3fb364b190868aeed5af36716806a0e"]);
}

#[tokio::test]
async fn a_route_says_what_to_build_and_how() {
    let stage = Stage::new().await;
    let routes = json!([
        {"bucket": "another", "build_type": "Never"},
        {"prefix": "in/", "suffix": ".csv", "min_size": 10, "build_type": "Other_Build", "branch": "nightly",
         "queue_at_top": true, "properties": {"env.FILE": "{file_name} of {bucket}, {size} bytes, {version_id}"}},
        {"events": ["ObjectRemoved:*"], "build_type": BUILD_TYPE},
    ]);
    let mut function = stage.function().variable("BUILD_ROUTES", routes.to_string());
    function = function.variable("BUILD_COMMENT", "밤에 만든 빌드");
    function.environment.remove("TEAMCITY_BUILD_TYPE");
    stage.emulator.deploy(function);

    stage.answer(&event("two-records")).await;
    stage.answer(&event("removed")).await;
    assert_eq!(
        stage.answer(&event("direct")).await["skipped"][0]["reason"],
        "no_route"
    );
    // Once more: the look-up finds builds of another branch as well.
    assert_eq!(
        stage.answer(&event("two-records")).await["known"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let builds = stage.teamcity.builds();
    let told: Vec<_> = builds
        .iter()
        .map(|build| {
            (
                build.build_type.as_str(),
                build.branch.as_deref(),
                build.queue_at_top,
            )
        })
        .collect();
    let by_route = ("Other_Build", Some("nightly"), true);
    assert_eq!(told, [by_route, by_route, (BUILD_TYPE, None, false)]);
    assert_eq!(builds[2].comment.as_deref(), Some("밤에 만든 빌드"));
    let mut files: Vec<_> = builds[..2]
        .iter()
        .map(|build| &build.properties["env.FILE"])
        .collect();
    files.sort();
    let of = "of nightshift-inbox";
    assert_eq!(
        files,
        [
            &format!("first.csv {of}, 1024 bytes, "),
            &format!("second.csv {of}, 73400320 bytes, ")
        ]
    );
}

#[tokio::test]
async fn keys_of_every_kind_arrive_as_they_are() {
    let stage = Stage::new().await;
    let keys = [
        (
            "%EB%88%84%EC%88%98/%EC%82%AC%EC%A7%84+1.jpg".to_owned(),
            "누수/사진 1.jpg".to_owned(),
        ),
        ("a+b%2Bc".to_owned(), "a b+c".to_owned()),
        ("a%252Bb".to_owned(), "a%2Bb".to_owned()),
        (
            "%2C%3A%28%29%2Ctag%3A%28name%3Ax%29".to_owned(),
            ",:(),tag:(name:x)".to_owned(),
        ),
        (
            "%F0%9F%8F%A2%F0%9F%91%A9%E2%80%8D%F0%9F%94%A7".to_owned(),
            "🏢👩\u{200d}🔧".to_owned(),
        ),
        ("k".repeat(1024), "k".repeat(1024)),
        (
            format!("{}a", "%EB%88%84".repeat(341)),
            format!("{}a", "누".repeat(341)),
        ),
    ];
    let batch = keys.iter().map(|(encoded, _)| record(encoded, "0A"));
    let answer = stage.answer(&records(batch)).await;
    let answered: Vec<&str> = answer["queued"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["key"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = keys.iter().map(|(_, key)| key.as_str()).collect();
    assert_eq!(answered, expected);
    for (_, key) in &keys {
        assert!(
            stage
                .teamcity
                .builds()
                .iter()
                .any(|build| build.properties["eventKey"] == *key),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_key_cannot_refer_to_teamcitys_parameters() {
    let stage = Stage::new().await;
    stage
        .answer(&records([record("%25system.password%25", "0A")]))
        .await;
    // What TeamCity resolves to %system.password%.
    assert_eq!(
        stage.teamcity.builds()[0].properties["eventKey"],
        "%%system.password%%"
    );
}

#[tokio::test]
async fn one_bad_record_does_not_keep_the_others_from_being_queued() {
    let stage = Stage::new().await;
    let mut bad = record("bad", "0A");
    bad["s3"]["object"]["key"] = json!(null);
    let event = records([record("first", "0A"), bad.clone(), record("last", "0A")]);
    let (error_type, message) = stage.error(&event).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert_eq!(
        message,
        "1 of 3 could not be queued: record 2 has no s3.object.key"
    );
    assert_eq!(stage.teamcity.builds().len(), 2);

    let good = records([record("in a queue", "0A")]);
    let batch = records([
        sqs_message("good", &good),
        sqs_message("half", &records([record("half", "0A"), bad])),
        sqs_message("no JSON", &json!("hello")),
        sqs_message("other", &json!({"hello": 1})),
    ]);
    let answer = stage.answer(&batch).await;
    let failed = ["half", "no JSON", "other"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, json!({"batchItemFailures": failed}));
    assert_eq!(stage.teamcity.builds().len(), 4);
    let logs = stage.logs();
    assert!(
        logs.contains("message half asks for: record 2 has no s3.object.key"),
        "{logs}"
    );
}

#[tokio::test]
async fn an_event_of_something_else_is_refused_without_its_content() {
    let stage = Stage::new().await;
    let (error_type, message) = stage.error(&json!({"secret": "principalId"})).await;
    assert_eq!(error_type, "InvalidEvent");
    assert!(message.contains("expected an S3 notification"), "{message}");
}
