//! From a task's number to its results, and from the last one to the report.

mod analysis;
mod report;

use anyhow::Context;
use ko_morph::{Analyser, UserDictionary};
use lambda_core::aws;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::run::Handler;
use lambda_core::variables::Variables;
use serde_json::Value;
use stat_ledger::analysis_functions::task_event;
use stat_ledger::database::Database;
use stat_ledger::fence::Lost;
use stat_ledger::task::{self, Claimed, ForeignAnalyser, REPORT};
use std::time::Duration;
use uuid::Uuid;

use crate::adapters::dictionary;
use crate::adapters::s3::S3;
use crate::adapters::sns::Topic;
use crate::adapters::word_file;
use crate::answer::{Answer, Skipped};
use crate::config::Config;
use crate::event::Event;
use crate::stop_words::{self, StopWords};
use crate::term;

/// The list that comes with the function.
const SHIPPED_USER_DICTIONARY: &str = include_str!("../data/building-management.csv");

/// Built at cold start.
pub struct StatAnalysis {
    config: Config,
    database: Database,
    s3: S3,
    topic: Topic,
    invoker: Invoker,
    analyser: Analyser,
    stop_words: StopWords,
}

impl StatAnalysis {
    /// Reads the configuration, the dictionary and the word lists, and makes the clients.
    ///
    /// # Errors
    /// For a wrong configuration, or a list that cannot be read.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        let sdk = aws::sdk_config().await;
        let s3 = S3::new(&sdk, config.bucket.clone(), config.bucket_in_path);
        let words = word_file::read(&s3, &config.user_dictionary, SHIPPED_USER_DICTIONARY)
            .await
            .context("USER_DICTIONARY")?;
        let user_dictionary = UserDictionary::parse(&words).context("USER_DICTIONARY is malformed")?;
        let stop_words = word_file::read(&s3, &config.stop_words, stop_words::SHIPPED)
            .await
            .context("STOP_WORDS")?;
        Ok(Self {
            analyser: Analyser::new(dictionary::open(config.dictionary.as_deref())?, user_dictionary),
            stop_words: StopWords::parse(&stop_words),
            database: Database::new(config.database.clone(), &sdk),
            topic: Topic::new(&sdk, config.topic.clone()),
            invoker: Invoker::new(&sdk),
            s3,
            config,
        })
    }

    /// What a run's first task pins: everything that decides which terms a text has.
    fn analyser_version(&self) -> String {
        format!(
            "{}, stop words {}, rules {}",
            self.analyser.version(),
            self.stop_words.version(),
            term::RULES
        )
    }

    async fn work(&self, event: Event, invocation: &Invocation) -> anyhow::Result<Answer> {
        let Event { run_id, task, hop } = event;
        let version = self.analyser_version();
        let analyser = (task != REPORT).then_some(version.as_str());
        let mut client = self.database.connect().await?;
        let left = invocation.deadline.left();
        match task::claim(&mut client, run_id, task, &invocation.request_id, left, analyser).await? {
            Claimed::Granted(claim, run) if task == REPORT => {
                self.report(client, claim, &run, invocation.deadline).await
            }
            Claimed::Granted(claim, run) => self.analyse(client, claim, &run, hop, invocation).await,
            Claimed::Busy => Ok(Answer::Skipped {
                skipped: Skipped::Claimed,
            }),
            Claimed::Superseded => Ok(Answer::Skipped {
                skipped: Skipped::Superseded,
            }),
            Claimed::Done { report_waits } => {
                if report_waits {
                    self.hand_out_report(run_id, invocation).await?;
                }
                Ok(Answer::Skipped {
                    skipped: Skipped::Done,
                })
            }
        }
    }

    /// Any number of invocations of the report may happen; its claim lets one take effect.
    async fn hand_out_report(&self, run_id: Uuid, invocation: &Invocation) -> anyhow::Result<()> {
        let function = self.config.analysis_functions.of_task(REPORT);
        let event = task_event(run_id, REPORT);
        self.invoker
            .hand_out(function, &event, invocation.deadline)
            .await
            .context("could not hand out the report")
    }
}

impl Handler for StatAnalysis {
    type Answer = Answer;

    /// Works on the task, if it is not somebody else's.
    ///
    /// An error means that AWS tries again, with the same request id, which takes the claim over and goes
    /// on where the ledger says. Doubled and late events are skipped with a reason: they never do harm and
    /// never succeed by being tried again.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        let event = Event::parse(&event)?;
        match self.work(event, &invocation).await {
            Err(error) => match error.downcast_ref::<Lost>() {
                Some(Lost::Superseded) => Ok(Answer::Skipped {
                    skipped: Skipped::Superseded,
                }),
                Some(Lost::TakenOver) => Ok(Answer::Skipped {
                    skipped: Skipped::Claimed,
                }),
                None => Err(error),
            },
            answer => answer,
        }
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.is::<ForeignAnalyser>() {
            "ForeignAnalyser"
        } else if error.chain().any(|cause| cause.is::<tokio_postgres::Error>()) {
            "DatabaseError"
        } else {
            "StatAnalysisError"
        }
    }
}
