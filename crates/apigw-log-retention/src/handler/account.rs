//! The account's CloudWatch role, without which API Gateway writes no logs of REST and WebSocket APIs.

use std::time::Duration;

use super::ApigwLogRetention;
use super::stage::Work;
use crate::adapters::requests::Refusal;

/// IAM's news travel in seconds, API Gateway's limit for this setting is one change in 20 seconds.
const BEFORE_NEXT_TRY: Duration = Duration::from_secs(2);
const TRIES: u32 = 6;

/// What is known of the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing yet: it is asked for when a stage needs it.
    Unknown,
    /// There is one.
    Set,
    /// There is one since a moment ago, and not all of API Gateway may know it.
    JustSet,
    /// There is none, and none to set.
    Missing,
}

/// The account has no role in this Region.
#[derive(Debug, thiserror::Error)]
#[error(
    "API Gateway has no CloudWatch log role ARN in its account settings in {region}, so it writes no execution logs there: set it (API Gateway, Settings, Logging), or give this function CLOUDWATCH_ROLE_ARN"
)]
pub struct CloudWatchRoleMissing {
    region: String,
}

impl CloudWatchRoleMissing {
    pub(super) fn new(region: &str) -> Self {
        Self {
            region: region.to_owned(),
        }
    }
}

impl Work<'_> {
    /// Whether the account has a role; sets it where it has none and there is one to set.
    pub(super) async fn has_role(&mut self) -> Result<bool, Refusal> {
        if self.role == Role::Unknown {
            self.role = self.find_role().await?;
        }
        Ok(self.role != Role::Missing)
    }

    async fn find_role(&self) -> Result<Role, Refusal> {
        let ApigwLogRetention {
            rest, config, region, ..
        } = self.function;
        if rest.cloudwatch_role(&self.requests).await?.is_some() {
            return Ok(Role::Set);
        }
        let Some(arn) = &config.cloudwatch_role_arn else {
            return Ok(Role::Missing);
        };
        let mut attempt = 1;
        while let Err(refusal) = rest.set_cloudwatch_role(&self.requests, arn).await {
            // API Gateway tries the role, and IAM may just have made it.
            let is_last = attempt == TRIES || !refusal.is_bad_request();
            if is_last || !self.requests.wait(attempt, BEFORE_NEXT_TRY).await {
                return Err(refusal);
            }
            attempt += 1;
        }
        for attempt in 1..=TRIES {
            let is_there = rest.cloudwatch_role(&self.requests).await?.is_some();
            if is_there || !self.requests.wait(attempt, BEFORE_NEXT_TRY).await {
                break;
            }
        }
        tracing::info!("set the account's CloudWatch role in {region} to {arn}");
        Ok(Role::JustSet)
    }
}
