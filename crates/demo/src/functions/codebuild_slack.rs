//! `codebuild-slack`: a build fails, and the next build succeeds.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use local_stack::{Fault, FaultProxy, Match, MessagesTable, Moto, event};
use serde_json::{Value, json};
use stand_ins::Slack;
use stand_ins::slack::{Message, Settings};

use super::{FunctionDemo, deploy};
use crate::invocation_record::InvocationRecord;
use crate::month::checks::CheckResult;
use crate::output::heading;

pub(crate) const FUNCTION: &str = "codebuild-slack";
const TABLE: &str = "codebuild-slack-messages";
/// Token in the log of the failed build, which must not reach Slack.
const TOKEN: &str = "ghp_Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5V";
/// Last lines of the failed build's log, with a token twice and with terminal colours.
const LOG: &str = "\
[Container] 2026/11/01 01:03:07 Running command cargo test --workspace
Fetching https://bot:ghp_Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5V@github.com/acme/parts.git
GITHUB_TOKEN=ghp_Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5V
running 3 tests
test basket::empty ... \u{1b}[32mok\u{1b}[0m
test basket::discount ... \u{1b}[31mFAILED\u{1b}[0m
test basket::total ... \u{1b}[32mok\u{1b}[0m
thread 'basket::discount' panicked at src/basket.rs:41:9:
assertion `left == right` failed
  left: 8100
 right: 9000
test result: FAILED. 2 passed; 1 failed; 0 ignored
[Container] 2026/11/01 01:04:10 Command did not exit successfully cargo test --workspace exit status 101
[Container] 2026/11/01 01:04:10 Phase complete: BUILD State: FAILED
[Container] 2026/11/01 01:04:11 Entering phase POST_BUILD
";

/// Title of each invocation, and the event's file in `events/`.
const EVENTS: [(&str, &str); 6] = [
    (
        "A build starts: CodeBuild reports it through EventBridge",
        "in-progress",
    ),
    ("The build completes a phase", "phase-change"),
    ("The build fails", "failed"),
    (
        "The same event again: EventBridge delivers at least once",
        "failed",
    ),
    ("The phase's event again, after the build's end", "phase-change"),
    ("The next build succeeds", "succeeded"),
];

/// The function's other side: Slack, a DynamoDB table, a log, and the project's builds in CodeBuild.
pub(crate) struct BuildWorld {
    slack: Slack,
    codebuild: FaultProxy,
    moto: Moto,
}

impl BuildWorld {
    pub(crate) async fn start(moto: &Moto) -> Result<Self> {
        MessagesTable::create(moto, TABLE).await?;
        write_log(moto).await?;
        Ok(Self {
            slack: Slack::start(Settings::default()).await?,
            codebuild: start_codebuild(moto).await?,
            moto: moto.clone(),
        })
    }

    /// Variables with which the function reaches its other side.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let own = [
            ("AWS_ENDPOINT_URL_CODEBUILD", self.codebuild.endpoint()),
            ("SLACK_API_URL", self.slack.api_url()),
            ("SLACK_BOT_TOKEN", Settings::default().token),
            ("SLACK_CHANNEL", "#builds".to_owned()),
            ("MESSAGES_TABLE", TABLE.to_owned()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        self.moto.environment().into_iter().chain(own).collect()
    }
}

/// Starts a proxy that answers for CodeBuild: in moto every build succeeds, and the function asks how the project's
/// last builds ended.
async fn start_codebuild(moto: &Moto) -> Result<FaultProxy> {
    let short_id = |case: &str| {
        let event = event(FUNCTION, case);
        let id = event["detail"]["build-id"]
            .as_str()
            .and_then(|arn| arn.rsplit('/').next());
        id.map(str::to_owned)
            .with_context(|| format!("the event {case}.json has no build-id"))
    };
    let build = |id: &str, number: u32, status: &str| {
        json!({"id": id, "buildNumber": number, "buildStatus": status, "sourceVersion": "main",
            "environment": {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"}})
    };
    let (failed, succeeded) = (short_id("failed")?, short_id("succeeded")?);
    let builds = [
        build(&succeeded, 129, "SUCCEEDED"),
        build(&failed, 128, "FAILED"),
        build("web:1", 127, "SUCCEEDED"),
    ];
    let proxy = FaultProxy::start(moto.endpoint()).await?;
    for (operation, body) in [
        (
            "ListBuildsForProject",
            json!({"ids": [succeeded, failed, "web:1"]}),
        ),
        ("BatchGetBuilds", json!({"builds": builds})),
    ] {
        let response = Fault::respond(200, body.to_string());
        proxy
            .faults
            .inject(Match::containing(operation), response, usize::MAX);
    }
    Ok(proxy)
}

/// Writes the log of the failed build into CloudWatch Logs.
async fn write_log(moto: &Moto) -> Result<()> {
    let event = event(FUNCTION, "failed");
    let logs = &event["detail"]["additional-information"]["logs"];
    let (group, stream) = (&logs["group-name"], &logs["stream-name"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let events: Vec<Value> = LOG
        .lines()
        .zip(now - 60_000..)
        .map(|(line, timestamp)| json!({"timestamp": timestamp, "message": format!("{line}\n")}))
        .collect();
    for (operation, body) in [
        ("CreateLogGroup", json!({"logGroupName": group})),
        (
            "CreateLogStream",
            json!({"logGroupName": group, "logStreamName": stream}),
        ),
        (
            "PutLogEvents",
            json!({"logGroupName": group, "logStreamName": stream, "logEvents": events}),
        ),
    ] {
        moto.json("logs", &format!("Logs_20140328.{operation}"), &body)
            .await?;
    }
    Ok(())
}

pub(crate) async fn run(moto: &Moto) -> Result<FunctionDemo> {
    let world = BuildWorld::start(moto).await?;
    let emulator = deploy(FUNCTION, world.variables()).await?;
    let mut records = Vec::new();
    for (title, case) in EVENTS {
        heading(title);
        let before = world.slack.messages();
        let mut record = InvocationRecord::invoke(&emulator, FUNCTION, event(FUNCTION, case)).await?;
        let mut messages = world.slack.messages();
        messages.retain(|message| !before.contains(message));
        record.received = json!({"slack": messages.iter().map(received).collect::<Vec<_>>()});
        record.effects = effects(&messages);
        record.print();
        records.push(record);
    }
    emulator.shutdown().await;
    Ok(FunctionDemo {
        function: FUNCTION,
        check: one_message_per_build(&records, &world.slack.messages()),
        records,
    })
}

fn received(message: &Message) -> Value {
    json!({"channel": message.channel, "ts": message.ts, "text": message.text, "blocks": message.blocks})
}

/// Messages as people read them in Slack.
fn effects(messages: &[Message]) -> Vec<String> {
    if messages.is_empty() {
        return vec!["Slack: no new or changed message".to_owned()];
    }
    let mut lines = Vec::new();
    for message in messages {
        lines.push(format!(
            "Slack: message {} in {} is now",
            message.ts, message.channel
        ));
        for text in stand_ins::slack::texts(&message.blocks) {
            lines.extend(without_urls(&text).lines().map(|line| format!("│ {line}")));
        }
    }
    lines
}

/// Replaces Slack's links, `<https://…|label>`, with their labels.
fn without_urls(text: &str) -> String {
    let mut parts = text.split("<https://");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('|').unwrap_or(("", part));
        plain.push_str(&rest.replacen('>', "", 1));
    }
    plain
}

fn one_message_per_build(records: &[InvocationRecord], messages: &[Message]) -> CheckResult {
    let outcomes: Vec<String> = records.iter().map(outcome).collect();
    ensure!(
        outcomes == ["posted", "updated", "updated", "duplicate", "older", "posted"],
        "the outcomes of the six events are {outcomes:?}"
    );
    let [failed, fixed] = messages else {
        bail!("two builds have {} messages", messages.len());
    };
    ensure!(
        failed.text.contains("실패") && failed.blocks.to_string().contains("basket.rs:41"),
        "the failed build's message does not contain the reason: {}",
        failed.text
    );
    ensure!(
        fixed.text.contains("복구됨"),
        "the next build's message does not report the recovery: {}",
        fixed.text
    );
    let leaks = |message: &Message| message.blocks.to_string().contains(TOKEN);
    ensure!(
        !messages.iter().any(leaks),
        "a message contains the token of the log"
    );
    Ok(
        "one message for each of two builds: the first with the end of the log and without its token, the second \
         reports the recovery"
            .to_owned(),
    )
}

/// The response's key, or its reason where the event was skipped.
fn outcome(record: &InvocationRecord) -> String {
    match record.result.as_object().and_then(|result| result.iter().next()) {
        Some((_, Value::String(reason))) => reason.clone(),
        Some((key, _)) => key.clone(),
        None => "none".to_owned(),
    }
}
