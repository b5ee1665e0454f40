//! HTTP to systems that are not AWS.

use anyhow::{Context, ensure};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::path::Path;
use std::time::Duration;

/// How long a request may take whose adapter says nothing; each says what its system deserves.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two events an environment is frozen, and the other side gives up the connections that wait.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// A client as every adapter needs it: with time-outs, without cookies, without retries and redirects that
/// nobody asked for, over rustls.
///
/// `ca_file` is a PEM file with a private authority; then nobody else is trusted. Connects to nothing yet.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn client(ca_file: Option<&Path>) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
        // Who makes a call knows what a second one would do and how much time is left.
        .retry(reqwest::retry::never())
        .user_agent("nightshift");
    if let Some(path) = ca_file {
        builder = builder.tls_certs_only(authorities(path)?);
    }
    builder.build().context("could not set up HTTP")
}

fn authorities(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let shown = path.display();
    let pem = std::fs::read(path).with_context(|| format!("could not read the CA file {shown}"))?;
    let authorities =
        Certificate::from_pem_bundle(&pem).with_context(|| format!("the CA file {shown} is not PEM"))?;
    ensure!(
        !authorities.is_empty(),
        "the CA file {shown} holds no certificate"
    );
    Ok(authorities)
}
