//! The token of RDS's IAM authentication: a signed URL that the server takes for a password.
//!
//! Source: RDS user guide, "Connecting to your DB instance using IAM authentication". The SDK's own generator is in
//! `aws-sdk-rds`, which would add the whole API of RDS to the binary; this is the same call of its signer.

use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Validity of a token. It is needed only while the connection is opened.
const VALIDITY: Duration = Duration::from_secs(900);

/// Characters that a signed query encodes: all but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Signs a token for user, host and port of `config`, with the function's credentials and Region.
///
/// # Errors
/// When the URL names no user or several hosts, or there are no credentials.
pub(crate) async fn sign(sdk: &SdkConfig, config: &Config, now: SystemTime) -> anyhow::Result<String> {
    let Some(user) = config.get_user() else {
        bail!("DATABASE_URL names no user, expected postgres://user@host:port/database");
    };
    let [Host::Tcp(host)] = config.get_hosts() else {
        bail!(
            "expected DATABASE_URL with one host, the endpoint that RDS shows, since the token is valid for one"
        );
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let provider = sdk
        .credentials_provider()
        .context("the function has no AWS credentials")?;
    let credentials = provider.provide_credentials().await?;
    let region = sdk.region().context("the function has no AWS Region")?;
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(VALIDITY);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region.as_ref())
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let user = utf8_percent_encode(user, ENCODED);
    let url = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign_request(request, &parameters)?.into_parts();
    let mut token = url.replacen("https://", "", 1);
    for (name, value) in instructions.params() {
        token.push_str(&format!("&{name}={}", utf8_percent_encode(value, ENCODED)));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;

    const URL: &str = "postgres://stat%20user@db.abc.ap-northeast-2.rds.amazonaws.com/app";

    async fn signed(url: &str, session: Option<&str>) -> anyhow::Result<String> {
        let credentials = Credentials::new("AKID", "SECRET", session.map(str::to_owned), None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-2"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let config = url.parse().expect("a URL");
        // 2026-11-01T00:00:00Z
        sign(
            &sdk,
            &config,
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_200),
        )
        .await
    }

    /// The expected tokens are those of botocore's `generate_db_auth_token` for the same instant and credentials.
    #[tokio::test]
    async fn signs_the_same_token_as_botocore() {
        let start = "db.abc.ap-northeast-2.rds.amazonaws.com:5432/?Action=connect&DBUser=stat%20user\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261101%2Fap-northeast-2%2Frds-db%2Faws4_request\
             &X-Amz-Date=20261101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
        let signature = "4f8fe623a985a77ef2bc07c69e8816f45e4e7d9af6e968ddfb0fd3e1e0244a85";
        let token = signed(URL, None).await.expect("a token");
        assert_eq!(token, format!("{start}&X-Amz-Signature={signature}"));
        // A Lambda function's credentials are temporary and have a session token.
        let signature = "899d45bfb458865bac994c383df7ccd5cc65a1f4fd0992550131da915bdfd2bd";
        let token = signed(URL, Some("session/token+x==")).await.expect("a token");
        assert!(token.starts_with(start), "{token}");
        assert!(
            token.contains("&X-Amz-Security-Token=session%2Ftoken%2Bx%3D%3D"),
            "{token}"
        );
        assert!(
            token.contains(&format!("&X-Amz-Signature={signature}")),
            "{token}"
        );
    }

    #[tokio::test]
    async fn needs_a_user_and_one_host() {
        let error = signed("postgres://db/app", None).await.expect_err("no user");
        assert!(error.to_string().contains("names no user"), "{error}");
        let error = signed("postgres://u@a,b/app", None).await.expect_err("two hosts");
        assert!(error.to_string().contains("one host"), "{error}");
    }
}
