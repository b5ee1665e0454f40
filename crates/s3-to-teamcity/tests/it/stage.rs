//! What the tests share: Lambda with the function, TeamCity, and an eye on what is logged.

use local_stack::{Emulator, Function, Outcome, function_binary};
use serde_json::{Value, json};
use stand_ins::TeamCity;
use stand_ins::teamcity::Settings;
use std::time::Duration;

pub const NAME: &str = "s3-to-teamcity";
pub const TOKEN: &str = "eyJ0eXAiOiAiVENWMiJ9.never-to-be-logged";
pub const BUILD_TYPE: &str = "Nightly_Import";

/// What stands in the events of this suite, and must stand in no log and no error: who uploaded, from where.
const IN_EVENTS: [&str; 4] = [
    "AIDAINPONIXQXHT3IKHL2",
    "203.0.113.7",
    "D82B88E5F771F645",
    "principalId",
];

/// One function and one server. When it goes, it looks through all that was logged.
pub struct Stage {
    pub emulator: Emulator,
    pub teamcity: TeamCity,
}

impl Stage {
    /// Good weather, and builds that wait.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let stage = Self {
            emulator: Emulator::start().await.unwrap(),
            teamcity: TeamCity::start(settings).await.unwrap(),
        };
        stage.emulator.deploy(stage.function());
        stage
    }

    /// The function with all that it needs, to be changed and deployed.
    pub fn function(&self) -> Function {
        Function::new(NAME, function_binary(NAME).unwrap())
            .variable("TEAMCITY_URL", self.teamcity.url())
            .variable("TEAMCITY_TOKEN", TOKEN)
            .variable("TEAMCITY_BUILD_TYPE", BUILD_TYPE)
    }

    /// The function with one variable changed, deployed.
    pub fn deploy(&self, name: &str, value: &str) {
        self.emulator.deploy(self.function().variable(name, value));
    }

    pub async fn send(&self, event: &Value) -> Outcome {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        check_silent(&format!("{outcome:?}"));
        outcome
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

    pub fn logs(&self) -> String {
        self.emulator.logs(NAME).join("\n")
    }

    /// The sum of a metric over all answers.
    pub async fn metric(&self, name: &str) -> f64 {
        let invocations = self.emulator.invocations_of(NAME);
        let answers = invocations
            .into_iter()
            .filter_map(|invocation| invocation.outcome);
        let answers = answers.filter(Outcome::is_answer).count();
        let look = async {
            loop {
                let lines = self.emulator.logs(NAME);
                let lines = lines
                    .iter()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok());
                let values: Vec<f64> = lines.filter_map(|line| line[name].as_f64()).collect();
                // An answer may be here before the last line is.
                if values.len() >= answers {
                    return values.into_iter().sum();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_silent(&self.logs());
        }
    }
}

#[track_caller]
fn check_silent(text: &str) {
    for secret in IN_EVENTS.into_iter().chain([TOKEN, "never-to-be-logged"]) {
        assert!(!text.contains(secret), "{secret:?} stands in: {text}");
    }
}

pub fn settings() -> Settings {
    Settings {
        token: TOKEN.to_owned(),
        build_types: vec![BUILD_TYPE.to_owned(), "Other_Build".to_owned()],
        merges: false,
        ..Settings::default()
    }
}

/// `events/s3-to-teamcity/{case}.json`.
pub fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// A record as S3 writes it.
pub fn record(encoded_key: &str, sequencer: &str) -> Value {
    let mut record = event("direct")["Records"][0].clone();
    record["s3"]["object"]["key"] = json!(encoded_key);
    record["s3"]["object"]["sequencer"] = json!(sequencer);
    record
}

pub fn records(records: impl IntoIterator<Item = Value>) -> Value {
    json!({"Records": records.into_iter().collect::<Vec<_>>()})
}

/// A message of a queue.
pub fn sqs_message(id: &str, body: &Value) -> Value {
    let mut message = event("sqs-batch")["Records"][0].clone();
    message["messageId"] = json!(id);
    message["body"] = json!(body.as_str().map_or_else(|| body.to_string(), str::to_owned));
    message
}

/// With time for the machine to be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
