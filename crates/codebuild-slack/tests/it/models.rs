//! Slack's own models, from its SDK for Python, have nothing to say about our messages.

use serde_json::{Value, json};
use stand_ins::slack::models::faults;

use crate::stage::{Stage, cases, event, of_build};

#[tokio::test]
async fn slacks_own_models_accept_every_message() {
    let stage = Stage::webhook().await;
    let mut sent = 0;
    for case in cases() {
        let answer = stage.answer(&event(&case)).await;
        sent += usize::from(answer.get("posted").is_some());
    }
    // What is as long as it can be, and as strange.
    let long = "<&가🦀`\n".repeat(20_000);
    let mut huge = of_build(event("failed"), "huge", "1");
    let detail = &mut huge["detail"];
    detail["project-name"] = json!(long);
    let more = &mut detail["additional-information"];
    more["initiator"] = json!(long);
    more["source-version"] = json!(long);
    more["phases"][6]["phase-context"] = json!(vec![long; 3]);
    stage.answer(&huge).await;

    let messages = stage.slack.messages();
    assert_eq!(messages.len(), sent + 1);
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| json!({"text": message.text, "blocks": message.blocks}))
        .collect();
    for (message, faults) in messages.iter().zip(faults(&messages).unwrap()) {
        assert!(faults.is_empty(), "{faults:?} in {message}");
    }
    assert_eq!(stage.slack.traffic().refusals, Vec::<String>::new());
}

#[test]
fn slacks_own_models_refuse_what_is_wrong() {
    let block = |block: Value| json!({"text": "a", "blocks": [block]});
    let mrkdwn = |text: &str| json!({"type": "mrkdwn", "text": text});
    let wrong = [
        block(json!({"type": "header", "text": {"type": "plain_text", "text": "a".repeat(151)}})),
        block(json!({"type": "section", "text": mrkdwn(&"a".repeat(3001))})),
        block(json!({"type": "section", "fields": vec![mrkdwn("a"); 11]})),
        block(json!({"type": "context", "elements": vec![mrkdwn("a"); 11]})),
        block(json!({"type": "section"})),
        block(json!({"type": "banner", "text": mrkdwn("a")})),
        block(json!({"type": "section", "text": mrkdwn("a"), "colour": "red"})),
        json!({"text": "", "blocks": []}),
    ];
    let faults = faults(&wrong).unwrap();
    assert_eq!(faults.len(), wrong.len());
    for (message, faults) in wrong.iter().zip(faults) {
        assert!(!faults.is_empty(), "{message} was accepted");
    }
}
