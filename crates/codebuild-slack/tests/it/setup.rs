//! The function in the Lambda emulator, with a Slack stand-in and, for some tests, AWS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use local_stack::{FaultProxy, Function, LambdaEmulator, MessagesTable, Moto, Outcome, function_binary};
use serde_json::{Value, json};
use stand_ins::Slack;
use stand_ins::slack::{Message, Settings};
use tokio::sync::OnceCell;

pub(crate) const NAME: &str = "codebuild-slack";
pub(crate) const TOKEN: &str = "xoxb-never-to-be-logged";

/// Time-out of waits, long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// One function and one Slack workspace. Its drop checks that the log holds no secret.
pub(crate) struct Setup {
    pub(crate) emulator: LambdaEmulator,
    pub(crate) slack: Slack,
    /// Name of the table, whether there is one or not.
    pub(crate) table: String,
    aws: Option<Aws>,
}

/// AWS with a table.
struct Aws {
    /// Shared by all setups.
    moto: Moto,
    dynamodb: FaultProxy,
    messages: MessagesTable,
}

impl Setup {
    /// Starts the function with a webhook and without AWS.
    pub(crate) async fn webhook() -> Self {
        let setup = Self::bare().await;
        setup.emulator.deploy(setup.webhook_function());
        setup
    }

    /// Starts the function with a bot token and without AWS.
    pub(crate) async fn bot() -> Self {
        let setup = Self::bare().await;
        setup.emulator.deploy(setup.bot_function());
        setup
    }

    /// Starts the function with a bot token and a table.
    pub(crate) async fn table() -> Self {
        let mut setup = Self::bare().await;
        let moto = moto().await.clone();
        setup.aws = Some(Aws {
            dynamodb: FaultProxy::start_serial(moto.endpoint()).await.unwrap(),
            messages: MessagesTable::create(&moto, &setup.table).await.unwrap(),
            moto,
        });
        setup.emulator.deploy(setup.table_function());
        setup
    }

