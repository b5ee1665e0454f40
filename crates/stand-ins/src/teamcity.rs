//! Build queue of a TeamCity server over its REST API, with TeamCity's own checks.
//!
//! | module | content |
//! |---|---|
//! | `server` | HTTP requests and responses |
//! | `builds` | builds, from the queue to their end |
//! | `locator` | build locators |
//! | `permission` | permissions of the token |
//! | `page` | HTML pages of the server and of servers before it |
//! | `refusal` | errors, in JSON, XML or text |
//!
//! TeamCity's source leaves some behaviour open; here it is chosen so that it is harder for a client, see
//! [`Settings::merges`].

mod builds;
mod locator;
mod page;
mod permission;
mod refusal;
mod server;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use builds::Builds;
pub use builds::{Build, State};
use local_stack::certificate::Certificate;
use local_stack::tls_front::{Beginning, TlsFront};
use local_stack::{Fault, Faults, http};
pub use page::{login_page, maintenance, not_found_page, redirect};
pub use permission::Permission;
pub use refusal::ErrorFormat;

/// Behaviour of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Access token that it accepts.
    pub token: String,
    /// Permissions of the token.
    pub permissions: Vec<Permission>,
    /// Path under which it is served, such as `/teamcity`; elsewhere its servlet container answers.
    pub context_path: String,
    /// Ids of its build configurations.
    pub build_types: Vec<String>,
    /// Ids of those that are paused.
    pub paused: Vec<String>,
    /// Ids of those that are templates, which have no builds.
    pub templates: Vec<String>,
    /// Time that a build waits for an agent.
    pub time_in_queue: Duration,
    /// Time that a build runs.
    pub time_running: Duration,
    /// Whether a queued build absorbs a new one with the same branch and properties. TeamCity does so, but its queue
    /// decides when: without it, every client has to cope by itself.
    pub merges: bool,
    /// Format of errors.
    pub errors: ErrorFormat,
}

impl Default for Settings {
    /// One configuration `Nightly_Import`, the token `teamcity-token` with every permission, and builds that wait for an
    /// hour.
    fn default() -> Self {
        Self {
            token: "teamcity-token".to_owned(),
            permissions: Permission::ALL.to_vec(),
            context_path: String::new(),
            build_types: vec!["Nightly_Import".to_owned()],
            paused: Vec::new(),
            templates: Vec::new(),
            time_in_queue: Duration::from_secs(3600),
            time_running: Duration::from_secs(3600),
            merges: true,
            errors: ErrorFormat::Json,
        }
    }
}

/// Running server. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct TeamCity {
    /// Faults to inject, and the requests so far.
    pub faults: Faults,
    shared: Arc<Shared>,
    server: Arc<http::Server>,
    tls: Option<Arc<TlsFront>>,
}

#[derive(Debug)]
struct Shared {
    settings: Mutex<Settings>,
    builds: Mutex<Builds>,
}

impl TeamCity {
    /// Starts a server on 127.0.0.1 and a free port.
    pub async fn start(settings: Settings) -> Result<Self> {
        let faults = Faults::default();
        let shared = Arc::new(Shared {
            settings: Mutex::new(settings),
            builds: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let server = http::serve_with_faults(&faults, move |request| {
            let shared = Arc::clone(&served);
            async move { Some(server::respond(&shared, &request)) }
        });
        Ok(Self {
            server: Arc::new(server.await?),
            faults,
            shared,
            tls: None,
        })
    }

    /// Starts a server behind TLS with `certificate`.
    pub async fn start_with_tls(settings: Settings, certificate: &Certificate) -> Result<Self> {
        let plain = Self::start(settings).await?;
        let front = TlsFront::start(certificate, plain.server.address.port(), Beginning::Handshake).await?;
        Ok(Self {
            tls: Some(Arc::new(front)),
            ..plain
        })
    }

    /// URL for `TEAMCITY_URL`.
    pub fn url(&self) -> String {
        let path = self.shared.settings().context_path.clone();
        match &self.tls {
            Some(front) => format!("https://localhost:{}{path}", front.port),
            None => format!("http://{}{path}", self.server.address),
        }
    }

    /// Returns all builds in the order of their ids, each with its current state.
    pub fn builds(&self) -> Vec<Build> {
        let settings = self.shared.settings().clone();
        self.shared.builds().all(&settings)
    }

    /// Returns the builds that were not cancelled.
    pub fn uncancelled_builds(&self) -> Vec<Build> {
        self.builds()
            .into_iter()
            .filter(|build| build.cancelled.is_none())
            .collect()
    }

    /// Changes the settings for the requests to come.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.settings());
    }
}

impl Shared {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no holder panics")
    }

    fn builds(&self) -> MutexGuard<'_, Builds> {
        self.builds.lock().expect("no holder panics")
    }
}

/// Returns TeamCity's response to a client with too many requests.
pub fn too_many_requests(retry_after_s: u64) -> Fault {
    Fault::too_many_requests(retry_after_s, "Too many requests.")
}

/// Returns TeamCity's response while it starts.
pub fn starting_up() -> Fault {
    Fault::respond(503, "Server is starting up, please wait.")
}

/// Returns TeamCity's response to a request that reached a secondary node.
pub fn wrong_node() -> Fault {
    let body = r#"{"errors":[{"message":"This TeamCity node is not allowed to perform this action."}]}"#;
    Fault::respond(400, body)
}

/// Returns TeamCity's response to a request that meets another one at the same moment.
pub fn conflict() -> Fault {
    let body = r#"{"errors":[{"message":"Cannot process this request at this time. Repeat later."}]}"#;
    Fault::respond(409, body)
}
