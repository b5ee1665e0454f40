//! Certificates for tests of TLS.

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A server's certificate and key, with the private authority that signed it. All in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// What a client must trust, the content of `DATABASE_CA_FILE`.
    pub authority: String,
    /// The server's own certificate.
    pub certificate: String,
    /// The server's private key.
    pub key: String,
}

/// A certificate for these names, from an authority made for it alone. A name that is an IP address works too.
///
/// For the local stack `["localhost", "127.0.0.1"]`; another name is how a test sees `verify-full` refuse.
pub fn certificate_for(names: &[&str]) -> Result<Certificate> {
    let authority_key = KeyPair::generate().context("could not make the authority's key")?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "local-stack test authority");
    let authority_certificate = authority
        .self_signed(&authority_key)
        .context("could not sign the authority")?;
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate().context("could not make the server's key")?;
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let certificate = CertificateParams::new(names)
        .context("not names for a certificate")?
        .signed_by(&key, &issuer)
        .context("could not sign the server's certificate")?;
    Ok(Certificate {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}
