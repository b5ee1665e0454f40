//! The set-up of AWS clients, delayed until an event needs one.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_codebuild::error::{ProvideErrorMetadata, SdkError};
use lambda_core::aws;
use lambda_core::check::Check;
use tokio::sync::OnceCell;

/// The SDK's configuration, shared by all clients.
///
/// Its set-up takes time at a cold start. A function that posts successful builds to a webhook never needs it.
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

/// Returns the check of a permission from a request about something that does not exist. AWS checks the permission
/// first, so `absent`, the code of the error for something absent, shows that it is granted.
pub(super) fn permission_check<E, R>(name: &str, error: SdkError<E, R>, absent: &str) -> Check
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let code = code.unwrap_or_default().to_owned();
    let message = aws::readable_error(error).to_string();
    match code.as_str() {
        code if code == absent => Check::passed(name, "granted"),
        "AccessDeniedException" | "AccessDenied" => {
            Check::failed(name, format!("{message}; allow it to the role"))
        }
        _ => Check::not_tried(name, message),
    }
}
