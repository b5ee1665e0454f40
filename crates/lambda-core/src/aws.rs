//! How every SDK client of the suite is configured, and how its errors are told.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::time::Duration;

/// The SDK's configuration from the function's environment (Region, credentials, `AWS_ENDPOINT_URL`), with
/// its standard retries, and with a time-out on each attempt: the SDK's default is to wait for ever.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await
}

/// The same without retries, for calls of which a second one after a lost answer does something twice, and
/// for callers that count attempts themselves.
pub fn without_retries(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::disabled()).build()
}

/// The error in words: AWS's own code and message where AWS has answered, and otherwise the chain of causes.
///
/// `SdkError` alone says no more than "service error", and its `Debug` form holds headers and bodies.
pub fn explain<E, R>(error: SdkError<E, R>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(refusal) = error.as_service_error()
        && let Some(code) = refusal.code()
    {
        return anyhow::anyhow!("{code}: {}", refusal.message().unwrap_or("no further message"));
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    anyhow::Error::msg(words)
}
