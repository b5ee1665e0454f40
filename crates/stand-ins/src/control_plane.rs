//! Control planes of API Gateway, API Gateway V2 and CloudWatch Logs, as far as the logs of stages are concerned, and the
//! roles of IAM and a topic of SNS.
//!
//! It rejects the same requests as AWS. moto accepts any retention, group name, log level and patch path, does not implement
//! `UpdateStage` of V2, and does not require the account's role. The rules are those of the three API references.

mod delivery;
mod logs;
mod query;
mod rest;
mod state;
mod v2;

use std::sync::{Arc, Mutex};

use anyhow::Result;
use bytes::Bytes;
pub use delivery::Deliveries;
use hyper::Request;
use local_stack::faults::{Fault, Faults};
use local_stack::http::{self, Response, Server, response};
use local_stack::moto::{ACCOUNT, REGION};
use serde_json::{Value, json};
pub use state::{Api, ReceivedRequest, State};

/// Running control plane. Clones share it; it stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    /// Faults to inject into requests.
    pub faults: Faults,
    state: Arc<Mutex<State>>,
    server: Arc<Server>,
}

/// Error response of AWS.
#[derive(Debug, Clone)]
struct AwsError {
    status: u16,
    code: &'static str,
    message: String,
}

type Outcome = Result<Value, AwsError>;

/// Returns a fault that responds with an error as AWS does.
pub fn aws_error(status: u16, code: &'static str, message: &str) -> Fault {
    let error = AwsError::new(status, code, message);
    Fault::Respond {
        status,
        headers: vec![("x-amzn-errortype".to_owned(), code.to_owned())],
        body: error.body(),
    }
}

/// Returns the ARN of a log group, without `:*` at its end.
pub fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")
}

impl ControlPlane {
    /// Starts an account with a CloudWatch role and without APIs, on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let faults = Faults::default();
        let state = Arc::new(Mutex::new(State {
            role: Some(format!("arn:aws:iam::{ACCOUNT}:role/apigateway-logs")),
            roles: ["apigateway-logs", "nightshift-apigateway-logs", "theirs"]
                .map(|name| (name.to_owned(), "apigateway.amazonaws.com"))
                .into(),
            ..State::default()
        }));
        let served = Arc::clone(&state);
        let server = http::serve_with_faults(&faults, move |request| {
            let served = Arc::clone(&served);
            async move { Some(respond(&served, &request)) }
        });
        Ok(Self {
            server: Arc::new(server.await?),
            faults,
            state,
        })
    }

    /// Returns the address for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Reads or changes the state.
    pub fn state<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        access(&mut self.state.lock().expect("no holder panics"))
    }

    /// Adds a stage without any logs, and its API if there is none of this id. `protocol` is `REST`, `HTTP` or
    /// `WEBSOCKET`.
    pub fn add_stage(&self, protocol: &'static str, api_id: &str, stage: &str) {
        self.state(|state| state.add_stage(protocol, api_id, stage));
    }

    /// Returns a stage as API Gateway describes it.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn stage(&self, api_id: &str, stage: &str) -> Value {
        self.state(|state| state.apis[api_id].stages[stage].clone())
    }

    /// Sets a part of a stage's description. The parent of `pointer` must exist.
    ///
    /// # Panics
    /// If there is no such stage or no such parent.
    pub fn set_stage(&self, api_id: &str, stage: &str, pointer: &str, value: Value) {
        self.state(|state| {
            let api = state.apis.get_mut(api_id).expect("an existing API");
            let stage = api.stages.get_mut(stage).expect("an existing stage");
            let (parent, key) = pointer.rsplit_once('/').expect("a JSON pointer");
            stage.pointer_mut(parent).expect("an existing parent")[key] = value;
        });
    }

    /// Returns a log group's retention: the outer `None` means no such group, the inner one never expires.
    pub fn log_group(&self, name: &str) -> Option<Option<u64>> {
        self.state(|state| state.log_groups.get(name).copied())
    }

    /// Throttles one request in `one_in`, by chance. The same seed and order of requests throttle the same requests.
    pub fn throttle(&self, one_in: u32, seed: u64) {
        self.state(|state| state.throttling = Some((one_in, fastrand::Rng::with_seed(seed))));
    }

    /// Removes the requests received so far and returns the operations of those that write.
    pub fn take_writes(&self) -> Vec<String> {
        let received = self.state(|state| std::mem::take(&mut state.received));
        let writes = received.into_iter().filter(|request| request.is_write);
        writes.map(|request| request.operation).collect()
    }
}

fn respond(state: &Mutex<State>, request: &Request<Bytes>) -> Response {
    let content_type = request.headers().get("content-type");
    if content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded")) {
        let xml = [("content-type", "text/xml")];
        return match state.lock().expect("no holder panics").query(request.body()) {
            Ok(body) => response(200, &xml, body),
            Err(error) => response(error.status, &xml, error.xml()),
        };
    }
    let outcome = state.lock().expect("no holder panics").handle(request);
    match outcome {
        Ok(body) => response(200, &[], body.to_string()),
        Err(error) => response(error.status, &[("x-amzn-errortype", error.code)], error.body()),
    }
}

impl AwsError {
    fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
        }
    }

    /// Rejects a request of API Gateway.
    fn bad_request(message: &str) -> Self {
        Self::new(400, "BadRequestException", message)
    }

    /// Rejects a parameter of CloudWatch Logs.
    fn invalid_parameter(name: &str) -> Self {
        let message = format!("1 validation error detected: {name}");
        Self::new(400, "InvalidParameterException", &message)
    }

    /// Rejects a parameter of log delivery.
    fn invalid(name: &str) -> Self {
        Self::new(400, "ValidationException", &format!("invalid {name}"))
    }

    fn body(&self) -> String {
        json!({"__type": self.code, "message": self.message}).to_string()
    }
}
