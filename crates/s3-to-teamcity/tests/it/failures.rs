//! Transient errors are retried, final ones are reported at once, and no invocation hangs.

use std::time::{Duration, Instant};

use local_stack::{Fault, Function, Match};
use serde_json::json;
use stand_ins::teamcity::{ErrorFormat, too_many_requests};

use crate::setup::{NAME, Setup, event, record, records, sqs_message};

/// Checks that the build is queued although the first three requests fail.
async fn check_transient(fault: Fault) {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(Match::any(), fault, 3);
    setup.invoke(&event("direct")).await;
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn a_transient_error_is_retried() {
    for status in [409, 429, 500, 502, 503] {
        check_transient(Fault::respond(status, "later".to_owned())).await;
    }
    check_transient(Fault::Refuse).await;
    check_transient(Fault::LoseResponse).await;
}

#[tokio::test]
async fn a_retry_waits_as_long_as_teamcity_requests() {
    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(Match::any(), too_many_requests(2), 1);
    let began = Instant::now();
    setup.invoke(&event("direct")).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Checks that the error is reported after one attempt, with TeamCity's message.
async fn check_final(status: u16, body: &str, expected: &str) {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(
        Match::path("POST", "/"),
        Fault::respond(status, body.to_owned()),
        100,
    );
    let (error_type, message) = setup.invoke_failing(&event("direct")).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert!(
        message.contains("s3://nightshift-inbox/red flower.jpg: gave up after attempt 1: "),
        "{message}"
    );
    assert!(
        message.contains(&format!("TeamCity responded with status {status}")) && message.contains(expected),
        "{message}"
    );
    assert!(setup.teamcity.builds().is_empty());
    assert_eq!(
        setup.teamcity.faults.seen().len(),
        2,
        "one look-up and one attempt to queue"
    );
}

#[tokio::test]
async fn a_final_error_is_reported_at_once_with_teamcitys_message() {
    let json = r#"{"errors":[{"message":"You do not have \"Run build\" permission"}]}"#;
    check_final(403, json, r#"You do not have "Run build" permission"#).await;
    let xml = "<errors><error><message>Bad property &lt;x&gt;</message></error></errors>";
    check_final(400, xml, "Bad property <x>").await;
    check_final(302, "", "no message").await;
}

#[tokio::test]
async fn an_unknown_build_configuration_is_named_in_every_error_format() {
    for errors in [ErrorFormat::Json, ErrorFormat::Xml, ErrorFormat::Text] {
        let setup = Setup::with(|settings| settings.errors = errors).await;
        setup.deploy("TEAMCITY_BUILD_TYPE", "Nightly_Imprt");
        let (_, message) = setup.invoke_failing(&event("direct")).await;
        let expected = "No build type nor template is found by id 'Nightly_Imprt'.";
        assert!(
            message.contains("TeamCity responded with status 404") && message.contains(expected),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_login_page_with_status_200_is_an_error() {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(
        Match::any(),
        Fault::respond(200, "<html>Please log in</html>".to_owned()),
        1,
    );
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(
        message.contains("TEAMCITY_URL may lead to another server or a login page"),
        "{message}"
    );
}

#[tokio::test]
async fn a_failed_upload_does_not_stop_the_others() {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(
        Match::path("POST", "/").and_containing("wrong"),
        Fault::respond(400, "no".to_owned()),
        100,
    );
    let event = records([record("first", "0A"), record("wrong", "0A"), record("last", "0A")]);
    let (_, message) = setup.invoke_failing(&event).await;
    assert!(
        message.starts_with("could not queue builds for 1 of 3 uploads: s3://nightshift-inbox/wrong: "),
        "{message}"
    );
    assert_eq!(setup.teamcity.builds().len(), 2);

    let batch =
        records(["first", "wrong", "last"].map(|key| sqs_message(key, &records([record(key, "0B")]))));
    let response = setup.invoke(&batch).await;
    assert_eq!(
        response,
        json!({"batchItemFailures": [{"itemIdentifier": "wrong"}]})
    );
    assert_eq!(setup.teamcity.builds().len(), 4);
}

/// Checks that an invocation of 4 s ends in time although every request, of 1 s at most, fails.
async fn check_down(fault: Fault) {
    let setup = Setup::new().await;
    setup.emulator.deploy(Function {
        timeout: Duration::from_secs(4),
        ..setup.function().variable("TEAMCITY_TIMEOUT_MS", "1000")
    });
    setup.teamcity.faults.inject(Match::any(), fault, usize::MAX);
    let began = Instant::now();
    let (error_type, message) = setup.invoke_failing(&event("direct")).await;
    assert_eq!(error_type, "UploadsNotQueued");
    assert!(
        message.contains("no response from TeamCity") || message.contains("503"),
        "{message}"
    );
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    // More uploads than are queued concurrently: each gets its share of the time, and each failure is reported.
    let messages = (0..30).map(|n| sqs_message(&n.to_string(), &records([record(&n.to_string(), "0A")])));
    let response = setup.invoke(&records(messages)).await;
    assert_eq!(response["batchItemFailures"].as_array().unwrap().len(), 30);
    let took = setup.emulator.invocations_of(NAME).pop().unwrap();
    let took = took
        .ended
        .unwrap()
        .duration_since(took.received.unwrap())
        .unwrap();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_teamcity_that_does_not_respond_is_reported_before_the_deadline() {
    check_down(Fault::Hold).await;
}

#[tokio::test]
async fn a_teamcity_that_is_down_is_reported_before_the_deadline() {
    check_down(Fault::Refuse).await;
    check_down(Fault::respond(503, "starting up".to_owned())).await;
}

#[tokio::test]
async fn uploads_that_hang_leave_the_others_their_share_of_the_time() {
    let setup = Setup::new().await;
    setup.emulator.deploy(Function {
        timeout: Duration::from_secs(5),
        ..setup.function().variable("TEAMCITY_TIMEOUT_MS", "60000")
    });
    // Eight uploads hang, as many as are queued concurrently.
    setup.teamcity.faults.inject(
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
    let response = setup.invoke(&records(messages)).await;
    let failed: Vec<_> = response["batchItemFailures"].as_array().unwrap().iter().collect();
    assert_eq!(failed.len(), 8, "{failed:?}");
    assert_eq!(setup.teamcity.builds().len(), 8);
}

#[tokio::test]
async fn at_most_eight_requests_are_open_at_once() {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(
        Match::any(),
        Fault::DelayRequest(Duration::from_millis(10)),
        usize::MAX,
    );
    setup
        .invoke(&records((0..100).map(|n| record(&n.to_string(), "0A"))))
        .await;
    assert_eq!(setup.teamcity.builds().len(), 100);
    let most_open = setup.teamcity.faults.most_open();
    assert!(most_open <= 8, "{most_open}");
}

#[tokio::test]
async fn an_invalid_configuration_fails_the_init_and_lists_every_fault() {
    let setup = Setup::new().await;
    let mut function = setup
        .function()
        .variable("BUILD_ROUTES", r#"[{"build_type": "A", "preffix": "x"}]"#);
    function.environment.remove("TEAMCITY_TOKEN");
    setup
        .emulator
        .deploy(function.variable("TEAMCITY_URL", "teamcity"));
    let (error_type, message) = setup.invoke_failing(&event("direct")).await;
    assert_eq!(error_type, "ConfigurationError");
    for fault in [
        "TEAMCITY_URL is malformed",
        "TEAMCITY_TOKEN (or",
        "BUILD_ROUTES[0].preffix: unknown key",
    ] {
        assert!(message.contains(fault), "{message}");
    }
}

#[tokio::test]
async fn an_error_page_that_repeats_the_request_leaves_no_credential_in_log_and_result() {
    let setup = Setup::new().await;
    let page = "Server is starting up. Authorization: Bearer plantedCredential8Jq4Vb67cD";
    let faults = &setup.teamcity.faults;
    faults.inject(Match::any(), Fault::respond(503, page), 1);
    faults.inject(Match::path("POST", "/"), Fault::respond(400, page), 1);
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(message.contains("Authorization: Bearer ***"), "{message}");
    let log = setup.logs();
    assert!(log.contains("status 503: Server is starting up."), "{log}");
    assert!(!format!("{message}{log}").contains("plantedCredential"), "{log}");
}
