//! TLS in front of the plain server.

use std::{convert::Infallible, sync::Arc};

use anyhow::{Context, Result};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{background, certificate::Certificate};

#[derive(Debug)]
pub(super) struct TlsFront {
    pub(super) port: u16,
    task: JoinHandle<Infallible>,
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsFront {
    pub(super) async fn start(certificate: &Certificate, behind: u16) -> Result<Self> {
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
                // Who does not get through sees the connection closed; there is nobody else to tell.
                background::spawn(async move {
                    let mut client = acceptor.accept(client).await.ok()?;
                    let mut server = TcpStream::connect(("127.0.0.1", behind)).await.ok()?;
                    copy_bidirectional(&mut client, &mut server).await.ok()
                });
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
        .context("certificate and key do not fit")
}
