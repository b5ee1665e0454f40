//! One message per build, from its first notified status to its end.

use local_stack::Outcome;
use serde_json::{Value, json};
use std::time::Duration;

use crate::stage::{NAME, PATIENCE, Stage, event};

/// The build of `events/codebuild-slack/failed.json`, from its start to its end.
fn course() -> [Value; 3] {
    [event("in-progress"), event("phase-change"), event("failed")]
}

#[tokio::test]
async fn is_posted_at_the_start_and_updated_to_the_end() {
    let stage = Stage::table().await;
    let [started, phase, failed] = course();
    let posted = stage.answer(&started).await;
    let place = &posted["posted"];
    assert_eq!(place["channel"], "C0BUILDS");
    assert!(
        stage.message().text.contains("in progress"),
        "{:?}",
        stage.message()
    );
    assert_eq!(stage.answer(&phase).await, json!({"updated": place}));
    assert!(
        stage.message().blocks.to_string().contains("INSTALL"),
        "{:?}",
        stage.message()
    );
    assert_eq!(stage.answer(&failed).await, json!({"updated": place}));
    assert!(
        stage.message().text.starts_with("❌ web failed"),
        "{:?}",
        stage.message()
    );
}

#[tokio::test]
async fn never_goes_back() {
    let stage = Stage::table().await;
    let [started, phase, failed] = course();
    stage.answer(&failed).await;
    assert_eq!(stage.answer(&phase).await, json!({"skipped": "older"}));
    assert_eq!(stage.answer(&started).await, json!({"skipped": "older"}));
    assert_eq!(stage.answer(&failed).await, json!({"skipped": "duplicate"}));
    let message = stage.message();
    assert!(
        message.text.starts_with("❌ web failed") && message.before.is_empty(),
        "{message:?}"
    );
}

#[tokio::test]
async fn is_brought_to_its_end_though_nobody_wants_to_know_that_end() {
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("NOTIFY_STATUSES", "IN_PROGRESS"));
    let [started, phase, failed] = course();
    stage.answer(&started).await;
    assert!(stage.answer(&failed).await.get("updated").is_some());
    assert!(stage.message().text.starts_with("❌ web failed"));
    assert_eq!(stage.answer(&phase).await, json!({"skipped": "older"}));
}

#[tokio::test]
async fn is_not_begun_for_an_end_that_nobody_wants_to_know() {
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("NOTIFY_STATUSES", "IN_PROGRESS"));
    let [started, _, failed] = course();
    assert_eq!(stage.answer(&failed).await, json!({"skipped": "status"}));
    // The start comes late: it would stand there for ever as a build that runs.
    assert_eq!(stage.answer(&started).await, json!({"skipped": "older"}));
    assert_eq!(stage.slack.messages().len(), 0);
}

#[tokio::test]
async fn is_posted_anew_where_it_is_too_old_or_gone() {
    let stage = Stage::table().await;
    let [started, phase, failed] = course();
    stage.answer(&started).await;
    stage
        .slack
        .change(|settings| settings.editable_for = Some(Duration::ZERO));
    assert!(stage.answer(&phase).await.get("posted").is_some());
    let messages = stage.slack.messages();
    assert_eq!(messages.len(), 2);
    stage.slack.delete(&messages[1].ts);
    assert!(stage.answer(&failed).await.get("posted").is_some());
    assert!(stage.slack.messages()[1].text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn a_record_whose_time_is_over_is_none() {
    let stage = Stage::table().await;
    let [started, _, failed] = course();
    stage.answer(&failed).await;
    let build = failed["detail"]["build-id"].clone();
    // DynamoDB would delete it within days; until then it is there.
    let update = json!({"TableName": stage.table, "Key": {"build_id": {"S": build}},
        "UpdateExpression": "SET expires_at = :past", "ExpressionAttributeValues": {":past": {"N": "1000"}}});
    stage
        .moto()
        .json("dynamodb", "DynamoDB_20120810.UpdateItem", &update)
        .await
        .unwrap();
    assert!(stage.answer(&started).await.get("posted").is_some());
    let items = stage.items().await;
    assert_eq!(items[0]["posted"]["N"], "1");
    assert!(
        items[0]["expires_at"]["N"]
            .as_str()
            .unwrap()
            .parse::<i64>()
            .unwrap()
            > 1_700_000_000
    );
}

#[tokio::test]
async fn two_environments_at_once_do_not_post_twice() {
    for _ in 0..5 {
        let stage = Stage::table().await;
        let [started, phase, failed] = course();
        // Each twice, all at the same moment, in environments of their own.
        let events: Vec<_> = [&started, &started, &phase, &phase, &failed, &failed].to_vec();
        let outcomes =
            futures_util::future::join_all(events.into_iter().map(|event| stage.send(event))).await;
        assert!(outcomes.iter().all(Outcome::is_answer), "{outcomes:?}");
        assert!(
            stage.message().text.starts_with("❌ web failed"),
            "{:?}",
            stage.message()
        );
    }
}

#[tokio::test]
async fn an_event_in_the_midst_of_a_long_first_post_is_not_lost() {
    let stage = Stage::table().await;
    let [started, _, failed] = course();
    // The first post takes seconds, because the channel is full.
    stage.slack.limit(1, 3);
    stage.emulator.invoke_event(NAME, &started).unwrap();
    stage.emulator.working(NAME, PATIENCE).await.unwrap();
    while stage.slack.traffic().too_many == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let answer = stage.answer(&failed).await;
    assert!(answer.get("updated").is_some(), "{answer}");
    stage.emulator.idle(PATIENCE).await.unwrap();
    assert!(stage.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("MESSAGES_TABLE", "nowhere"));
    let (_, message) = stage.error(&event("failed")).await;
    assert!(
        message.contains("could not read the table nowhere (dynamodb:GetItem): ResourceNotFoundException"),
        "{message}"
    );
}
