//! A task: the texts of its buildings, analysed and stored.

use ko_morph::Worker;
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::LAST_HOP;
use lambda_core::metrics::{self, Unit};
use stat_ledger::building::{BuildingWriter, Tally};
use stat_ledger::fence::WriteError;
use stat_ledger::run::Run;
use stat_ledger::task::{self, Claim};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio_postgres::Client;

use super::StatAnalysis;
use super::building_writer_queue::{AnalysedBuilding, BuildingWriterQueue};
use super::pace::Pace;
use crate::adapters::postgres::TextStream;
use crate::event::TaskEvent;
use crate::function_response::FunctionResponse;
use crate::statistics::term::TermCounter;

/// Bytes of text that are analysed before the connections, which share the thread, may run.
const BYTES_BEFORE_YIELD: usize = 64 * 1024;

impl StatAnalysis {
    /// Analyses the task's unfinished buildings one after the other. Short of time, it releases the claim
    /// and invokes itself for the rest.
    pub(super) async fn analyse(
        &self,
        client: Client,
        claim: Claim,
        run: &Run,
        event: TaskEvent,
        invocation: &Invocation,
    ) -> Result<FunctionResponse, WriteError> {
        let reader = self.database.connect().await?;
        let writer = BuildingWriter::new(client, claim.clone(), run.period).await?;
        let mut queue = BuildingWriterQueue::new(writer);
        let analysed = self
            .analyse_unfinished(&reader, &mut queue, run, invocation.deadline)
            .await;
        let has_ended = match analysed {
            Ok(has_ended) => has_ended,
            Err(error) => {
                // The building that is being stored is stored or not: no transaction stays open.
                let _ = queue.wait().await;
                return Err(error);
            }
        };
        let writer = queue.flush().await?;
        let tally = writer.tally().await?;
        let client = writer.client();
        let continued = if has_ended {
            self.end_task(client, &claim, tally, invocation).await?;
            false
        } else {
            self.continue_task(client, &claim, event, invocation).await?
        };
        Ok(FunctionResponse::Task {
            run_id: claim.run_id,
            task: claim.task,
            buildings: tally.into(),
            documents: tally.documents,
            morphemes: tally.morphemes,
            continued,
        })
    }

    /// Analyses buildings until none is unfinished. Returns whether there was time for all.
    async fn analyse_unfinished(
        &self,
        reader: &Client,
        queue: &mut BuildingWriterQueue,
        run: &Run,
        deadline: Deadline,
    ) -> Result<bool, WriteError> {
        let mut pace = Pace::new(deadline);
        loop {
            let unfinished = queue.flush().await?.unfinished().await?;
            let Some(first) = unfinished.first() else {
                return Ok(true);
            };
            // Buildings begun most often come last: see BuildingWriter::unfinished. A building that an
            // earlier attempt did not end is tried alone: one that kills the process counts against no other.
            queue.one_by_one = first.attempts > 0;
            let buildings: Vec<&str> = unfinished
                .iter()
                .filter(|building| building.attempts == first.attempts)
                .map(|building| building.building_id.as_str())
                .collect();
            if !self
                .analyse_buildings(reader, queue, run, &buildings, &mut pace)
                .await?
            {
                return Ok(false);
            }
        }
    }

    /// Makes one attempt at each of the buildings. Returns whether there was time for all.
    async fn analyse_buildings(
        &self,
        reader: &Client,
        queue: &mut BuildingWriterQueue,
        run: &Run,
        buildings: &[&str],
        pace: &mut Pace,
    ) -> Result<bool, WriteError> {
        let mut texts = TextStream::open(reader, buildings, run.starts_at, run.ends_at).await?;
        let mut without_texts: HashSet<&str> = buildings.iter().copied().collect();
        let mut analysis = BuildingAnalysis::new(self.analyser.worker());
        let mut bytes = 0;
        while let Some(text) = texts.next().await? {
            let building_id = text.building_id()?;
            if analysis.building_id.as_deref() != Some(building_id) {
                analysis.end(queue);
                if !begin_building(queue, building_id, pace).await? {
                    return Ok(false);
                }
                analysis.building_id = Some(building_id.to_owned());
                without_texts.remove(building_id);
            }
            let body = text.body()?;
            analysis.add(self, body);
            bytes += body.len();
            if bytes >= BYTES_BEFORE_YIELD {
                bytes = 0;
                tokio::task::yield_now().await;
            }
        }
        analysis.end(queue);
        for building_id in without_texts {
            if !begin_building(queue, building_id, pace).await? {
                return Ok(false);
            }
            queue.push(AnalysedBuilding::without_texts(building_id));
        }
        Ok(true)
    }

