//! One upload is one build, whatever happens.

use futures_util::future::join_all;
use local_stack::{Fault, FaultProxy, Match};
use serde_json::{Value, json};
use stand_ins::teamcity::State;
use std::time::Duration;

use crate::stage::{BUILD_TYPE, PATIENCE, Stage, event, record, records, sqs_message};

const QUEUE: &str = "/app/rest/buildQueue";

/// A stage whose function speaks to TeamCity through a proxy.
async fn with_proxy(stage: &Stage) -> FaultProxy {
    let proxy = FaultProxy::start(&stage.teamcity.url()).await.unwrap();
    stage.deploy("TEAMCITY_URL", &proxy.endpoint());
    proxy
}

fn counts(answer: &Value) -> (usize, usize) {
    let count = |name: &str| answer[name].as_array().unwrap().len();
    (count("queued"), count("known"))
}

#[tokio::test]
async fn an_upload_told_again_is_known() {
    let stage = Stage::new().await;
    let first = stage.answer(&event("direct")).await;
    let again = stage.answer(&event("direct")).await;
    assert_eq!((counts(&first), counts(&again)), ((1, 0), (0, 1)));
    assert_eq!(first["queued"], again["known"], "the same build, with its page");
    assert_eq!(stage.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn an_upload_told_through_two_channels_is_one_build() {
    let stage = Stage::new().await;
    let direct = records([record("a", "00617F08299329D189")]);
    let mut eventbridge = event("eventbridge");
    eventbridge["detail"]["object"]["key"] = json!("a");
    stage.answer(&direct).await;
    assert_eq!(counts(&stage.answer(&eventbridge).await), (0, 1));
}

#[tokio::test]
async fn an_upload_told_twice_in_one_event_is_one_build() {
    let stage = Stage::new().await;
    let answer = stage
        .answer(&records([
            record("a", "0A"),
            record("a", "0A"),
            record("b", "0A"),
        ]))
        .await;
    assert_eq!(counts(&answer), (2, 1));
    let body = records([record("c", "0A")]);
    stage
        .answer(&records([sqs_message("1", &body), sqs_message("2", &body)]))
        .await;
    assert_eq!(stage.teamcity.builds().len(), 3);
}

#[tokio::test]
async fn two_uploads_of_one_key_are_two_builds_also_with_equal_content() {
    // TeamCity makes one build of two that wait with the same properties.
    let stage = Stage::with(|settings| settings.merges = true).await;
    stage
        .answer(&records([record("a", "0A"), record("a", "0B")]))
        .await;
    assert_eq!(stage.teamcity.builds().len(), 2);

    let at = |time: &str| {
        let mut record = record("old", "");
        record["eventTime"] = json!(time);
        records([record])
    };
    stage.answer(&at("2026-11-01T00:00:00.000Z")).await;
    stage.answer(&at("2026-11-02T00:00:00.000Z")).await;
    stage.answer(&at("2026-11-02T00:00:00.000Z")).await;
    assert_eq!(
        stage.teamcity.builds().len(),
        4,
        "without a sequencer it is the time that tells them apart"
    );
}

#[tokio::test]
async fn a_build_that_has_ended_or_was_cancelled_is_known_all_the_same() {
    let stage = Stage::new().await;
    stage.answer(&event("direct")).await;
    stage.teamcity.change(|settings| {
        (settings.time_in_queue, settings.time_running) = (Duration::ZERO, Duration::ZERO);
    });
    assert_eq!(stage.teamcity.builds()[0].state, State::Finished);
    assert_eq!(counts(&stage.answer(&event("direct")).await), (0, 1));
}

#[tokio::test]
async fn five_notifications_at_the_same_moment_are_one_build() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage).await;
    // All five have looked up, and found nothing, before the first of them queues anything.
    proxy.inject(Match::path("POST", QUEUE), Fault::Hold, 5);
    let event = event("direct");
    let sent = join_all((0..5).map(|_| stage.answer(&event)));
    let release = async {
        while proxy
            .seen()
            .iter()
            .filter(|request| request.fault == Some(Fault::Hold))
            .count()
            < 5
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        proxy.release();
    };
    let (answers, ()) = tokio::time::timeout(PATIENCE, async { tokio::join!(sent, release) })
        .await
        .unwrap();

    let queued: usize = answers.iter().map(|answer| counts(answer).0).sum();
    assert_eq!(queued, 1, "{answers:?}");
    let builds = stage.teamcity.builds();
    assert_eq!(builds.len(), 5);
    let wanted = stage.teamcity.wanted_builds();
    assert_eq!(
        wanted.iter().map(|build| build.id).collect::<Vec<_>>(),
        [builds[0].id],
        "the first counts"
    );
    for duplicate in &builds[1..] {
        assert_eq!(
            duplicate.cancelled,
            Some(format!("duplicate of {}", builds[0].id))
        );
    }
    for answer in &answers {
        let build = answer["queued"].get(0).or(answer["known"].get(0)).unwrap();
        assert_eq!(
            build["build_id"],
            json!(builds[0].id),
            "everybody names the same build"
        );
    }
    assert_eq!(stage.metric("DuplicateStarted").await, 0.0);
    assert!(stage.metric("DuplicateCancelled").await >= 4.0);
    // Told once more, the cancelled ones do not confuse.
    let known = stage.answer(&event).await["known"][0]["build_id"].clone();
    assert_eq!(known, json!(builds[0].id));
}

