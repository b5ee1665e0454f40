//! A task: the texts of its buildings, analysed and stored.

use anyhow::Context;
use ko_morph::Worker;
use lambda_core::clock;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::LAST_HOP;
use lambda_core::metrics::{self, Unit};
use serde_json::json;
use stat_ledger::building::{BuildingWriter, Counts, ResultsRefused, Tally};
use stat_ledger::run::Run;
use stat_ledger::task::{self, Claim};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tracing::Instrument;

use super::StatAnalysis;
use crate::adapters::postgres::TextStream;
use crate::answer::{Answer, Buildings};
use crate::term::TermCounter;

/// Texts analysed, in bytes, before the connections get a turn: they share the thread.
const BYTES_AT_A_STRETCH: usize = 64 * 1024;

impl StatAnalysis {
    /// Analyses the task's unfinished buildings one after the other. Short of time, it gives the claim
    /// back and invokes itself for the rest.
    pub(super) async fn analyse(
        &self,
        client: Client,
        claim: Claim,
        run: &Run,
        hop: u32,
        invocation: &Invocation,
    ) -> anyhow::Result<Answer> {
        let reader = self.database.connect().await?;
        let writer = BuildingWriter::new(client, claim.clone(), run.period).await?;
        let mut desk = Desk::new(writer, run.clone());
        let ended = match self
            .analyse_unfinished(&reader, &mut desk, invocation.deadline)
            .await
        {
            Ok(ended) => ended,
            Err(error) => {
                // What is being stored now is either stored or not: no transaction is left open behind.
                let _ = desk.settle_storing().await;
                return Err(error);
            }
        };
        let writer = desk.settle().await?;
        let tally = writer.tally().await?;
        let client = writer.client();
        let continued = if ended {
            let is_last = task::finish(client, &claim).await?;
            emit_tally(&invocation.function_name, &tally);
            tracing::info!(
                task = claim.task,
                documents = tally.documents,
                "ended task {} of run {}: {} buildings done, {} failed",
                claim.task,
                claim.run_id,
                tally.done,
                tally.failed
            );
            if is_last {
                self.hand_out_report(claim.run_id, invocation).await?;
            }
            false
        } else {
            self.go_on(client, &claim, hop, invocation).await?
        };
        Ok(Answer::Task {
            run_id: claim.run_id,
            task: claim.task,
            buildings: Buildings {
                done: tally.done,
                failed: tally.failed,
                left: tally.left,
            },
            documents: tally.documents,
            morphemes: tally.morphemes,
            continued,
        })
    }

    /// Tries buildings until none is unfinished. Returns whether there was time for all.
    async fn analyse_unfinished(
        &self,
        reader: &Client,
        desk: &mut Desk,
        deadline: Deadline,
    ) -> anyhow::Result<bool> {
        let mut pace = Pace::new(deadline);
        loop {
            let unfinished = desk.settle().await?.unfinished().await?;
            let Some(first) = unfinished.first() else {
                return Ok(true);
            };
            // Those begun most often come last: see building::unfinished. What an earlier attempt did not
            // end is tried alone, so that a building that kills the process counts against no other.
            desk.one_by_one = first.attempts > 0;
            let turn = unfinished
                .iter()
                .filter(|building| building.attempts == first.attempts);
            let turn: Vec<&str> = turn.map(|building| building.building_id.as_str()).collect();
            if !self.analyse_buildings(reader, desk, &turn, &mut pace).await? {
                return Ok(false);
            }
        }
    }

