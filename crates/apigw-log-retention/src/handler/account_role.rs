//! The account's CloudWatch role, without which API Gateway writes no logs of REST and WebSocket APIs.

use std::time::Duration;

use crate::adapters::api_gateway::ApiGateway;
use crate::adapters::requests::{RequestError, Requests};

/// IAM needs seconds until a new role is known everywhere. API Gateway accepts one change of this setting in 20 seconds.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 6;

/// State of the account's role in this Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountRole {
    Set,
    /// This invocation set the role. Parts of API Gateway may still reject logging for a moment.
    JustSet,
    /// The account has no role, and `CLOUDWATCH_ROLE_ARN` names none to set.
    Missing,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "API Gateway has no CloudWatch log role ARN in its account settings in {region}, so it writes no execution logs there: set it (API Gateway, Settings, Logging), or give this function CLOUDWATCH_ROLE_ARN"
)]
pub(super) struct CloudWatchRoleMissing {
    pub(super) region: String,
}

impl AccountRole {
    /// Reads the account's role, and sets it to `new_role` if the account has none.
    pub(super) async fn read_or_set(
        rest: &ApiGateway,
        requests: &Requests,
        new_role: Option<&str>,
    ) -> Result<Self, RequestError> {
        if rest.cloudwatch_role(requests).await?.is_some() {
            return Ok(Self::Set);
        }
        let Some(arn) = new_role else {
            return Ok(Self::Missing);
        };
        let mut attempt = 1;
        while let Err(error) = rest.set_cloudwatch_role(requests, arn).await {
            // API Gateway rejects a role that IAM has only just created.
            let is_last = attempt == ATTEMPTS || !error.is_bad_request();
            if is_last || !requests.pause(attempt, FIRST_PAUSE).await {
                return Err(error);
            }
            attempt += 1;
        }
        for attempt in 1..=ATTEMPTS {
            let is_set = rest.cloudwatch_role(requests).await?.is_some();
            if is_set || !requests.pause(attempt, FIRST_PAUSE).await {
                break;
            }
        }
        tracing::info!("set the account's CloudWatch role to {arn}");
        Ok(Self::JustSet)
    }
}
