//! What the function returns.

use jiff::civil::Date;
use serde::Serialize;
use stat_ledger::run::Run;
use uuid::Uuid;

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To an event that asks for a month.
    Month(MonthAnswer),
    /// To a resume.
    Resume {
        /// One for each open run, the oldest first.
        resumed: Vec<MonthAnswer>,
    },
}

/// How the month stands.
#[derive(Debug, Serialize)]
pub struct MonthAnswer {
    run_id: Uuid,
    state: &'static str,
    period: PeriodAnswer,
    buildings: BuildingChanges,
    tasks: i64,
    invoked: usize,
}

#[derive(Debug, Serialize)]
struct PeriodAnswer {
    id: String,
    start: Date,
    end: Date,
}

/// What the synchronisation of the buildings changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BuildingChanges {
    /// Buildings that were not known.
    pub added: i64,
    /// Buildings with another name, opened again, or with another closing day.
    pub changed: i64,
    /// Buildings that were open and now have a closing day.
    pub closed: i64,
}

impl MonthAnswer {
    /// `invoked` is the number of tasks that Lambda accepted in this call.
    pub fn new(run: &Run, buildings: BuildingChanges, invoked: usize) -> Self {
        Self {
            run_id: run.id,
            state: run.state.as_str(),
            period: PeriodAnswer {
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
