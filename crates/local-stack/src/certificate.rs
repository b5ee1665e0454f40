//! Certificates for tests of TLS.

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Certificate and key of a server, with the private authority that signed it, in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Certificate of the authority, which a client must trust: the content of `DATABASE_CA_FILE`.
    pub authority: String,
    /// Certificate of the server.
    pub certificate: String,
    /// Private key of the server.
    pub key: String,
}

/// Creates a certificate for these names or IP addresses, and an authority for it alone.
///
/// The local stack needs `["localhost", "127.0.0.1"]`. With any other name, a client with `verify-full` must refuse it.
pub fn certificate_for(names: &[&str]) -> Result<Certificate> {
    let authority_key = KeyPair::generate().context("could not create the authority's key")?;
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

    let key = KeyPair::generate().context("could not create the server's key")?;
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let certificate = CertificateParams::new(names)
        .context("the names do not fit a certificate")?
        .signed_by(&key, &issuer)
        .context("could not sign the server's certificate")?;
    Ok(Certificate {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}
