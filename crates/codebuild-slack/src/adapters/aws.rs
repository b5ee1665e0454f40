//! The set-up of AWS clients, delayed until an event needs one.

use std::sync::Arc;

use aws_config::SdkConfig;
use lambda_core::aws;
use tokio::sync::OnceCell;

/// The SDK's configuration, shared by all clients.
///
/// Its set-up loads the system's certificate authorities, a third of a cold start. A function that posts successful
/// builds to a webhook never needs it.
#[derive(Default)]
pub(crate) struct Aws(OnceCell<SdkConfig>);

/// A client that is created at its first use. It has connections of its own, so each adapter keeps one.
pub(super) struct LazyClient<C> {
    aws: Arc<Aws>,
    create: fn(&SdkConfig) -> C,
    client: OnceCell<C>,
}

impl<C> LazyClient<C> {
    pub(super) fn new(aws: &Arc<Aws>, create: fn(&SdkConfig) -> C) -> Self {
        Self {
            aws: Arc::clone(aws),
            create,
            client: OnceCell::new(),
        }
    }

    pub(super) async fn get(&self) -> &C {
        let create = async || {
            let config = self.aws.0.get_or_init(|| Box::pin(aws::sdk_config())).await;
            (self.create)(config)
        };
        self.client.get_or_init(create).await
    }
}
