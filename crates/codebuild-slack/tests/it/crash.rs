//! Who dies at which moment, and what comes of it.

use local_stack::{Fault, FaultProxy, Function, Match};
use std::time::Duration;

use crate::stage::{NAME, PATIENCE, Stage, event};

/// The function, with a network before DynamoDB and one before Slack that go wrong on demand.
struct Crossing {
    stage: Stage,
    dynamodb: FaultProxy,
    slack: FaultProxy,
}

impl Crossing {
    async fn new(timeout: Duration) -> Self {
        let stage = Stage::table().await;
        let dynamodb = FaultProxy::start(&stage.dynamodb).await.unwrap();
        let slack = FaultProxy::start(stage.slack.api_url().trim_end_matches("/api"))
            .await
            .unwrap();
        stage.emulator.deploy(Function {
            timeout,
            ..stage
                .with_table()
                .variable("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint())
                .variable("SLACK_API_URL", format!("{}/api", slack.endpoint()))
        });
        Self {
            stage,
            dynamodb,
            slack,
        }
    }

    /// Kills the environment that works on this case when a request like this is under way, in which it did not take
    /// effect; then lets Lambda try again.
    async fn kill_at(&self, case: &str, proxy: &FaultProxy, matching: Match) {
        proxy.inject(matching, Fault::Hold, 1);
        self.stage.emulator.invoke_event(NAME, &event(case)).unwrap();
        proxy.held(PATIENCE).await.unwrap();
        assert_eq!(self.stage.emulator.kill(NAME), 1);
        proxy.none_held(PATIENCE).await.unwrap();
    }

    async fn settle(&self) {
        self.stage.emulator.idle(PATIENCE).await.unwrap();
        assert_eq!(self.stage.emulator.dead_letters(), Vec::<String>::new());
    }
}

/// A write to the table: reads have no update expression.
fn write() -> Match {
    Match::containing("UpdateExpression")
}

#[tokio::test]
async fn before_anything_is_recorded() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    crossing.kill_at("failed", &crossing.dynamodb, write()).await;
    crossing.settle().await;
    assert!(crossing.stage.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn between_record_and_slack_the_lease_is_waited_for_and_nothing_is_lost() {
    let crossing = Crossing::new(Duration::from_secs(70)).await;
    crossing
        .kill_at(
            "in-progress",
            &crossing.slack,
            Match::path("POST", "/api/chat.postMessage"),
        )
        .await;
    // Meanwhile the build ends. Its event finds the lease of the dead, and may take over after a minute.
    crossing
        .stage
        .emulator
        .invoke_event(NAME, &event("failed"))
        .unwrap();
    crossing.settle().await;
    assert!(crossing.stage.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn an_event_whose_time_is_up_before_the_lease_comes_again() {
    let crossing = Crossing::new(Duration::from_secs(40)).await;
    crossing
        .kill_at(
            "failed",
            &crossing.slack,
            Match::path("POST", "/api/chat.postMessage"),
        )
        .await;
    crossing.settle().await;
    assert!(crossing.stage.message().text.starts_with("❌ web failed"));
    assert!(
        crossing.stage.logs().contains("LeaseHeld"),
        "{}",
        crossing.stage.logs()
    );
}

#[tokio::test]
async fn in_the_midst_of_a_change() {
    let crossing = Crossing::new(Duration::from_secs(70)).await;
    crossing.stage.answer(&event("in-progress")).await;
    crossing
        .kill_at("failed", &crossing.slack, Match::path("POST", "/api/chat.update"))
        .await;
    crossing.settle().await;
    assert!(crossing.stage.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn answers_of_dynamodb_that_are_lost_bring_nothing_twice() {
    // What makes the record, what raises it, and what notes that it is said.
    for write in [":nothing", "#wanted < :rank", "#posted = :rank"] {
        let crossing = Crossing::new(Duration::from_secs(60)).await;
        // The SDK asks again: it must find its own work and know it.
        let lost = Match::containing(write);
        crossing.dynamodb.inject(lost, Fault::LoseAnswer, 2);
        let answer = crossing.stage.answer(&event("in-progress")).await;
        assert!(answer.get("posted").is_some(), "{write}: {answer}");
        crossing.stage.answer(&event("failed")).await;
        assert!(
            crossing.stage.message().text.starts_with("❌ web failed"),
            "{write}"
        );
    }
}

#[tokio::test]
async fn an_event_that_is_told_does_not_fail_for_a_newer_one() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    let stage = &crossing.stage;
    // While the start is being posted, the build ends; and who has posted it cannot say so.
    let post = Match::path("POST", "/api/chat.postMessage");
    crossing.slack.inject(post, Fault::Hold, 1);
    let refused = Fault::Status(200, r#"{"ok":false,"error":"is_archived"}"#.to_owned());
    crossing
        .slack
        .inject(Match::path("POST", "/api/chat.update"), refused, 1);
    let started = event("in-progress");
    let (answer, ()) = futures_util::future::join(stage.answer(&started), async {
        crossing.slack.held(PATIENCE).await.unwrap();
        stage.emulator.invoke_event(NAME, &event("failed")).unwrap();
        while stage.items().await[0]["wanted"]["N"] == "1" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        crossing.slack.release();
    })
    .await;
    assert!(answer.get("posted").is_some(), "{answer}");
    let logs = stage.logs();
    assert!(logs.contains("is left to its own event"), "{logs}");
    crossing.settle().await;
    assert!(stage.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn a_slack_that_refuses_keeps_nobody_waiting() {
    let crossing = Crossing::new(Duration::from_secs(60)).await;
    crossing
        .stage
        .slack
        .change(|settings| settings.channels[0].is_archived = true);
    crossing.stage.error(&event("failed")).await;
    let items = crossing.stage.items().await;
    assert!(items[0].get("lease_owner").is_none(), "{items:?}");
    crossing
        .stage
        .slack
        .change(|settings| settings.channels[0].is_archived = false);
    crossing.stage.answer(&event("failed")).await;
    assert!(crossing.stage.message().text.starts_with("❌ web failed"));
}
