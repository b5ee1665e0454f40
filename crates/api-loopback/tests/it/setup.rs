//! The function, deployed in the emulator, and its events.

use std::time::Duration;

use local_stack::{ApiGateway, Function, LambdaEmulator, Outcome, function_binary};
use serde_json::{Value, json};

pub(crate) const NAME: &str = "api-loopback";

/// Texts of the events that must never be logged.
const NEVER_LOGGED: [&str; 4] = ["never-to-be-echoed", "203.0.113.7", "안녕하세요", "querystring"];

/// The function, with an emulator of its own. Checks the function's log when it is dropped.
pub(crate) struct Setup {
    pub(crate) emulator: LambdaEmulator,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(|function| function).await
    }

    /// Deploys the function after `change`.
    pub(crate) async fn with(change: impl FnOnce(Function) -> Function) -> Self {
        let emulator = LambdaEmulator::start().await.unwrap();
        // The timeout of the manifest.
        let function = Function {
            timeout: Duration::from_secs(30),
            ..Function::new(NAME, function_binary(NAME).unwrap())
        };
        let without_limits = function
            .variable("MAX_BYTES", "6000000")
            .variable("MAX_DELAY_MS", "30000");
        emulator.deploy(change(without_limits));
        Self { emulator }
    }

    pub(crate) async fn outcome(&self, event: &Value) -> Outcome {
        self.emulator.invoke(NAME, event).await.unwrap()
    }

    /// Invokes the function and returns its response.
    pub(crate) async fn invoke(&self, event: &Value) -> Value {
        self.outcome(event).await.into_response().unwrap()
    }

    /// Sends a text as it is, and returns the text in the body of the HTTP response.
    pub(crate) async fn body_of_text(&self, event: &str) -> String {
        let path = format!("2015-03-31/functions/{NAME}/invocations");
        let request = reqwest::Client::new().post(format!("{}/{path}", self.emulator.endpoint()));
        let response = request.body(event.to_owned()).send().await.unwrap();
        let response: Value = response.json().await.unwrap();
        response["body"].as_str().unwrap().to_owned()
    }

    /// Invokes the function and returns the JSON in the message of its error.
    pub(crate) async fn rejection(&self, event: &Value) -> Value {
        let outcome = self.outcome(event).await;
        let Outcome::Error(error) = outcome else {
            panic!("expected an error, got {outcome:?}")
        };
        assert_eq!(error["errorType"], "Refusal");
        serde_json::from_str(error["errorMessage"].as_str().unwrap()).unwrap()
    }

    /// Starts a stage of the API in front of the function.
    pub(crate) async fn api(&self, stage: &str) -> ApiGateway {
        ApiGateway::start(&self.emulator, NAME, stage, &json!({"stage": stage}))
            .await
            .unwrap()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let logs = self.emulator.logs(NAME).join("\n");
        for secret in NEVER_LOGGED {
            assert!(!logs.contains(secret), "{secret:?} is in the log: {logs}");
        }
    }
}

pub(crate) fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// Returns a proxy event with this query.
pub(crate) fn proxy_event(query: Value) -> Value {
    let mut event = event("rest-proxy");
    event["queryStringParameters"] = query;
    event
}

/// Returns the event that the passthrough template makes of a request with this query.
pub(crate) fn non_proxy_event(query: Value) -> Value {
    let mut event = event("rest-non-proxy");
    event["params"]["querystring"] = query;
    event
}

/// Parses the echo in the body of an HTTP response.
#[track_caller]
pub(crate) fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
}
