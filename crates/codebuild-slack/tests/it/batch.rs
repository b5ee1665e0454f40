//! One message for a batch of builds, of which only the members have events.

use std::time::Duration;

use local_stack::{CheckReport, Fault, Function, Match};
use serde_json::{Value, json};
use stand_ins::CodeBuild;
use stand_ins::codebuild::{batch_arn, denied, member_arn};
use stand_ins::slack::models::violations;

use crate::setup::{Setup, age, event, reconcile};
use crate::snapshots;

const BATCH: &str = "web:cccccccc";

/// Starts the function with a table, against CodeBuild's API.
async fn start(configure: impl FnOnce(Function) -> Function) -> (Setup, CodeBuild) {
    let setup = Setup::table().await;
    let codebuild = CodeBuild::start().await.unwrap();
    let function = setup
        .table_function()
        .variable("AWS_ENDPOINT_URL_CODEBUILD", codebuild.endpoint());
    setup.emulator.deploy(configure(function));
    (setup, codebuild)
}

/// Shortens the function's timeout: it waits for the end of a batch for a third of the remaining time, at most 20 s.
fn with_little_patience(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(20),
        ..function
    }
}

/// Returns the event of a member's status.
pub(crate) fn member_event(arn: &str, identifier: &str, status: &str) -> Value {
    let mut event = event("batch-member");
    event["detail"]["build-id"] = json!(arn);
    event["detail"]["build-status"] = json!(status);
    event["detail"]["project-name"] = json!("web");
    event["detail"]["additional-information"]["environment"]["environment-variables"][0]["value"] =
        json!(identifier);
    event
}

fn event_of(identifier: &str, status: &str) -> Value {
    member_event(&member_arn(BATCH, identifier), identifier, status)
}

/// Sets the status of a member and delivers its event.
async fn progress(setup: &Setup, codebuild: &CodeBuild, identifier: &str, status: &str) -> Value {
    codebuild.set_member(BATCH, identifier, status);
    setup.response(&event_of(identifier, status)).await
}

/// Returns the lines about the members in the only message.
#[track_caller]
fn lines(setup: &Setup) -> Vec<String> {
    let blocks = setup.message().blocks;
    let texts = blocks.as_array().unwrap().iter();
    let texts = texts.filter_map(|block| block["text"]["text"].as_str());
    let members = texts.filter(|text| text.starts_with("*Builds*"));
    let lines = members.flat_map(str::lines).map(|line| {
        let label = line.split_once('|').map_or(line, |(_, label)| label);
        label.replace('>', "")
    });
    lines.collect()
}

#[tokio::test]
async fn the_members_of_a_batch_share_one_message_that_ends_with_the_batch() {
    let (setup, codebuild) = start(|function| function).await;
    codebuild.start_batch(BATCH, 7, &["node18", "node20"]);
    let posted = progress(&setup, &codebuild, "node18", "IN_PROGRESS").await;
    assert!(posted["posted"]["ts"].is_string(), "{posted}");
    assert!(setup.message().text.starts_with("🔄 web batch in progress"));
    assert_eq!(
        lines(&setup),
        [
            "*Builds* 1 in progress, 1 not started",
            "node18 in progress",
            "⏸️ `node20` not started"
        ]
    );
    progress(&setup, &codebuild, "node20", "IN_PROGRESS").await;
    progress(&setup, &codebuild, "node18", "FAILED").await;
    assert_eq!(
        lines(&setup),
        [
            "*Builds* 1 failed, 1 in progress",
            "node18 failed (1 min 3 s)",
            "node20 in progress"
        ]
    );
    codebuild.set_member(BATCH, "node20", "SUCCEEDED");
    codebuild.end_batch(BATCH, "FAILED");
    let updated = setup.response(&event_of("node20", "SUCCEEDED")).await;
    assert_eq!(updated, json!({"updated": posted["posted"]}));
    let text = setup.message().text;
    assert!(
        text.starts_with("❌ web batch failed after 1 min 30 s · main · node18 · BUILD"),
        "{text}"
    );
    let items = setup.items().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["build_id"]["S"], batch_arn(BATCH));
    assert!(items[0].get("state").is_none(), "nothing is left to do");

    // Late and doubled events, in any order.
    let before = setup.message();
    for (identifier, status) in [
        ("node18", "IN_PROGRESS"),
        ("node20", "SUCCEEDED"),
        ("node18", "FAILED"),
    ] {
        let response = setup.response(&event_of(identifier, status)).await;
        assert_eq!(response, json!({"skipped": "duplicate"}));
    }
    assert_eq!(setup.message(), before);
}

