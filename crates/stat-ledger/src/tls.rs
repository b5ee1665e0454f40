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
    let check = match (mode, ca_file) {
        (None, Some(_)) | (Some(TlsMode::VerifyFull), _) => Check::Full,
        (Some(TlsMode::VerifyCa), _) | (Some(TlsMode::Require), Some(_)) => Check::Authority,
        _ => Check::Nothing,
    };
    let verifier: Arc<dyn ServerCertVerifier> = match check {
        Check::Nothing => Arc::new(Unchecked(provider.clone())),
        Check::Authority => Arc::new(AnyName(authority_verifier(&provider, ca_file)?)),
        Check::Full => authority_verifier(&provider, ca_file)?,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("could not set up TLS")?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

enum Check {
    Nothing,
    Authority,
    Full,
}

fn authority_verifier(
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

/// Encrypts without asking who is on the other side: `prefer`, and `require` without a CA file.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

/// Accepts any name that the authority has signed: `verify-ca`.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
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
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
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
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
