//! Amazon S3: word lists come from it, the report goes there.

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ProvideCredentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_core::aws;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::{Duration, SystemTime};

use crate::config::LinkKind;
use crate::mail::Links;

/// The longest life of a signature (Signature Version 4).
const SEVEN_DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A role's credentials do not say in the environment when they end; they live for hours.
const ONE_HOUR: Duration = Duration::from_secs(60 * 60);

const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// S3, and the bucket of the report.
pub struct S3 {
    client: Client,
    config: SdkConfig,
    bucket: String,
}

impl S3 {
    /// A client; connects to nothing yet.
    pub fn new(config: &SdkConfig, bucket: String, bucket_in_path: bool) -> Self {
        let client = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(bucket_in_path)
            .build();
        Self {
            client: Client::from_conf(client),
            config: config.clone(),
            bucket,
        }
    }

    /// The content of any bucket's object, as text.
    ///
    /// # Errors
    /// When S3 refuses, or it is not UTF-8.
    pub async fn read_text(&self, bucket: &str, key: &str) -> anyhow::Result<String> {
        let failed = || format!("could not read s3://{bucket}/{key}");
        let object = self.client.get_object().bucket(bucket).key(key).send().await;
        let object = object.map_err(aws::explain).with_context(failed)?;
        let bytes = object.body.collect().await.with_context(failed)?.to_vec();
        String::from_utf8(bytes)
            .context("it is not UTF-8")
            .with_context(failed)
    }

    /// Writes a part of the report.
    ///
    /// # Errors
    /// When S3 refuses.
    pub async fn write(&self, key: &str, content_type: &str, content: Vec<u8>) -> anyhow::Result<()> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type);
        put.body(ByteStream::from(content))
            .send()
            .await
            .map_err(aws::explain)
            .with_context(|| format!("could not write s3://{}/{key}", self.bucket))?;
        Ok(())
    }

    /// Links to the two parts of the report.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn links(
        &self,
        kind: LinkKind,
        csv: &str,
        html: &str,
        now: Timestamp,
        zone: &TimeZone,
    ) -> anyhow::Result<Links> {
        match kind {
            LinkKind::Console => Ok(Links {
                csv: self.console_link(csv),
                html: self.console_link(html),
                until: None,
            }),
            LinkKind::Presigned => {
                let life = self.life_of_a_signature(now).await?;
                let until = now
                    .checked_add(life)
                    .context("could not say when the links end")?;
                Ok(Links {
                    csv: self.presigned_link(csv, life).await?,
                    html: self.presigned_link(html, life).await?,
                    until: Some(until.to_zoned(zone.clone())),
                })
            }
        }
    }

    /// The object's page in the console. `https://BUCKET.s3.amazonaws.com/KEY` would be refused even to
    /// somebody who is logged in.
    fn console_link(&self, key: &str) -> String {
        let region = self.config.region().map_or("", AsRef::as_ref);
        let key = utf8_percent_encode(key, IN_A_QUERY);
        format!(
            "https://s3.console.aws.amazon.com/s3/object/{}?region={region}&prefix={key}",
            self.bucket
        )
    }

    async fn presigned_link(&self, key: &str, life: Duration) -> anyhow::Result<String> {
        let presigning = PresigningConfig::expires_in(life).context("could not sign a link")?;
        let get = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = get.presigned(presigning).await;
        let signed = signed.map_err(aws::explain)?;
        Ok(signed.uri().to_owned())
    }

    /// A presigned URL dies with the credentials that signed it, whatever it says itself.
    async fn life_of_a_signature(&self, now: Timestamp) -> anyhow::Result<Duration> {
        let provider = self
            .config
            .credentials_provider()
            .context("there are no credentials to sign links with")?;
        let credentials = provider
            .provide_credentials()
            .await
            .context("there are no credentials to sign links with")?;
        Ok(match (credentials.expiry(), credentials.session_token()) {
            (Some(end), _) => end
                .duration_since(SystemTime::from(now))
                .unwrap_or_default()
                .min(SEVEN_DAYS),
            (None, Some(_)) => ONE_HOUR,
            (None, None) => SEVEN_DAYS,
        })
    }
}
