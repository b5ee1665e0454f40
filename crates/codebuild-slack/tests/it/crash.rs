//! Crashes and lost responses at every step.

use std::time::Duration;

use local_stack::{Fault, Faults, Function, Match};

use crate::setup::{NAME, PATIENCE, Setup, event, now_ms};

/// Time after which the lease of a killed environment runs out. A real lease takes longer than a minute.
const LEASE_REST: Duration = Duration::from_secs(3);

/// The function with fault injectors in DynamoDB and Slack.
struct Crossing {
    setup: Setup,
    dynamodb: Faults,
    slack: Faults,
}

impl Crossing {
    async fn new(timeout: Duration) -> Self {
        Self::with_routes(timeout, r#"[{"project": "*"}]"#).await
    }

    async fn with_routes(timeout: Duration, routes: &str) -> Self {
        let setup = Setup::table().await;
        setup.emulator.deploy(Function {
            timeout,
            ..setup.table_function().variable("SLACK_ROUTES", routes)
        });
        Self {
            dynamodb: setup.dynamodb().faults.clone(),
            slack: setup.slack.faults.clone(),
            setup,
        }
    }

    /// Kills the environment during a request of this kind, which does not take effect. Lambda then retries the event.
    /// Returns the request id of the event.
    async fn kill_at(&self, case: &str, faults: &Faults, matching: Match) -> String {
        faults.inject(matching, Fault::Hold, 1);
        let request_id = self.setup.emulator.invoke_event(NAME, &event(case)).unwrap();
        faults.wait_until_held(PATIENCE).await.unwrap();
        assert_eq!(self.setup.emulator.kill(NAME), 1);
        faults.wait_until_none_held(PATIENCE).await.unwrap();
        request_id
    }

    /// Kills the environment during a request to Slack. Checks that it leaves a lease of a minute, and shortens that to
    /// `remaining`.
    async fn kill_lease_holder(&self, case: &str, method: &str, remaining: Duration) {
        let request = Match::path("POST", &format!("/api/{method}"));
        let began_ms = now_ms();
        let request_id = self.kill_at(case, &self.slack, request).await;
        let items = self.setup.items().await;
        let owner = items[0]["lease_owner"]["S"].as_str().unwrap();
        assert!(owner.starts_with(&request_id), "{owner} is not {request_id}");
        let until_ms: u64 = items[0]["lease_until"]["N"].as_str().unwrap().parse().unwrap();
        assert!(until_ms >= began_ms + 60_000, "{items:?}");
        let build_id = event(case)["detail"]["build-id"].as_str().unwrap().to_owned();
        self.setup.shorten_lease(&build_id, &request_id, remaining).await;
    }

    async fn settle(&self) {
        self.setup.emulator.wait_until_idle(PATIENCE).await.unwrap();
        assert_eq!(self.setup.emulator.dead_letters(), Vec::<String>::new());
    }

    #[track_caller]
    fn check_message(&self) {
        let message = self.setup.message();
        assert!(message.text.starts_with("❌ web failed"), "{message:?}");
    }
}

#[tokio::test]
async fn a_crash_before_the_record_loses_nothing() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    // Only writes have an update expression.
    let write = Match::containing("UpdateExpression");
    crossing.kill_at("failed", &crossing.dynamodb, write).await;
    crossing.settle().await;
    crossing.check_message();
}

#[tokio::test]
async fn after_a_crash_between_record_and_slack_other_events_wait_for_the_lease() {
    let crossing = Crossing::new(Duration::from_secs(70)).await;
    crossing
        .kill_lease_holder("in-progress", "chat.postMessage", LEASE_REST)
        .await;
    // The build ends. Its event finds the lease of the dead environment and takes over when it runs out.
    crossing
        .setup
        .emulator
        .invoke_event(NAME, &event("failed"))
        .unwrap();
    crossing.settle().await;
    crossing.check_message();
}

