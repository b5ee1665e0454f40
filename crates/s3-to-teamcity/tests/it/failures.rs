//! What passes is tried again, what does not is said at once, and nothing hangs.

use local_stack::{Fault, FaultProxy, Function, Match};
use serde_json::json;
use stand_ins::teamcity::ErrorFormat;
use std::time::{Duration, Instant};

use crate::stage::{NAME, Stage, event, record, records, sqs_message};

async fn with_proxy(stage: &Stage, change: impl FnOnce(Function) -> Function) -> FaultProxy {
    let proxy = FaultProxy::start(&stage.teamcity.url()).await.unwrap();
    stage.emulator.deploy(change(
        stage.function().variable("TEAMCITY_URL", proxy.endpoint()),
    ));
    proxy
}

/// Three requests go wrong so, and the build is queued all the same.
async fn check_passing(fault: Fault) {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| function).await;
    proxy.inject(Match::any(), fault, 3);
    stage.answer(&event("direct")).await;
    assert_eq!(stage.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for status in [409, 429, 500, 502, 503] {
        check_passing(Fault::Status(status, "later".to_owned())).await;
    }
    check_passing(Fault::Refuse).await;
    check_passing(Fault::LoseAnswer).await;
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let stage = Stage::new().await;
    stage.teamcity.limit(1, 2);
    let began = Instant::now();
    stage.answer(&event("direct")).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}

/// The error comes at once, after one try, with TeamCity's own words.
async fn check_final(status: u16, body: &str, words: &str) {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| function).await;
    proxy.inject(
        Match::path("POST", "/"),
        Fault::Status(status, body.to_owned()),
        100,
    );
    let (error_type, message) = stage.error(&event("direct")).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert!(
        message.contains("s3://nightshift-inbox/red flower.jpg: tried once: "),
        "{message}"
    );
    assert!(
        message.contains(&format!("TeamCity answered {status}")) && message.contains(words),
        "{message}"
    );
    assert_eq!(stage.teamcity.traffic().posts, 0);
    assert_eq!(proxy.seen().len(), 2, "a look-up and a post");
}

#[tokio::test]
async fn what_does_not_pass_is_said_at_once_in_teamcitys_own_words() {
    let json = r#"{"errors":[{"message":"You do not have \"Run build\" permission"}]}"#;
    check_final(403, json, r#"You do not have "Run build" permission"#).await;
    let xml = "<errors><error><message>Bad property &lt;x&gt;</message></error></errors>";
    check_final(400, xml, "Bad property <x>").await;
    check_final(302, "", "without a word").await;
}

#[tokio::test]
async fn an_unknown_build_configuration_is_named_in_every_form() {
    for errors in [ErrorFormat::Json, ErrorFormat::Xml, ErrorFormat::Text] {
        let stage = Stage::with(|settings| settings.errors = errors).await;
        stage.deploy("TEAMCITY_BUILD_TYPE", "Nightly_Imprt");
        let (_, message) = stage.error(&event("direct")).await;
        let words = "No build type nor template is found by id 'Nightly_Imprt'.";
        assert!(
            message.contains("TeamCity answered 404") && message.contains(words),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_no_success() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| function).await;
    proxy.inject(
        Match::any(),
        Fault::Status(200, "<html>Please log in</html>".to_owned()),
        1,
    );
    let (_, message) = stage.error(&event("direct")).await;
    assert!(
        message.contains("TeamCity's answer is none of its REST API"),
        "{message}"
    );
}

#[tokio::test]
async fn one_upload_that_fails_does_not_keep_the_others_from_being_queued() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| function).await;
    proxy.inject(
        Match::path("POST", "/").and_containing("wrong"),
        Fault::Status(400, "no".to_owned()),
        100,
    );
    let event = records([record("first", "0A"), record("wrong", "0A"), record("last", "0A")]);
    let (_, message) = stage.error(&event).await;
    assert!(
        message.starts_with("1 of 3 could not be queued: s3://nightshift-inbox/wrong: "),
        "{message}"
    );
    assert_eq!(stage.teamcity.builds().len(), 2);

    let batch =
        records(["first", "wrong", "last"].map(|key| sqs_message(key, &records([record(key, "0B")]))));
    let answer = stage.answer(&batch).await;
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "wrong"}]})
    );
    assert_eq!(stage.teamcity.builds().len(), 4);
}