    /// One attempt at each of the buildings. Returns whether there was time for all.
    async fn analyse_buildings(
        &self,
        reader: &Client,
        desk: &mut Desk,
        buildings: &[&str],
        pace: &mut Pace,
    ) -> anyhow::Result<bool> {
        let mut texts = TextStream::open(reader, buildings, desk.run.starts_at, desk.run.ends_at).await?;
        let mut without_texts: HashSet<&str> = buildings.iter().copied().collect();
        let mut work = BuildingWork::new(self.analyser.worker());
        let mut bytes = 0;
        while let Some(text) = texts.next().await? {
            let building_id = text.building_id()?;
            if work.building_id.as_deref() != Some(building_id) {
                desk.put_down(work.end());
                desk.settle_storing().await?;
                if !pace.has_time_for_another() {
                    return Ok(false);
                }
                desk.take_up(building_id).await?;
                work.begin(building_id);
                without_texts.remove(building_id);
            }
            let body = text.body()?;
            work.add(self, body);
            bytes += body.len();
            if bytes >= BYTES_AT_A_STRETCH {
                bytes = 0;
                tokio::task::yield_now().await;
            }
        }
        desk.put_down(work.end());
        for building_id in without_texts {
            desk.settle_storing().await?;
            if !pace.has_time_for_another() {
                return Ok(false);
            }
            desk.take_up(building_id).await?;
            desk.put_down(Some((building_id.to_owned(), Ok(Counts::default()))));
        }
        Ok(true)
    }

    /// Lets the next invocation have the rest of the task.
    async fn go_on(
        &self,
        client: &mut Client,
        claim: &Claim,
        hop: u32,
        invocation: &Invocation,
    ) -> anyhow::Result<bool> {
        task::give_back(client, claim).await?;
        if hop >= LAST_HOP {
            tracing::warn!(
                "task {} of run {} is left to the next resume after {hop} hops",
                claim.task,
                claim.run_id
            );
            metrics::emit(&invocation.function_name, &[("HopsExhausted", 1.0, Unit::Count)]);
            return Ok(false);
        }
        let event = json!({"run_id": claim.run_id, "task": claim.task, "hop": hop + 1});
        // As the alias or version that was called, so that a deployment in between changes nothing.
        self.invoker
            .hand_out(&invocation.function_arn, &event, invocation.deadline)
            .await?;
        Ok(true)
    }
}

/// Once for each task, when it ends.
fn emit_tally(function: &str, tally: &Tally) {
    let count = |number: i64| number as f64;
    metrics::emit(
        function,
        &[
            ("Documents", count(tally.documents), Unit::Count),
            ("BuildingsDone", count(tally.done), Unit::Count),
            ("BuildingsFailed", count(tally.failed), Unit::Count),
        ],
    );
}

/// A building's counts, or why there are none.
type Outcome = (String, Result<Counts, String>);

/// The building being read.
struct BuildingWork<'a> {
    building_id: Option<String>,
    worker: Worker<'a>,
    counter: TermCounter,
    failure: Option<String>,
}

impl<'a> BuildingWork<'a> {
    fn new(worker: Worker<'a>) -> Self {
        Self {
            building_id: None,
            worker,
            counter: TermCounter::default(),
            failure: None,
        }
    }

    fn begin(&mut self, building_id: &str) {
        self.building_id = Some(building_id.to_owned());
    }

    /// Counts a text. A panic of the analyser fails this building and no other.
    fn add(&mut self, function: &'a StatAnalysis, text: &str) {
        if self.failure.is_some() {
            return;
        }
        let add = || self.counter.add(&mut self.worker, &function.stop_words, text);
        if catch_unwind(AssertUnwindSafe(add)).is_err() {
            self.failure = Some("the analyser panicked".to_owned());
            // Nobody knows in which state they were left.
            self.worker = function.analyser.worker();
            self.counter = TermCounter::default();
        }
    }

    fn end(&mut self) -> Option<Outcome> {
        let building_id = self.building_id.take()?;
        let counts = self.counter.finish();
        Some((building_id, self.failure.take().map_or(Ok(counts), Err)))
    }
}

