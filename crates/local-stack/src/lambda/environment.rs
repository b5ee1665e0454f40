use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::function::Function;
use super::invocation::Victim;
use super::state::Shared;
use crate::moto::{ACCOUNT, REGION};
use crate::process::{Process, Spec};

/// Execution environment: one process of a function, with its current invocation.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) id: String,
    pub(super) function: Arc<Function>,
    pub(super) process: Process,
    slot: Mutex<Slot>,
    request_arrived: Notify,
}

/// Place for one invocation.
#[derive(Debug, Default)]
struct Slot {
    has_started: bool,
    next: Option<InvocationRequest>,
    current: Option<Current>,
    init_error: Option<Value>,
}

/// Invocation for an environment.
#[derive(Debug)]
pub(super) struct InvocationRequest {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    /// Receives the moment at which the function fetches the event: its timeout begins there.
    pub(super) received: oneshot::Sender<SystemTime>,
    /// Receives the function's reply.
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Debug)]
struct Current {
    request_id: String,
    reply: oneshot::Sender<Reply>,
}

/// Reply of a function.
#[derive(Debug)]
pub(super) enum Reply {
    Response(Bytes),
    Error(Bytes),
}

/// Response to `/next`.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    pub(super) deadline_ms: u128,
}

impl Environment {
    /// Starts a process of `function`.
    pub(super) fn start(shared: &Arc<Shared>, function: &Arc<Function>) -> Result<Arc<Self>> {
        let id = Uuid::new_v4().simple().to_string();
        let endpoint = shared.read().endpoint.clone();
        // Weak: the emulator's end must not wait for the last line of a process.
        let log = Arc::downgrade(shared);
        let name = function.name.clone();
        let (process, gate) = Spec::new(&function.binary)
            .environment(variables(function, &id, &endpoint))
            .folder(function.binary.parent().unwrap_or(Path::new("/")))
            .prepare(move |line| {
                if let Some(shared) = log.upgrade() {
                    shared.change(|state| state.logs.entry(name.clone()).or_default().push(line));
                }
            })?;
        let environment = Arc::new(Self {
            id: id.clone(),
            function: Arc::clone(function),
            process,
            slot: Mutex::default(),
            request_arrived: Notify::new(),
        });
        shared.change(|state| state.environments.insert(id.clone(), Arc::clone(&environment)));
        // Registered before it runs: its first request may arrive before this thread continues.
        if let Err(error) = gate.open() {
            shared.change(|state| state.environments.remove(&id));
            return Err(error);
        }
        Ok(environment)
    }

    /// Passes an invocation to the function, which fetches it by `/next`.
    pub(super) fn send(&self, request: InvocationRequest) {
        self.slot().next = Some(request);
        self.request_arrived.notify_one();
    }

    /// Waits for the next invocation.
    pub(super) async fn next(&self) -> Next {
        self.slot().has_started = true;
        loop {
            let arrived = self.request_arrived.notified();
            if let Some(next) = self.fetch() {
                return next;
            }
            arrived.await;
        }
    }

    fn fetch(&self) -> Option<Next> {
        let mut slot = self.slot();
        let request = slot.next.take()?;
        let now = SystemTime::now();
        let deadline = now + self.function.timeout;
        slot.current = Some(Current {
            request_id: request.request_id.clone(),
            reply: request.reply,
        });
        request.received.send(now).ok();
        Some(Next {
            request_id: request.request_id,
            payload: request.payload,
            trace_id: request.trace_id,
            client_context: request.client_context,
            deadline_ms: deadline
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO)
                .as_millis(),
        })
    }

    /// Accepts the function's reply. Returns `false` if the request is not, or no longer, the current one.
    pub(super) fn reply(&self, request_id: &str, reply: Reply) -> bool {
        let mut slot = self.slot();
        match slot.current.take_if(|current| current.request_id == request_id) {
            Some(current) => {
                current.reply.send(reply).ok();
                true
            }
            None => false,
        }
    }

    pub(super) fn fail_init(&self, error: Value) {
        self.slot().init_error = Some(error);
    }

    pub(super) fn init_error(&self) -> Option<Value> {
        self.slot().init_error.clone()
    }

    /// Returns the request that the function has received and not finished.
    pub(super) fn current_request(&self) -> Option<String> {
        self.slot()
            .current
            .as_ref()
            .map(|current| current.request_id.clone())
    }

    /// Describes what the environment does now.
    pub(super) fn phase(&self) -> Victim {
        let slot = self.slot();
        match &slot.current {
            Some(current) => Victim::AtWork(current.request_id.clone()),
            None if slot.has_started => Victim::Idle,
            None => Victim::InInit,
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Returns the function's variables and Lambda's own, which the function cannot override.
/// Source: "Defined runtime environment variables" in the Lambda Developer Guide.
fn variables(function: &Function, environment_id: &str, endpoint: &str) -> BTreeMap<String, String> {
    let defaults = [
        ("AWS_ENDPOINT_URL_LAMBDA", endpoint.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
    ];
    let log_group = format!("/aws/lambda/{}", function.name);
    let today = jiff::Timestamp::now().strftime("%Y/%m/%d");
    let log_stream = format!("{today}/[$LATEST]{environment_id}");
    let task_root = function.binary.parent().unwrap_or(Path::new("/"));
    let reserved = [
        // The runtime accepts an address with a path only if it begins with `http://`.
        ("AWS_LAMBDA_RUNTIME_API", format!("{endpoint}/{environment_id}")),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        // Each environment has its own key, as in AWS: so a call of the Invoke API shows its caller.
        ("AWS_ACCESS_KEY_ID", access_key(environment_id)),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", "test".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LAMBDA_TASK_ROOT", task_root.display().to_string()),
        ("TZ", ":UTC".to_owned()),
    ];
    let mut variables = BTreeMap::from(defaults.map(|(name, value)| (name.to_owned(), value)));
    variables.extend(function.environment.clone());
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    variables
}

/// Returns an environment's key. Temporary keys of a role begin with `ASIA`.
fn access_key(environment_id: &str) -> String {
    format!("ASIA{environment_id}")
}

/// Returns the id of the environment whose credentials signed a request with this `Authorization` header.
pub(super) fn signer(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=ASIA")?;
    Some(credential.split_once('/')?.0)
}

/// Returns the function's ARN in the local account and Region.
pub(super) fn arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}
