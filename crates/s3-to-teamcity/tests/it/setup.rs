//! The function in a Lambda emulator, and TeamCity.

use std::time::Duration;

use local_stack::{Function, LambdaEmulator, Outcome, function_binary};
use serde_json::{Value, json};
use stand_ins::TeamCity;
use stand_ins::teamcity::Settings;

pub(crate) const NAME: &str = "s3-to-teamcity";
pub(crate) const TOKEN: &str = "eyJ0eXAiOiAiVENWMiJ9.never-to-be-logged";
pub(crate) const BUILD_TYPE: &str = "Nightly_Import";

/// Personal data in the events of `events/`, which must not appear in a log or an error.
const PERSONAL_DATA: [&str; 4] = [
    "AIDAINPONIXQXHT3IKHL2",
    "203.0.113.7",
    "D82B88E5F771F645",
    "principalId",
];

/// One function and one server. On drop, it checks that no secret was logged.
pub(crate) struct Setup {
    pub(crate) emulator: LambdaEmulator,
    pub(crate) teamcity: TeamCity,
}

impl Setup {
    /// Starts both, without faults; builds stay in the queue.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let setup = Self {
            emulator: LambdaEmulator::start().await.unwrap(),
            teamcity: TeamCity::start(settings).await.unwrap(),
        };
        setup.emulator.deploy(setup.function());
        setup
    }

    /// Returns the function with its variables.
    pub(crate) fn function(&self) -> Function {
        Function::new(NAME, function_binary(NAME).unwrap())
            .variable("TEAMCITY_URL", self.teamcity.url())
            .variable("TEAMCITY_TOKEN", TOKEN)
            .variable("TEAMCITY_BUILD_TYPE", BUILD_TYPE)
            .variable("AWS_LAMBDA_LOG_FORMAT", "JSON")
    }

    /// Deploys the function with one variable changed.
    pub(crate) fn deploy(&self, name: &str, value: &str) {
        self.emulator.deploy(self.function().variable(name, value));
    }

    /// Deploys the function with a short time-out, for a TeamCity that stays down.
    pub(crate) fn deploy_with_timeout(&self, timeout: Duration) {
        self.emulator.deploy(Function {
            timeout,
            ..self.function()
        });
    }

    /// Deploys the function with these routes.
    pub(crate) fn deploy_routes(&self, routes: &Value) {
        self.emulator.deploy(self.function_with_routes(routes));
    }

    /// Returns the function with routes instead of a single build configuration.
    pub(crate) fn function_with_routes(&self, routes: &Value) -> Function {
        let mut function = self.function().variable("BUILD_ROUTES", routes.to_string());
        function.environment.remove("TEAMCITY_BUILD_TYPE");
        function
    }

    pub(crate) async fn outcome(&self, event: &Value) -> Outcome {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        check_no_secrets(&format!("{outcome:?}"));
        outcome
    }

    pub(crate) async fn invoke(&self, event: &Value) -> Value {
        self.outcome(event).await.into_response().unwrap()
    }

    /// Returns type and message of the error.
    pub(crate) async fn invoke_failing(&self, event: &Value) -> (String, String) {
        let (Outcome::Error(error) | Outcome::InitFailed(error)) = self.outcome(event).await else {
            panic!("the invocation succeeded, expected an error")
        };
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    pub(crate) fn logs(&self) -> String {
        self.emulator.logs(NAME).join("\n")
    }

    /// Returns the log lines about records, each as JSON.
    pub(crate) fn record_lines(&self) -> Vec<Value> {
        let lines = self.emulator.logs(NAME).into_iter();
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        lines
            .filter(|line| !line["fields"]["outcome"].is_null())
            .collect()
    }

    /// Returns the sum of a metric over all responses.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let invocations = self.emulator.invocations_of(NAME);
        let outcomes = invocations
            .into_iter()
            .filter_map(|invocation| invocation.outcome);
        let responses = outcomes.filter(Outcome::is_response).count();
        let poll = async {
            loop {
                let lines = self.emulator.logs(NAME);
                let lines = lines
                    .iter()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok());
                let values: Vec<f64> = lines.filter_map(|line| line[name].as_f64()).collect();
                // A response may arrive before the last line.
                if values.len() >= responses {
                    return values.into_iter().sum();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, poll).await.unwrap()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_no_secrets(&self.logs());
        }
    }
}

#[track_caller]
fn check_no_secrets(text: &str) {
    for secret in PERSONAL_DATA.into_iter().chain([TOKEN, "never-to-be-logged"]) {
        assert!(!text.contains(secret), "{secret:?} was logged: {text}");
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        token: TOKEN.to_owned(),
        build_types: vec![BUILD_TYPE.to_owned(), "Other_Build".to_owned()],
        merges: false,
        ..Settings::default()
    }
}

/// Reads `events/s3-to-teamcity/{case}.json`.
pub(crate) fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// Returns the number of queued and of known builds.
pub(crate) fn counts(response: &Value) -> (usize, usize) {
    let count = |name: &str| response[name].as_array().unwrap().len();
    (count("queued"), count("known"))
}

/// Returns the reasons for which uploads were skipped.
pub(crate) fn reasons(response: &Value) -> Vec<&str> {
    let skipped = response["skipped"].as_array().unwrap().iter();
    skipped.map(|upload| upload["reason"].as_str().unwrap()).collect()
}

/// Returns a record of an S3 notification.
pub(crate) fn record(encoded_key: &str, sequencer: &str) -> Value {
    let mut record = event("direct")["Records"][0].clone();
    record["s3"]["object"]["key"] = json!(encoded_key);
    record["s3"]["object"]["sequencer"] = json!(sequencer);
    record
}

pub(crate) fn records(records: impl IntoIterator<Item = Value>) -> Value {
    json!({"Records": records.into_iter().collect::<Vec<_>>()})
}

/// Returns an SQS message.
pub(crate) fn sqs_message(id: &str, body: &Value) -> Value {
    let mut message = event("sqs-batch")["Records"][0].clone();
    message["messageId"] = json!(id);
    message["body"] = json!(body.as_str().map_or_else(|| body.to_string(), str::to_owned));
    message
}

/// The time-out of a wait, long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
