use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use super::decision::{Decider, Decision, InvokeCall};
use super::delivery::{self, Accepted, Pending, Slot};
use super::environment::{Environment, arn};
use super::function::Function;
use super::invocation::{Invocation, InvocationType, Outcome, Victim};
use super::state::{Deployed, Shared};
use super::{invoke_api, runtime_api};
use crate::background;
use crate::http::{self, Response, response};

/// Lambda emulator in this process. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct LambdaEmulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    server: http::Server,
}

impl Drop for Inner {
    fn drop(&mut self) {
        end(&self.shared);
    }
}

/// Kills all processes and prevents new ones.
fn end(shared: &Shared) -> Vec<Arc<Environment>> {
    let (environments, _decider) = shared.change(|state| {
        state.shut_down = true;
        state
            .functions
            .values_mut()
            .for_each(|deployed| deployed.idle.clear());
        (
            std::mem::take(&mut state.environments),
            std::mem::take(&mut state.decider),
        )
    });
    environments
        .into_values()
        .inspect(|environment| environment.process.kill())
        .collect()
}

impl LambdaEmulator {
    /// Starts the emulator on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared::new());
        let served = Arc::clone(&shared);
        let server = http::serve(move |request| serve(Arc::clone(&served), request)).await?;
        shared.change(|state| state.endpoint = format!("http://{}", server.address));
        Ok(Self {
            inner: Arc::new(Inner { shared, server }),
        })
    }

    /// Address for `AWS_ENDPOINT_URL_LAMBDA` and `cargo lambda invoke`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.inner.server.address)
    }

    /// Port of [`LambdaEmulator::endpoint`], for `cargo lambda invoke --invoke-port`.
    pub fn port(&self) -> u16 {
        self.inner.server.address.port()
    }

    /// Returns the ARN of a function.
    pub fn arn(&self, function: &str) -> String {
        arn(function)
    }

    /// Deploys a function, or a new version of it. Idle environments of the old version end now, busy ones after their
    /// invocation.
    pub fn deploy(&self, function: Function) {
        let function = Arc::new(function);
        self.shared().change(|state| {
            let deployed = state
                .functions
                .entry(function.name.clone())
                .or_insert_with(|| Deployed {
                    function: Arc::clone(&function),
                    idle: Vec::new(),
                    busy: 0,
                });
            deployed.function = Arc::clone(&function);
            for old in deployed.idle.drain(..) {
                old.process.kill();
                state.environments.remove(&old.id);
            }
        });
    }

    /// Sets the function that decides over each call of the Invoke API.
    ///
    /// It runs without a lock, so it may use the emulator, [`LambdaEmulator::kill`] for instance.
    pub fn on_invoke(&self, decide: impl Fn(&InvokeCall) -> Decision + Send + Sync + 'static) {
        // The old function is dropped outside of the lock: it may hold an emulator of its own.
        drop(
            self.shared()
                .change(|state| std::mem::replace(&mut state.decider, Decider::new(decide))),
        );
    }

    /// Delivers every call from now on, and releases held calls.
    pub fn deliver_all(&self) {
        drop(self.shared().change(|state| std::mem::take(&mut state.decider)));
        self.release();
    }

    /// Delivers the calls that [`Decision::Hold`] keeps.
    pub fn release(&self) {
        self.shared().change(|state| state.releases += 1);
    }

    /// Kills (SIGKILL) the environments that handle this request, or any request of this function. Returns their number.
    pub fn kill(&self, function_or_request_id: &str) -> usize {
        let working = self
            .shared()
            .read()
            .environments
            .values()
            .cloned()
            .collect::<Vec<_>>();
        working
            .iter()
            .filter(|environment| {
                environment.current_request().is_some_and(|request_id| {
                    request_id == function_or_request_id
                        || environment.function.name == function_or_request_id
                })
            })
            .inspect(|environment| environment.process.kill())
            .count()
    }

    /// Kills (SIGKILL) one of the function's environments, whatever it does; `pick` chooses it among those that run.
    pub fn kill_any(&self, function: &str, pick: usize) -> Option<Victim> {
        let environments: Vec<_> = {
            let state = self.shared().read();
            let mut of_function: Vec<_> = state
                .environments
                .values()
                .filter(|environment| {
                    environment.function.name == function && environment.process.is_running()
                })
                .cloned()
                .collect();
            of_function.sort_by_key(|environment| environment.process.pid());
            of_function
        };
        let environment = environments.get(pick.checked_rem(environments.len())?)?;
        let killed = environment.phase();
        environment.process.kill();
        Some(killed)
    }

    /// Kills environments of the function at the moment of these responses, counted from 1: all effects have happened,
    /// and Lambda never learns of it.
    pub fn kill_at_responses(&self, function: &str, numbers: impl IntoIterator<Item = usize>) {
        self.shared().change(|state| {
            let planned = state.killed_responses.entry(function.to_owned()).or_default();
            planned.extend(numbers);
        });
    }

    /// Returns the number of responses at which an environment of the function was killed so far.
    pub fn killed_responses_of(&self, function: &str) -> usize {
        self.shared().read().killed_responses_of(function)
    }

    /// Returns the number of a function's environments, idle or busy.
    pub fn environments_of(&self, function: &str) -> usize {
        let state = self.shared().read();
        state
            .environments
            .values()
            .filter(|environment| environment.function.name == function)
            .count()
    }

    /// Invokes a function and waits for its outcome. Bypasses the Invoke API and [`LambdaEmulator::on_invoke`].
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Outcome> {
        let accepted = self.accept(function, payload, InvocationType::RequestResponse)?;
        let slot = Slot::try_acquire(self.shared(), &accepted.function)
            .with_context(|| format!("all environments of {function} are busy"))?;
        let shared = Arc::clone(self.shared());
        let pending = Pending::new(&shared, &accepted);
        let ended = background::spawn(async move {
            let (_pending, _slot) = (pending, slot);
            delivery::run(&shared, &accepted, 1).await
        });
        Ok(ended.await?.outcome)
    }

    /// Sends an event and returns its request id. Bypasses the Invoke API and [`LambdaEmulator::on_invoke`].
    pub fn invoke_event(&self, function: &str, payload: &Value) -> Result<String> {
        let accepted = self.accept(function, payload, InvocationType::Event)?;
        let request_id = accepted.request_id.clone();
        let pending = Pending::new(self.shared(), &accepted);
        delivery::deliver(self.shared(), accepted, pending);
        Ok(request_id)
    }

    /// Delivers an earlier event again under its request id, as AWS sometimes does without an error.
    pub fn redeliver(&self, request_id: &str) -> Result<()> {
        let former = self
            .invocations()
            .into_iter()
            .find(|invocation| invocation.request_id == request_id);
        let former = former.with_context(|| format!("no invocation has the request id {request_id}"))?;
        let accepted = Accepted {
            request_id: request_id.to_owned(),
            ..self.accept(&former.function, &former.payload, InvocationType::Event)?
        };
        let pending = Pending::new(self.shared(), &accepted);
        delivery::deliver(self.shared(), accepted, pending);
        Ok(())
    }

    /// Returns all attempts so far, in the order of their starts.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.shared().read().invocations.clone()
    }

    /// Returns the attempts of one function.
    pub fn invocations_of(&self, function: &str) -> Vec<Invocation> {
        let state = self.shared().read();
        state
            .invocations
            .iter()
            .filter(|invocation| invocation.function == function)
            .cloned()
            .collect()
    }

    /// Returns the request ids of events that failed after all retries: AWS sends them to the on-failure destination.
    pub fn dead_letters(&self) -> Vec<String> {
        self.shared().read().dead_letters.clone()
    }

    /// Returns the number of calls of the Invoke API for deployed functions.
    pub fn calls(&self) -> usize {
        self.shared().read().calls
    }

    /// Returns the lines that a function's processes wrote to standard output and standard error.
    pub fn logs(&self, function: &str) -> Vec<String> {
        self.shared()
            .read()
            .logs
            .get(function)
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the largest resident memory, in bytes, of a function's processes. Linux only.
    pub fn peak_memory(&self, function: &str) -> Option<u64> {
        self.shared().read().peak_memory.get(function).copied()
    }

    /// Waits until no call is queued, held or running. The error names the remaining calls.
    pub async fn wait_until_idle(&self, timeout: Duration) -> Result<()> {
        let idle = self
            .shared()
            .wait_for(|state| state.pending.is_empty().then_some(()));
        if tokio::time::timeout(timeout, idle).await.is_ok() {
            return Ok(());
        }
        let stuck = self.shared().read().pending.values().cloned().collect::<Vec<_>>();
        bail!("calls are still pending after {timeout:?}: {}", stuck.join(", "))
    }

    /// Waits until an environment of the function handles a request, and returns the request's id.
    pub async fn wait_until_running(&self, function: &str, timeout: Duration) -> Result<String> {
        let poll = async {
            loop {
                let environments = self
                    .shared()
                    .read()
                    .environments
                    .values()
                    .cloned()
                    .collect::<Vec<_>>();
                let request = environments
                    .iter()
                    .filter(|environment| environment.function.name == function)
                    .find_map(|environment| environment.current_request());
                if let Some(request) = request {
                    return request;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(timeout, poll)
            .await
            .with_context(|| format!("no invocation of {function} began within {timeout:?}"))
    }

    /// Returns the ids of all running processes.
    pub fn pids(&self) -> Vec<u32> {
        self.shared()
            .read()
            .environments
            .values()
            .map(|environment| environment.process.pid())
            .collect()
    }

    /// Kills all processes and waits until they have ended.
    pub async fn shutdown(self) {
        for environment in end(self.shared()) {
            environment.process.ended().await;
        }
    }

    fn accept(&self, function: &str, payload: &Value, invocation_type: InvocationType) -> Result<Accepted> {
        let function = invoke_api::function_name(function);
        delivery::deployed(self.shared(), &function)
            .with_context(|| format!("the function {function} is not deployed"))?;
        Ok(Accepted {
            request_id: Uuid::new_v4().to_string(),
            function,
            payload: Bytes::from(payload.to_string()),
            client_context: None,
            trace_id: delivery::new_trace_id(),
            invocation_type,
        })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

async fn serve(shared: Arc<Shared>, request: Request<Bytes>) -> Option<Response> {
    let path = request
        .uri()
        .path()
        .trim_matches('/')
        .split('/')
        .collect::<Vec<_>>();
    match path.as_slice() {
        ["2015-03-31", "functions", name, "invocations"] if request.method() == Method::POST => {
            invoke_api::invoke(&shared, &request, name).await
        }
        [environment, "2018-06-01", "runtime", rest @ ..] => {
            // A killed environment gets no response.
            let environment = shared.environment(environment)?;
            Some(runtime_api::serve(&shared, &environment, &request, rest).await)
        }
        _ => Some(unknown(&request)),
    }
}

fn unknown(request: &Request<Bytes>) -> Response {
    let message = format!("{} {} is not emulated", request.method(), request.uri().path());
    response(404, &[], json!({"Type": "User", "Message": message}).to_string())
}