#[tokio::test]
async fn a_description_that_is_read_late_never_moves_the_message_backwards() {
    let (setup, codebuild) = start(|function| function).await;
    codebuild.start_batch(BATCH, 7, &["node18", "node20"]);
    codebuild.set_member(BATCH, "node18", "IN_PROGRESS");
    codebuild.set_member(BATCH, "node20", "IN_PROGRESS");
    let old = json!({"buildBatches": [codebuild.batch(BATCH)]});
    codebuild.set_member(BATCH, "node18", "SUCCEEDED");
    codebuild.set_member(BATCH, "node20", "SUCCEEDED");
    codebuild.end_batch(BATCH, "SUCCEEDED");
    let posted = setup.response(&event_of("node20", "SUCCEEDED")).await;
    assert!(posted["posted"]["ts"].is_string(), "{posted}");
    let before = setup.message();
    assert!(before.text.starts_with("✅ web batch succeeded"));
    let read = Match::containing("BatchGetBuildBatches");
    codebuild
        .faults
        .inject(read, Fault::respond(200, old.to_string()), 1);
    let late = setup.response(&event_of("node18", "IN_PROGRESS")).await;
    assert_eq!(late, json!({"skipped": "older"}));
    assert_eq!(setup.message(), before);
}

#[tokio::test]
async fn the_end_of_a_batch_follows_the_last_event() {
    let (setup, codebuild) = start(|function| function).await;
    codebuild.start_batch(BATCH, 7, &["node18"]);
    codebuild.set_member(BATCH, "node18", "SUCCEEDED");
    let end = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        codebuild.end_batch(BATCH, "SUCCEEDED");
    };
    let last = event_of("node18", "SUCCEEDED");
    let (response, ()) = futures_util::join!(setup.response(&last), end);
    assert!(response["posted"]["ts"].is_string(), "{response}");
    assert!(setup.message().text.starts_with("✅ web batch succeeded"));
}

#[tokio::test]
async fn the_reconciliation_completes_batches() {
    let (setup, codebuild) = start(with_little_patience).await;
    for (id, uuid) in [("web:1", "node1"), ("web:2", "node2"), ("web:3", "node3")] {
        codebuild.start_batch(id, 7, &[uuid]);
        codebuild.set_member(id, uuid, "FAILED");
        let response = setup
            .response(&member_event(&member_arn(id, uuid), uuid, "FAILED"))
            .await;
        assert!(response["posted"]["ts"].is_string(), "{response}");
        age(&setup, &batch_arn(id), 31).await;
    }
    codebuild.end_batch("web:1", "FAILED");
    let found = json!({"unfinished": 3, "completed": 1, "running": 2, "left": 0});
    assert_eq!(reconcile(&setup).await, found);
    codebuild.delete_batches();
    let found = json!({"unfinished": 2, "completed": 2, "running": 0, "left": 0});
    assert_eq!(reconcile(&setup).await, found);
    let texts: Vec<String> = setup
        .slack
        .messages()
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert!(texts[0].starts_with("❌ web batch failed"), "{texts:?}");
    for text in &texts[1..] {
        assert_eq!(text, "❔ web batch ended with an unknown result");
    }
    assert_eq!(reconcile(&setup).await["unfinished"], 0);
}