/// Nothing comes back from TeamCity in the whole invocation of 4 s; a call may take 1 s.
async fn check_down(fault: Fault) {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| Function {
        timeout: Duration::from_secs(4),
        ..function.variable("TEAMCITY_TIMEOUT_MS", "1000")
    })
    .await;
    proxy.inject(Match::any(), fault, usize::MAX);
    let began = Instant::now();
    let (error_type, message) = stage.error(&event("direct")).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert!(
        message.contains("no answer from TeamCity") || message.contains("503"),
        "{message}"
    );
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    // More than are done at once: each gets its share, each is named.
    let messages = (0..30).map(|n| sqs_message(&n.to_string(), &records([record(&n.to_string(), "0A")])));
    let answer = stage.answer(&records(messages)).await;
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 30);
    let took = stage.emulator.invocations_of(NAME).pop().unwrap();
    let took = took.ended.unwrap().duration_since(took.taken.unwrap()).unwrap();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_teamcity_that_does_not_answer_is_an_error_in_time() {
    check_down(Fault::Hold).await;
}

#[tokio::test]
async fn a_teamcity_that_is_down_is_an_error_in_time() {
    check_down(Fault::Refuse).await;
    check_down(Fault::Status(503, "starting up".to_owned())).await;
}

#[tokio::test]
async fn a_slow_upload_leaves_the_others_their_share() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| Function {
        timeout: Duration::from_secs(5),
        ..function.variable("TEAMCITY_TIMEOUT_MS", "60000")
    })
    .await;
    // Eight hang, as many as are done at once.
    proxy.inject(
        Match::path("POST", "/").and_containing("\"hangs"),
        Fault::Hold,
        usize::MAX,
    );
    let keys = (0..16).map(|n| {
        if n < 8 {
            format!("hangs-{n}")
        } else {
            format!("works-{n}")
        }
    });
    let messages = keys.map(|key| sqs_message(&key, &records([record(&key, "0A")])));
    let answer = stage.answer(&records(messages)).await;
    let failed: Vec<_> = answer["batchItemFailures"].as_array().unwrap().iter().collect();
    assert_eq!(failed.len(), 8, "{failed:?}");
    assert_eq!(stage.teamcity.builds().len(), 8);
}

#[tokio::test]
async fn no_more_are_under_way_at_once_than_teamcity_likes() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage, |function| function).await;
    proxy.inject(Match::any(), Fault::Delay(Duration::from_millis(10)), usize::MAX);
    stage
        .answer(&records((0..100).map(|n| record(&n.to_string(), "0A"))))
        .await;
    assert_eq!(stage.teamcity.builds().len(), 100);
    assert!(
        stage.teamcity.traffic().most_at_once <= 8,
        "{:?}",
        stage.teamcity.traffic()
    );
}

#[tokio::test]
async fn a_wrong_configuration_ends_the_init_and_names_all_that_is_wrong() {
    let stage = Stage::new().await;
    let mut function = stage
        .function()
        .variable("BUILD_ROUTES", r#"[{"build_type": "A", "preffix": "x"}]"#);
    function.environment.remove("TEAMCITY_TOKEN");
    stage
        .emulator
        .deploy(function.variable("TEAMCITY_URL", "teamcity"));
    let (error_type, message) = stage.error(&event("direct")).await;
    assert_eq!(error_type, "ConfigurationError");
    for fault in [
        "TEAMCITY_URL is malformed",
        "TEAMCITY_TOKEN (or",
        "route 1: there is no field \"preffix\"",
    ] {
        assert!(message.contains(fault), "{message}");
    }
}
