//! TLS as `sslmode` and the CA file require, and rotated passwords.

use std::path::PathBuf;

use lambda_core::variables::Variables;
use local_stack::certificate::{Certificate, certificate_for};
use local_stack::{Moto, PostgresServer};
use postgres_session::{Database, DatabaseSettings};
use tokio::sync::OnceCell;

static CERTIFICATE: OnceCell<Certificate> = OnceCell::const_new();
static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

/// Returns a server that accepts only TLS, with a certificate for "localhost" and not for 127.0.0.1.
async fn tls_server() -> (&'static PostgresServer, &'static Certificate) {
    let certificate = CERTIFICATE
        .get_or_try_init(|| async { certificate_for(&["localhost"]) })
        .await
        .unwrap();
    let postgres = POSTGRES
        .get_or_try_init(|| PostgresServer::start_with_tls(certificate))
        .await
        .unwrap();
    (postgres, certificate)
}

async fn connect(variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let variables: Variables = variables.iter().copied().collect();
    let settings = DatabaseSettings::from_variables(&variables);
    let settings = variables.finish(|| settings)?;
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("ap-northeast-2")
        .test_credentials()
        .load()
        .await;
    let mut session = Database::new(settings, &sdk).session().await?;
    session.begin().await?.execute("select 1", &[]).await?;
    Ok(())
}

/// Writes the CA of the server's certificate to a file.
fn ca_file(certificate: &Certificate) -> PathBuf {
    let path = std::env::temp_dir().join(format!("nightshift-ca-{}.pem", uuid::Uuid::new_v4()));
    std::fs::write(&path, &certificate.authority).unwrap();
    path
}

async fn check(host: &str, mode: Option<&str>, with_ca: bool, expected_error: Option<&str>) {
    let (postgres, certificate) = tls_server().await;
    let url = postgres.url("postgres").replace("127.0.0.1", host);
    let url = match mode {
        Some(mode) => format!("{url}?sslmode={mode}"),
        None => url,
    };
    let ca = ca_file(certificate).display().to_string();
    let mut variables = vec![("DATABASE_URL", url.as_str())];
    if with_ca {
        variables.push(("DATABASE_CA_FILE", &ca));
    }
    match (connect(&variables).await, expected_error) {
        (Ok(()), None) => {}
        (Err(error), Some(expected)) => {
            let message = format!("{error:#}");
            assert!(message.contains(expected), "{host} {mode:?} {with_ca}: {message}");
        }
        (outcome, expected) => panic!("{host} {mode:?} {with_ca}: {outcome:?}, expected {expected:?}"),
    }
}

#[tokio::test]
async fn prefer_and_require_encrypt_without_a_check_of_the_certificate() {
    check("localhost", None, false, None).await;
    check("localhost", Some("prefer"), false, None).await;
    check("localhost", Some("require"), false, None).await;
}

#[tokio::test]
async fn disable_connects_without_tls() {
    check("localhost", Some("disable"), false, Some("could not connect")).await;
}

#[tokio::test]
async fn verify_full_checks_authority_and_name() {
    let untrusted = Some("invalid peer certificate");
    check("localhost", Some("verify-full"), true, None).await;
    check("127.0.0.1", Some("verify-full"), true, Some("not valid for")).await;
    check("localhost", Some("verify-full"), false, untrusted).await;
}

#[tokio::test]
async fn verify_ca_checks_the_authority_only() {
    let untrusted = Some("invalid peer certificate");
    check("localhost", Some("verify-ca"), true, None).await;
    check("127.0.0.1", Some("verify-ca"), true, None).await;
    check("127.0.0.1", Some("verify-ca"), false, untrusted).await;
}

#[tokio::test]
async fn a_ca_file_without_a_mode_implies_verify_full() {
    check("localhost", None, true, None).await;
    check("127.0.0.1", None, true, Some("not valid for")).await;
}

#[tokio::test]
async fn sslrootcert_in_the_url_is_a_ca_file() {
    let (postgres, certificate) = tls_server().await;
    let url = postgres.url("postgres").replace("127.0.0.1", "localhost");
    let file = ca_file(certificate).display().to_string();
    for file in [file.clone(), file.replace('/', "%2F")] {
        let url = format!("{url}?sslmode=verify-full&sslrootcert={file}");
        connect(&[("DATABASE_URL", &url)]).await.unwrap();
    }
}

