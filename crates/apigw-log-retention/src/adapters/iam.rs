//! AWS Identity and Access Management: the trust policy of a role.

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use lambda_core::aws::{LazyClient, lazy_client};

use super::requests::{RequestError, Requests};

pub(crate) struct Iam {
    client: LazyClient<Client>,
}

impl Iam {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: lazy_client(config, Client::new),
        }
    }

    /// Returns a role's trust policy, as JSON that is percent-encoded.
    pub(crate) async fn trust_policy(&self, requests: &Requests, role: &str) -> Result<String, RequestError> {
        let action = format!("read the role {role} (iam:GetRole)");
        let response = requests
            .send(&action, || self.client.get_role().role_name(role).send())
            .await?;
        let policy = response
            .role()
            .and_then(|role| role.assume_role_policy_document());
        Ok(policy.unwrap_or_default().to_owned())
    }
}
