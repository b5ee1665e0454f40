//! Handles a task's event: analyses its buildings, or, for task 0, writes and mails the report.

mod analysis;
mod batch_size;
mod building_writer_queue;
mod checks;
mod pace;
mod report;
mod report_files;

use std::time::Duration;

use anyhow::Context;
use ko_morph::{Analyser, UserDictionary, UserDictionaryError};
use lambda_core::aws;
use lambda_core::check::Check;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::run::{ErrorType, Handler};
use lambda_core::variables::Variables;
use postgres_session::Database;
use serde_json::Value;
use stat_ledger::fence::WriteError;
use stat_ledger::task::{self, ClaimOutcome, ForeignAnalyser, REPORT};
use uuid::Uuid;

use crate::adapters::dictionary;
use crate::adapters::s3::S3;
use crate::adapters::sns::Topic;
use crate::adapters::word_file::WordLists;
use crate::config::Config;
use crate::event::TaskEvent;
use crate::function_response::{FunctionResponse, SkipReason};
use crate::statistics::stop_words::{self, StopWords};
use crate::statistics::term;
use crate::statistics::term_list::{self, TermList};
use crate::statistics::vocabulary::{self, Vocabulary};

/// The user dictionary for building management that ships with the function.
const SHIPPED_USER_DICTIONARY: &str = include_str!("../data/building-management.csv");

/// The function, built at cold start.
pub struct StatAnalysis {
    config: Config,
    database: Database,
    s3: S3,
    topic: Topic,
    invoker: Invoker,
    analyser: Analyser,
    vocabulary: Vocabulary,
}

impl Handler for StatAnalysis {
    type Event = Value;
    type Response = FunctionResponse;

    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<ForeignAnalyser>("ForeignAnalyser"),
        ErrorType::of::<tokio_postgres::Error>("DatabaseError"),
        ErrorType::any("StatAnalysisError"),
    ];

    /// Claims the task and does its work.
    ///
    /// An error means that AWS tries again, with the same request id, which takes the claim over and
    /// continues from the state in the ledger. Doubled and late events are skipped with a reason: they never
    /// do harm and never succeed by being tried again.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<FunctionResponse> {
        let event = TaskEvent::parse(&event)?;
        match self.claim_and_do(event, &invocation).await {
            Ok(response) => Ok(response),
            Err(WriteError::Superseded) => Ok(skip(event, SkipReason::Superseded)),
            Err(WriteError::TakenOver) => Ok(skip(event, SkipReason::Claimed)),
            Err(WriteError::Failed(error)) => Err(error),
        }
    }

    async fn checks(&self, _invocation: &Invocation) -> Vec<Check> {
        // Boxed: the compiler limits how deeply futures are nested.
        Box::pin(self.make_checks()).await
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

impl StatAnalysis {
    /// Reads the configuration, the dictionary and the word lists, and builds the clients.
    ///
    /// # Errors
    /// When a variable is missing or malformed, or a dictionary or list cannot be read.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        let sdk = aws::sdk_config().await;
        let s3 = S3::new(&sdk, config.bucket.clone(), config.bucket_in_path);
        let words = WordLists::read(&s3, &config.user_dictionary, SHIPPED_USER_DICTIONARY)
            .await
            .context("USER_DICTIONARY")?;
        let user_dictionary = user_dictionary(&words).context("USER_DICTIONARY is malformed")?;
        let (stop_words, terms) = read_terms(&s3, &config).await?;
        let dictionary = dictionary::open(config.dictionary.as_deref())?;
        let analyser = vocabulary::analyser(dictionary, user_dictionary, &terms)
            .context("could not use the words of TERMS")?;
        let vocabulary = Vocabulary::new(stop_words, terms, &mut analyser.worker());
        Ok(Self {
            analyser,
            vocabulary,
            database: Database::new(config.database.clone(), &sdk),
            topic: Topic::new(&sdk, config.topic.clone()),
            invoker: Invoker::new(&sdk),
            s3,
            config,
        })
    }
}

impl StatAnalysis {
    async fn claim_and_do(
        &self,
        event: TaskEvent,
        invocation: &Invocation,
    ) -> Result<FunctionResponse, WriteError> {
        let TaskEvent { run_id, task, .. } = event;
        let version = self.analyser_version();
        let analyser = (task != REPORT).then_some(version.as_str());
        let mut session = self.database.session().await?;
        let time_left = invocation.deadline.remaining();
        match task::claim(
            &mut session,
            run_id,
            task,
            &invocation.request_id,
            time_left,
            analyser,
        )
        .await?
        {
            ClaimOutcome::Granted(claim, run) if task == REPORT => {
                self.report(session, claim, &run, invocation.deadline).await
            }
            ClaimOutcome::Granted(claim, run) => self.analyse(session, claim, &run, event, invocation).await,
            ClaimOutcome::Busy => Err(WriteError::TakenOver),
            ClaimOutcome::Superseded => Err(WriteError::Superseded),
            ClaimOutcome::Done { report_is_queued } => {
                if report_is_queued {
                    self.invoke_report(run_id, invocation).await?;
                }
                Ok(skip(event, SkipReason::Done))
            }
        }
    }

    /// Returns the version that a run's first task pins: everything that decides which terms a text has.
    fn analyser_version(&self) -> String {
        format!(
            "{}, {}, rules {}",
            self.analyser.version(),
            self.vocabulary.version(),
            term::RULES
        )
    }

    /// Invokes the report. It may be invoked any number of times; its claim lets one take effect.
    async fn invoke_report(&self, run_id: Uuid, invocation: &Invocation) -> anyhow::Result<()> {
        let function = self.config.analysis_functions.for_task(REPORT);
        let event = TaskEvent::new(run_id, REPORT).to_json();
        self.invoker
            .invoke_event(function, &event, invocation.deadline)
            .await
            .with_context(|| format!("could not invoke the report of run {run_id}"))
    }
}

/// Joins the shipped words and the user's own. Of a word that both have, the own line counts.
fn user_dictionary(words: &WordLists) -> Result<UserDictionary, UserDictionaryError> {
    let shipped = UserDictionary::parse(words.shipped)?;
    Ok(shipped.extended_by(UserDictionary::parse(&words.own)?))
}

async fn read_terms(s3: &S3, config: &Config) -> anyhow::Result<(StopWords, TermList)> {
    let stop_words = WordLists::read(s3, &config.stop_words, stop_words::SHIPPED)
        .await
        .context("STOP_WORDS")?;
    let terms = WordLists::read(s3, &config.terms, term_list::SHIPPED)
        .await
        .context("TERMS")?;
    Ok((
        StopWords::parse(stop_words.shipped, &stop_words.own),
        TermList::parse(terms.shipped, &terms.own).context("TERMS is malformed")?,
    ))
}

fn skip(event: TaskEvent, reason: SkipReason) -> FunctionResponse {
    tracing::info!(
        run.id = %event.run_id,
        task = event.task,
        "skipped task {} of run {}: {reason}",
        event.task,
        event.run_id
    );
    FunctionResponse::Skipped { skipped: reason }
}
