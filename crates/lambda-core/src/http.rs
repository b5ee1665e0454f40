//! An HTTP client for systems outside AWS.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::authorities;
use crate::variables::Variables;

/// The time-out of a request, unless its adapter sets another one.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Lambda freezes the environment between events, and servers close connections that stay idle meanwhile.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Builds a client over rustls, with time-outs and without cookies, redirects and retries.
///
/// `ca_file` is a PEM file with private certificate authorities; the client then trusts only these. Without it, it trusts
/// the public ones of Mozilla's list, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` selects. No connection is opened
/// yet.
///
/// # Errors
///
/// The file cannot be read or holds no certificate.
pub fn client(ca_file: Option<&Path>) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
        // Only the caller knows whether a second request would act twice, and how much time remains.
        .retry(reqwest::retry::never())
        .user_agent("nightshift");
    match ca_file {
        Some(path) => builder = builder.tls_certs_only(read_authorities(path)?),
        None if authorities::are_selected(&Variables::from_environment()) => {}
        None => builder = builder.tls_backend_preconfigured(authorities::public_tls()?),
    }
    builder.build().context("could not set up the HTTP client")
}

fn read_authorities(path: &Path) -> anyhow::Result<Vec<Certificate>> {
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
