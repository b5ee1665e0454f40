use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    decision::{Decider, Decision, InvokeCall},
    delivery::{self, Accepted, Pending, Slot},
    environment::{Environment, arn},
    function::Function,
    invocation::{Invocation, Kind, Outcome},
    invoke_api, runtime_api,
    state::{Deployed, Shared},
};
use crate::{
    background,
    http::{self, Response, response},
};

/// Lambda, in this process. Clones are the same emulator; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Emulator {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    server: http::Server,
}

impl Drop for Held {
    fn drop(&mut self) {
        end(&self.shared);
    }
}

/// Ends all processes, and lets nothing start any more.
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

impl Emulator {
    /// Starts it on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared::new());
        let served = Arc::clone(&shared);
        let server = http::serve(move |request| serve(Arc::clone(&served), request)).await?;
        shared.change(|state| state.endpoint = format!("http://{}", server.address));
        Ok(Self {
            held: Arc::new(Held { shared, server }),
        })
    }

    /// Its address, for `AWS_ENDPOINT_URL_LAMBDA` and `cargo lambda invoke`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.held.server.address)
    }

    /// The port of [`Emulator::endpoint`], for `cargo lambda invoke --invoke-port`.
    pub fn port(&self) -> u16 {
        self.held.server.address.port()
    }

    /// The ARN under which a function is deployed.
    pub fn arn(&self, function: &str) -> String {
        arn(function)
    }

    /// Deploys a function, or another version of it: environments of the old one end with their work.
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

    /// Lets `decide` say what becomes of each call of the Invoke API; the last one given counts.
    ///
    /// It is called while no lock is held, so it may use the emulator, [`Emulator::kill`] for instance.
    pub fn on_invoke(&self, decide: impl Fn(&InvokeCall) -> Decision + Send + Sync + 'static) {
        // The old one is dropped outside the lock: it may hold an emulator of its own.
        drop(
            self.shared()
                .change(|state| std::mem::replace(&mut state.decider, Decider::new(decide))),
        );
    }

    /// Everything is delivered again, and what was held is let go.
    pub fn calm(&self) {
        drop(self.shared().change(|state| std::mem::take(&mut state.decider)));
        self.release();
    }

    /// Delivers what [`Decision::Hold`] keeps.
    pub fn release(&self) {
        self.shared().change(|state| state.releases += 1);
    }

    /// Kills (SIGKILL) the environments that are working on this request, or for this function. Tells how many.
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

    /// How many environments of a function run, warm or working.
    pub fn environments_of(&self, function: &str) -> usize {
        let state = self.shared().read();
        state
            .environments
            .values()
            .filter(|environment| environment.function.name == function)
            .count()
    }

    /// Invokes and waits for the end, past the Invoke API and [`Emulator::on_invoke`].
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Outcome> {
        let accepted = self.accept(function, payload, Kind::RequestResponse)?;
        let slot = Slot::now(self.shared(), &accepted.function)
            .with_context(|| format!("all environments of {function} are busy"))?;
        let shared = Arc::clone(self.shared());
        let pending = Pending::new(&shared, &accepted);
        let ended = background::spawn(async move {
            let (_pending, _slot) = (pending, slot);
            delivery::run(&shared, &accepted, 1).await
        });
        Ok(ended.await?.outcome)
    }

    /// Sends an event, past the Invoke API and [`Emulator::on_invoke`]. Gives its request id.
    pub fn invoke_event(&self, function: &str, payload: &Value) -> Result<String> {
        let accepted = self.accept(function, payload, Kind::Event)?;
        let request_id = accepted.request_id.clone();
        let pending = Pending::new(self.shared(), &accepted);
        delivery::deliver(self.shared(), accepted, pending);
        Ok(request_id)
    }

    /// Delivers a former event once more under its old request id, as AWS sometimes does without any error.
    pub fn redeliver(&self, request_id: &str) -> Result<()> {
        let former = self
            .invocations()
            .into_iter()
            .find(|invocation| invocation.request_id == request_id);
        let former = former.with_context(|| format!("there was no request {request_id}"))?;
        let accepted = Accepted {
            request_id: request_id.to_owned(),
            ..self.accept(&former.function, &former.payload, Kind::Event)?
        };
        let pending = Pending::new(self.shared(), &accepted);
        delivery::deliver(self.shared(), accepted, pending);
        Ok(())
    }

    /// All attempts so far, in the order they began.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.shared().read().invocations.clone()
    }

    /// The attempts of one function.
    pub fn invocations_of(&self, function: &str) -> Vec<Invocation> {
        let state = self.shared().read();
        state
            .invocations
            .iter()
            .filter(|invocation| invocation.function == function)
            .cloned()
            .collect()
    }

    /// Request ids of events that failed to the last: what AWS would give to the on-failure destination.
    pub fn dead_letters(&self) -> Vec<String> {
        self.shared().read().dead_letters.clone()
    }

    /// How often the Invoke API was called for a function that exists.
    pub fn calls(&self) -> usize {
        self.shared().read().calls
    }

    /// The lines that processes of a function wrote, to either output.
    pub fn logs(&self, function: &str) -> Vec<String> {
        self.shared()
            .read()
            .logs
            .get(function)
            .cloned()
            .unwrap_or_default()
    }

    /// The most memory, in bytes, that one process of a function has had resident. Linux only.
    pub fn peak_memory(&self, function: &str) -> Option<u64> {
        self.shared().read().peak_memory.get(function).copied()
    }

    /// Waits until no call is queued, held or running. The error names those that are.
    pub async fn idle(&self, timeout: Duration) -> Result<()> {
        let idle = self
            .shared()
            .wait_for(|state| state.pending.is_empty().then_some(()));
        if tokio::time::timeout(timeout, idle).await.is_ok() {
            return Ok(());
        }
        let stuck = self.shared().read().pending.values().cloned().collect::<Vec<_>>();
        bail!("still not done after {timeout:?}: {}", stuck.join(", "))
    }

    /// Waits until an environment of the function is working, and gives the request.
    pub async fn working(&self, function: &str, timeout: Duration) -> Result<String> {
        let look = async {
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
        tokio::time::timeout(timeout, look)
            .await
            .with_context(|| format!("no invocation of {function} began within {timeout:?}"))
    }

    /// The processes that run now.
    pub fn pids(&self) -> Vec<u32> {
        self.shared()
            .read()
            .environments
            .values()
            .map(|environment| environment.process.pid())
            .collect()
    }

    /// Ends all processes, whatever they are doing, and waits until they are gone.
    pub async fn shutdown(self) {
        for environment in end(self.shared()) {
            environment.process.ended().await;
        }
    }

    fn accept(&self, function: &str, payload: &Value, kind: Kind) -> Result<Accepted> {
        let function = invoke_api::function_name(function);
        delivery::deployed(self.shared(), &function)
            .with_context(|| format!("the function {function} is not deployed"))?;
        Ok(Accepted {
            request_id: Uuid::new_v4().to_string(),
            function,
            payload: Bytes::from(payload.to_string()),
            client_context: None,
            trace_id: delivery::new_trace_id(),
            kind,
        })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.held.shared
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
            // An environment that was ended has nothing more to say, and nobody to say it to.
            let environment = shared.environment(environment)?;
            Some(runtime_api::serve(&environment, &request, rest).await)
        }
        _ => Some(unknown(&request)),
    }
}

fn unknown(request: &Request<Bytes>) -> Response {
    let message = format!("{} {} is not emulated", request.method(), request.uri().path());
    response(404, &[], json!({"Type": "User", "Message": message}).to_string())
}
