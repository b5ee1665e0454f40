//! Validation of messages by Slack's own models, from its SDK for Python.

use serde_json::{Value, json};
use stand_ins::slack::models::violations;

use crate::setup::{Setup, cases, event, of_build};

#[tokio::test]
async fn slacks_own_models_accept_every_message() {
    let setup = Setup::webhook().await;
    let mut sent = 0;
    for case in cases() {
        let response = setup.response(&event(&case)).await;
        sent += usize::from(response.get("posted").is_some());
    }
    // A message with very long texts and special characters.
    let long = "<&가🦀`\n".repeat(20_000);
    let mut huge = of_build(event("failed"), "huge", "1");
    let detail = &mut huge["detail"];
    detail["project-name"] = json!(long);
    let more = &mut detail["additional-information"];
    more["initiator"] = json!(long);
    more["source-version"] = json!(long);
    more["phases"][6]["phase-context"] = json!(vec![long; 3]);
    setup.response(&huge).await;

    let messages = setup.slack.messages();
    assert_eq!(messages.len(), sent + 1);
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| json!({"text": message.text, "blocks": message.blocks}))
        .collect();
    for (message, faults) in messages.iter().zip(violations(&messages).unwrap()) {
        assert!(faults.is_empty(), "{faults:?} in {message}");
    }
    assert_eq!(setup.slack.refusals(), Vec::<String>::new());
}

#[test]
fn slacks_own_models_reject_invalid_messages() {
    let block = |block: Value| json!({"text": "a", "blocks": [block]});
    let mrkdwn = |text: &str| json!({"type": "mrkdwn", "text": text});
    let invalid = [
        block(json!({"type": "header", "text": {"type": "plain_text", "text": "a".repeat(151)}})),
        block(json!({"type": "section", "text": mrkdwn(&"a".repeat(3001))})),
        block(json!({"type": "section", "fields": vec![mrkdwn("a"); 11]})),
        block(json!({"type": "context", "elements": vec![mrkdwn("a"); 11]})),
        block(json!({"type": "section"})),
        block(json!({"type": "banner", "text": mrkdwn("a")})),
        block(json!({"type": "section", "text": mrkdwn("a"), "colour": "red"})),
        json!({"text": "", "blocks": []}),
    ];
    let violations = violations(&invalid).unwrap();
    assert_eq!(violations.len(), invalid.len());
    for (message, violations) in invalid.iter().zip(violations) {
        assert!(!violations.is_empty(), "{message} was accepted");
    }
}
