//! A TeamCity server's build queue, as its REST API shows it, and as strict as the real one where clients go
//! wrong.
//!
//! | file | noun |
//! |---|---|
//! | `server` | what is asked on the wire, and what is answered |
//! | `builds` | the builds and their way from the queue to the end |
//! | `locator` | which builds a request asks for |
//! | `refusal` | what goes wrong, in JSON, XML or text |
//! | `weather` | what goes wrong by chance, with a fixed seed |
//! | `tls` | the same with a certificate |
//!
//! What could not be read in TeamCity's source is chosen so that it is harder for a client: see
//! [`Settings::merges`].

mod builds;
mod locator;
mod refusal;
mod server;
#[cfg(test)]
mod tests;
mod weather;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Result;

use local_stack::{
    certificate::Certificate,
    http,
    tls_front::{Beginning, TlsFront},
};

pub use builds::{Build, State};
pub use refusal::ErrorFormat;
pub use weather::Weather;

use builds::Builds;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The access token that it accepts.
    pub token: String,
    /// The ids of its build configurations.
    pub build_types: Vec<String>,
    /// How long a build waits for an agent.
    pub time_in_queue: Duration,
    /// How long it runs then.
    pub time_running: Duration,
    /// Whether a build that waits takes in another with the same branch and the same properties. TeamCity does
    /// so, but when it does is up to its queue: without it, every client has to manage by itself.
    pub merges: bool,
    /// In what form errors are said.
    pub errors: ErrorFormat,
    /// What goes wrong by chance.
    pub weather: Option<Weather>,
}

impl Default for Settings {
    /// One configuration `Nightly_Import`, the token `teamcity-token`, builds that wait for an hour, and good
    /// weather.
    fn default() -> Self {
        Self {
            token: "teamcity-token".to_owned(),
            build_types: vec!["Nightly_Import".to_owned()],
            time_in_queue: Duration::from_secs(3600),
            time_running: Duration::from_secs(3600),
            merges: true,
            errors: ErrorFormat::Json,
            weather: None,
        }
    }
}

/// The server. Clones are the same one; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct TeamCity {
    shared: Arc<Shared>,
    server: Arc<http::Server>,
    tls: Option<Arc<TlsFront>>,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Mutex<Settings>,
    builds: Mutex<Builds>,
    traffic: Mutex<Traffic>,
}

/// The requests so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Look-ups of builds.
    pub look_ups: usize,
    /// Builds to be queued.
    pub posts: usize,
    /// Builds to be cancelled.
    pub cancels: usize,
    /// Of all these, how many went wrong by chance.
    pub went_wrong: usize,
    /// The most requests at the same moment.
    pub most_at_once: usize,
    at_once: usize,
    too_many: usize,
    retry_after_s: u64,
}

impl TeamCity {
    /// Starts it on 127.0.0.1 and a free port.
    pub async fn start(settings: Settings) -> Result<Self> {
        let shared = Arc::new(Shared {
            settings: Mutex::new(settings),
            builds: Mutex::default(),
            traffic: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let server = http::serve(move |request| server::handle(Arc::clone(&served), request)).await?;
        Ok(Self {
            shared,
            server: Arc::new(server),
            tls: None,
        })
    }

    /// Starts it behind TLS with this certificate.
    pub async fn start_with_tls(settings: Settings, certificate: &Certificate) -> Result<Self> {
        let plain = Self::start(settings).await?;
        let front = TlsFront::start(certificate, plain.server.address.port(), Beginning::Handshake).await?;
        Ok(Self {
            tls: Some(Arc::new(front)),
            ..plain
        })
    }

    /// Its address, for `TEAMCITY_URL`.
    pub fn url(&self) -> String {
        match &self.tls {
            Some(front) => format!("https://localhost:{}", front.port),
            None => format!("http://{}", self.server.address),
        }
    }

    /// All builds so far, as they are now, in the order of their ids.
    pub fn builds(&self) -> Vec<Build> {
        let settings = self.shared.settings().clone();
        self.shared.builds().all(&settings)
    }

    /// The builds that nobody has cancelled.
    pub fn wanted_builds(&self) -> Vec<Build> {
        self.builds()
            .into_iter()
            .filter(|build| build.cancelled.is_none())
            .collect()
    }

    /// The requests so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.traffic().clone()
    }

    /// Changes how it behaves from now on: another token, better weather.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.shared.settings());
    }

    /// Answers the next `times` requests with 429 and this `Retry-After`.
    pub fn limit(&self, times: usize, retry_after_s: u64) {
        let mut traffic = self.shared.traffic();
        (traffic.too_many, traffic.retry_after_s) = (times, retry_after_s);
    }
}

impl Shared {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no holder panics")
    }

    fn builds(&self) -> MutexGuard<'_, Builds> {
        self.builds.lock().expect("no holder panics")
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().expect("no holder panics")
    }
}
