use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::{function::Function, state::Shared};
use crate::{
    moto::{ACCOUNT, REGION},
    process::{Process, Spec},
};

/// One process of a function, and what it is working on.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) id: String,
    pub(super) function: Arc<Function>,
    pub(super) process: Process,
    desk: Mutex<Desk>,
    work_arrived: Notify,
}

/// What lies on an environment's desk.
#[derive(Debug, Default)]
struct Desk {
    waiting: Option<Work>,
    current: Option<Current>,
    init_error: Option<Value>,
}

/// Work for an environment.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    /// Told when the function takes the work: only then does its time run.
    pub(super) taken: oneshot::Sender<SystemTime>,
    /// Told how the function ended it.
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Debug)]
struct Current {
    request_id: String,
    reply: oneshot::Sender<Reply>,
}

/// What a function says at the end of its work.
#[derive(Debug)]
pub(super) enum Reply {
    Response(Bytes),
    Error(Bytes),
}

/// What a function is told on `/next`.
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
        // Weak, because the emulator's end must not wait for the last line of a process.
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
            desk: Mutex::default(),
            work_arrived: Notify::new(),
        });
        shared.change(|state| state.environments.insert(id.clone(), Arc::clone(&environment)));
        // Known first: it may ask for work before we get any further.
        if let Err(error) = gate.open() {
            shared.change(|state| state.environments.remove(&id));
            return Err(error);
        }
        Ok(environment)
    }

    /// Lays work on the desk; the function takes it at its next `/next`.
    pub(super) fn give(&self, work: Work) {
        self.desk().waiting = Some(work);
        self.work_arrived.notify_one();
    }

    /// Answers `/next`, as soon as there is work.
    pub(super) async fn next(&self) -> Next {
        loop {
            let arrived = self.work_arrived.notified();
            if let Some(next) = self.take() {
                return next;
            }
            arrived.await;
        }
    }

    fn take(&self) -> Option<Next> {
        let mut desk = self.desk();
        let work = desk.waiting.take()?;
        let now = SystemTime::now();
        let deadline = now + self.function.timeout;
        desk.current = Some(Current {
            request_id: work.request_id.clone(),
            reply: work.reply,
        });
        work.taken.send(now).ok();
        Some(Next {
            request_id: work.request_id,
            payload: work.payload,
            trace_id: work.trace_id,
            client_context: work.client_context,
            deadline_ms: deadline
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO)
                .as_millis(),
        })
    }

    /// Takes the function's reply. `false`: this request is not, or no longer, its work.
    pub(super) fn reply(&self, request_id: &str, reply: Reply) -> bool {
        let mut desk = self.desk();
        match desk.current.take_if(|current| current.request_id == request_id) {
            Some(current) => {
                current.reply.send(reply).ok();
                true
            }
            None => false,
        }
    }

    pub(super) fn fail_init(&self, error: Value) {
        self.desk().init_error = Some(error);
    }

    pub(super) fn init_error(&self) -> Option<Value> {
        self.desk().init_error.clone()
    }

    /// The request that the function has taken and not ended.
    pub(super) fn current_request(&self) -> Option<String> {
        self.desk()
            .current
            .as_ref()
            .map(|current| current.request_id.clone())
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Lambda's own variables, which cannot be overridden, and the function's.
/// Source: "Defined runtime environment variables" in the Lambda Developer Guide.
fn variables(function: &Function, environment_id: &str, endpoint: &str) -> BTreeMap<String, String> {
    let defaults = [
        ("AWS_ENDPOINT_URL_LAMBDA", endpoint.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
    ];
    let today = jiff::Timestamp::now().strftime("%Y/%m/%d").to_string();
    let reserved = [
        // With `http://`: only then does the runtime accept an address with a path.
        ("AWS_LAMBDA_RUNTIME_API", format!("{endpoint}/{environment_id}")),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", function.name),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            format!("{today}/[$LATEST]{environment_id}"),
        ),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        // Each environment has its own, as in AWS: so a call of the Invoke API shows who makes it.
        ("AWS_ACCESS_KEY_ID", access_key(environment_id)),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", "test".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        (
            "LAMBDA_TASK_ROOT",
            function
                .binary
                .parent()
                .unwrap_or(Path::new("/"))
                .display()
                .to_string(),
        ),
        ("TZ", ":UTC".to_owned()),
    ];
    let mut variables = BTreeMap::from(defaults.map(|(name, value)| (name.to_owned(), value)));
    variables.extend(function.environment.clone());
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    variables
}

/// `ASIA` begins the temporary keys of a role.
fn access_key(environment_id: &str) -> String {
    format!("ASIA{environment_id}")
}

/// The environment whose credentials signed a request with this `Authorization` header.
pub(super) fn signer(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=ASIA")?;
    Some(credential.split_once('/')?.0)
}

/// The function's ARN in the local account and Region.
pub(super) fn arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}
