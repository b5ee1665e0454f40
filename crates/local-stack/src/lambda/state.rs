use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use tokio::sync::watch;

use super::decision::Decider;
use super::environment::Environment;
use super::function::Function;
use super::invocation::{Invocation, Outcome};

/// State that emulator, APIs and deliveries share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Number of changes: waiting tasks check their condition after each.
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
    /// Accepted calls that have not ended, by a number of their own.
    pub(super) pending: BTreeMap<u64, String>,
    pub(super) last_pending: u64,
    /// Request ids of events that failed after all retries.
    pub(super) dead_letters: Vec<String>,
    pub(super) decider: Decider,
    /// Number of responses of each function, and those at which the environment is killed.
    pub(super) responses: HashMap<String, usize>,
    pub(super) killed_responses: HashMap<String, HashSet<usize>>,
    pub(super) calls: usize,
    pub(super) releases: usize,
    pub(super) shut_down: bool,
}

#[derive(Debug)]
pub(super) struct Deployed {
    pub(super) function: Arc<Function>,
    /// Idle environments; the last one was used last.
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

    /// Locks the state. No holder awaits anything or calls a test's code.
    pub(super) fn read(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the state and wakes the tasks that wait for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.read());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `look` returns a value; it runs again after each change.
    pub(super) async fn wait_for<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            changes.borrow_and_update();
            let found = look(&mut self.read());
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as `self`.
            changes.changed().await.ok();
        }
    }

    pub(super) fn environment(&self, id: &str) -> Option<Arc<Environment>> {
        self.read().environments.get(id).cloned()
    }
}

impl State {
    /// Records the start of an attempt; the number is for [`State::end`].
    pub(super) fn begin(&mut self, invocation: Invocation) -> usize {
        self.invocations.push(invocation);
        self.invocations.len() - 1
    }

    pub(super) fn end(&mut self, number: usize, outcome: Outcome) {
        let invocation = &mut self.invocations[number];
        invocation.ended = Some(SystemTime::now());
        invocation.outcome = Some(outcome);
    }

    /// Counts a response of the function. Returns whether its environment is to be killed.
    pub(super) fn is_killed_at_response(&mut self, function: &str) -> bool {
        let number = self.responses.entry(function.to_owned()).or_default();
        *number += 1;
        let planned = self.killed_responses.get(function);
        planned.is_some_and(|planned| planned.contains(number))
    }

    pub(super) fn killed_responses_of(&self, function: &str) -> usize {
        let responses = self.responses.get(function).copied().unwrap_or_default();
        let planned = self.killed_responses.get(function).into_iter().flatten();
        planned.filter(|number| **number <= responses).count()
    }

    pub(super) fn note_memory(&mut self, function: &str, bytes: u64) {
        let peak = self.peak_memory.entry(function.to_owned()).or_default();
        *peak = (*peak).max(bytes);
    }

    pub(super) fn add_pending(&mut self, description: String) -> u64 {
        self.last_pending += 1;
        self.pending.insert(self.last_pending, description);
        self.last_pending
    }
}
