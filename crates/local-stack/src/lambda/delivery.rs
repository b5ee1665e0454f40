//! Accepted calls, from their first to their last attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::environment::{Environment, InvocationRequest, Reply};
use super::function::Function;
use super::invocation::{Invocation, InvocationType, Outcome};
use super::state::Shared;
use crate::background;

/// Time limit from the start of an environment to its first `/next`. AWS allows 10 s; a debug build on a machine that
/// compiles at the same time needs more.
const INIT_WITHIN: Duration = Duration::from_secs(60);
/// Lambda's limit of a response, a little over 6 MB.
pub(super) const LARGEST_RESPONSE: usize = 6_291_556;
const MEMORY_SAMPLE_INTERVAL: Duration = Duration::from_millis(50);

/// Accepted call.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) request_id: String,
    pub(super) function: String,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    pub(super) trace_id: String,
    pub(super) invocation_type: InvocationType,
}

/// End of a call, with the bytes of the function's response.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) body: Bytes,
}

impl Ended {
    fn without_body(outcome: Outcome) -> Self {
        let body = Bytes::new();
        Self { outcome, body }
    }
}

/// Unit of a function's concurrency, released when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    shared: Arc<Shared>,
    function: String,
}

impl Slot {
    /// Returns a unit if one is free; otherwise the call is throttled.
    pub(super) fn try_acquire(shared: &Arc<Shared>, function: &str) -> Option<Self> {
        Self::take(&mut shared.read(), function)?;
        Some(Self {
            shared: Arc::clone(shared),
            function: function.to_owned(),
        })
    }

    async fn acquire(shared: &Arc<Shared>, function: &str) -> Self {
        shared.wait_for(|state| Self::take(state, function)).await;
        Self {
            shared: Arc::clone(shared),
            function: function.to_owned(),
        }
    }