#[tokio::test]
async fn each_member_has_a_message_if_the_batch_cannot_be_read() {
    for (name, fault, logged) in [
        (
            "denied",
            Some(denied("BatchGetBuildBatches")),
            "codebuild:BatchGetBuildBatches",
        ),
        ("deleted", None, "CodeBuild does not know the batch"),
        (
            "down",
            Some(Fault::respond(500, "{}")),
            "codebuild:BatchGetBuildBatches",
        ),
        ("hanging", Some(Fault::Hold), "no response within"),
    ] {
        let (setup, codebuild) = start(with_little_patience).await;
        codebuild.start_batch(BATCH, 7, &["node18", "node20"]);
        codebuild.set_member(BATCH, "node18", "IN_PROGRESS");
        codebuild.set_member(BATCH, "node20", "SUCCEEDED");
        let read = Match::containing("BatchGetBuildBatches");
        match fault {
            None => codebuild.delete_batches(),
            Some(fault) => codebuild.faults.inject(read, fault, usize::MAX),
        }
        setup.response(&event_of("node18", "IN_PROGRESS")).await;
        setup.response(&event_of("node20", "SUCCEEDED")).await;
        assert!(setup.logs().contains(logged), "{name}: {}", setup.logs());
        // The message of a member ends there, although its batch can be read again.
        codebuild.faults.clear();
        codebuild.start_batch(BATCH, 7, &["node18", "node20"]);
        progress(&setup, &codebuild, "node18", "FAILED").await;
        let messages = setup.slack.messages();
        let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].starts_with("❌ web (node18) failed"), "{texts:?}");
        assert!(texts[1].starts_with("✅ web (node20) succeeded"), "{texts:?}");
    }
}

#[tokio::test]
async fn routes_apply_to_the_state_of_the_batch() {
    let routes = r##"[{"project": "web", "statuses": ["FAILED"], "mention": "@here", "thread": false}]"##;
    let (setup, codebuild) =
        start(|function| with_little_patience(function).variable("SLACK_ROUTES", routes)).await;
    codebuild.start_batch(BATCH, 7, &["node18"]);
    // A member fails, but not the batch so far: it may ignore the failure.
    let running = progress(&setup, &codebuild, "node18", "FAILED").await;
    assert_eq!(running, json!({"skipped": "status"}));
    // Its end has no event.
    age(&setup, &batch_arn(BATCH), 31).await;
    codebuild.end_batch(BATCH, "FAILED");
    assert_eq!(reconcile(&setup).await["completed"], 1);
    let message = setup.message();
    assert!(message.text.starts_with("❌ web batch failed"));
    assert!(message.blocks.to_string().contains("<!here>"));
    assert_eq!(reconcile(&setup).await["unfinished"], 0);

    codebuild.start_batch("web:2", 8, &["node18"]);
    codebuild.set_member("web:2", "node18", "SUCCEEDED");
    let arn = member_arn("web:2", "node18");
    setup.response(&member_event(&arn, "node18", "SUCCEEDED")).await;
    codebuild.end_batch("web:2", "SUCCEEDED");
    age(&setup, &batch_arn("web:2"), 31).await;
    assert_eq!(reconcile(&setup).await["completed"], 1, "nothing is left to do");
    assert_eq!(reconcile(&setup).await["unfinished"], 0);
    setup.message();
}

#[tokio::test]
async fn the_verdict_compares_batches() {
    let routes = r#"[{"project": "web", "branch": "main", "when": ["broken", "fixed"]}]"#;
    let (setup, codebuild) = start(|function| {
        let function = function.variable("SLACK_ROUTES", routes);
        function.variable("COMPARE_WITH_PREVIOUS", "true")
    })
    .await;
    let mut texts = Vec::new();
    for (number, status) in [(1, "SUCCEEDED"), (2, "FAILED"), (3, "FAILED"), (4, "SUCCEEDED")] {
        let id = format!("web:{number}");
        codebuild.start_batch(&id, number, &["node18"]);
        codebuild.set_member(&id, "node18", status);
        codebuild.end_batch(&id, status);
        let event = member_event(&member_arn(&id, "node18"), "node18", status);
        let response = setup.response(&event).await;
        texts.push(match response.get("skipped") {
            Some(reason) => reason.as_str().unwrap().to_owned(),
            None => setup.slack.messages().pop().unwrap().text,
        });
    }
    assert_eq!(texts[0], "when");
    assert!(texts[1].starts_with("❌ web batch failed after"), "{texts:?}");
    assert_eq!(texts[2], "when", "the second failure in a row");
    assert!(
        texts[3].starts_with("🎉 web batch succeeded · fixed after 2 failures"),
        "{texts:?}"
    );
}

