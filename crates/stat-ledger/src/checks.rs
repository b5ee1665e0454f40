//! Checks of the database for the check event, which both functions of the month answer. None of them writes.

use anyhow::bail;
use jiff::tz::TimeZone;
use lambda_core::check::Check;
use postgres_session::{Database, Session, is_answer_of_the_server};

use crate::rights::{MissingTableRights, Rights, ServerConnection};
use crate::sources::Source;

const REACHABLE: &str = "database reachable";
const SIGN_IN: &str = "sign-in to the database";

/// Checks address, credentials, reachability and sign-in, and the mode of a pooler in between. Returns the connection
/// if there is one.
pub async fn sign_in(database: &Database, checks: &mut Vec<Check>) -> Option<Session> {
    let address = "address and credentials of the database";
    let host = match database.host().await {
        Ok(host) => host,
        Err(error) => {
            checks.push(Check::failed(address, format!("{error:#}")));
            return None;
        }
    };
    checks.push(Check::passed(address, format!("for the database at {host}")));
    match database.session().await {
        Ok(mut session) => {
            checks.push(Check::passed(REACHABLE, format!("connected to {host}")));
            checks.push(Check::of(SIGN_IN, server_version(&mut session).await));
            checks.push(Check::of("pooling mode", pooling_mode(&mut session).await));
            return Some(session);
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
    None
}

/// Checks that the ledger's tables exist in the schema or can be created there.
pub async fn check_schema(session: &mut Session) -> Check {
    let check = async {
        let transaction = session.begin().await?;
        let rights = Rights::read(&transaction).await?;
        match rights.missing_grant() {
            Some(grant) => bail!(grant),
            None => Ok(rights.summary()),
        }
    };
    Check::of("rights in the schema", check.await)
}

/// Checks that the ledger's tables can be read and written. Before the first event of `stat-prep` there are none.
pub async fn check_tables(session: &mut Session) -> Check {
    let name = "rights on the tables";
    let read = async {
        let transaction = session.begin().await?;
        anyhow::Ok(MissingTableRights::read(&transaction).await?)
    };
    match read.await {
        Err(error) => Check::failed(name, format!("{error:#}")),
        Ok(None) => Check::not_tried(name, "stat-prep creates the tables with its first event"),
        Ok(Some(missing)) => match missing.grant() {
            Some(grant) => Check::failed(name, grant),
            None => Check::passed(name, "may read and write our tables"),
        },
    }
}

/// Checks that a view exists, can be read and has the types that the queries rely on.
pub async fn check_source(session: &mut Session, source: &Source, zone: &TimeZone) -> Check {
    let check = async {
        let transaction = session.begin().await?;
        source.check(&transaction, zone).await?;
        Ok("has the expected columns and can be read")
    };
    Check::of(format!("view {}", source.relation), check.await)
}

async fn server_version(session: &mut Session) -> anyhow::Result<String> {
    let transaction = session.begin().await?;
    let server = ServerConnection::read(&transaction).await?;
    Ok(format!("PostgreSQL {}", server.version))
}

async fn pooling_mode(session: &mut Session) -> anyhow::Result<&'static str> {
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
