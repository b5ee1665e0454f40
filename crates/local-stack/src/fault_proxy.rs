//! A reverse proxy that goes wrong on demand, in the ways a network and a service do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, header};
use tokio::sync::watch;

use crate::{
    background,
    http::{self, Answer},
};

/// What happens to a request that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Carried out, but the connection is closed before the answer: the caller cannot know.
    LoseAnswer,
    /// The connection is closed and nothing carried out.
    Refuse,
    /// Answered with this status and body, and nothing carried out.
    Status(u16, String),
    /// Carried out after this time.
    Delay(Duration),
    /// Kept until [`FaultProxy::release`], then carried out.
    Hold,
}

/// Which requests a rule is for; what is not said matches everything.
#[derive(Debug, Clone, Default)]
pub struct Match {
    method: Option<String>,
    path_prefix: Option<String>,
    containing: Option<String>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of this method whose path begins so.
    pub fn path(method: &str, prefix: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            path_prefix: Some(prefix.to_owned()),
            containing: None,
        }
    }

    /// Requests with this text in the body or in a header's value, such as `Action=Publish` or the value of
    /// `X-Amz-Target`.
    pub fn containing(text: &str) -> Self {
        Self {
            containing: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Of these, the requests that contain this text as well.
    pub fn and_containing(self, text: &str) -> Self {
        Self {
            containing: Some(text.to_owned()),
            ..self
        }
    }

    fn fits(&self, request: &Request<Bytes>) -> bool {
        let in_headers = |text: &str| {
            request
                .headers()
                .values()
                .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
        };
        self.method
            .as_ref()
            .is_none_or(|method| request.method() == method.as_str())
            && self
                .path_prefix
                .as_ref()
                .is_none_or(|prefix| request.uri().path().starts_with(prefix))
            && self
                .containing
                .as_ref()
                .is_none_or(|text| String::from_utf8_lossy(request.body()).contains(text) || in_headers(text))
    }
}

/// A request that came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The operation, where the protocol names one: `X-Amz-Target`, or `Action` of a form.
    pub action: Option<String>,
    /// What went wrong with it.
    pub fault: Option<Fault>,
}

/// The proxy. Runs until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct FaultProxy {
    state: Arc<State>,
    server: Arc<http::Server>,
}

#[derive(Debug)]
struct State {
    target: String,
    client: reqwest::Client,
    rules: Mutex<VecDeque<Rule>>,
    seen: Mutex<Vec<SeenRequest>>,
    /// How many requests are held, and how often they were released.
    held: watch::Sender<Held>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    waiting: usize,
    releases: usize,
}

#[derive(Debug)]
struct Rule {
    matching: Match,
    fault: Fault,
    left: usize,
}

impl FaultProxy {
    /// Starts one in front of `target`, an address such as `http://127.0.0.1:5000`.
    pub async fn start(target: &str) -> Result<Self> {
        let state = Arc::new(State {
            target: target.trim_end_matches('/').to_owned(),
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            rules: Mutex::default(),
            seen: Mutex::default(),
            held: watch::Sender::new(Held::default()),
        });
        let served = Arc::clone(&state);
        let server = http::serve(move |request| handle(Arc::clone(&served), request)).await?;
        Ok(Self {
            state,
            server: Arc::new(server),
        })
    }

    /// The address to use instead of the target's.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Lets the next `times` matching requests go wrong. Rules are tried in the order they were made.
    pub fn inject(&self, matching: Match, fault: Fault, times: usize) {
        self.state
            .rules
            .lock()
            .expect("no holder panics")
            .push_back(Rule {
                matching,
                fault,
                left: times,
            });
    }

    /// Forgets all rules and lets go what is held.
    pub fn clear(&self) {
        self.state.rules.lock().expect("no holder panics").clear();
        self.release();
    }

    /// Lets go every held request.
    pub fn release(&self) {
        self.state.held.send_modify(|held| held.releases += 1);
    }

