//! A build fails, and the next one mends it: `codebuild-slack`.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use local_stack::{Emulator, Fault, FaultProxy, Function, Match, Moto, event, function_binary};
use serde_json::{Value, json};
use stand_ins::{
    Slack,
    slack::{Message, Settings},
};

use super::{
    record::{self, Entry},
    scene::Scene,
    screen::heading,
    show,
};

const FUNCTION: &str = "codebuild-slack";
const TABLE: &str = "codebuild-slack-messages";
/// What the failed build gives away in its log.
const SECRET: &str = "ghp_Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5V";

/// What the events are.
const EVENTS: [(&str, &str); 6] = [
    (
        "A build starts: CodeBuild tells it through EventBridge",
        "in-progress",
    ),
    ("It comes through a phase", "phase-change"),
    ("It fails", "failed"),
    (
        "The same event once more, as EventBridge may deliver it",
        "failed",
    ),
    ("The event of the phase once more, late", "phase-change"),
    ("The next build mends it", "succeeded"),
];

/// The other side of the function: Slack, a table, a log, and CodeBuild's memory of the project.
pub struct Surroundings {
    pub slack: Slack,
    codebuild: FaultProxy,
    moto: Moto,
}

impl Surroundings {
    /// Makes them.
    pub async fn make(moto: &Moto) -> Result<Self> {
        let table = json!({
            "TableName": TABLE,
            "KeySchema": [{"AttributeName": "build_id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "build_id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        moto.json("dynamodb", "DynamoDB_20120810.CreateTable", &table)
            .await?;
        write_log(moto).await?;
        Ok(Self {
            slack: Slack::start(Settings::default()).await?,
            codebuild: codebuild(moto).await?,
            moto: moto.clone(),
        })
    }

    /// With which the function finds them.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = self.moto.environment().into_iter().collect();
        let own = [
            ("AWS_ENDPOINT_URL_CODEBUILD", self.codebuild.endpoint()),
            ("SLACK_API_URL", self.slack.api_url()),
            ("SLACK_BOT_TOKEN", Settings::default().token),
            ("SLACK_CHANNEL", "#builds".to_owned()),
            ("MESSAGES_TABLE", TABLE.to_owned()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        variables
    }
}

/// moto's builds all go well: what the project's last builds were is said here, in CodeBuild's form.
async fn codebuild(moto: &Moto) -> Result<FaultProxy> {
    let failed = event(FUNCTION, "failed");
    let failed_id = failed["detail"]["build-id"]
        .as_str()
        .and_then(|arn| arn.rsplit('/').next());
    let failed_id = failed_id.context("the event has a build")?;
    let build = |id: &str, number: u32, status: &str| json!({"id": id, "buildNumber": number, "buildStatus": status, "sourceVersion": "main"});
    let builds = [build(failed_id, 128, "FAILED"), build("web:1", 127, "SUCCEEDED")];
    let proxy = FaultProxy::start(moto.endpoint()).await?;
    let answer = |body: Value| Fault::Status(200, body.to_string());
    for (operation, body) in [
        ("ListBuildsForProject", json!({"ids": [failed_id, "web:1"]})),
        ("BatchGetBuilds", json!({"builds": builds})),
    ] {
        proxy.inject(Match::containing(operation), answer(body), usize::MAX);
    }
    Ok(proxy)
}

/// The log of the build that fails, with colours and a secret in it.
async fn write_log(moto: &Moto) -> Result<()> {
    let event = event(FUNCTION, "failed");
    let logs = &event["detail"]["additional-information"]["logs"];
    let (group, stream) = (&logs["group-name"], &logs["stream-name"]);
    let call = async |operation: &str, body: Value| {
        moto.json("logs", &format!("Logs_20140328.{operation}"), &body)
            .await
    };
    call("CreateLogGroup", json!({"logGroupName": group})).await?;
    call(
        "CreateLogStream",
        json!({"logGroupName": group, "logStreamName": stream}),
    )
    .await?;
    let lines = [
        "[Container] 2026/11/01 01:03:07 Running command cargo test --workspace".to_owned(),
        format!("Fetching https://bot:{SECRET}@github.com/acme/parts.git"),
        format!("GITHUB_TOKEN={SECRET}"),
        "running 3 tests".to_owned(),
        "test basket::empty ... \u{1b}[32mok\u{1b}[0m".to_owned(),
        "test basket::discount ... \u{1b}[31mFAILED\u{1b}[0m".to_owned(),
        "test basket::total ... \u{1b}[32mok\u{1b}[0m".to_owned(),
        "thread 'basket::discount' panicked at src/basket.rs:41:9:".to_owned(),
        "assertion `left == right` failed".to_owned(),
        "  left: 8100".to_owned(),
        " right: 9000".to_owned(),
        "test result: FAILED. 2 passed; 1 failed; 0 ignored".to_owned(),
        "[Container] 2026/11/01 01:04:10 Command did not exit successfully cargo test --workspace exit status 101"
            .to_owned(),
        "[Container] 2026/11/01 01:04:10 Phase complete: BUILD State: FAILED".to_owned(),
        "[Container] 2026/11/01 01:04:11 Entering phase POST_BUILD".to_owned(),
    ];
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let at = |number: usize| now as u64 - 60_000 + number as u64;
    let events: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| json!({"timestamp": at(number), "message": format!("{line}\n")}))
        .collect();
    call(
        "PutLogEvents",
        json!({"logGroupName": group, "logStreamName": stream, "logEvents": events}),
    )
    .await?;
    Ok(())
}

/// Sends the events, and shows them with the messages as they read then.
pub async fn play(moto: &Moto) -> Result<Scene> {
    let surroundings = Surroundings::make(moto).await?;
    let emulator = Emulator::start().await?;
    let function = Function::new(FUNCTION, function_binary(FUNCTION)?);
    emulator.deploy(function.variables(surroundings.variables()));

    let mut entries = Vec::new();
    for (title, case) in EVENTS {
        heading(title);
        let event = event(FUNCTION, case);
        let before = surroundings.slack.messages();
        let began = Instant::now();
        let outcome = emulator.invoke(FUNCTION, &event).await?;
        let took = began.elapsed();
        let now = surroundings.slack.messages();
        let changed = now.iter().filter(|message| !before.contains(message));
        let entry = Entry {
            event,
            result: record::result(Some(&outcome)),
            took,
            received: json!({"slack": changed.map(received).collect::<Vec<_>>()}),
        };
        show::entry(FUNCTION, &entry);
        entries.push(entry);
    }
    let check = (
        "builds",
        one_message_per_build(&entries, &surroundings.slack.messages()),
    );
    emulator.shutdown().await;
    Ok(Scene {
        function: FUNCTION,
        entries,
        check,
    })
}

fn received(message: &Message) -> Value {
    json!({"channel": message.channel, "ts": message.ts, "text": message.text, "blocks": message.blocks})
}

/// What Slack was told, as people read it.
pub fn in_words(received: &Value) -> Vec<String> {
    if received["slack"] == json!([]) {
        return vec!["Slack: no word".to_owned()];
    }
    let mut words = Vec::new();
    for message in received["slack"].as_array().into_iter().flatten() {
        let place = [&message["channel"], &message["ts"]].map(|text| text.as_str().unwrap_or_default());
        words.push(format!("Slack: the message {} in {}", place[1], place[0]));
        for text in stand_ins::slack::texts(&message["blocks"]) {
            words.extend(without_addresses(&text).lines().map(|line| format!("  {line}")));
        }
    }
    words
}

/// Of `<address|label>` the label, as people see it.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("<https://");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('|').unwrap_or(("", part));
        words.push_str(&rest.replacen('>', "", 1));
    }
    words
}

fn one_message_per_build(entries: &[Entry], messages: &[Message]) -> Result<String, String> {
    let did: Vec<String> = entries
        .iter()
        .map(
            |entry| match entry.result.as_object().and_then(|result| result.iter().next()) {
                Some((_, Value::String(reason))) => reason.clone(),
                Some((what, _)) => what.clone(),
                None => "nothing".to_owned(),
            },
        )
        .collect();
    if did != ["posted", "updated", "updated", "duplicate", "older", "posted"] {
        return Err(format!("the six events were {did:?}"));
    }
    let [failed, fixed] = messages else {
        return Err(format!("there are {} messages of two builds", messages.len()));
    };
    if !failed.text.contains("실패") || !failed.blocks.to_string().contains("basket.rs:41") {
        return Err(format!(
            "the failed build's message does not say why: {}",
            failed.text
        ));
    }
    if !fixed.text.contains("복구됨") {
        return Err(format!(
            "the next build's message does not say that it is fixed: {}",
            fixed.text
        ));
    }
    match messages
        .iter()
        .any(|message| message.blocks.to_string().contains(SECRET))
    {
        true => Err("the secret in the log is in the message".to_owned()),
        false => Ok(
            "one message for each of two builds, with the log's end and without its secret; the second says \
                     that it is fixed"
                .to_owned(),
        ),
    }
}
