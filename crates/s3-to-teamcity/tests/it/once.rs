//! One upload has one build, also after repeated events, races and lost responses.

use std::time::Duration;

use futures_util::future::join_all;
use local_stack::faults::SeenRequest;
use local_stack::{Fault, Match};
use serde_json::{Value, json};
use stand_ins::teamcity::State;

use crate::setup::{BUILD_TYPE, PATIENCE, Setup, counts, event, record, records, sqs_message};

const QUEUE: &str = "/app/rest/buildQueue";

fn cancellations(setup: &Setup) -> usize {
    let cancel = Match::path("POST", &format!("{QUEUE}/"));
    setup.teamcity.faults.count(&cancel)
}

#[tokio::test]
async fn an_upload_reported_again_has_a_known_build() {
    let setup = Setup::new().await;
    let first = setup.invoke(&event("direct")).await;
    let again = setup.invoke(&event("direct")).await;
    assert_eq!((counts(&first), counts(&again)), ((1, 0), (0, 1)));
    assert_eq!(first["queued"], again["known"], "the same build, with its page");
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn an_upload_reported_through_two_channels_has_one_build() {
    let setup = Setup::new().await;
    let direct = records([record("a", "00617F08299329D189")]);
    let mut eventbridge = event("eventbridge");
    eventbridge["detail"]["object"]["key"] = json!("a");
    setup.invoke(&direct).await;
    assert_eq!(counts(&setup.invoke(&eventbridge).await), (0, 1));
}

#[tokio::test]
async fn an_upload_reported_twice_in_one_event_has_one_build() {
    let setup = Setup::new().await;
    let response = setup
        .invoke(&records([
            record("a", "0A"),
            record("a", "0A"),
            record("b", "0A"),
        ]))
        .await;
    assert_eq!(counts(&response), (2, 1));
    let body = records([record("c", "0A")]);
    setup
        .invoke(&records([sqs_message("1", &body), sqs_message("2", &body)]))
        .await;
    assert_eq!(setup.teamcity.builds().len(), 3);
}

#[tokio::test]
async fn two_uploads_of_one_key_have_two_builds_even_with_equal_content() {
    // TeamCity merges two queued builds that have equal properties.
    let setup = Setup::with(|settings| settings.merges = true).await;
    setup
        .invoke(&records([record("a", "0A"), record("a", "0B")]))
        .await;
    assert_eq!(setup.teamcity.builds().len(), 2);

    let at = |time: &str| {
        let mut record = record("old", "");
        record["eventTime"] = json!(time);
        records([record])
    };
    setup.invoke(&at("2026-11-01T00:00:00.000Z")).await;
    setup.invoke(&at("2026-11-02T00:00:00.000Z")).await;
    setup.invoke(&at("2026-11-02T00:00:00.000Z")).await;
    assert_eq!(
        setup.teamcity.builds().len(),
        4,
        "without a sequencer the time tells them apart"
    );
}

#[tokio::test]
async fn a_finished_build_is_known() {
    let setup = Setup::new().await;
    setup.invoke(&event("direct")).await;
    setup.teamcity.change(|settings| {
        (settings.time_in_queue, settings.time_running) = (Duration::ZERO, Duration::ZERO);
    });
    assert_eq!(setup.teamcity.builds()[0].state, State::Finished);
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (0, 1));
}

/// Sends the event five times. All five invocations look up the tag and find no build before the first one queues one.
async fn invoke_five_times_at_once(setup: &Setup, event: &Value) -> Vec<Value> {
    let faults = &setup.teamcity.faults;
    faults.inject(Match::path("POST", QUEUE), Fault::Hold, 5);
    let release = async {
        let is_held = |request: &&SeenRequest| request.fault == Some(Fault::Hold);
        while faults.seen().iter().filter(is_held).count() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        faults.release();
    };
    let invocations = join_all((0..5).map(|_| setup.invoke(event)));
    let responses = async { tokio::join!(invocations, release).0 };
    tokio::time::timeout(PATIENCE, responses).await.unwrap()
}

