//! What the tests share: Lambda with the function, a Slack workspace, and AWS where it is needed.

use local_stack::{Emulator, Function, Moto, Outcome, function_binary};
use serde_json::{Value, json};
use stand_ins::Slack;
use stand_ins::slack::{Message, Settings};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

use crate::one_at_a_time;

pub const NAME: &str = "codebuild-slack";
pub const TOKEN: &str = "xoxb-never-to-be-logged";

/// With time for the machine to be busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// One function and one workspace. When it goes, it looks through all that was logged.
pub struct Stage {
    pub emulator: Emulator,
    pub slack: Slack,
    /// Where the stage has AWS: all stages share it, and each has a table of its own.
    pub moto: Option<Moto>,
    pub table: String,
    /// Where the table is.
    pub dynamodb: String,
}

impl Stage {
    /// With a webhook, and nothing of AWS.
    pub async fn webhook() -> Self {
        let stage = Self::bare().await;
        stage.emulator.deploy(stage.by_webhook());
        stage
    }

    /// With a bot token, and nothing of AWS.
    pub async fn bot() -> Self {
        let stage = Self::bare().await;
        stage.emulator.deploy(stage.by_bot());
        stage
    }

    /// With a bot token and a table that remembers messages.
    pub async fn table() -> Self {
        let mut stage = Self::bare().await;
        let (moto, dynamodb) = aws().await.clone();
        stage.dynamodb = dynamodb;
        make_table(&moto, &stage.table).await;
        stage.moto = Some(moto);
        stage.emulator.deploy(stage.with_table());
        stage
    }

    async fn bare() -> Self {
        Self {
            emulator: Emulator::start().await.unwrap(),
            slack: Slack::start(settings()).await.unwrap(),
            moto: None,
            dynamodb: String::new(),
            table: format!("messages-{}", TABLES.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Neither log nor history are looked up, unless a test says so.
    fn function(&self) -> Function {
        Function::new(NAME, function_binary(NAME).unwrap())
            .variable("LOG_TAIL_LINES", "0")
            .variable("COMPARE_WITH_PREVIOUS", "false")
            .variable("LOCALE", "en")
    }

    pub fn by_webhook(&self) -> Function {
        self.function()
            .variable("SLACK_WEBHOOK_URL", self.slack.webhook_url())
    }

    pub fn by_bot(&self) -> Function {
        self.function()
            .variable("SLACK_BOT_TOKEN", TOKEN)
            .variable("SLACK_CHANNEL", "#builds")
            .variable("SLACK_API_URL", self.slack.api_url())
    }

    pub fn with_table(&self) -> Function {
        self.by_bot()
            .variables(self.moto().environment())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb)
            .variable("MESSAGES_TABLE", &self.table)
    }

    pub fn moto(&self) -> &Moto {
        self.moto.as_ref().expect("this stage has AWS")
    }

    pub async fn send(&self, event: &Value) -> Outcome {
        self.emulator.invoke(NAME, event).await.unwrap()
    }

    pub async fn answer(&self, event: &Value) -> Value {
        self.send(event).await.answer().unwrap()
    }

    /// The error's type and message.
    pub async fn error(&self, event: &Value) -> (String, String) {
        let (Outcome::Error(error) | Outcome::InitFailed(error)) = self.send(event).await else {
            panic!("an error was expected")
        };
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    /// The only message.
    #[track_caller]
    pub fn message(&self) -> Message {
        let mut messages = self.slack.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    pub fn logs(&self) -> String {
        self.emulator.logs(NAME).join("\n")
    }

    /// All items of the table.
    pub async fn items(&self) -> Vec<Value> {
        let (mut items, mut scan) = (Vec::new(), json!({"TableName": self.table}));
        loop {
            let scanned = self.moto().json("dynamodb", "DynamoDB_20120810.Scan", &scan);
            let page = scanned.await.unwrap();
            items.extend(page["Items"].as_array().unwrap().iter().cloned());
            let Some(last) = page.get("LastEvaluatedKey") else {
                return items;
            };
            scan["ExclusiveStartKey"] = last.clone();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for secret in [TOKEN, "localwebhook", "hunter2", "correct horse"] {
                assert!(
                    !self.logs().contains(secret),
                    "{secret:?} stands in: {}",
                    self.logs()
                );
            }
        }
    }
}

async fn make_table(moto: &Moto, name: &str) {
    let table = json!({
        "TableName": name,
        "KeySchema": [{"AttributeName": "build_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "build_id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    moto.json("dynamodb", "DynamoDB_20120810.CreateTable", &table)
        .await
        .unwrap();
}

/// A workspace that keeps no pace: tests of the pace say so.
pub fn settings() -> Settings {
    Settings {
        token: TOKEN.to_owned(),
        pace: Duration::ZERO,
        ..Settings::default()
    }
}

/// `events/codebuild-slack/{case}.json`.
pub fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// All cases.
pub fn cases() -> Vec<String> {
    let folder = format!("{}/../../events/{NAME}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<String> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    cases.sort();
    cases
}

/// The event of this build instead.
pub fn of_build(mut event: Value, project: &str, uuid: &str) -> Value {
    let detail = &mut event["detail"];
    detail["project-name"] = json!(project);
    detail["build-id"] = json!(format!(
        "arn:aws:codebuild:ap-northeast-2:123456789012:build/{project}:{uuid}"
    ));
    event
}

static AWS: OnceCell<(Moto, String)> = OnceCell::const_new();
static TABLES: AtomicUsize = AtomicUsize::new(1);

/// AWS, started by the first test that needs it, and where DynamoDB is in it.
async fn aws() -> &'static (Moto, String) {
    let start = async || {
        let moto = Moto::start().await.unwrap();
        let dynamodb = one_at_a_time::start(moto.endpoint());
        (moto, dynamodb)
    };
    AWS.get_or_init(start).await
}
