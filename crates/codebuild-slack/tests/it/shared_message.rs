//! One message per build, from its start to its end.

use std::time::Duration;

use futures_util::future::join_all;
use local_stack::{Match, Outcome};
use serde_json::{Value, json};
use stand_ins::slack::rate_limited;

use crate::setup::{NAME, PATIENCE, Setup, event, of_build};

/// Returns the events of one build, from its start to its end.
fn events() -> [Value; 3] {
    [event("in-progress"), event("phase-change"), event("failed")]
}

#[tokio::test]
async fn a_build_is_posted_at_its_start_and_updated_until_its_end() {
    let setup = Setup::table().await;
    let [started, phase, failed] = events();
    let posted = setup.response(&started).await;
    let location = &posted["posted"];
    assert_eq!(location["channel"], "C0BUILDS");
    assert!(
        setup.message().text.contains("in progress"),
        "{:?}",
        setup.message()
    );
    assert_eq!(setup.response(&phase).await, json!({"updated": location}));
    assert!(
        setup.message().blocks.to_string().contains("INSTALL"),
        "{:?}",
        setup.message()
    );
    assert_eq!(setup.response(&failed).await, json!({"updated": location}));
    assert!(
        setup.message().text.starts_with("❌ web failed"),
        "{:?}",
        setup.message()
    );
}

#[tokio::test]
async fn a_message_never_goes_back() {
    let setup = Setup::table().await;
    let [started, phase, failed] = events();
    setup.response(&failed).await;
    assert_eq!(setup.response(&phase).await, json!({"skipped": "older"}));
    assert_eq!(setup.response(&started).await, json!({"skipped": "older"}));
    assert_eq!(setup.response(&failed).await, json!({"skipped": "duplicate"}));
    let message = setup.message();
    assert!(
        message.text.starts_with("❌ web failed") && message.before.is_empty(),
        "{message:?}"
    );
}

#[tokio::test]
async fn a_posted_message_is_updated_to_an_end_that_no_route_notifies() {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("NOTIFY_STATUSES", "IN_PROGRESS"));
    let [started, phase, failed] = events();
    setup.response(&started).await;
    assert!(setup.response(&failed).await.get("updated").is_some());
    assert!(setup.message().text.starts_with("❌ web failed"));
    assert_eq!(setup.response(&phase).await, json!({"skipped": "older"}));
}

#[tokio::test]
async fn an_end_that_no_route_notifies_posts_no_message() {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("NOTIFY_STATUSES", "IN_PROGRESS"));
    let [started, _, failed] = events();
    assert_eq!(setup.response(&failed).await, json!({"skipped": "status"}));
    // A message about the late start would show a running build for ever.
    assert_eq!(setup.response(&started).await, json!({"skipped": "older"}));
    assert_eq!(setup.slack.messages().len(), 0);
}

#[tokio::test]
async fn a_message_that_is_deleted_or_too_old_is_posted_again() {
    let setup = Setup::table().await;
    let [started, phase, failed] = events();
    setup.response(&started).await;
    setup
        .slack
        .change(|settings| settings.editable_for = Some(Duration::ZERO));
    assert!(setup.response(&phase).await.get("posted").is_some());
    let messages = setup.slack.messages();
    assert_eq!(messages.len(), 2);
    setup.slack.delete(&messages[1].ts);
    assert!(setup.response(&failed).await.get("posted").is_some());
    assert!(setup.slack.messages()[1].text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn an_expired_record_counts_as_absent() {
    let setup = Setup::table().await;
    let [started, _, failed] = events();
    setup.response(&failed).await;
    let build = failed["detail"]["build-id"].clone();
    // DynamoDB deletes an expired item within days.
    let update = json!({"TableName": setup.table, "Key": {"build_id": {"S": build}},
        "UpdateExpression": "SET expires_at = :past", "ExpressionAttributeValues": {":past": {"N": "1000"}}});
    setup
        .moto()
        .json("dynamodb", "DynamoDB_20120810.UpdateItem", &update)
        .await
        .unwrap();
    assert!(setup.response(&started).await.get("posted").is_some());
    let items = setup.items().await;
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
async fn concurrent_environments_post_one_message() {
    let setup = Setup::table().await;
    for round in 1..=5 {
        let [started, phase, failed] = events().map(|event| of_build(event, "web", &round.to_string()));
        // Each event twice, all at the same time, in environments of their own.
        let concurrent = [&started, &started, &phase, &phase, &failed, &failed];
        let outcomes = join_all(concurrent.map(|event| setup.invoke(event))).await;
        assert!(outcomes.iter().all(Outcome::is_response), "{outcomes:?}");
        let messages = setup.slack.messages();
        assert_eq!(messages.len(), round, "{messages:?}");
        assert!(
            messages[round - 1].text.starts_with("❌ web failed"),
            "{messages:?}"
        );
    }
}

#[tokio::test]
async fn an_event_during_a_long_first_post_is_not_lost() {
    let setup = Setup::table().await;
    let [started, _, failed] = events();
    // The first post takes seconds, because of the rate limit.
    setup.slack.faults.inject(Match::any(), rate_limited(3), 1);
    setup.emulator.invoke_event(NAME, &started).unwrap();
    setup.emulator.wait_until_running(NAME, PATIENCE).await.unwrap();
    while setup.slack.faults.count_status(429) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let response = setup.response(&failed).await;
    assert!(response.get("updated").is_some(), "{response}");
    setup.emulator.wait_until_idle(PATIENCE).await.unwrap();
    assert!(setup.message().text.starts_with("❌ web failed"));
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("MESSAGES_TABLE", "nowhere"));
    let (_, message) = setup.error(&event("failed")).await;
    assert!(
        message.contains("could not read the table nowhere (dynamodb:GetItem): ResourceNotFoundException"),
        "{message}"
    );
}