#[tokio::test]
async fn five_simultaneous_notifications_have_one_build() {
    let setup = Setup::new().await;
    let event = event("direct");
    let responses = invoke_five_times_at_once(&setup, &event).await;
    let queued: usize = responses.iter().map(|response| counts(response).0).sum();
    assert_eq!(queued, 1, "{responses:?}");
    let builds = setup.teamcity.builds();
    assert_eq!(builds.len(), 5);
    assert_eq!(builds[0].cancelled, None, "the first build counts");
    for duplicate in &builds[1..] {
        assert_eq!(
            duplicate.cancelled,
            Some(format!("duplicate of {}", builds[0].id))
        );
    }
    for response in &responses {
        let build = response["queued"].get(0).or(response["known"].get(0)).unwrap();
        assert_eq!(
            build["build_id"],
            json!(builds[0].id),
            "every response names the same build"
        );
    }
    assert_eq!(setup.metric("DuplicateStarted").await, 0.0);
    assert!(setup.metric("DuplicateCancelled").await >= 4.0);
    // A later event for the upload ignores the cancelled builds.
    let known = setup.invoke(&event).await["known"][0]["build_id"].clone();
    assert_eq!(known, json!(builds[0].id));
}

#[tokio::test]
async fn a_duplicate_that_has_started_is_counted_and_not_cancelled() {
    let setup = Setup::with(|settings| settings.time_in_queue = Duration::ZERO).await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let event = event("direct");
    let first = setup.invoke(&event);
    let second = async {
        setup.teamcity.faults.wait_until_held(PATIENCE).await.unwrap();
        // Another invocation is faster, and its build starts at once.
        let response = setup.invoke(&event).await;
        setup.teamcity.faults.release();
        response
    };
    let (late, fast) = tokio::join!(first, second);
    assert_eq!((counts(&fast), counts(&late)), ((1, 0), (0, 1)));
    assert_eq!(
        setup.teamcity.uncancelled_builds().len(),
        2,
        "a running build is not stopped"
    );
    assert_eq!(cancellations(&setup), 0);
    assert_eq!(setup.metric("DuplicateStarted").await, 1.0);
}

#[tokio::test]
async fn a_lost_response_is_followed_by_a_look_up() {
    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::LoseResponse, 1);
    let response = setup.invoke(&event("direct")).await;
    assert_eq!(counts(&response), (1, 0), "the look-up finds the build");
    assert_eq!(setup.teamcity.builds().len(), 1);
    assert_eq!(setup.teamcity.faults.count(&Match::path("POST", QUEUE)), 1);
}

#[tokio::test]
async fn a_response_after_the_time_out_is_a_lost_one() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_TIMEOUT_MS", "300");
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let response = setup.invoke(&event("direct")).await;
    assert_eq!(counts(&response), (1, 0));
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn a_cancellation_after_the_start_is_no_failure() {
    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let event = event("direct");
    let second = async {
        setup.teamcity.faults.wait_until_held(PATIENCE).await.unwrap();
        let response = setup.invoke(&event).await;
        // The first invocation queues a second build and looks up both; both start before it cancels its own.
        setup
            .teamcity
            .faults
            .inject(Match::path("POST", &format!("{QUEUE}/")), Fault::Hold, 1);
        setup.teamcity.faults.release();
        tokio::time::sleep(Duration::from_millis(50)).await;
        setup.teamcity.faults.wait_until_held(PATIENCE).await.unwrap();
        setup
            .teamcity
            .change(|settings| settings.time_in_queue = Duration::ZERO);
        setup.teamcity.faults.release();
        response
    };
    let (late, _) = tokio::join!(setup.invoke(&event), second);
    assert_eq!(counts(&late), (0, 1));
    assert_eq!(cancellations(&setup), 1);
    assert_eq!(setup.metric("DuplicateStarted").await, 1.0);
}

#[tokio::test]
async fn builds_of_other_configurations_do_not_count() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_BUILD_TYPE", "Other_Build");
    setup.invoke(&event("direct")).await;
    setup.deploy("TEAMCITY_BUILD_TYPE", BUILD_TYPE);
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
}
