//! libpq's `sslmode`, implemented with rustls.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    Prefer,
    /// The certificate is checked only if a CA file is given, as libpq does.
    Require,
    /// Checks the certificate's authority, and not its host name.
    VerifyCa,
    VerifyFull,
}

/// Certificate authorities that may have signed the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RootCertificates {
    /// Certificate authorities of the system.
    System,
    /// Certificate authorities in a PEM file.
    File(PathBuf),
}

impl FromStr for TlsMode {
    type Err = ();

    fn from_str(mode: &str) -> Result<Self, ()> {
        Ok(match mode {
            "disable" => Self::Disable,
            // `allow` would try without TLS first; trying with it first is the safer order.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(()),
        })
    }
}

/// Returns the mode in which the driver negotiates TLS: by default, as in libpq, it is used if the server
/// supports it.
pub(crate) fn negotiation(mode: Option<TlsMode>) -> SslMode {
    match mode {
        Some(TlsMode::Disable) => SslMode::Disable,
        None | Some(TlsMode::Prefer) => SslMode::Prefer,
        Some(_) => SslMode::Require,
    }
}

/// Returns a connector that checks the certificate as `mode` and `roots` require. Root certificates without a
/// mode imply [`TlsMode::VerifyFull`].
///
/// # Errors
/// When the CA file cannot be read or holds no certificate.
pub(crate) fn connector(
    mode: Option<TlsMode>,
    roots: Option<&RootCertificates>,
) -> anyhow::Result<MakeRustlsConnect> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let any_name = |authority| AnyNameVerifier {
        authority,
        provider: provider.clone(),
    };
    let verifier: Arc<dyn ServerCertVerifier> = match (mode, roots) {
        (None, Some(_)) | (Some(TlsMode::VerifyFull), _) => authority_verifier(&provider, roots)?,
        (Some(TlsMode::VerifyCa), _) | (Some(TlsMode::Require), Some(_)) => {
            Arc::new(any_name(Some(authority_verifier(&provider, roots)?)))
        }
        _ => Arc::new(any_name(None)),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("could not set up TLS")?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn authority_verifier(
    provider: &Arc<CryptoProvider>,
    roots: Option<&RootCertificates>,
) -> anyhow::Result<Arc<WebPkiServerVerifier>> {
    let roots = match roots {
        Some(RootCertificates::File(path)) => roots_in(path)?,
        Some(RootCertificates::System) | None => system_roots()?,
    };
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .context("could not use the certificate authorities")
}

fn roots_in(path: &Path) -> anyhow::Result<RootCertStore> {
    let unreadable = || format!("could not read the certificates in {}", path.display());
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
        store
            .add(certificate.with_context(unreadable)?)
            .with_context(unreadable)?;
    }
    if store.is_empty() {
        bail!("{} holds no certificate, expected PEM", path.display());
    }
    Ok(store)
}

fn system_roots() -> anyhow::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        bail!("the system has no certificate authorities: set DATABASE_CA_FILE to the database's");
    }
    Ok(store)
}

/// Verifier that accepts a certificate for any host name, and checks the handshake as usual.
#[derive(Debug)]
struct AnyNameVerifier {
    /// Checks the chain (`verify-ca`). Without it every certificate is accepted: `prefer`, and `require`
    /// without a CA file.
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyNameVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The chain is checked before the name.
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
