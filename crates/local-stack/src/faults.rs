//! Fault injection for every HTTP server of this crate and of `stand-ins`.
//!
//! A test adds rules to a server's [`Faults`]; [`crate::http::serve_with_faults`] applies them before and after the
//! server's own handler. [`crate::FaultProxy`] is such a server in front of any other.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use http::HeaderMap;
use hyper::Request;
use tokio::sync::watch;

use crate::background;
use crate::http::{Response, response};

/// Fault that a rule injects into a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Closes the connection; the request has no effect.
    Refuse,
    /// Responds in the server's place; the request has no effect. See [`Fault::respond`].
    Respond {
        /// HTTP status.
        status: u16,
        /// Names and values of headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: String,
    },
    /// Handles the request and closes the connection without a response: the caller cannot know the outcome.
    LoseResponse,
    /// Handles the request and closes the connection after half of the response's body.
    HalfResponse,
    /// Waits before the request is handled.
    DelayRequest(Duration),
    /// Handles the request at once and waits before the response is sent.
    DelayResponse(Duration),
    /// Waits for [`Faults::release`], then handles the request.
    Hold,
}

impl Fault {
    /// Returns a fault that responds with `status` and `body`.
    pub fn respond(status: u16, body: impl Into<String>) -> Self {
        Self::Respond {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// Returns a fault that responds with status 429, a `Retry-After` header and `body`.
    pub fn too_many_requests(retry_after_s: u64, body: impl Into<String>) -> Self {
        Self::Respond {
            status: 429,
            headers: vec![("retry-after".to_owned(), retry_after_s.to_string())],
            body: body.into(),
        }
    }
}

/// Condition on a request. Unset parts match every request.
#[derive(Debug, Clone, Default)]
pub struct Match {
    method: Option<String>,
    path_prefix: Option<String>,
    texts: Vec<String>,
}

impl Match {
    /// Matches every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches requests with this method and a path that begins with `prefix`.
    pub fn path(method: &str, prefix: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            path_prefix: Some(prefix.to_owned()),
            texts: Vec::new(),
        }
    }

    /// Matches requests with `text` in the body or in a header's value, such as `Action=Publish` or the value of
    /// `X-Amz-Target`.
    pub fn containing(text: &str) -> Self {
        Self::any().and_containing(text)
    }

    /// Narrows the condition to requests that also contain `text`.
    pub fn and_containing(mut self, text: &str) -> Self {
        self.texts.push(text.to_owned());
        self
    }

    /// Returns whether `request` meets the condition.
    pub fn fits(&self, request: &SeenRequest) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| request.method == *method)
            && self
                .path_prefix
                .as_ref()
                .is_none_or(|prefix| request.path.starts_with(prefix))
            && self.texts.iter().all(|text| request.contains(text))
    }
}

/// Request that a server received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Operation, where the protocol names one: `X-Amz-Target`, or `Action` of a form.
    pub action: Option<String>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Fault injected into the request.
    pub fault: Option<Fault>,
    /// Status of the response; `None` while the request is handled, or if it got no response.
    pub status: Option<u16>,
}

impl SeenRequest {
    fn new(request: &Request<Bytes>) -> Self {
        let path = request.uri().path_and_query();
        Self {
            method: request.method().to_string(),
            path: path.map(ToString::to_string).unwrap_or_default(),
            action: action(request),
            headers: request.headers().clone(),
            body: request.body().clone(),
            fault: None,
            status: None,
        }
    }

    /// Body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn contains(&self, text: &str) -> bool {
        let mut values = self.headers.values();
        self.text().contains(text)
            || values.any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
    }
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

/// Rules of one server and the requests that it received. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rules: Mutex<Vec<Rule>>,
    traffic: Mutex<Traffic>,
    held: watch::Sender<Held>,
}

#[derive(Debug, Default)]
struct Traffic {
    seen: Vec<SeenRequest>,
    open: usize,
    most_open: usize,
}

/// Number of requests that wait for a release, and number of releases so far.
#[derive(Debug, Default, Clone, Copy)]
struct Held {
    waiting: usize,
    releases: usize,
}

