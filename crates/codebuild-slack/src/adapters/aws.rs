//! AWS, set up when something of it is first needed.

use aws_config::SdkConfig;
use lambda_core::aws;
use tokio::sync::OnceCell;

/// The SDK's configuration. Its set-up reads every authority of the system, a third of a cold start: who posts the end
/// of good builds to a webhook needs nothing of AWS.
#[derive(Default)]
pub struct Aws(OnceCell<SdkConfig>);

impl Aws {
    /// The configuration, the same for all clients. Each client has connections of its own: it is to be made once.
    pub async fn config(&self) -> &SdkConfig {
        self.0.get_or_init(|| Box::pin(aws::sdk_config())).await
    }
}