#[tokio::test]
async fn a_failed_batch_is_answered_once_in_its_thread() {
    let routes = r#"[{"project": "web", "mention": "@here"}]"#;
    let (setup, codebuild) = start(|function| function.variable("SLACK_ROUTES", routes)).await;
    codebuild.start_batch(BATCH, 7, &["node18", "node20"]);
    codebuild.set_member(BATCH, "node20", "IN_PROGRESS");
    progress(&setup, &codebuild, "node18", "FAILED").await;
    assert_eq!(
        setup.slack.messages().len(),
        1,
        "the batch may ignore the failure"
    );
    codebuild.set_member(BATCH, "node20", "FAILED");
    codebuild.end_batch(BATCH, "FAILED");
    for (identifier, status) in [("node20", "FAILED"), ("node18", "FAILED"), ("node20", "FAILED")] {
        setup.response(&event_of(identifier, status)).await;
    }
    let messages = setup.slack.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1].thread.as_ref(), Some(&messages[0].ts));
    let reply = messages[1].blocks.to_string();
    for text in ["<!here>", "web batch failed", "node18", "BUILD"] {
        assert!(reply.contains(text), "{text} is not in: {reply}");
    }
}

#[tokio::test]
async fn a_failure_of_a_retry_during_the_reply_has_a_reply_of_its_own() {
    let routes = r#"[{"project": "web", "mention": "@here"}]"#;
    let (setup, codebuild) = start(|function| function.variable("SLACK_ROUTES", routes)).await;
    codebuild.start_batch(BATCH, 7, &["node18"]);
    codebuild.set_member(BATCH, "node18", "FAILED");
    codebuild.end_batch(BATCH, "FAILED");
    let faults = &setup.slack.faults;
    faults.inject(Match::containing("thread_ts"), Fault::Hold, 1);
    let failed = event_of("node18", "FAILED");
    futures_util::join!(setup.response(&failed), async {
        faults.wait_until_held(Duration::from_secs(20)).await.unwrap();
        let wanted = setup.items().await[0]["wanted"].clone();
        codebuild.retry_member(BATCH, "node18");
        codebuild.set_member(BATCH, "node18", "FAILED");
        codebuild.end_batch(BATCH, "FAILED");
        futures_util::join!(setup.response(&failed), async {
            while setup.items().await[0]["wanted"] == wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            faults.release();
        });
    });
    let replies = setup
        .slack
        .messages()
        .into_iter()
        .filter(|message| message.thread.is_some());
    assert_eq!(replies.count(), 2);
    let items = setup.items().await;
    assert!(
        items[0].get("state").is_none(),
        "nothing is left to do: {items:?}"
    );
}

#[tokio::test]
async fn a_retried_member_opens_the_message_again() {
    let (setup, codebuild) = start(|function| function).await;
    codebuild.start_batch(BATCH, 7, &["node18"]);
    codebuild.set_member(BATCH, "node18", "FAILED");
    codebuild.end_batch(BATCH, "FAILED");
    setup.response(&event_of("node18", "FAILED")).await;
    assert!(setup.message().text.starts_with("❌ web batch failed"));
    codebuild.retry_member(BATCH, "node18");
    setup.response(&event_of("node18", "IN_PROGRESS")).await;
    assert!(setup.message().text.starts_with("🔄 web batch in progress"));
    codebuild.set_member(BATCH, "node18", "SUCCEEDED");
    codebuild.end_batch(BATCH, "SUCCEEDED");
    setup.response(&event_of("node18", "SUCCEEDED")).await;
    assert!(setup.message().text.starts_with("✅ web batch succeeded"));
}

#[tokio::test]
async fn a_phase_of_a_member_changes_nothing_and_costs_no_request() {
    let (setup, codebuild) = start(|function| function).await;
    codebuild.start_batch(BATCH, 7, &["node18"]);
    progress(&setup, &codebuild, "node18", "IN_PROGRESS").await;
    let (before, requests) = (setup.message(), codebuild.faults.count(&Match::any()));
    let mut phase = event_of("node18", "IN_PROGRESS");
    phase["detail-type"] = json!("CodeBuild Build Phase Change");
    phase["detail"]["completed-phase"] = json!("INSTALL");
    assert_eq!(setup.response(&phase).await, json!({"skipped": "member_phase"}));
    assert_eq!(
        (setup.message(), codebuild.faults.count(&Match::any())),
        (before, requests)
    );
}

