//! Amazon S3: the source of word lists and the destination of the report.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ProvideCredentials;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_core::aws;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::LinkKind;
use crate::mail::Links;
use crate::report_keys::ReportKeys;

/// Longest lifetime of a presigned URL (Signature Version 4).
const SEVEN_DAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Lifetime to assume for a role's credentials from the environment, which do not state when they expire. They live
/// for hours.
const ONE_HOUR: Duration = Duration::from_secs(60 * 60);

/// Characters to encode in a query: all but the unreserved ones (RFC 3986).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Smallest part of a multipart upload, except for the last one (S3's limit).
const SMALLEST_PART: usize = 5 * 1024 * 1024;

/// A file that is being uploaded.
pub(crate) struct Upload {
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
    unsent: Vec<u8>,
}

/// A client with the report's bucket.
pub(crate) struct S3 {
    client: Client,
    config: SdkConfig,
    bucket: String,
}

impl S3 {
    /// Creates a client. It connects on the first request.
    pub(crate) fn new(config: &SdkConfig, bucket: String, bucket_in_path: bool) -> Self {
        let client = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(bucket_in_path)
            .build();
        Self {
            client: Client::from_conf(client),
            config: config.clone(),
            bucket,
        }
    }

    /// Reads an object of any bucket as UTF-8.
    pub(crate) async fn read_text(&self, bucket: &str, key: &str) -> anyhow::Result<String> {
        let failed = || format!("could not read s3://{bucket}/{key}");
        let object = self.client.get_object().bucket(bucket).key(key).send().await;
        let object = object.map_err(aws::readable_error).with_context(failed)?;
        let bytes = object.body.collect().await.with_context(failed)?.to_vec();
        String::from_utf8(bytes)
            .context("the object is not UTF-8")
            .with_context(failed)
    }

    /// Begins a file of the report. The bucket shows it when [`Self::complete`] has ended.
    ///
    /// The upload of an invocation that dies is never completed: a lifecycle rule of the bucket removes its parts.
    pub(crate) async fn begin_upload(&self, key: &str, content_type: &str) -> anyhow::Result<Upload> {
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .send()
            .await
            .map_err(aws::readable_error)
            .with_context(|| self.failed_to_write(key))?;
        Ok(Upload {
            key: key.to_owned(),
            id: begun.upload_id.with_context(|| self.failed_to_write(key))?,
            parts: Vec::new(),
            unsent: Vec::new(),
        })
    }

    /// Adds bytes to a file, and uploads them once they are enough for a part.
    pub(crate) async fn write(&self, upload: &mut Upload, bytes: Vec<u8>) -> anyhow::Result<()> {
        upload.unsent.extend_from_slice(&bytes);
        drop(bytes);
        if upload.unsent.len() >= SMALLEST_PART {
            self.upload_part(upload).await?;
        }
        Ok(())
    }

    /// Uploads the last part, which may be smaller than the others.
    pub(crate) async fn write_last(&self, upload: &mut Upload) -> anyhow::Result<()> {
        if upload.parts.is_empty() || !upload.unsent.is_empty() {
            self.upload_part(upload).await?;
        }
        Ok(())
    }

    async fn upload_part(&self, upload: &mut Upload) -> anyhow::Result<()> {
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let part = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(number)
            .body(ByteStream::from(std::mem::take(&mut upload.unsent)))
            .send()
            .await
            .map_err(aws::readable_error)
            .with_context(|| self.failed_to_write(&upload.key))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .build();
        upload.parts.push(part);
        Ok(())
    }

    /// Replaces the file in the bucket by the upload, at once.
    pub(crate) async fn complete(&self, upload: Upload) -> anyhow::Result<()> {
        let Upload { key, id, parts, .. } = upload;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&key)
            .upload_id(id)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(aws::readable_error)
            .with_context(|| self.failed_to_write(&key))?;
        Ok(())
    }

    fn failed_to_write(&self, key: &str) -> String {
        format!("could not write s3://{}/{key}", self.bucket)
    }

    /// Returns links to the files of the report.
    pub(crate) async fn links(
        &self,
        kind: LinkKind,
        keys: &ReportKeys,
        now: Timestamp,
        zone: &TimeZone,
    ) -> anyhow::Result<Links> {
        let ReportKeys {
            html,
            xlsx,
            csv,
            categories,
        } = keys;
        match kind {
            LinkKind::Console => Ok(Links {
                html: self.console_link(html),
                xlsx: self.console_link(xlsx),
                csv: self.console_link(csv),
                categories: self.console_link(categories),
                until: None,
            }),
            LinkKind::Presigned => {
                let lifetime = self.signature_lifetime(now).await?;
                let until = now
                    .checked_add(lifetime)
                    .context("could not compute when the presigned links expire")?;
                Ok(Links {
                    html: self.presigned_link(html, lifetime).await?,
                    xlsx: self.presigned_link(xlsx, lifetime).await?,
                    csv: self.presigned_link(csv, lifetime).await?,
                    categories: self.presigned_link(categories, lifetime).await?,
                    until: Some(until.to_zoned(zone.clone())),
                })
            }
        }
    }

    /// Returns the address of the object's page in the AWS console. S3 would refuse
    /// `https://BUCKET.s3.amazonaws.com/KEY` even to a reader with a login.
    fn console_link(&self, key: &str) -> String {
        let region = self.config.region().map_or("", AsRef::as_ref);
        let key = utf8_percent_encode(key, QUERY);
        format!(
            "https://s3.console.aws.amazon.com/s3/object/{}?region={region}&prefix={key}",
            self.bucket
        )
    }

    async fn presigned_link(&self, key: &str, lifetime: Duration) -> anyhow::Result<String> {
        let failed = || format!("could not presign s3://{}/{key}", self.bucket);
        let presigning = PresigningConfig::expires_in(lifetime).with_context(failed)?;
        let get = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = get.presigned(presigning).await;
        let signed = signed.map_err(aws::readable_error).with_context(failed)?;
        Ok(signed.uri().to_owned())
    }

    /// Returns how long a presigned URL works: it expires with the credentials that signed it, even if it states a
    /// later time.
    async fn signature_lifetime(&self, now: Timestamp) -> anyhow::Result<Duration> {
        let failed = "found no credentials for presigned links";
        let provider = self.config.credentials_provider().context(failed)?;
        let credentials = provider.provide_credentials().await.context(failed)?;
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
