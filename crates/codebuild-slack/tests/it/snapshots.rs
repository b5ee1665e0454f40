//! Snapshots of the message for every event and of some replies, in both languages, in `tests/snapshots`.
//!
//! After an intended change, `RENEW_SNAPSHOTS=true cargo test -p codebuild-slack --test it snapshots` renews them. Review
//! the difference.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stand_ins::slack::Message;

use crate::setup::{Setup, cases, event};

/// Events with a snapshot of the reply.
const REPLIES: [&str; 3] = ["exported-commit", "long-context", "timed-out"];

fn path(case: &str, locale: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    folder.join(format!("{case}.{locale}.json"))
}

pub(crate) fn check(case: &str, locale: &str, message: &Value) -> Result<(), String> {
    let path = path(case, locale);
    let text = format!("{}\n", serde_json::to_string_pretty(message).unwrap());
    if std::env::var("RENEW_SNAPSHOTS").as_deref() == Ok("true") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return Ok(());
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    match expected == text {
        true => Ok(()),
        false => Err(format!("{} differs from: {text}", path.display())),
    }
}

#[tokio::test]
async fn every_event_has_the_message_of_its_snapshot() {
    let check_locale = async |locale: &str| {
        let setup = Setup::table().await;
        setup.slack.change(|settings| {
            let scopes = ["users:read", "users:read.email"].map(str::to_owned);
            settings.scopes.extend(scopes);
            settings.users = vec![("haneul.kim@example.com".to_owned(), "U0HANEUL".to_owned())];
        });
        let function = setup.table_function().variable("LOCALE", locale);
        let routes = r#"[{"project": "*", "thread": true}]"#;
        setup.emulator.deploy(function.variable("SLACK_ROUTES", routes));
        let mut differences = Vec::new();
        for case in cases() {
            let event = event(&case);
            // Some events are of the same build: each is to be the first.
            setup.delete_record(&event).await;
            let response = setup.response(&event).await;
            assert!(response["posted"]["ts"].is_string(), "{case}: {response}");
            let mut messages = setup.slack.messages();
            let content = |message: &Message| json!({"text": message.text, "blocks": message.blocks});
            if let Some(reply) = messages.pop_if(|message| message.thread.is_some())
                && REPLIES.contains(&case.as_str())
            {
                let name = format!("{case}.reply");
                differences.extend(check(&name, locale, &content(&reply)).err());
            }
            let message = messages.pop().unwrap();
            differences.extend(check(&case, locale, &content(&message)).err());
        }
        differences
    };
    let (korean, english) = futures_util::join!(check_locale("ko"), check_locale("en"));
    let differences = [korean, english].concat();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
