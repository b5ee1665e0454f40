//! Certificate authorities that a TLS client trusts: compiled in, because reading and parsing those of the system takes
//! half of a cold start.
//!
//! `SSL_CERT_FILE` or `SSL_CERT_DIR`, as OpenSSL reads them, selects others: those of a proxy that intercepts TLS, or of
//! a company.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient, http_client_fn};

use crate::variables::Variables;

/// The five roots of Amazon Trust Services, which sign the certificates of AWS's endpoints.
/// Source: <https://www.amazontrust.com/repository/>, which recommends all five.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Reports whether the environment selects the authorities that TLS clients trust.
pub(crate) fn are_selected(variables: &Variables) -> bool {
    let is_set = |name| variables.text(name).is_some();
    is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR")
}

/// Returns an HTTP client for AWS, which all service clients share. It trusts only Amazon's roots, or the system's
/// authorities where others may sign: in a partition other than `aws`, at an endpoint of the user's own, and where the
/// environment selects authorities.
pub(crate) fn aws_http_client(variables: &Variables) -> Option<SharedHttpClient> {
    let roots = match trusts_only_amazon(variables) {
        true => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes()),
        false => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(roots).build().ok()?;
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https();
    // The SDK validates the HTTP client with every service client, and for that sets up TLS each time, only to drop it.
    // This one has no validation: TLS is set up once, for the first request.
    Some(http_client_fn(move |settings, components| {
        client.http_connector(settings, components)
    }))
}

fn trusts_only_amazon(variables: &Variables) -> bool {
    !are_selected(variables) && !has_private_endpoint(variables) && is_commercial(variables)
}

/// Reports whether a service has another address, over TLS.
fn has_private_endpoint(variables: &Variables) -> bool {
    variables
        .beginning_with("AWS_ENDPOINT_URL")
        .any(|address| !address.starts_with("http://"))
}

/// Reports whether the Region is one of the partition `aws`. Others have endpoints with other authorities.
fn is_commercial(variables: &Variables) -> bool {
    let Some(region) = variables
        .text("AWS_REGION")
        .or(variables.text("AWS_DEFAULT_REGION"))
    else {
        return false;
    };
    let continents = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"];
    let continent = region.split('-').next().unwrap_or_default();
    continents.contains(&continent) && !region.contains("-gov-") && !region.contains("-iso")
}

/// Returns a TLS configuration that trusts the public authorities of Mozilla's list.
#[cfg(feature = "http")]
pub(crate) fn public_tls() -> anyhow::Result<rustls::ClientConfig> {
    use anyhow::Context;

    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .context("could not set up TLS")?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], is_compiled_in: bool) {
        let variables: Variables = variables.iter().copied().collect();
        assert_eq!(trusts_only_amazon(&variables), is_compiled_in);
    }

    #[test]
    fn trusts_only_amazon_at_public_endpoints_of_aws() {
        check(&[("AWS_REGION", "ap-northeast-2")], true);
        check(&[("AWS_REGION", "us-east-1"), ("SSL_CERT_FILE", "")], true);
        // Without TLS no authority matters.
        let local = ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000");
        check(&[("AWS_REGION", "eu-west-1"), local], true);
    }

    #[test]
    fn trusts_the_systems_authorities_elsewhere() {
        for region in [
            "cn-north-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ] {
            check(&[("AWS_REGION", region)], false);
        }
        check(&[], false);
        let seoul = ("AWS_REGION", "ap-northeast-2");
        check(
            &[seoul, ("AWS_ENDPOINT_URL_S3", "https://minio.example.com")],
            false,
        );
        check(&[seoul, ("SSL_CERT_FILE", "/opt/proxy.pem")], false);
        check(&[seoul, ("SSL_CERT_DIR", "/opt/authorities")], false);
    }

    #[cfg(feature = "http")]
    #[test]
    fn amazons_roots_are_in_mozillas_list() {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;

        let mut amazon = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes()) {
            amazon.add(certificate.expect("PEM")).expect("a certificate");
        }
        assert_eq!(amazon.len(), 5);
        for root in &amazon.roots {
            let known = |public: &&rustls::pki_types::TrustAnchor<'_>| {
                public.subject_public_key_info == root.subject_public_key_info
            };
            assert!(webpki_roots::TLS_SERVER_ROOTS.iter().find(known).is_some());
        }
    }
}