/// Where the writer works: it stores a building while the next one is analysed.
struct Desk {
    run: Run,
    /// Not there while it is storing.
    writer: Option<BuildingWriter>,
    storing: Option<JoinHandle<(BuildingWriter, anyhow::Result<()>)>>,
    finished: Option<Outcome>,
    /// Whether buildings are stored before the next one is begun.
    one_by_one: bool,
}

impl Desk {
    fn new(writer: BuildingWriter, run: Run) -> Self {
        Self {
            run,
            writer: Some(writer),
            storing: None,
            finished: None,
            one_by_one: false,
        }
    }

    /// The writer, when nothing is being stored any more.
    async fn settle(&mut self) -> anyhow::Result<&mut BuildingWriter> {
        self.settle_storing().await?;
        if let Some(outcome) = self.finished.take() {
            self.start_storing(outcome);
            self.settle_storing().await?;
        }
        Ok(self.idle_writer())
    }

    /// Counts the attempt at a building, and only then lets the one before it be stored, beside the
    /// analysis of this one. Nothing may be being stored any more.
    async fn take_up(&mut self, building_id: &str) -> anyhow::Result<()> {
        if self.one_by_one {
            self.settle().await?;
        }
        self.idle_writer().begin(building_id).await?;
        if let Some(outcome) = self.finished.take() {
            self.start_storing(outcome);
        }
        Ok(())
    }

    fn put_down(&mut self, outcome: Option<Outcome>) {
        if outcome.is_some() {
            self.finished = outcome;
        }
    }

    fn idle_writer(&mut self) -> &mut BuildingWriter {
        self.writer
            .as_mut()
            .expect("it comes back when the storing is settled")
    }

    fn start_storing(&mut self, outcome: Outcome) {
        let mut writer = self.writer.take().expect("one building is stored at a time");
        let storing = async move {
            let stored = store(&mut writer, outcome).await;
            (writer, stored)
        };
        // In the span of the request, whose id stands in each log line.
        self.storing = Some(tokio::spawn(storing.in_current_span()));
    }

    async fn settle_storing(&mut self) -> anyhow::Result<()> {
        let Some(storing) = self.storing.take() else {
            return Ok(());
        };
        let (writer, stored) = storing.await.context("the storing of a building panicked")?;
        self.writer = Some(writer);
        stored
    }
}

/// Stores a building's counts, or notes why there are none: the analysis failed, or the database refused
/// them.
async fn store(writer: &mut BuildingWriter, outcome: Outcome) -> anyhow::Result<()> {
    let (building_id, counted) = outcome;
    let failure = match counted {
        Err(failure) => failure,
        Ok(counts) => match writer.store(&building_id, &counts).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is::<ResultsRefused>() => format!("{error:#}"),
            Err(error) => return Err(error),
        },
    };
    // The reason stands in the ledger only: a database's words may quote a text.
    tracing::warn!(
        building_id,
        "an attempt at the building {building_id} failed, see stat_task_building.error"
    );
    writer.note_failure(&building_id, &failure).await
}

/// Decides whether there is time for another building.
struct Pace {
    deadline: Deadline,
    reserve: Duration,
    slowest: Duration,
    building_began: Option<Instant>,
}

impl Pace {
    /// A tenth of the whole time, ten seconds at most, is kept for giving the claim back.
    fn new(deadline: Deadline) -> Self {
        let reserve = (deadline.whole() / 10).min(Duration::from_secs(10));
        Self {
            deadline,
            reserve,
            slowest: Duration::ZERO,
            building_began: None,
        }
    }

    /// Expects that a building may take half as long again as the slowest so far, and that the one before
    /// it has to be stored as well. The first of an invocation is always begun, since otherwise a task with
    /// too little time would never get on.
    fn has_time_for_another(&mut self) -> bool {
        let now = clock::instant();
        let Some(began) = self.building_began.replace(now) else {
            return true;
        };
        self.slowest = self.slowest.max(now - began);
        self.deadline.left() > self.slowest * 3 + self.reserve
    }
}
