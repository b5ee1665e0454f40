//! `sslmode` as libpq means it, by rustls.

use anyhow::{Context, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS where the server has it, unchecked.
    Prefer,
    /// TLS; the certificate is checked only where a CA file is given, as libpq does.
    Require,
    /// TLS with a certificate of a known CA.
    VerifyCa,
    /// TLS with a certificate of a known CA for this very host.
    VerifyFull,
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

/// What the driver negotiates with the server. Without a word from the user it is TLS where the server has
/// it, as in libpq.
pub fn negotiation(mode: Option<TlsMode>) -> SslMode {
    match mode {
        Some(TlsMode::Disable) => SslMode::Disable,
        None | Some(TlsMode::Prefer) => SslMode::Prefer,
        Some(_) => SslMode::Require,
    }
}

/// A connector that checks as much as `mode` and the CA file ask for.
///
/// A CA file without a mode means that the certificate is wanted checked in full.
///
/// # Errors
/// When the CA file cannot be read or holds no certificate.
pub fn connector(mode: Option<TlsMode>, ca_file: Option<&Path>) -> anyhow::Result<MakeRustlsConnect> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let any_name = |authority| AnyName {
        authority,
        provider: provider.clone(),
    };
    let verifier: Arc<dyn ServerCertVerifier> = match (mode, ca_file) {
        (None, Some(_)) | (Some(TlsMode::VerifyFull), _) => authority(&provider, ca_file)?,
        (Some(TlsMode::VerifyCa), _) | (Some(TlsMode::Require), Some(_)) => {
            Arc::new(any_name(Some(authority(&provider, ca_file)?)))
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

fn authority(
    provider: &Arc<CryptoProvider>,
    ca_file: Option<&Path>,
) -> anyhow::Result<Arc<WebPkiServerVerifier>> {
    let roots = Arc::new(roots(ca_file)?);
    WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .context("could not use the certificate authorities")
}

fn roots(ca_file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let unreadable = || format!("could not read the certificates in {}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).with_context(unreadable)? {
                store
                    .add(certificate.with_context(unreadable)?)
                    .with_context(unreadable)?;
            }
            if store.is_empty() {
                bail!("{} holds no certificate, expected PEM", path.display());
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                bail!("the system has no certificate authorities: name the database's in DATABASE_CA_FILE");
            }
        }
    }
    Ok(store)
}

/// Asks less of the certificate than that it is the host's own, and as much as ever of the handshake.
#[derive(Debug)]
struct AnyName {
    /// Who must have signed it, for whatever name: `verify-ca`. Without one, nobody: `prefer`, and `require`
    /// without a CA file.
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
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