#[derive(Debug)]
struct Rule {
    matching: Match,
    schedule: Schedule,
}

#[derive(Debug)]
enum Schedule {
    Next {
        fault: Fault,
        left: usize,
    },
    Random {
        random: fastrand::Rng,
        shares: Vec<(f64, Fault)>,
    },
}

impl Rule {
    fn fault_for(&mut self, request: &SeenRequest) -> Option<Fault> {
        if !self.matching.fits(request) {
            return None;
        }
        match &mut self.schedule {
            Schedule::Next { fault, left } => {
                *left = left.checked_sub(1)?;
                Some(fault.clone())
            }
            Schedule::Random { random, shares } => {
                let mut chance = random.f64();
                shares.iter().find_map(|(share, fault)| {
                    chance -= share;
                    (chance < 0.0).then(|| fault.clone())
                })
            }
        }
    }
}

impl Faults {
    /// Injects `fault` into the next `times` requests that match. The first rule that yields a fault wins.
    pub fn inject(&self, matching: Match, fault: Fault, times: usize) {
        self.add(matching, Schedule::Next { fault, left: times });
    }

    /// Injects faults into a share of the requests that match: `(0.05, fault)` is every twentieth. A request gets one
    /// fault at most. The same seed and the same order of requests give the same faults.
    pub fn inject_randomly(
        &self,
        matching: Match,
        seed: u64,
        shares: impl IntoIterator<Item = (f64, Fault)>,
    ) {
        let (random, shares) = (fastrand::Rng::with_seed(seed), shares.into_iter().collect());
        self.add(matching, Schedule::Random { random, shares });
    }

    fn add(&self, matching: Match, schedule: Schedule) {
        self.rules().push(Rule { matching, schedule });
    }

    /// Removes all rules and releases held requests.
    pub fn clear(&self) {
        self.rules().clear();
        self.release();
    }

    /// Releases every held request.
    pub fn release(&self) {
        self.0.held.send_modify(|held| held.releases += 1);
    }

    /// Waits until a request is held.
    pub async fn wait_until_held(&self, timeout: Duration) -> Result<()> {
        if !self.is_held_count_reached(timeout, |waiting| waiting > 0).await {
            bail!(
                "no request was held within {timeout:?}; received: {:?}",
                self.seen()
            );
        }
        Ok(())
    }

    /// Waits until no request is held: each was released, or its caller closed the connection.
    pub async fn wait_until_none_held(&self, timeout: Duration) -> Result<()> {
        if !self.is_held_count_reached(timeout, |waiting| waiting == 0).await {
            bail!("a request is still held after {timeout:?}");
        }
        Ok(())
    }

    async fn is_held_count_reached(&self, timeout: Duration, is_reached: impl Fn(usize) -> bool) -> bool {
        let mut held = self.0.held.subscribe();
        let reached = held.wait_for(|held| is_reached(held.waiting));
        tokio::time::timeout(timeout, reached).await.is_ok()
    }

