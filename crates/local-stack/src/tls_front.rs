//! TLS in front of a server without TLS.
//!
//! The wheel's PostgreSQL has no OpenSSL, and the stand-ins serve plain HTTP. The front does the handshake with rustls,
//! for PostgreSQL after its `SSLRequest`, and forwards the plain protocol.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::background;
use crate::certificate::Certificate;

/// Length 8 and the request code 1234,5679 of PostgreSQL's protocol, chapter "Message Formats".
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// TLS handshake.
    Handshake,
    /// PostgreSQL's `SSLRequest`, then the handshake. A client without it is refused.
    SslRequest,
}

/// TLS front. It runs until it is dropped.
#[derive(Debug)]
pub struct TlsFront {
    /// Port that it listens on.
    pub port: u16,
    task: JoinHandle<Infallible>,
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsFront {
    /// Starts a front with `certificate` for the server on port `behind`.
    pub async fn start(certificate: &Certificate, behind: u16, beginning: Beginning) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(certificate)?));
        let listener = background::spawn(TcpListener::bind(("127.0.0.1", 0)))
            .await?
            .context("could not listen on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        let task = background::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let acceptor = acceptor.clone();
                // A client that fails the handshake sees a closed connection.
                background::spawn(async move { forward(client, acceptor, behind, beginning).await.ok() });
            }
        });
        Ok(Self { port, task })
    }
}

fn server_config(certificate: &Certificate) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(certificate.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("could not read the server's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes())
        .context("could not read the server's key")?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not match")
}

async fn forward(
    mut client: TcpStream,
    acceptor: TlsAcceptor,
    behind: u16,
    beginning: Beginning,
) -> Result<()> {
    if beginning == Beginning::SslRequest {
        let mut request = [0; 8];
        client.read_exact(&mut request).await?;
        anyhow::ensure!(request == SSL_REQUEST, "the client did not ask for TLS");
        client.write_all(b"S").await?;
    }
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(("127.0.0.1", behind)).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
