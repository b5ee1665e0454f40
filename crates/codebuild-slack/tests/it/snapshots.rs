//! What Slack gets for every event, in both languages, beside this test as JSON.
//!
//! After a change that is meant, `RENEW_SNAPSHOTS=true cargo test -p codebuild-slack --test it snapshots` writes them
//! anew, and the difference is there to be read.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use crate::stage::{Stage, cases, event};

fn path(case: &str, locale: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    folder.join(format!("{case}.{locale}.json"))
}

fn check(case: &str, locale: &str, came: &Value) -> Result<(), String> {
    let path = path(case, locale);
    let text = format!("{}\n", serde_json::to_string_pretty(came).unwrap());
    if std::env::var("RENEW_SNAPSHOTS").as_deref() == Ok("true") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return Ok(());
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    match expected == text {
        true => Ok(()),
        false => Err(format!("{} is otherwise: {text}", path.display())),
    }
}

#[tokio::test]
async fn every_event_has_the_message_that_its_snapshot_shows() {
    let mut otherwise = Vec::new();
    for locale in ["ko", "en"] {
        for case in cases() {
            let stage = Stage::table().await;
            stage
                .emulator
                .deploy(stage.with_table().variable("LOCALE", locale));
            let answer = stage.answer(&event(&case)).await;
            assert!(answer["posted"]["ts"].is_string(), "{case}: {answer}");
            let message = stage.message();
            let came = json!({"text": message.text, "blocks": message.blocks});
            otherwise.extend(check(&case, locale, &came).err());
        }
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
}