    /// Ends the task, and invokes the report if it was the last one.
    async fn end_task(
        &self,
        client: &mut Client,
        claim: &Claim,
        tally: Tally,
        invocation: &Invocation,
    ) -> Result<(), WriteError> {
        let is_last = task::finish(client, claim).await?;
        emit_tally(&invocation.function_name, &tally);
        tracing::info!(
            run.id = %claim.run_id,
            task = claim.task,
            documents = tally.documents,
            "ended task {} of run {}: {} buildings done, {} failed",
            claim.task,
            claim.run_id,
            tally.done,
            tally.failed
        );
        if is_last {
            self.invoke_report(claim.run_id, invocation).await?;
        }
        Ok(())
    }

    /// Releases the claim and invokes this function for the rest of the task. Returns whether it was invoked.
    async fn continue_task(
        &self,
        client: &mut Client,
        claim: &Claim,
        event: TaskEvent,
        invocation: &Invocation,
    ) -> Result<bool, WriteError> {
        task::release(client, claim).await?;
        let TaskEvent { run_id, task, hop } = event;
        if hop >= LAST_HOP {
            tracing::warn!(
                run.id = %run_id,
                task,
                hop,
                "released task {task} of run {run_id} after {hop} hops; the next resume continues it"
            );
            metrics::emit(&invocation.function_name, &[("HopsExhausted", 1.0, Unit::Count)]);
            return Ok(false);
        }
        // Invokes the alias or version that was called, so that a deployment in between changes nothing.
        self.invoker
            .invoke_event(
                &invocation.function_arn,
                &event.next_hop().to_json(),
                invocation.deadline,
            )
            .await?;
        Ok(true)
    }
}

/// Emits the metrics of a task, once, when it ends.
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

/// Counts an attempt at the building. Returns `false`, without an attempt, if there is no time for it.
async fn begin_building(
    queue: &mut BuildingWriterQueue,
    building_id: &str,
    pace: &mut Pace,
) -> Result<bool, WriteError> {
    queue.wait().await?;
    if !pace.has_time_for_another() {
        return Ok(false);
    }
    queue.begin(building_id).await?;
    Ok(true)
}

/// The analysis of the building that is being read.
struct BuildingAnalysis<'a> {
    building_id: Option<String>,
    worker: Worker<'a>,
    counter: TermCounter,
    failure: Option<String>,
}

impl<'a> BuildingAnalysis<'a> {
    fn new(worker: Worker<'a>) -> Self {
        Self {
            building_id: None,
            worker,
            counter: TermCounter::default(),
            failure: None,
        }
    }

    /// Counts a text. A panic of the analyser fails this building and no other.
    fn add(&mut self, function: &'a StatAnalysis, text: &str) {
        if self.failure.is_some() {
            return;
        }
        let add = || self.counter.add(&mut self.worker, &function.stop_words, text);
        if catch_unwind(AssertUnwindSafe(add)).is_err() {
            self.failure = Some("the analyser panicked".to_owned());
            // The panic left them in an unknown state.
            self.worker = function.analyser.worker();
            self.counter = TermCounter::default();
        }
    }

    /// Passes the building, if there is one, to the queue.
    fn end(&mut self, queue: &mut BuildingWriterQueue) {
        if let Some(building_id) = self.building_id.take() {
            let counts = self.counter.finish();
            let counts = self.failure.take().map_or(Ok(counts), Err);
            queue.push(AnalysedBuilding { building_id, counts });
        }
    }
}
