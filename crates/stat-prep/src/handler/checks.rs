//! The checks of `{"check":true}`: the connection, the two relations, rights, pooling and plans.

use anyhow::{Context, bail};
use jiff::Timestamp;
use lambda_core::check::Check;
use postgres_session::{Session, is_answer_of_the_server};
use stat_ledger::period::Period;

use super::StatPrep;
use crate::adapters::postgres::plan;
use crate::adapters::postgres::rights::{Rights, ServerConnection};
use crate::adapters::postgres::sources::{SOURCES, Source};

const REACHABLE: &str = "database reachable";
const SIGN_IN: &str = "sign-in to the database";
const RIGHTS: &str = "rights in the schema";
const POOLING: &str = "pooling mode";
const PLAN: &str = "plan of the month's count";

impl StatPrep {
    pub(super) async fn make_checks(&self, now: Timestamp) -> Vec<Check> {
        let mut checks = self.check_database(now).await;
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

    async fn check_database(&self, now: Timestamp) -> Vec<Check> {
        let address = "address and credentials of the database";
        let host = match self.database.host().await {
            Ok(host) => host,
            Err(error) => return vec![Check::failed(address, format!("{error:#}"))],
        };
        let mut checks = vec![Check::passed(address, format!("for the database at {host}"))];
        match self.database.session().await {
            Ok(mut session) => {
                checks.push(Check::passed(REACHABLE, format!("connected to {host}")));
                self.check_session(&mut session, now, &mut checks).await;
            }
            Err(error) if is_answer_of_the_server(&error) => {
                checks.push(Check::passed(REACHABLE, format!("{host} answered")));
                checks.push(Check::failed(SIGN_IN, format!("{error:#}")));
            }
            Err(error) => checks.push(Check::failed(
                REACHABLE,
                format!("{error:#}: check host and port, the security groups and the route from the subnets"),
            )),
        }
        checks
    }

    async fn check_session(&self, session: &mut Session, now: Timestamp, checks: &mut Vec<Check>) {
        let zone = &self.config.time_zone;
        checks.push(Check::of(SIGN_IN, check_sign_in(session).await));
        checks.push(Check::of(RIGHTS, check_rights(session).await));
        checks.push(Check::of(POOLING, check_pooling(session).await));
        let mut is_readable = true;
        for source in &SOURCES {
            let outcome = self.check_source(session, source).await;
            is_readable &= outcome.is_ok();
            checks.push(Check::of(format!("view {}", source.relation), outcome));
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

    async fn check_source(&self, session: &mut Session, source: &Source) -> anyhow::Result<&'static str> {
        let transaction = session.begin().await?;
        source.check(&transaction, &self.config.time_zone).await?;
        Ok("has the expected columns and can be read")
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

async fn check_sign_in(session: &mut Session) -> anyhow::Result<String> {
    let transaction = session.begin().await?;
    let server = ServerConnection::read(&transaction).await?;
    Ok(format!("PostgreSQL {}", server.version))
}

async fn check_rights(session: &mut Session) -> anyhow::Result<String> {
    let transaction = session.begin().await?;
    let rights = Rights::read(&transaction).await?;
    if let Some(grant) = rights.missing_grant() {
        bail!(grant);
    }
    Ok(rights.summary())
}

async fn check_pooling(session: &mut Session) -> anyhow::Result<&'static str> {
    let transaction = session.begin().await?;
    let first = ServerConnection::read(&transaction).await?;
    transaction.rollback().await?;
    let transaction = session.begin().await?;
    let second = ServerConnection::read(&transaction).await?;
    Ok(match first == second {
        true => {
            "two transactions ran on one connection of the server: direct, or a pooler with a free connection"
        }
        false => {
            "two transactions ran on two connections of the server: a pooler in transaction mode, which is supported"
        }
    })
}