#[tokio::test]
async fn sslrootcert_system_trusts_the_systems_authorities() {
    let (postgres, _) = tls_server().await;
    let url = postgres.url("postgres").replace("127.0.0.1", "localhost");
    let error = connect(&[("DATABASE_URL", &format!("{url}?sslrootcert=system"))]).await;
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn connects_with_the_options_of_common_providers() {
    let (postgres, _) = tls_server().await;
    let url = postgres.url("postgres").replace("127.0.0.1", "localhost");
    for options in [
        "sslmode=require&channel_binding=prefer",
        "sslmode=require&supa=base-pooler.x",
        "sslmode=require&pgbouncer=true&connection_limit=1&schema=public",
        "gssencmode=disable&target_session_attrs=primary",
    ] {
        connect(&[("DATABASE_URL", &format!("{url}?{options}"))])
            .await
            .unwrap();
    }
}

/// The server checks passwords, so it refuses every token: with the words that RDS's administrator needs.
#[tokio::test]
async fn a_refused_iam_token_names_the_grants() {
    let (postgres, _) = tls_server().await;
    postgres.create_role("iam", "no token").await.unwrap();
    let url = postgres
        .url("postgres")
        .replace("127.0.0.1", "localhost")
        .replace("postgres@", "iam@");
    let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_AUTH", "iam")];
    let error = format!("{:#}", connect(&variables).await.unwrap_err());
    assert!(
        error.contains("grant rds_iam") && error.contains("rds-db:connect"),
        "{error}"
    );
    let plain = format!("{url}?sslmode=disable");
    let variables = [("DATABASE_URL", plain.as_str()), ("DATABASE_AUTH", "iam")];
    let error = format!("{:#}", connect(&variables).await.unwrap_err());
    assert!(error.contains("DATABASE_AUTH=iam needs TLS"), "{error}");
}

#[test]
fn reports_every_faulty_variable_of_the_connection() {
    let variables: Variables = [
        ("DATABASE_URL", "postgres://u:hunter2@db/x?sslmod=require"),
        ("DATABASE_AUTH", "iam"),
        ("DATABASE_CREDENTIALS_SECRET", "database"),
        ("DATABASE_SCHEMA", "a, b"),
    ]
    .into_iter()
    .collect();
    let settings = DatabaseSettings::from_variables(&variables);
    let error = variables.finish(|| settings).unwrap_err().to_string();
    for expected in [
        "the option sslmod is unknown",
        "uses none: remove one",
        "DATABASE_SCHEMA is malformed",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn the_error_names_a_missing_ca_file() {
    let (postgres, _) = tls_server().await;
    let url = postgres.url("postgres");
    let error = connect(&[("DATABASE_URL", &url), ("DATABASE_CA_FILE", "/nowhere/ca.pem")])
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("could not read the certificates in /nowhere/ca.pem"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_rotated_password_is_read_again() {
    let postgres = PostgresServer::start_own().await.unwrap();
    let moto = Moto::start().await.unwrap();
    postgres.create_role("nightshift", "old").await.unwrap();
    let secret = |password: &str| format!(r#"{{"username": "nightshift", "password": "{password}"}}"#);
    moto.put_secret("database", &secret("old")).await.unwrap();
    let url = postgres.url("postgres");
    let variables: Variables = [
        ("DATABASE_URL", url.as_str()),
        ("DATABASE_CREDENTIALS_SECRET", "database"),
    ]
    .into_iter()
    .collect();
    let settings = DatabaseSettings::from_variables(&variables).unwrap();
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("ap-northeast-2")
        .endpoint_url(moto.endpoint())
        .test_credentials()
        .load()
        .await;
    let database = Database::new(settings, &sdk);
    database.session().await.unwrap();
    postgres.set_password("nightshift", "new").await.unwrap();
    let refused = format!("{:#}", database.session().await.err().unwrap());
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert!(!refused.contains("old"), "{refused}");
    moto.put_secret("database", &secret("new")).await.unwrap();
    database.session().await.unwrap();
}
