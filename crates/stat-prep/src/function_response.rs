//! The JSON that the function returns.

use jiff::civil::Date;
use serde::Serialize;
use stat_ledger::run::Run;
use uuid::Uuid;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FunctionResponse {
    Month(MonthResponse),
    Resume {
        /// One for each open run, the oldest first.
        resumed: Vec<MonthResponse>,
    },
    Skipped {
        /// Reason for which a scheduled resume did not connect.
        skipped: &'static str,
    },
}

#[derive(Debug, Serialize)]
pub struct MonthResponse {
    run_id: Uuid,
    state: &'static str,
    period: PeriodResponse,
    buildings: BuildingChanges,
    tasks: i64,
    invoked: usize,
}

#[derive(Debug, Serialize)]
struct PeriodResponse {
    id: String,
    start: Date,
    end: Date,
}

/// Numbers of buildings that a synchronisation with `stat_source_building` changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct BuildingChanges {
    pub(crate) added: i64,
    /// Buildings with another name, without their closing day, or with another one.
    pub(crate) changed: i64,
    /// Buildings that were open and now have a closing day.
    pub(crate) closed: i64,
}

impl MonthResponse {
    /// `invoked` is the number of tasks that Lambda accepted in this call.
    pub(crate) fn new(run: &Run, buildings: BuildingChanges, invoked: usize) -> Self {
        Self {
            run_id: run.id,
            state: run.state.as_str(),
            period: PeriodResponse {
                id: run.period.to_string(),
                start: run.period.start(),
                end: run.period.end(),
            },
            buildings,
            tasks: run.tasks,
            invoked,
        }
    }
}
