//! What the tests share: Lambda with the function, and an eye on what is logged.

use local_stack::{ApiGateway, Emulator, Function, Outcome, function_binary};
use serde_json::{Value, json};
use std::time::Duration;

pub const NAME: &str = "api-loopback";

/// What stands in this suite's events and must never be logged.
const NEVER_LOGGED: [&str; 4] = ["never-to-be-echoed", "203.0.113.7", "안녕하세요", "querystring"];

/// One function. When it goes, it looks through all that was logged.
pub struct Stage {
    pub emulator: Emulator,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|function| function).await
    }

    pub async fn with(change: impl FnOnce(Function) -> Function) -> Self {
        let emulator = Emulator::start().await.unwrap();
        // As the manifest deploys it.
        let function = Function {
            timeout: Duration::from_secs(30),
            ..Function::new(NAME, function_binary(NAME).unwrap())
        };
        emulator.deploy(change(function));
        Self { emulator }
    }

    pub async fn send(&self, event: &Value) -> Outcome {
        self.emulator.invoke(NAME, event).await.unwrap()
    }

    pub async fn answer(&self, event: &Value) -> Value {
        self.send(event).await.answer().unwrap()
    }

    /// The error's type, and its message, which is JSON.
    pub async fn refusal(&self, event: &Value) -> Value {
        let Outcome::Error(error) = self.send(event).await else {
            panic!("an error was expected")
        };
        assert_eq!(error["errorType"], "Refusal");
        serde_json::from_str(error["errorMessage"].as_str().unwrap()).unwrap()
    }

    /// An API's stage in front of it.
    pub async fn api(&self, stage: &str) -> ApiGateway {
        ApiGateway::start(&self.emulator, NAME, stage, &json!({"stage": stage}))
            .await
            .unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let logs = self.emulator.logs(NAME).join("\n");
        for secret in NEVER_LOGGED {
            assert!(!logs.contains(secret), "{secret:?} stands in: {logs}");
        }
    }
}

/// `events/api-loopback/{case}.json`.
pub fn event(case: &str) -> Value {
    local_stack::event(NAME, case)
}

/// A proxy event with this query.
pub fn proxy_event(query: Value) -> Value {
    let mut event = event("rest-proxy");
    event["queryStringParameters"] = query;
    event
}

/// What the passthrough template makes of a request with this query.
pub fn non_proxy_event(query: Value) -> Value {
    let mut event = event("rest-non-proxy");
    event["params"]["querystring"] = query;
    event
}

/// The echo in the body of a proxy's answer.
#[track_caller]
pub fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}
