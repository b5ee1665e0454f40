//! The check event: the connection, the two relations, rights, pooling and plans.

use anyhow::Context;
use jiff::Timestamp;
use lambda_core::check::Check;
use postgres_session::Session;
use stat_ledger::checks;
use stat_ledger::period::Period;
use stat_ledger::sources::SOURCES;

use super::StatPrep;
use crate::adapters::postgres::plan;

const PLAN: &str = "plan of the month's count";

impl StatPrep {
    pub(super) async fn make_checks(&self, now: Timestamp) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Some(mut session) = checks::sign_in(&self.database, &mut checks).await {
            self.check_session(&mut session, now, &mut checks).await;
        }
        checks.push(Check::not_tried(
            "invocation of stat-analysis",
            "every accepted invocation starts work",
        ));
        if self.warnings.is_some() {
            checks.push(Check::not_tried(
                "warnings topic",
                "a publication would be a mail",
            ));
        }
        checks
    }

    async fn check_session(&self, session: &mut Session, now: Timestamp, checks: &mut Vec<Check>) {
        let zone = &self.config.time_zone;
        checks.push(checks::check_schema(session).await);
        let mut is_readable = true;
        for source in &SOURCES {
            let check = checks::check_source(session, source, zone).await;
            is_readable &= check.ok == Some(true);
            checks.push(check);
        }
        checks.push(if is_readable {
            let period = Period::before(now, zone).context("the clock is outside the calendar");
            let outcome = match period {
                Ok(period) => self.check_plan(session, period).await,
                Err(error) => Err(error),
            };
            Check::of(PLAN, outcome)
        } else {
            Check::not_tried(PLAN, "a view is missing or unreadable")
        });
    }

    /// A slow plan is no fault: the month is computed all the same.
    async fn check_plan(&self, session: &mut Session, period: Period) -> anyhow::Result<String> {
        let (starts_at, ends_at) = period.instants(&self.config.time_zone)?;
        let transaction = session.begin().await?;
        let warnings = plan::warnings(&transaction, starts_at, ends_at).await?;
        if warnings.is_empty() {
            return Ok("scans no table of more than a million rows completely".to_owned());
        }
        Ok(format!("slow: {}", warnings.join("; ")))
    }
}
