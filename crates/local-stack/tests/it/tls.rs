//! PostgreSQL behind TLS.

use std::sync::Arc;

use local_stack::{PostgresServer, certificate};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

fn trusting(authority: &str) -> MakeRustlsConnect {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_connects_with_its_password() {
    let certificate = certificate::certificate_for(&["localhost", "127.0.0.1"]).unwrap();
    let server = PostgresServer::start_with_tls(&certificate).await.unwrap();
    server.create_role("app", "secret").await.unwrap();
    let url = format!("{}?sslmode=require", server.url_as("app", "secret", "postgres"));
    let (client, connection) = tokio_postgres::connect(&url, trusting(&certificate.authority))
        .await
        .unwrap();
    tokio::spawn(connection);
    assert_eq!(
        client.query_one("SELECT 1", &[]).await.unwrap().get::<_, i32>(0),
        1
    );
}

#[tokio::test]
async fn a_client_with_another_authority_or_name_is_refused() {
    let names = [&["localhost", "127.0.0.1"][..], &["db.example.com"][..]];
    let [ours, elsewhere] = names.map(|names| certificate::certificate_for(names).unwrap());

    let server = PostgresServer::start_with_tls(&ours).await.unwrap();
    let url = format!("{}?sslmode=require", server.url("postgres"));
    assert!(
        tokio_postgres::connect(&url, trusting(&elsewhere.authority))
            .await
            .is_err()
    );
    assert!(
        tokio_postgres::connect(&server.url("postgres"), NoTls)
            .await
            .is_err()
    );

    let server = PostgresServer::start_with_tls(&elsewhere).await.unwrap();
    let url = format!("{}?sslmode=require", server.url("postgres"));
    assert!(
        tokio_postgres::connect(&url, trusting(&elsewhere.authority))
            .await
            .is_err()
    );
}