#[tokio::test]
async fn the_check_tries_the_permissions_to_read_batches() {
    let (setup, codebuild) = start(|function| function.variable("COMPARE_WITH_PREVIOUS", "true")).await;
    let [read, list] = ["BatchGetBuildBatches", "ListBuildBatchesForProject"];
    let permission = |operation: &str| format!("permission codebuild:{operation}");
    let report = CheckReport(setup.response(&json!({"check": true})).await);
    report.assert(&permission(read), true, "granted");
    report.assert(&permission(list), true, "granted");
    for operation in [read, list] {
        let refused = denied(operation);
        codebuild
            .faults
            .inject(Match::containing(operation), refused, usize::MAX);
    }
    let report = CheckReport(setup.response(&json!({"check": true})).await);
    report.assert(&permission(read), false, "allow it to the role");
    report.assert(&permission(list), false, "allow it to the role");
}

#[tokio::test]
async fn every_batch_has_the_message_of_its_snapshot() {
    let mut differences = Vec::new();
    let mut messages = Vec::new();
    for case in ["failed", "in-progress", "succeeded", "without-buildspec"] {
        for locale in ["ko", "en"] {
            let (setup, codebuild) = start(|function| function.variable("LOCALE", locale)).await;
            let path = format!("{}/tests/batches/{case}.json", env!("CARGO_MANIFEST_DIR"));
            let described: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            codebuild.add(&described);
            let build = described["builds"].as_array().unwrap().last().unwrap();
            let status = build["buildStatus"].as_str().unwrap();
            let event = member_event(build["arn"].as_str().unwrap(), "lint", status);
            let response = setup.response(&event).await;
            assert!(response["posted"]["ts"].is_string(), "{case}: {response}");
            let message = setup.message();
            let message = json!({"text": message.text, "blocks": message.blocks});
            assert!(!message.to_string().contains("hunter2"), "{message}");
            differences.extend(snapshots::check(&format!("batch-{case}"), locale, &message).err());
            messages.push(message);
        }
    }
    for (message, faults) in messages.iter().zip(violations(&messages).unwrap()) {
        assert!(faults.is_empty(), "{faults:?} in {message}");
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn a_batch_of_a_hundred_builds_passes_slacks_limits() {
    let (setup, codebuild) = start(|function| function.variable("LOG_TAIL_LINES", "0")).await;
    let identifiers: Vec<String> = (0..100)
        .map(|number| format!("linux_{number}_{}", "<&가>".repeat(40)))
        .collect();
    let names: Vec<&str> = identifiers.iter().map(String::as_str).collect();
    codebuild.start_batch(BATCH, 7, &names);
    for (number, identifier) in names.iter().enumerate() {
        codebuild.set_member(BATCH, identifier, ["FAILED", "SUCCEEDED"][number % 2]);
    }
    codebuild.end_batch(BATCH, "FAILED");
    let response = setup.response(&event_of(names[99], "SUCCEEDED")).await;
    assert!(response["posted"]["ts"].is_string(), "{response}");
    assert_eq!(setup.slack.refusals(), Vec::<String>::new());
    let lines = lines(&setup);
    assert_eq!(lines[0], "*Builds* 50 failed, 50 succeeded");
    let shown = setup.message().blocks.to_string().matches("❌ ").count();
    assert!(shown > 10, "{shown} failures are shown");
    assert!(setup.message().blocks.to_string().contains(" more: "));
}

#[tokio::test]
async fn without_a_table_each_member_has_a_message() {
    let setup = Setup::webhook().await;
    for identifier in ["node18", "node20"] {
        setup.response(&event_of(identifier, "SUCCEEDED")).await;
    }
    let texts: Vec<String> = setup
        .slack
        .messages()
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert!(texts[0].starts_with("✅ web (node18) succeeded"), "{texts:?}");
    assert!(texts[1].starts_with("✅ web (node20) succeeded"), "{texts:?}");
}
