//! A task: the texts of its buildings, analysed and stored.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ko_morph::Worker;
use lambda_core::clock;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::LAST_HOP;
use lambda_core::metrics::{self, Unit};
use postgres_session::Session;
use stat_ledger::building::{BuildingWriter, Counts, Tally, UnfinishedBuilding};
use stat_ledger::fence::WriteError;
use stat_ledger::run::Run;
use stat_ledger::task::{self, Claim};

use super::StatAnalysis;
use super::batch_size::BatchSize;
use super::building_writer_queue::{AnalysedBuilding, BuildingWriterQueue};
use super::pace::Pace;
use crate::adapters::postgres::{TextStream, UnreadableText};
use crate::event::TaskEvent;
use crate::function_response::FunctionResponse;
use crate::statistics::term::TermCounter;

/// Bytes of text that are analysed before the connections, which share the thread, may run.
const BYTES_BEFORE_YIELD: usize = 64 * 1024;

impl StatAnalysis {
    /// Analyses the task's unfinished buildings, batch by batch. Short of time, it releases the claim and invokes
    /// itself for the rest.
    pub(super) async fn analyse(
        &self,
        session: Session,
        claim: Claim,
        run: &Run,
        event: TaskEvent,
        invocation: &Invocation,
    ) -> Result<FunctionResponse, WriteError> {
        let mut task = TaskAnalysis {
            function: self,
            reader: self.database.session().await?,
            queue: BuildingWriterQueue::new(BuildingWriter::new(session, claim.clone(), run.period)),
            run,
            pace: Pace::new(invocation.deadline),
            size: BatchSize::new(),
            last: None,
        };
        let has_ended = match task.analyse_unfinished().await {
            Ok(has_ended) => has_ended,
            Err(error) => {
                // The batch that is being stored is stored or not: no transaction stays open.
                let _ = task.queue.wait().await;
                return Err(error);
            }
        };
        let writer = task.queue.flush().await?;
        let tally = writer.tally().await?;
        let session = writer.session();
        let continued = if has_ended {
            self.end_task(session, &claim, tally, invocation).await?;
            false
        } else {
            self.continue_task(session, &claim, event, invocation).await?
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

    /// Ends the task, and invokes the report if it was the last one.
    async fn end_task(
        &self,
        session: &mut Session,
        claim: &Claim,
        tally: Tally,
        invocation: &Invocation,
    ) -> Result<(), WriteError> {
        let is_last = task::finish(session, claim).await?;
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
        session: &mut Session,
        claim: &Claim,
        event: TaskEvent,
        invocation: &Invocation,
    ) -> Result<bool, WriteError> {
        task::release(session, claim).await?;
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

/// The work of one invocation on a task.
///
/// Two connections are enough, and neither waits for the other while it holds one of the server's: the reader reads
/// a batch of whole buildings to its end without waiting for the writer, and the writer stores the batch before it.
/// Otherwise a few tasks would hold all connections of a pooler, each with half of what it needs, and wait for ever.
struct TaskAnalysis<'a> {
    function: &'a StatAnalysis,
    reader: Session,
    queue: BuildingWriterQueue,
    run: &'a Run,
    pace: Pace,
    size: BatchSize,
    /// The batch that was analysed last.
    last: Option<BatchCost>,
}

/// Measures of an analysed batch.
struct BatchCost {
    took: Duration,
    texts: i64,
    /// Bytes of the results in memory.
    bytes: usize,
}

impl TaskAnalysis<'_> {
    /// Analyses buildings until none is unfinished. Returns whether there was time for all.
    async fn analyse_unfinished(&mut self) -> Result<bool, WriteError> {
        loop {
            let unfinished = self.queue.flush().await?.unfinished().await?;
            let Some(first) = unfinished.first() else {
                return Ok(true);
            };
            // Buildings begun most often come last: see BuildingWriter::unfinished. A building that an
            // earlier attempt did not end is tried alone: one that kills the process counts against no other.
            self.queue.one_by_one = first.attempts > 0;
            let equal = |building: &&UnfinishedBuilding| building.attempts == first.attempts;
            let mut rest = &unfinished[..unfinished.iter().take_while(equal).count()];
            while !rest.is_empty() {
                self.queue.wait().await?;
                self.adapt_size();
                let size = if self.queue.one_by_one {
                    1
                } else {
                    self.size.of_next(rest)
                };
                let (batch, others) = rest.split_at(size);
                if !self.attempt(batch).await? {
                    return Ok(false);
                }
                rest = others;
            }
        }
    }

    /// Makes one attempt at each building of a batch. Returns whether there was time for all.
    async fn attempt(&mut self, batch: &[UnfinishedBuilding]) -> Result<bool, WriteError> {
        let ids: Vec<&str> = batch
            .iter()
            .map(|building| building.building_id.as_str())
            .collect();
        let texts = batch.iter().map(|building| building.texts).sum();
        if !self.pace.has_time_for(texts) {
            return Ok(false);
        }
        self.queue.begin(&ids).await?;
        let began = clock::instant();
        let mut analysis = self.analyse_batch(&ids).await;
        if ids.len() > 1 && matches!(&analysis.failure, Some(error) if error.is::<UnreadableText>()) {
            // One text breaks the whole stream. Alone, each building has its own, and only the guilty one fails.
            analysis = self.analyse_alone(&ids).await;
        }
        let took = clock::instant() - began;
        let unreached: Vec<&str> = ids
            .iter()
            .copied()
            .filter(|id| !analysis.has_reached(id))
            .collect();
        if !unreached.is_empty() {
            self.queue.give_back(&unreached).await?;
        }
        match analysis.failure {
            Some(error) => return Err(error.into()),
            None => self.last = Some(BatchCost::of(took, &analysis.analysed)),
        }
        self.queue.push(analysis.analysed);
        Ok(unreached.is_empty())
    }

    /// Adapts the size of batches, once the time that storing takes is known.
    fn adapt_size(&mut self) {
        let stored_within = self.queue.stored_within;
        if stored_within.is_zero() {
            return;
        }
        if let Some(BatchCost { took, texts, bytes }) = self.last.take() {
            self.size.measure(took.max(stored_within), texts, bytes);
        }
    }

    /// Reads and analyses each building by itself. One that cannot be read fails, and no other.
    async fn analyse_alone(&mut self, ids: &[&str]) -> BatchAnalysis {
        let mut all = BatchAnalysis::default();
        for id in ids {
            let one = self.analyse_batch(&[id]).await;
            if one.failure.is_some() {
                return one;
            }
            all.analysed.extend(one.analysed);
            if self.pace.is_over() {
                break;
            }
        }
        all
    }

    /// Reads and analyses the texts of a batch. It ends early at a building's end when only the reserve of time is
    /// left.
    async fn analyse_batch(&mut self, ids: &[&str]) -> BatchAnalysis {
        let mut counter = BuildingCounter::new(self.function);
        let mut analysis = BatchAnalysis::default();
        if let Err(error) = self.count_texts(ids, &mut counter, &mut analysis).await {
            match (&analysis.reading, ids) {
                (_, [id]) if error.is::<UnreadableText>() => {
                    analysis.analysed = vec![AnalysedBuilding {
                        building_id: (*id).to_owned(),
                        counts: Err(error.to_string()),
                    }];
                }
                // The only building is charged, even if not one text of it was read: a building at which the
                // database fails each time must not keep the month from ever ending.
                (_, [id]) => {
                    analysis.reading = Some((*id).to_owned());
                    analysis.failure = Some(error);
                }
                _ => analysis.failure = Some(error),
            }
        }
        if analysis.failure.is_some() {
            // Not stored, so not reached.
            analysis.analysed.clear();
        }
        analysis
    }

    async fn count_texts(
        &mut self,
        ids: &[&str],
        counter: &mut BuildingCounter<'_>,
        analysis: &mut BatchAnalysis,
    ) -> anyhow::Result<()> {
        let Run {
            starts_at, ends_at, ..
        } = *self.run;
        let mut texts = TextStream::open(&mut self.reader, ids, starts_at, ends_at).await?;
        let mut without_texts: HashSet<&str> = ids.iter().copied().collect();
        let mut bytes = 0;
        while let Some(text) = texts.next().await? {
            let building_id = text.building_id()?;
            if analysis.reading.as_deref() != Some(building_id) {
                analysis.end_building(counter);
                if !analysis.analysed.is_empty() && self.pace.is_over() {
                    return texts.drain().await;
                }
                analysis.reading = Some(building_id.to_owned());
                without_texts.remove(building_id);
            }
            let body = text.body()?;
            counter.add(body);
            bytes += body.len();
            if bytes >= BYTES_BEFORE_YIELD {
                bytes = 0;
                tokio::task::yield_now().await;
            }
        }
        analysis.end_building(counter);
        analysis
            .analysed
            .extend(without_texts.into_iter().map(|id| AnalysedBuilding {
                building_id: id.to_owned(),
                counts: Ok(Counts::default()),
            }));
        Ok(())
    }
}

impl BatchCost {
    fn of(took: Duration, analysed: &[AnalysedBuilding]) -> Self {
        let counts = analysed
            .iter()
            .filter_map(|building| building.counts.as_ref().ok());
        let (texts, bytes) = counts.fold((0, 0), |(texts, bytes), counts| {
            (texts + counts.documents, bytes + size_in_memory(counts))
        });
        Self { took, texts, bytes }
    }
}

/// Returns the bytes of a building's terms.
fn size_in_memory(counts: &Counts) -> usize {
    let terms = counts.terms.iter();
    terms.map(|term| size_of_val(term) + term.term.capacity()).sum()
}

/// The outcome of reading a batch.
#[derive(Default)]
struct BatchAnalysis {
    analysed: Vec<AnalysedBuilding>,
    /// The building that is being read.
    reading: Option<String>,
    /// The reason for which reading failed.
    failure: Option<anyhow::Error>,
}

impl BatchAnalysis {
    fn end_building(&mut self, counter: &mut BuildingCounter<'_>) {
        if let Some(building_id) = self.reading.take() {
            let counts = counter.finish();
            self.analysed.push(AnalysedBuilding { building_id, counts });
        }
    }

    /// Returns whether the building was analysed, or was being read when reading failed.
    fn has_reached(&self, id: &str) -> bool {
        self.reading.as_deref() == Some(id) || self.analysed.iter().any(|building| building.building_id == id)
    }
}

/// Counts the texts of one building after another.
struct BuildingCounter<'a> {
    function: &'a StatAnalysis,
    worker: Worker<'a>,
    counter: TermCounter,
    failure: Option<String>,
}

impl<'a> BuildingCounter<'a> {
    fn new(function: &'a StatAnalysis) -> Self {
        Self {
            function,
            worker: function.analyser.worker(),
            counter: TermCounter::default(),
            failure: None,
        }
    }

    /// Counts a text. A panic of the analyser fails this building and no other.
    fn add(&mut self, text: &str) {
        if self.failure.is_some() {
            return;
        }
        let vocabulary = &self.function.vocabulary;
        let add = || self.counter.add(&mut self.worker, vocabulary, text);
        if catch_unwind(AssertUnwindSafe(add)).is_err() {
            self.failure = Some("the analyser panicked".to_owned());
            // The panic left them in an unknown state.
            self.worker = self.function.analyser.worker();
            self.counter = TermCounter::default();
        }
    }

    /// Returns the building's counts, or the reason why there are none, and begins the next building.
    fn finish(&mut self) -> Result<Counts, String> {
        let counts = self.counter.finish(&self.function.vocabulary);
        self.failure.take().map_or(Ok(counts), Err)
    }
}
