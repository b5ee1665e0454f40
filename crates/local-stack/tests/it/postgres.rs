//! Ephemeral cluster, through tokio-postgres.

use local_stack::PostgresServer;
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn databases_are_empty_separate_and_utf8() {
    let server = PostgresServer::start_own().await.unwrap();
    let first = server.create_database("test").await.unwrap();
    let second = server.create_database("test").await.unwrap();
    assert_ne!(first, second);
    let client = connect(&first).await.unwrap();
    client
        .batch_execute("CREATE TABLE t (word text); INSERT INTO t VALUES ('한국어')")
        .await
        .unwrap();
    let row = client
        .query_one(
            "SELECT word, length(word), current_setting('server_encoding') FROM t",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, i32>(1), row.get::<_, &str>(2)),
        ("한국어", 3, "UTF8")
    );
    assert!(
        connect(&second)
            .await
            .unwrap()
            .query("SELECT * FROM t", &[])
            .await
            .is_err()
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn keeps_committed_data_through_a_crash() {
    let server = PostgresServer::start_own().await.unwrap();
    let url = server.create_database("test").await.unwrap();
    let client = connect(&url).await.unwrap();
    client
        .batch_execute("CREATE TABLE t AS SELECT 1 AS n")
        .await
        .unwrap();

    server.stop().await.unwrap();
    assert!(client.query("SELECT 1", &[]).await.is_err());
    assert!(connect(&url).await.is_err());

    server.restart().await.unwrap();
    let client = connect(&url).await.unwrap();
    assert_eq!(
        client
            .query_one("SELECT n FROM t", &[])
            .await
            .unwrap()
            .get::<_, i32>(0),
        1
    );
}

#[tokio::test]
async fn a_role_needs_its_password() {
    let server = PostgresServer::start_own().await.unwrap();
    let url = server.create_database("test").await.unwrap();
    let database = url.rsplit_once('/').unwrap().1;
    server.create_role("app", "it's old").await.unwrap();
    connect(&server.url_as("app", "it's old", database))
        .await
        .unwrap();

    server.set_password("app", "new").await.unwrap();
    let refused = connect(&server.url_as("app", "it's old", database))
        .await
        .err()
        .unwrap();
    assert_eq!(
        refused.code(),
        Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD)
    );
    connect(&server.url_as("app", "new", database)).await.unwrap();
}

#[tokio::test]
async fn created_databases_are_removed_from_an_existing_server() {
    let existing = PostgresServer::start_own().await.unwrap();
    let given = PostgresServer::at(&existing.url("postgres"));
    let url = given.create_database("test").await.unwrap();
    let open = connect(&url).await.unwrap();
    assert!(
        given.stop().await.is_err(),
        "an existing server cannot be stopped"
    );
    given.shutdown().await.unwrap();
    assert!(connect(&url).await.is_err());
    assert!(open.query("SELECT 1", &[]).await.is_err());
}
