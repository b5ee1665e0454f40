//! Settings of a transaction, and tables in a schema of their own.

use local_stack::PostgresServer;
use local_stack::postgres::connect;
use postgres_session::Session;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

/// Returns a session in a new database after `preparation` by another connection, which is returned too.
async fn session(schema: Option<&str>, preparation: &str) -> (Session, Client) {
    let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
    let url = postgres.create_database("session").await.unwrap();
    let sql = connect(&url).await.unwrap();
    let database = url.rsplit_once('/').unwrap().1;
    sql.batch_execute(&preparation.replace("DATABASE", database))
        .await
        .unwrap();
    let schema = schema.map(|name| name.parse().unwrap());
    (Session::new(connect(&url).await.unwrap(), schema), sql)
}

/// Returns a setting inside a transaction of the session.
async fn setting(session: &mut Session, name: &str) -> String {
    let transaction = session.begin().await.unwrap();
    let row = transaction
        .query_one("select current_setting($1)", &[&name])
        .await
        .unwrap();
    row.get(0)
}

#[tokio::test]
async fn the_timeouts_of_role_and_database_do_not_apply() {
    let impatient = "alter database \"DATABASE\" set statement_timeout = '2s';
                     alter database \"DATABASE\" set timezone = 'Asia/Seoul'";
    let (mut session, _) = session(None, impatient).await;
    assert_eq!(setting(&mut session, "statement_timeout").await, "15min");
    assert_eq!(setting(&mut session, "timezone").await, "UTC");
    let idle = "idle_in_transaction_session_timeout";
    assert_eq!(setting(&mut session, idle).await, "90s");
}

#[tokio::test]
async fn our_tables_are_in_the_schema_and_the_views_are_found_by_the_search_path() {
    let preparation = "create schema \"night-shift\"; create view stat_source_building as select 7 as id";
    let (mut session, sql) = session(Some("night-shift"), preparation).await;
    let transaction = session.begin().await.unwrap();
    let create = "create table stat_run as select id from stat_source_building";
    transaction.batch_execute(create).await.unwrap();
    transaction.commit().await.unwrap();
    let row = sql
        .query_one("select id from \"night-shift\".stat_run", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    assert_eq!(
        setting(&mut session, "search_path").await,
        "\"night-shift\", \"$user\", public"
    );
}

#[tokio::test]
async fn an_empty_search_path_stays_valid() {
    let preparation = "create schema stats; alter database \"DATABASE\" set search_path = ''";
    let (mut session, _) = session(Some("stats"), preparation).await;
    let path = setting(&mut session, "search_path").await;
    assert!(path.starts_with("\"stats\""), "{path}");
}

#[tokio::test]
async fn without_a_schema_the_search_path_is_the_roles_own() {
    let (mut session, _) = session(None, "select").await;
    assert_eq!(setting(&mut session, "search_path").await, "\"$user\", public");
}

#[tokio::test]
async fn a_missing_schema_is_an_error_with_the_statement_that_creates_it() {
    let (mut session, _) = session(Some("stats"), "select").await;
    let error = session.begin().await.err().unwrap().to_string();
    assert!(error.contains("create schema \"stats\" authorization"), "{error}");
}