    /// Waits until a request is held.
    pub async fn held(&self, timeout: Duration) -> Result<()> {
        let mut held = self.state.held.subscribe();
        match tokio::time::timeout(timeout, held.wait_for(|held| held.waiting > 0)).await {
            Ok(_) => Ok(()),
            Err(_) => bail!("no request was held within {timeout:?}; seen: {:?}", self.seen()),
        }
    }

    /// Waits until no request is held any more: its caller is gone, and the proxy has seen it.
    pub async fn none_held(&self, timeout: Duration) -> Result<()> {
        let mut held = self.state.held.subscribe();
        match tokio::time::timeout(timeout, held.wait_for(|held| held.waiting == 0)).await {
            Ok(_) => Ok(()),
            Err(_) => bail!("a request is still held after {timeout:?}"),
        }
    }

    /// The requests so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.state.seen.lock().expect("no holder panics").clone()
    }
}

async fn handle(state: Arc<State>, request: Request<Bytes>) -> Option<Answer> {
    let fault = state.fault_for(&request);
    state.seen.lock().expect("no holder panics").push(SeenRequest {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        action: action(&request),
        fault: fault.clone(),
    });
    match fault {
        None => Some(carry_out(state, request).await),
        Some(Fault::Refuse) => None,
        Some(Fault::Status(status, body)) => Some(answer(status, body)),
        Some(Fault::LoseAnswer) => {
            carry_out(state, request).await;
            None
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            Some(carry_out(state, request).await)
        }
        Some(Fault::Hold) => {
            state.hold().await;
            Some(carry_out(state, request).await)
        }
    }
}

/// In a task of its own, because a caller that gives up must not undo what was already sent.
async fn carry_out(state: Arc<State>, request: Request<Bytes>) -> Answer {
    match background::spawn(async move { state.forward(request).await }).await {
        Ok(answer) => answer,
        Err(_) => answer(502, "the fault proxy failed".to_owned()),
    }
}

impl State {
    fn fault_for(&self, request: &Request<Bytes>) -> Option<Fault> {
        let mut rules = self.rules.lock().expect("no holder panics");
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && rule.matching.fits(request))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }

    async fn hold(&self) {
        let mut changes = self.held.subscribe();
        let releases = self.held.borrow().releases;
        self.held.send_modify(|held| held.waiting += 1);
        // The caller may give up while it waits, which drops us here.
        let _one_fewer = OneFewer(&self.held);
        changes.wait_for(|held| held.releases > releases).await.ok();
    }

    async fn forward(&self, request: Request<Bytes>) -> Answer {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        for hop in [header::CONNECTION, header::TRANSFER_ENCODING, header::EXPECT] {
            headers.remove(hop);
        }
        let sent = self
            .client
            .request(head.method.clone(), format!("{}{path}", self.target))
            .headers(headers)
            .body(body);
        match sent.send().await {
            Ok(received) => back(received, head.method == hyper::Method::HEAD).await,
            Err(error) => answer(
                502,
                format!("the fault proxy could not reach {}: {error}", self.target),
            ),
        }
    }
}

struct OneFewer<'a>(&'a watch::Sender<Held>);

impl Drop for OneFewer<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|held| held.waiting -= 1);
    }
}

async fn back(received: reqwest::Response, to_head: bool) -> Answer {
    let status = received.status();
    let mut headers = received.headers().clone();
    headers.remove(header::CONNECTION);
    headers.remove(header::TRANSFER_ENCODING);
    if !to_head {
        headers.remove(header::CONTENT_LENGTH);
    }
    let Ok(body) = received.bytes().await else {
        return answer(502, "the answer broke off".to_owned());
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

fn answer(status: u16, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}

fn action(request: &Request<Bytes>) -> Option<String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return Some(String::from_utf8_lossy(target.as_bytes()).into_owned());
    }
    let form = String::from_utf8_lossy(request.body());
    form.split('&')
        .find_map(|field| field.strip_prefix("Action="))
        .map(str::to_owned)
}
