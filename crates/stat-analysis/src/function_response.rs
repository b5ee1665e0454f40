//! The JSON that the function returns.

use std::fmt;

use serde::Serialize;
use stat_ledger::building::Tally;
use uuid::Uuid;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FunctionResponse {
    Task {
        run_id: Uuid,
        task: i32,
        /// The task's buildings, including those of earlier invocations.
        buildings: Buildings,
        /// Number of texts of the buildings that are done.
        documents: i64,
        morphemes: i64,
        /// `true` if another invocation continues the task.
        continued: bool,
    },
    Report {
        run_id: Uuid,
        state: &'static str,
        /// Key of the page in the bucket.
        html: String,
        /// Key of the workbook in the bucket.
        xlsx: String,
        /// Key of the CSV file with the terms in the bucket.
        csv: String,
        /// Key of the CSV file with the categories in the bucket.
        categories: String,
        /// SNS's id of the mail; null without a mail.
        message_id: Option<String>,
    },
    Skipped {
        skipped: SkipReason,
    },
}

/// Numbers of a task's buildings by state.
#[derive(Debug, Serialize)]
pub struct Buildings {
    done: i64,
    failed: i64,
    left: i64,
}

impl From<Tally> for Buildings {
    fn from(tally: Tally) -> Self {
        Self {
            done: tally.done,
            failed: tally.failed,
            left: tally.left,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SkipReason {
    Claimed,
    Done,
    Superseded,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Claimed => "another invocation holds its claim",
            Self::Done => "it has ended",
            Self::Superseded => "another run of the month is current",
        })
    }
}
