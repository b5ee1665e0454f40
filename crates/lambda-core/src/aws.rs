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

/// What silence mostly means: without a route packets are dropped, and nobody says no.
const SILENCE: &str =
    "nothing has answered; in a VPC without NAT this service is reached only through a VPC endpoint";

/// The error in words: AWS's own code and message where AWS has answered, and otherwise the chain of causes, with what
/// to look at where nothing has answered in time.
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
    let is_silence = match &error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout(),
        _ => false,
    };
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    if is_silence {
        words = format!("{words}: {SILENCE}");
    }
    anyhow::Error::msg(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::Region;
    use aws_sdk_secretsmanager::Client;
    use aws_sdk_secretsmanager::config::Credentials;

    /// What is said when a client asks at `endpoint`.
    async fn said(endpoint: String) -> String {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(300))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .timeout_config(timeouts)
            .endpoint_url(endpoint)
            .load()
            .await;
        let client = Client::new(&without_retries(&config));
        let asked = client.get_secret_value().secret_id("s").send().await;
        explain(asked.expect_err("nobody is there")).to_string()
    }

    #[tokio::test]
    async fn silence_is_told_with_what_it_mostly_means() {
        // It takes connections and never answers.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let words = said(format!("http://{address}")).await;
        assert!(words.contains("VPC endpoint"), "{words}");
    }

    #[tokio::test]
    async fn a_refused_connection_is_not_silence() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let words = said(format!("http://{address}")).await;
        assert!(words.contains("refused") && !words.contains("VPC"), "{words}");
    }
}