    /// Returns the requests so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.traffic().seen.clone()
    }

    /// Returns how many requests so far match.
    pub fn count(&self, matching: &Match) -> usize {
        self.traffic()
            .seen
            .iter()
            .filter(|request| matching.fits(request))
            .count()
    }

    /// Returns how many requests were answered with `status`.
    pub fn count_status(&self, status: u16) -> usize {
        let seen = &self.traffic().seen;
        seen.iter()
            .filter(|request| request.status == Some(status))
            .count()
    }

    /// Returns the largest number of requests that were open at the same moment.
    pub fn most_open(&self) -> usize {
        self.traffic().most_open
    }

    /// Handles `request` with the fault that the rules choose for it. `None` closes the connection.
    pub(crate) async fn apply<F>(
        &self,
        mut request: Request<Bytes>,
        handle: impl FnOnce(Request<Bytes>) -> F,
    ) -> Option<Response>
    where
        F: Future<Output = Option<Response>> + Send + 'static,
    {
        let (number, fault) = self.receive(&request);
        let _open = Open::new(self);
        match &fault {
            Some(Fault::Refuse) => return None,
            Some(Fault::Respond {
                status,
                headers,
                body,
            }) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
                return self.respond(number, response(*status, &headers, body.clone()));
            }
            Some(Fault::DelayRequest(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Hold) => self.hold().await,
            Some(Fault::LoseResponse | Fault::HalfResponse) => {
                request.extensions_mut().insert(ResponseLost);
            }
            Some(Fault::DelayResponse(_)) | None => {}
        }
        // In a task of its own: a caller that gives up must not undo a request that has begun.
        let mut response = background::spawn(handle(request)).await.ok().flatten()?;
        match fault {
            Some(Fault::LoseResponse) => return None,
            Some(Fault::HalfResponse) => {
                response.extensions_mut().insert(CutInHalf);
            }
            Some(Fault::DelayResponse(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        self.respond(number, response)
    }

    fn receive(&self, request: &Request<Bytes>) -> (usize, Option<Fault>) {
        let mut seen = SeenRequest::new(request);
        // One lock from choice to record: the order of arrival is the order of the random numbers.
        let mut rules = self.rules();
        seen.fault = rules.iter_mut().find_map(|rule| rule.fault_for(&seen));
        let fault = seen.fault.clone();
        let mut traffic = self.traffic();
        traffic.seen.push(seen);
        (traffic.seen.len() - 1, fault)
    }

    fn respond(&self, number: usize, response: Response) -> Option<Response> {
        self.traffic().seen[number].status = Some(response.status().as_u16());
        Some(response)
    }

    async fn hold(&self) {
        let mut changes = self.0.held.subscribe();
        let releases = self.0.held.borrow().releases;
        self.0.held.send_modify(|held| held.waiting += 1);
        // Dropped here if the caller gives up meanwhile.
        let _waiting = Waiting(&self.0.held);
        changes.wait_for(|held| held.releases > releases).await.ok();
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.rules.lock().expect("no holder panics")
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.0.traffic.lock().expect("no holder panics")
    }
}

/// Returns whether the response to `request` will be lost. A handler uses it to record what its caller knows.
pub fn is_response_lost(request: &Request<Bytes>) -> bool {
    request.extensions().get::<ResponseLost>().is_some()
}

#[derive(Debug, Clone)]
struct ResponseLost;

/// Mark of a response whose body [`crate::http::serve`] cuts in half.
#[derive(Debug, Clone)]
pub(crate) struct CutInHalf;

/// Held request; counted until it is dropped.
struct Waiting<'a>(&'a watch::Sender<Held>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|held| held.waiting -= 1);
    }
}

/// Open request; counted until it is dropped.
struct Open<'a>(&'a Faults);

impl<'a> Open<'a> {
    fn new(faults: &'a Faults) -> Self {
        let mut traffic = faults.traffic();
        traffic.open += 1;
        traffic.most_open = traffic.most_open.max(traffic.open);
        drop(traffic);
        Self(faults)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.traffic().open -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Faults of 100,000 equal requests, with a 0.1 share of refusals and a 0.05 share of lost responses.
    fn random(seed: u64) -> Vec<Option<Fault>> {
        let faults = Faults::default();
        let shares = [(0.1, Fault::Refuse), (0.05, Fault::LoseResponse)];
        faults.inject_randomly(Match::any(), seed, shares);
        let request = SeenRequest::new(&Request::new(Bytes::new()));
        let rule = &mut faults.rules()[0];
        (0..100_000).map(|_| rule.fault_for(&request)).collect()
    }

    #[test]
    fn random_faults_keep_their_shares_and_depend_on_the_seed_alone() {
        let faults = random(1);
        let count = |fault: Fault| faults.iter().flatten().filter(|other| **other == fault).count();
        assert!((9_500..10_500).contains(&count(Fault::Refuse)));
        assert!((4_500..5_500).contains(&count(Fault::LoseResponse)));
        assert!(faults == random(1) && faults != random(2));
    }
}
