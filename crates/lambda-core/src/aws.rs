//! How every SDK client of the suite is configured.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// The SDK's configuration from the function's environment (Region, credentials, `AWS_ENDPOINT_URL`),
/// with a time-out on each attempt: the SDK's default is to wait for ever.
///
/// Retries are off: who makes a call knows what a second one would do and how much time is left.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}