    async fn bare() -> Self {
        Self {
            emulator: LambdaEmulator::start().await.unwrap(),
            slack: Slack::start(settings()).await.unwrap(),
            aws: None,
            table: format!("messages-{}", TABLES.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Configures the function without log tail, comparison and failed tests.
    fn function(&self) -> Function {
        Function::new(NAME, function_binary(NAME).unwrap())
            .variable("LOG_TAIL_LINES", "0")
            .variable("COMPARE_WITH_PREVIOUS", "false")
            .variable("FAILED_TESTS", "0")
            .variable("LOCALE", "en")
    }

    pub(crate) fn webhook_function(&self) -> Function {
        self.function()
            .variable("SLACK_WEBHOOK_URL", self.slack.webhook_url())
    }

    pub(crate) fn bot_function(&self) -> Function {
        self.function()
            .variable("SLACK_BOT_TOKEN", TOKEN)
            .variable("SLACK_CHANNEL", "#builds")
            .variable("SLACK_API_URL", self.slack.api_url())
    }

    pub(crate) fn table_function(&self) -> Function {
        self.bot_function()
            .variables(self.moto().environment())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb().endpoint())
            .variable("MESSAGES_TABLE", &self.table)
    }

    fn aws(&self) -> &Aws {
        self.aws.as_ref().expect("only setups with a table have AWS")
    }

    pub(crate) fn moto(&self) -> &Moto {
        &self.aws().moto
    }

    /// DynamoDB, to which requests go one after the other.
    pub(crate) fn dynamodb(&self) -> &FaultProxy {
        &self.aws().dynamodb
    }

    pub(crate) async fn invoke(&self, event: &Value) -> Outcome {
        self.emulator.invoke(NAME, event).await.unwrap()
    }

    pub(crate) async fn response(&self, event: &Value) -> Value {
        self.invoke(event).await.into_response().unwrap()
    }

    /// Invokes the function and returns the type and message of its error.
    pub(crate) async fn error(&self, event: &Value) -> (String, String) {
        let (Outcome::Error(error) | Outcome::InitFailed(error)) = self.invoke(event).await else {
            panic!("an error was expected")
        };
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    /// Returns the only message in the workspace.
    #[track_caller]
    pub(crate) fn message(&self) -> Message {
        let mut messages = self.slack.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    /// Lets the lease of a dead environment run out after `remaining`, instead of a minute after it was acquired. Does
    /// nothing if the lease owner is another request, or if there is no lease.
    pub(crate) async fn shorten_lease(&self, build_id: &str, request_id: &str, remaining: Duration) {
        let update = json!({"TableName": self.table, "Key": {"build_id": {"S": build_id}},
            "UpdateExpression": "SET lease_until = :until",
            "ConditionExpression": "begins_with(lease_owner, :request)",
            "ExpressionAttributeValues": {
                ":until": {"N": (now_ms() + remaining.as_millis() as u64).to_string()},
                ":request": {"S": request_id}}});
        let update = self
            .moto()
            .json("dynamodb", "DynamoDB_20120810.UpdateItem", &update);
        if let Err(error) = update.await {
            let error = format!("{error:#}");
            assert!(error.contains("ConditionalCheckFailed"), "{error}");
        }
    }

    /// Deletes the record of the event's build.
    pub(crate) async fn delete_record(&self, event: &Value) {
        let key = json!({"build_id": {"S": event["detail"]["build-id"]}});
        let delete = json!({"TableName": self.table, "Key": key});
        let delete = self
            .moto()
            .json("dynamodb", "DynamoDB_20120810.DeleteItem", &delete);
        delete.await.unwrap();
    }

    /// Writes a log group with the stream `1`, with an event for each line.
    pub(crate) async fn write_log(&self, group: &str, lines: &[String]) {
        let events = lines.iter().flat_map(|line| line.lines()).enumerate();
        let events: Vec<Value> = events
            .map(|(number, line)| json!({"timestamp": now_ms() - 60_000 + number as u64, "message": line}))
            .collect();
        let stream = json!({"logGroupName": group, "logStreamName": "1"});
        let mut put = stream.clone();
        put["logEvents"] = json!(events);
        for (operation, body) in [
            ("CreateLogGroup", json!({"logGroupName": group})),
            ("CreateLogStream", stream),
            ("PutLogEvents", put),
        ] {
            let target = format!("Logs_20140328.{operation}");
            self.moto().json("logs", &target, &body).await.unwrap();
        }
    }

    pub(crate) fn logs(&self) -> String {
        self.emulator.logs(NAME).join("\n")
    }

    /// Reads all items of the table.
    pub(crate) async fn items(&self) -> Vec<Value> {
        self.aws().messages.items().await.unwrap()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for secret in [TOKEN, "localwebhook", "hunter2", "correct horse"] {
                assert!(
                    !self.logs().contains(secret),
                    "the log contains {secret:?}: {}",
                    self.logs()
                );
            }
        }
    }
}

/// Returns the settings of a workspace without a rate limit.
pub(crate) fn settings() -> Settings {
    Settings {
        token: TOKEN.to_owned(),
        pace: Duration::ZERO,
        ..Settings::default()
    }
}

/// Reads `events/codebuild-slack/{case}.json`.
pub(crate) fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// Lists the names of all events in `events/codebuild-slack`.
pub(crate) fn cases() -> Vec<String> {
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

/// Shortens the function's timeout to 10 s. A detail that hangs takes half of the remaining time, at most 8 s.
pub(crate) fn short_lived(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(10),
        ..function
    }
}

/// Makes the record of a build or a batch older.
pub(crate) async fn age(setup: &Setup, id: &str, minutes: u64) {
    let expires = now_ms() / 1000 + 30 * 86_400 - minutes * 60;
    let update = json!({"TableName": setup.table, "Key": {"build_id": {"S": id}},
        "UpdateExpression": "SET expires_at = :at", "ExpressionAttributeValues": {":at": {"N": expires.to_string()}}});
    let update = setup
        .moto()
        .json("dynamodb", "DynamoDB_20120810.UpdateItem", &update);
    update.await.unwrap();
}

/// Completes the messages without an end, and returns their numbers.
pub(crate) async fn reconcile(setup: &Setup) -> Value {
    let Outcome::Response(response) = reconcile_outcome(setup).await else {
        panic!("a response was expected")
    };
    response["reconciled"].clone()
}

/// Completes the messages without an end.
pub(crate) async fn reconcile_outcome(setup: &Setup) -> Outcome {
    setup.invoke(&json!({"reconcile": true})).await
}

/// Changes the build of an event.
pub(crate) fn of_build(mut event: Value, project: &str, uuid: &str) -> Value {
    let detail = &mut event["detail"];
    detail["project-name"] = json!(project);
    detail["build-id"] = json!(format!(
        "arn:aws:codebuild:ap-northeast-2:123456789012:build/{project}:{uuid}"
    ));
    event
}

pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

static MOTO: OnceCell<Moto> = OnceCell::const_new();
static TABLES: AtomicUsize = AtomicUsize::new(1);

/// Starts AWS for the first test that needs it.
async fn moto() -> &'static Moto {
    MOTO.get_or_init(async || Moto::start().await.unwrap()).await
}