    fn take(state: &mut super::state::State, function: &str) -> Option<()> {
        let deployed = state.functions.get_mut(function)?;
        if deployed.busy >= deployed.function.concurrency || state.shut_down {
            return None;
        }
        deployed.busy += 1;
        Some(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.change(|state| {
            if let Some(deployed) = state.functions.get_mut(&self.function) {
                deployed.busy -= 1;
            }
        });
    }
}

/// Call that [`super::LambdaEmulator::wait_until_idle`] waits for.
#[derive(Debug)]
pub(super) struct Pending {
    shared: Arc<Shared>,
    number: u64,
}

impl Pending {
    pub(super) fn new(shared: &Arc<Shared>, accepted: &Accepted) -> Self {
        let description = format!(
            "{:?} {} of {}",
            accepted.invocation_type, accepted.request_id, accepted.function
        );
        Self {
            shared: Arc::clone(shared),
            number: shared.change(|state| state.add_pending(description)),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.shared.change(|state| state.pending.remove(&self.number));
    }
}

/// Delivers an event and retries it as often as the function allows, always with the same request id.
pub(super) fn deliver(shared: &Arc<Shared>, accepted: Accepted, pending: Pending) {
    let shared = Arc::clone(shared);
    background::spawn(async move {
        let _pending = pending;
        let mut attempt = 1;
        loop {
            let slot = Slot::acquire(&shared, &accepted.function).await;
            let ended = run(&shared, &accepted, attempt).await;
            drop(slot);
            if ended.outcome.is_response() {
                return;
            }
            let Some(function) = deployed(&shared, &accepted.function) else {
                return;
            };
            if attempt > function.max_retries {
                shared.change(|state| state.dead_letters.push(accepted.request_id.clone()));
                return;
            }
            tokio::time::sleep(function.retry_delay).await;
            attempt += 1;
        }
    });
}

/// Runs one attempt in a warm environment or a new one. The caller holds a [`Slot`].
pub(super) async fn run(shared: &Arc<Shared>, accepted: &Accepted, attempt: u32) -> Ended {
    let number = shared.change(|state| {
        state.begin(Invocation {
            request_id: accepted.request_id.clone(),
            function: accepted.function.clone(),
            payload: serde_json::from_slice(&accepted.payload).unwrap_or(Value::Null),
            invocation_type: accepted.invocation_type,
            attempt,
            pid: None,
            started: SystemTime::now(),
            received: None,
            ended: None,
            outcome: None,
        })
    });
    let ended = attempt_once(shared, accepted, number).await;
    shared.change(|state| state.end(number, ended.outcome.clone()));
    ended
}

async fn attempt_once(shared: &Arc<Shared>, accepted: &Accepted, number: usize) -> Ended {
    loop {
        let (environment, is_new) = match environment_for(shared, &accepted.function) {
            Ok(found) => found,
            Err(error) => return Ended::without_body(not_started(&error)),
        };
        shared.change(|state| state.invocations[number].pid = Some(environment.process.pid()));
        let (received, was_received) = oneshot::channel();
        let (reply, replied) = oneshot::channel();
        environment.send(InvocationRequest {
            request_id: accepted.request_id.clone(),
            payload: accepted.payload.clone(),
            trace_id: accepted.trace_id.clone(),
            client_context: accepted.client_context.clone(),
            received,
            reply,
        });
        match wait_until_received(&environment, was_received).await {
            Ok(received) => shared.change(|state| state.invocations[number].received = Some(received)),
            Err(outcome) => {
                retire(shared, &environment);
                // A warm environment that ended before it received the event had no part in this invocation.
                if is_new {
                    return Ended::without_body(outcome);
                }
                continue;
            }
        }
        let ended = wait_for_reply(shared, &environment, replied).await;
        match ended.outcome {
            Outcome::Response(_) | Outcome::Error(_) => keep_warm(shared, environment),
            Outcome::TimedOut(_) | Outcome::Crashed(_) | Outcome::InitFailed(_) => {
                retire(shared, &environment)
            }
        }
        return ended;
    }
}

fn not_started(error: &anyhow::Error) -> Outcome {
    Outcome::InitFailed(
        json!({"errorType": "Runtime.InvalidEntrypoint", "errorMessage": format!("{error:#}")}),
    )
}

fn environment_for(shared: &Arc<Shared>, function: &str) -> Result<(Arc<Environment>, bool)> {
    let (deployed, warm) = shared
        .change(|state| {
            if state.shut_down {
                return None;
            }
            let deployed = state.functions.get_mut(function)?;
            let warm = loop {
                match deployed.idle.pop() {
                    Some(environment) if environment.process.is_running() => break Some(environment),
                    Some(_) => continue,
                    None => break None,
                }
            };
            Some((Arc::clone(&deployed.function), warm))
        })
        .ok_or_else(|| {
            anyhow::anyhow!("the function {function} is not deployed, or the emulator has ended")
        })?;
    match warm {
        Some(environment) => Ok((environment, false)),
        None => Ok((Environment::start(shared, &deployed)?, true)),
    }
}

async fn wait_until_received(
    environment: &Environment,
    received: oneshot::Receiver<SystemTime>,
) -> Result<SystemTime, Outcome> {
    let within = INIT_WITHIN.max(environment.function.timeout);
    tokio::select! {
        biased;
        Ok(when) = received => Ok(when),
        status = environment.process.ended() => Err(match environment.init_error() {
            Some(error) => Outcome::InitFailed(error),
            None => Outcome::Crashed(lambda_text(status)),
        }),
        () = tokio::time::sleep(within) => Err(Outcome::TimedOut(within)),
    }
}

async fn wait_for_reply(
    shared: &Arc<Shared>,
    environment: &Environment,
    replied: oneshot::Receiver<Reply>,
) -> Ended {
    let timeout = environment.function.timeout;
    let note_memory = || {
        if let Some(bytes) = environment.process.peak_memory() {
            // `read`, not `change`: no condition depends on it.
            shared.read().note_memory(&environment.function.name, bytes);
        }
    };
    let samples = async {
        loop {
            tokio::time::sleep(MEMORY_SAMPLE_INTERVAL).await;
            note_memory();
        }
    };
    let outcome = tokio::select! {
        biased;
        Ok(reply) = replied => {
            note_memory();
            // A test that has the response finds the log complete.
            environment.process.wait_for_lines().await;
            return ended(reply);
        }
        status = environment.process.ended() => Outcome::Crashed(lambda_text(status)),
        () = tokio::time::sleep(timeout) => Outcome::TimedOut(timeout),
        () = samples => unreachable!("the loop has no end"),
    };
    note_memory();
    Ended {
        outcome,
        body: Bytes::new(),
    }
}

fn ended(reply: Reply) -> Ended {
    let json = |body: &Bytes| {
        serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
    };
    match reply {
        Reply::Response(body) => Ended {
            outcome: Outcome::Response(json(&body)),
            body,
        },
        Reply::Error(body) => Ended {
            outcome: Outcome::Error(json(&body)),
            body,
        },
    }
}

fn keep_warm(shared: &Shared, environment: Arc<Environment>) {
    shared.change(|state| {
        let current = state.functions.get_mut(&environment.function.name);
        match current {
            // Kept only if no other version was deployed meanwhile.
            Some(deployed) if Arc::ptr_eq(&deployed.function, &environment.function) && !state.shut_down => {
                deployed.idle.push(environment);
            }
            _ => drop(state.environments.remove(&environment.id)),
        }
    });
}

/// Kills an environment and removes it.
fn retire(shared: &Shared, environment: &Environment) {
    environment.process.kill();
    shared.change(|state| state.environments.remove(&environment.id));
}

fn lambda_text(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

pub(super) fn deployed(shared: &Shared, function: &str) -> Option<Arc<Function>> {
    shared
        .read()
        .functions
        .get(function)
        .map(|deployed| Arc::clone(&deployed.function))
}

/// Returns a new trace id in X-Ray's format.
pub(super) fn new_trace_id() -> String {
    let seconds = jiff::Timestamp::now().as_second();
    let id = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        &id[..24],
        &parent[..16]
    )
}