#[tokio::test]
async fn posts_of_environments_that_died_count_for_the_limit() {
    let crossing = Crossing::new(Duration::from_secs(80)).await;
    let (failed, faults) = (event("failed"), &crossing.slack);
    let build_id = failed["detail"]["build-id"].as_str().unwrap();
    faults.inject(Match::path("POST", "/api/chat.postMessage"), Fault::Hold, 2);
    let request_id = crossing.setup.emulator.invoke_event(NAME, &failed).unwrap();
    for _ in 0..2 {
        faults.wait_until_held(PATIENCE).await.unwrap();
        assert_eq!(crossing.setup.emulator.kill(NAME), 1);
        faults.wait_until_none_held(PATIENCE).await.unwrap();
        crossing
            .setup
            .shorten_lease(build_id, &request_id, Duration::ZERO)
            .await;
    }
    crossing.settle().await;
    let posts = crossing
        .slack
        .count(&Match::path("POST", "/api/chat.postMessage"));
    assert_eq!(posts, 2, "the third invocation posts nothing");
    let logs = crossing.setup.logs();
    assert!(
        logs.contains("the message is most likely in the channel"),
        "{logs}"
    );
    assert!(logs.contains(r#""PostsInDoubt":1"#), "{logs}");
}

#[tokio::test]
async fn an_event_that_times_out_before_the_lease_is_retried() {
    let crossing = Crossing::new(Duration::from_secs(10)).await;
    crossing
        .kill_lease_holder("failed", "chat.postMessage", Duration::from_secs(13))
        .await;
    crossing.settle().await;
    crossing.check_message();
    let logs = crossing.setup.logs();
    assert!(logs.contains("LeaseHeld"), "{logs}");
}

#[tokio::test]
async fn a_crash_during_an_update_loses_nothing() {
    let crossing = Crossing::new(Duration::from_secs(70)).await;
    crossing.setup.response(&event("in-progress")).await;
    crossing
        .kill_lease_holder("failed", "chat.update", LEASE_REST)
        .await;
    crossing.settle().await;
    crossing.check_message();
}

#[tokio::test]
async fn lost_responses_of_dynamodb_cause_no_second_message() {
    let check = async |write: &str| {
        let crossing = Crossing::new(Duration::from_secs(60)).await;
        // The SDK retries the write, whose condition no longer holds: the function must recognize its own record.
        let lost = Match::containing(write);
        crossing.dynamodb.inject(lost, Fault::LoseResponse, 2);
        let response = crossing.setup.response(&event("in-progress")).await;
        assert!(response.get("posted").is_some(), "{write}: {response}");
        crossing.setup.response(&event("failed")).await;
        crossing.check_message();
    };
    // The writes that create the record, raise it and record the delivery.
    futures_util::join!(
        check(":nothing"),
        check("#wanted < :rank"),
        check("#posted = :rank")
    );
}

#[tokio::test]
async fn a_posted_event_does_not_fail_because_of_a_newer_one() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    let setup = &crossing.setup;
    // The build ends while its start is being posted, and the update by the first invocation fails.
    let post = Match::path("POST", "/api/chat.postMessage");
    crossing.slack.inject(post, Fault::Hold, 1);
    let rejection = Fault::respond(200, r#"{"ok":false,"error":"is_archived"}"#.to_owned());
    let update = Match::path("POST", "/api/chat.update");
    crossing.slack.inject(update, rejection, 1);
    let started = event("in-progress");
    let (response, ()) = futures_util::future::join(setup.response(&started), async {
        crossing.slack.wait_until_held(PATIENCE).await.unwrap();
        setup.emulator.invoke_event(NAME, &event("failed")).unwrap();
        while setup.items().await[0]["wanted"]["N"] == "1" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        crossing.slack.release();
    })
    .await;
    assert!(response.get("posted").is_some(), "{response}");
    let logs = setup.logs();
    assert!(logs.contains("its own invocation updates the message"), "{logs}");
    crossing.settle().await;
    crossing.check_message();
}

#[tokio::test]
async fn a_rejected_delivery_releases_the_lease() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    let set_archived = |is_archived| {
        crossing
            .setup
            .slack
            .change(|settings| settings.channels[0].is_archived = is_archived);
    };
    set_archived(true);
    crossing.setup.error(&event("failed")).await;
    let items = crossing.setup.items().await;
    assert!(items[0].get("lease_owner").is_none(), "{items:?}");
    set_archived(false);
    crossing.setup.response(&event("failed")).await;
    crossing.check_message();
}

const REPLIES: &str = r#"[{"project": "web", "thread": true}]"#;

/// Checks that the message shows the end and has `count` replies.
#[track_caller]
fn check_replies(crossing: &Crossing, count: usize) {
    let messages = crossing.setup.slack.messages();
    let (message, replies) = messages.split_first().expect("a message");
    assert!(message.text.starts_with("❌ web failed"), "{message:?}");
    assert_eq!(replies.len(), count, "{messages:?}");
    assert!(
        replies
            .iter()
            .all(|reply| reply.thread.as_ref() == Some(&message.ts))
    );
}

#[tokio::test]
async fn a_crash_during_the_reply_loses_nothing() {
    let crossing = Crossing::with_routes(Duration::from_secs(70), REPLIES).await;
    crossing.setup.response(&event("in-progress")).await;
    let reply = Match::containing("thread_ts");
    let request_id = crossing.kill_at("failed", &crossing.slack, reply).await;
    let build_id = event("failed")["detail"]["build-id"].as_str().unwrap().to_owned();
    let setup = &crossing.setup;
    setup.shorten_lease(&build_id, &request_id, LEASE_REST).await;
    crossing.settle().await;
    check_replies(&crossing, 1);
}

#[tokio::test]
async fn replies_of_environments_that_died_count_for_the_limit() {
    let crossing = Crossing::with_routes(Duration::from_secs(80), REPLIES).await;
    let (failed, faults) = (event("failed"), &crossing.slack);
    let build_id = failed["detail"]["build-id"].as_str().unwrap();
    faults.inject(Match::containing("thread_ts"), Fault::Hold, 2);
    let request_id = crossing.setup.emulator.invoke_event(NAME, &failed).unwrap();
    for _ in 0..2 {
        faults.wait_until_held(PATIENCE).await.unwrap();
        assert_eq!(crossing.setup.emulator.kill(NAME), 1);
        faults.wait_until_none_held(PATIENCE).await.unwrap();
        let setup = &crossing.setup;
        setup.shorten_lease(build_id, &request_id, Duration::ZERO).await;
    }
    crossing.settle().await;
    let replies = crossing.slack.count(&Match::containing("thread_ts"));
    assert_eq!(replies, 2, "the third invocation posts nothing");
    let logs = crossing.setup.logs();
    assert!(logs.contains(r#""PostsInDoubt":1"#), "{logs}");
    check_replies(&crossing, 0);
}

#[tokio::test]
async fn a_disturbed_write_after_the_reply_causes_no_second_one() {
    let check = async |fault: Fault, times: usize| {
        let crossing = Crossing::with_routes(Duration::from_secs(60), REPLIES).await;
        let write = Match::containing("REMOVE #reply");
        crossing.dynamodb.inject(write, fault, times);
        let response = crossing.setup.response(&event("failed")).await;
        assert!(response.get("posted").is_some(), "{response}");
        check_replies(&crossing, 1);
        let items = crossing.setup.items().await;
        assert!(items[0].get("reply").is_none(), "{items:?}");
    };
    // The SDK itself tries three times.
    let down = Fault::respond(500, "{}");
    futures_util::join!(check(Fault::LoseResponse, 2), check(down, 5));
}
