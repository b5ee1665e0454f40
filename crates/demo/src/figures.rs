//! How long it took, and how much it was.

use std::time::Duration;

use anyhow::Result;
use local_stack::MonthStack as Surroundings;
use uuid::Uuid;

use super::{
    ledger,
    screen::{grouped, heading, labelled},
    stage::seconds,
};

/// The month in numbers.
pub struct Figures {
    wall: Duration,
    texts: i64,
    peak_memory: Option<u64>,
    term_rows: i64,
    keyword_rows: i64,
}

impl Figures {
    /// `wall` is the time from the schedule's event to the end of the last invocation.
    pub async fn measure(
        surroundings: &Surroundings,
        run_id: Uuid,
        texts: i64,
        wall: Duration,
    ) -> Result<Self> {
        Ok(Self {
            wall,
            texts,
            peak_memory: surroundings.emulator.peak_memory("stat-analysis"),
            term_rows: ledger::run_rows(&surroundings.sql, "stat_term", run_id).await?,
            keyword_rows: ledger::run_rows(&surroundings.sql, "stat_keyword", run_id).await?,
        })
    }

    /// Prints them.
    pub fn show(&self) {
        heading("Figures");
        let per_second = self.texts as f64 / self.wall.as_secs_f64();
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        labelled(
            "the month",
            &format!(
                "{} from the event to the mail, {} texts a second ({profile} profile)",
                seconds(self.wall),
                grouped(per_second.round())
            ),
        );
        if let Some(bytes) = self.peak_memory {
            let mib = bytes as f64 / f64::from(1 << 20);
            labelled(
                "memory",
                &format!("{mib:.1} MiB at most in one process of stat-analysis"),
            );
        }
        labelled(
            "rows",
            &format!(
                "{} in stat_term, {} in stat_keyword",
                grouped(self.term_rows),
                grouped(self.keyword_rows)
            ),
        );
    }
}