#[tokio::test]
async fn a_duplicate_that_has_started_is_left_alone_and_counted() {
    let stage = Stage::with(|settings| settings.time_in_queue = Duration::ZERO).await;
    let proxy = with_proxy(&stage).await;
    proxy.inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let event = event("direct");
    let first = stage.answer(&event);
    let second = async {
        proxy.held(PATIENCE).await.unwrap();
        // Another invocation is quicker, and its build starts at once.
        let answer = stage.answer(&event).await;
        proxy.release();
        answer
    };
    let (late, quick) = tokio::join!(first, second);
    assert_eq!((counts(&quick), counts(&late)), ((1, 0), (0, 1)));
    assert_eq!(
        stage.teamcity.wanted_builds().len(),
        2,
        "nobody stops a build that runs"
    );
    assert_eq!(stage.teamcity.traffic().cancels, 0);
    assert_eq!(stage.metric("DuplicateStarted").await, 1.0);
}

#[tokio::test]
async fn after_a_lost_answer_it_looks_before_it_asks_again() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage).await;
    proxy.inject(Match::path("POST", QUEUE), Fault::LoseAnswer, 1);
    let answer = stage.answer(&event("direct")).await;
    assert_eq!(counts(&answer), (1, 0), "its own build, which it found");
    assert_eq!(stage.teamcity.builds().len(), 1);
    assert_eq!(stage.teamcity.traffic().posts, 1);
}

#[tokio::test]
async fn a_slow_answer_is_a_lost_one() {
    let stage = Stage::new().await;
    let proxy = FaultProxy::start(&stage.teamcity.url()).await.unwrap();
    let function = stage.function().variable("TEAMCITY_URL", proxy.endpoint());
    stage
        .emulator
        .deploy(function.variable("TEAMCITY_TIMEOUT_MS", "300"));
    proxy.inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let answer = stage.answer(&event("direct")).await;
    assert_eq!(counts(&answer), (1, 0));
    assert_eq!(stage.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn a_cancellation_that_comes_too_late_is_no_failure() {
    let stage = Stage::new().await;
    let proxy = with_proxy(&stage).await;
    proxy.inject(Match::path("POST", QUEUE), Fault::Hold, 1);
    let event = event("direct");
    let second = async {
        proxy.held(PATIENCE).await.unwrap();
        let answer = stage.answer(&event).await;
        // The late one looks up, then both builds start, then it cancels.
        proxy.inject(Match::path("POST", &format!("{QUEUE}/")), Fault::Hold, 1);
        proxy.release();
        tokio::time::sleep(Duration::from_millis(50)).await;
        proxy.held(PATIENCE).await.unwrap();
        stage
            .teamcity
            .change(|settings| settings.time_in_queue = Duration::ZERO);
        proxy.release();
        answer
    };
    let (late, _) = tokio::join!(stage.answer(&event), second);
    assert_eq!(counts(&late), (0, 1));
    assert_eq!(stage.teamcity.traffic().cancels, 1);
    assert_eq!(stage.metric("DuplicateStarted").await, 1.0);
}

#[tokio::test]
async fn builds_of_other_configurations_do_not_count() {
    let stage = Stage::new().await;
    stage.deploy("TEAMCITY_BUILD_TYPE", "Other_Build");
    stage.answer(&event("direct")).await;
    stage.deploy("TEAMCITY_BUILD_TYPE", BUILD_TYPE);
    assert_eq!(counts(&stage.answer(&event("direct")).await), (1, 0));
}
