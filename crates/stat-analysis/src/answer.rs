//! What the function returns.

use serde::Serialize;
use uuid::Uuid;

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What a task has come to.
    Task {
        /// The run.
        run_id: Uuid,
        /// The task's number.
        task: i32,
        /// The task's buildings, also those of earlier invocations.
        buildings: Buildings,
        /// Texts of the buildings that are done.
        documents: i64,
        /// Morphemes of these texts.
        morphemes: i64,
        /// Whether another invocation goes on with the rest.
        continued: bool,
    },
    /// The report is written and, where it is wanted, mailed.
    Report {
        /// The run.
        run_id: Uuid,
        /// `done` or `partial`.
        state: &'static str,
        /// The CSV's key.
        csv: String,
        /// The page's key.
        html: String,
        /// SNS's id of the mail; null without a mail.
        message_id: Option<String>,
    },
    /// There was nothing to do.
    Skipped {
        /// Why.
        skipped: Skipped,
    },
}

/// How many of a task's buildings are in which state.
#[derive(Debug, Serialize)]
pub struct Buildings {
    /// Analysed and stored.
    pub done: i64,
    /// Given up after three attempts.
    pub failed: i64,
    /// Still to do.
    pub left: i64,
}

/// Why there was nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Skipped {
    /// Another invocation works on the task.
    Claimed,
    /// The task has ended.
    Done,
    /// Another run of the month counts now.
    Superseded,
}
