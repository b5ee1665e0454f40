use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::SystemTime,
};

use tokio::sync::watch;

use super::{
    decision::Decider,
    environment::Environment,
    function::Function,
    invocation::{Invocation, Outcome},
};

/// What emulator, APIs and deliveries share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Counts changes, so that whoever waits for a condition looks again.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// `http://127.0.0.1:port`.
    pub(super) endpoint: String,
    pub(super) functions: HashMap<String, Deployed>,
    pub(super) environments: HashMap<String, Arc<Environment>>,
    pub(super) invocations: Vec<Invocation>,
    pub(super) logs: HashMap<String, Vec<String>>,
    pub(super) peak_memory: HashMap<String, u64>,
    /// Accepted calls that have not come to their end, by a number of their own.
    pub(super) pending: BTreeMap<u64, String>,
    pub(super) last_pending: u64,
    /// Request ids of events that failed to the last.
    pub(super) dead_letters: Vec<String>,
    pub(super) decider: Decider,
    pub(super) calls: usize,
    pub(super) releases: usize,
    pub(super) shut_down: bool,
}

#[derive(Debug)]
pub(super) struct Deployed {
    pub(super) function: Arc<Function>,
    /// Environments that wait for work; the last one is the warmest.
    pub(super) idle: Vec<Arc<Environment>>,
    pub(super) busy: usize,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// The state to read. Nothing is awaited and nobody's code is called while it is held.
    pub(super) fn read(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.read());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `look` finds what it looks for; it is asked again after each change.
    pub(super) async fn wait_for<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            let found = look(&mut self.read());
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as we do.
            changes.changed().await.ok();
        }
    }

    pub(super) fn environment(&self, id: &str) -> Option<Arc<Environment>> {
        self.read().environments.get(id).cloned()
    }
}

impl State {
    /// Keeps the start of an attempt; the number is for [`State::end`].
    pub(super) fn begin(&mut self, invocation: Invocation) -> usize {
        self.invocations.push(invocation);
        self.invocations.len() - 1
    }

    pub(super) fn end(&mut self, number: usize, outcome: Outcome) {
        let invocation = &mut self.invocations[number];
        invocation.ended = Some(SystemTime::now());
        invocation.outcome = Some(outcome);
    }

    pub(super) fn note_memory(&mut self, function: &str, bytes: u64) {
        let peak = self.peak_memory.entry(function.to_owned()).or_default();
        *peak = (*peak).max(bytes);
    }

    pub(super) fn add_pending(&mut self, what: String) -> u64 {
        self.last_pending += 1;
        self.pending.insert(self.last_pending, what);
        self.last_pending
    }
}
