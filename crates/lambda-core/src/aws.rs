//! Configuration of AWS SDK clients, and readable messages for their errors.

use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::variables::Variables;
use crate::{authorities, credentials};

/// Loads the SDK's configuration from the function's environment: Region, credentials, `AWS_ENDPOINT_URL`.
///
/// Region and credentials are variables in Lambda. Without them, as on a developer's machine, the SDK sets up all its
/// other sources, with clients of STS and of the instance's metadata.
///
/// Retries are the SDK's standard ones. Each attempt has a time-out, because the SDK's default is to wait for ever.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build();
    let variables = Variables::from_environment();
    let is_set = |name| variables.text(name).is_some();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
    if let Some(client) = authorities::aws_http_client(&variables) {
        loader = loader.http_client(client);
    }
    if is_set("AWS_REGION") {
        loader = loader.region(EnvironmentVariableRegionProvider::new());
    }
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    loader.load().await
}

/// A client of one service, created at its first use: each takes a tenth of a millisecond, which few events need for
/// all services of a function.
pub type LazyClient<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// Returns a client that `create` builds at its first use.
pub fn lazy_client<C: 'static>(config: &SdkConfig, create: fn(&SdkConfig) -> C) -> LazyClient<C> {
    let config = config.clone();
    LazyLock::new(Box::new(move || create(&config)))
}

/// Returns the same configuration with the SDK's retries switched off.
///
/// For calls that act twice if the response to the first one is lost, and for callers that count attempts themselves.
pub fn without_retries(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::disabled()).build()
}

/// The usual cause of a time-out: without a route packets are dropped, and no refusal comes back.
const TIMEOUT_HINT: &str = "no response; in a VPC without NAT this service needs a VPC endpoint";

/// Converts an SDK error into one with a message that states the cause.
///
/// That is AWS's code and message if AWS responded, and otherwise the chain of causes, with a hint after a time-out.
/// `SdkError` itself displays only "service error", and its `Debug` form contains headers and bodies.
pub fn readable_error<E, R>(error: SdkError<E, R>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(refusal) = error.as_service_error()
        && let Some(code) = refusal.code()
    {
        let message = refusal.message().unwrap_or("no message");
        return anyhow::anyhow!("{code}: {}", credentials::hidden(message));
    }
    let is_timeout = match &error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout(),
        _ => false,
    };
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    if is_timeout {
        message = format!("{message}: {TIMEOUT_HINT}");
    }
    anyhow::Error::msg(credentials::hidden(&message))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use aws_config::Region;
    use aws_sdk_secretsmanager::Client;
    use aws_sdk_secretsmanager::config::Credentials;
    use tokio::net::TcpListener;

    use super::*;

    /// Returns the message of a call to `address`, which fails.
    async fn failed_call(address: SocketAddr) -> String {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(300))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .timeout_config(timeouts)
            .endpoint_url(format!("http://{address}"))
            .load()
            .await;
        let client = Client::new(&without_retries(&config));
        let call = client.get_secret_value().secret_id("s").send().await;
        readable_error(call.expect_err("no AWS service listens there")).to_string()
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    #[tokio::test]
    async fn a_timeout_carries_a_hint_to_vpc_endpoints() {
        // The listener accepts connections and never responds.
        let (_listener, address) = listen().await;
        let message = failed_call(address).await;
        assert!(message.contains("VPC endpoint"), "{message}");
    }

    #[tokio::test]
    async fn a_refused_connection_carries_no_hint() {
        let (listener, address) = listen().await;
        drop(listener);
        let message = failed_call(address).await;
        assert!(
            message.contains("refused") && !message.contains("VPC"),
            "{message}"
        );
    }
}
