//! TLS as `sslmode` and the CA file require, and rotated passwords.

use lambda_core::variables::Variables;
use local_stack::certificate::{Certificate, certificate_for};
use local_stack::{Moto, PostgresServer};
use postgres_session::{Database, DatabaseSettings};
use std::path::PathBuf;
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
        .load()
        .await;
    let client = Database::new(settings, &sdk).connect().await?;
    client.execute("select 1", &[]).await?;
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
    let url = format!(
        "{url}?sslmode=verify-full&sslrootcert={}",
        ca_file(certificate).display()
    );
    connect(&[("DATABASE_URL", &url)]).await.unwrap();
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
    database.connect().await.unwrap();
    postgres.set_password("nightshift", "new").await.unwrap();
    let refused = format!("{:#}", database.connect().await.unwrap_err());
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert!(!refused.contains("old"), "{refused}");
    moto.put_secret("database", &secret("new")).await.unwrap();
    database.connect().await.unwrap();
}
