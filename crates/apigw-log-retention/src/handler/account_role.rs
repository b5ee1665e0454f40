//! The account's CloudWatch role, without which API Gateway writes no logs of REST and WebSocket APIs.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::ApigwLogRetention;
use super::reconciliation::Reconciliation;
use crate::adapters::requests::{RequestError, Requests};

/// IAM needs seconds until a new role is known everywhere. API Gateway accepts one change of this setting in 20 seconds.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 6;

/// The account's role in this Region, in responses. `null` means unknown: this function may not read the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct AccountRole {
    pub(super) arn: Option<String>,
    pub(super) exists: Option<bool>,
    /// True if the role exists and API Gateway may assume it.
    pub(super) assumable: Option<bool>,
    /// This invocation set the role. Parts of API Gateway may still reject logging for a moment.
    #[serde(skip)]
    pub(super) is_new: bool,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "API Gateway has no CloudWatch log role ARN in its account settings in {region}, so it writes no execution logs there: set it (API Gateway, Settings, Logging), or give this function CLOUDWATCH_ROLE_ARN"
)]
pub(super) struct CloudWatchRoleMissing {
    pub(super) region: String,
}

impl AccountRole {
    /// Returns true unless it is certain that API Gateway cannot write logs with the role.
    pub(super) fn is_usable(&self) -> bool {
        self.arn.is_some() && self.exists != Some(false) && self.assumable != Some(false)
    }

    /// Describes the role's state, and what to do if API Gateway cannot use it.
    pub(super) fn describe(&self) -> String {
        let Some(arn) = &self.arn else {
            return "the account has no CloudWatch role for API Gateway: set one (API Gateway, Settings, Logging), or CLOUDWATCH_ROLE_ARN".to_owned();
        };
        match (self.exists, self.assumable) {
            (Some(false), _) => format!(
                "the account's CloudWatch role {arn} does not exist, so API Gateway writes no logs of REST and WebSocket APIs: create it, or set CLOUDWATCH_ROLE_ARN to another role"
            ),
            (_, Some(false)) => format!(
                "API Gateway may not assume the account's CloudWatch role {arn}, so it writes no logs of REST and WebSocket APIs: let the role trust apigateway.amazonaws.com, or set CLOUDWATCH_ROLE_ARN to another role"
            ),
            (Some(true), Some(true)) => format!("{arn} exists and trusts API Gateway"),
            _ => format!("{arn} is set; whether it exists is unknown"),
        }
    }
}

impl ApigwLogRetention {
    /// Reads the account's role, and checks that it exists and trusts API Gateway.
    pub(super) async fn read_account_role(&self, requests: &Requests) -> Result<AccountRole, RequestError> {
        let arn = self.rest.cloudwatch_role(requests).await?;
        let mut role = AccountRole {
            arn,
            exists: Some(false),
            assumable: Some(false),
            is_new: false,
        };
        let Some(arn) = &role.arn else {
            return Ok(role);
        };
        // arn:aws:iam::123456789012:role/path/name
        let name = arn.rsplit('/').next().unwrap_or(arn);
        match self.iam.trust_policy(requests, name).await {
            Ok(policy) => {
                role.exists = Some(true);
                role.assumable = Some(trusts_api_gateway(&policy));
            }
            Err(error) if error.is_unknown_role() => {}
            Err(error) => {
                tracing::warn!("could not check the account's CloudWatch role {arn}: {error}");
                (role.exists, role.assumable) = (None, None);
            }
        }
        Ok(role)
    }

    /// Sets the account's role and waits until API Gateway knows it.
    async fn set_account_role(&self, requests: &Requests, arn: &str) -> Result<(), RequestError> {
        let mut attempt = 1;
        while let Err(error) = self.rest.set_cloudwatch_role(requests, arn).await {
            // API Gateway rejects a role that IAM has only just created.
            let is_last = attempt == ATTEMPTS || !error.is_bad_request();
            if is_last || !requests.pause(attempt, FIRST_PAUSE).await {
                return Err(error);
            }
            attempt += 1;
        }
        for attempt in 1..=ATTEMPTS {
            let is_set = self.rest.cloudwatch_role(requests).await?.as_deref() == Some(arn);
            if is_set || !requests.pause(attempt, FIRST_PAUSE).await {
                break;
            }
        }
        Ok(())
    }
}

impl Reconciliation<'_> {
    /// Checks the account's role once in an invocation, and replaces one that API Gateway cannot use by that of
    /// `CLOUDWATCH_ROLE_ARN`.
    pub(super) async fn check_account_role(&mut self) -> Result<(), RequestError> {
        if self.response.account_role.is_some() {
            return Ok(());
        }
        let config = &self.function.config;
        let mut role = self.function.read_account_role(&self.requests).await?;
        if !role.is_usable() {
            tracing::warn!("{}", role.describe());
            let new = config.cloudwatch_role_arn.as_deref();
            if let Some(new) = new.filter(|new| role.arn.as_deref() != Some(*new)) {
                let from = role.arn.as_deref().unwrap_or("none");
                if config.dry_run {
                    tracing::info!("would change the account's CloudWatch role from {from} to {new}");
                } else {
                    self.function.set_account_role(&self.requests, new).await?;
                    tracing::info!("changed the account's CloudWatch role from {from} to {new}");
                    // API Gateway accepts only a role that exists and that it may assume.
                    role = AccountRole {
                        arn: Some(new.to_owned()),
                        exists: Some(true),
                        assumable: Some(true),
                        is_new: true,
                    };
                }
            }
        }
        self.response.account_role = Some(role);
        Ok(())
    }
}

/// Returns true if a trust policy lets API Gateway assume the role.
fn trusts_api_gateway(policy: &str) -> bool {
    let policy = percent_encoding::percent_decode_str(policy).decode_utf8_lossy();
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let list = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        value => vec![value.clone()],
    };
    let has = |value: &Value, expected: &[&str]| {
        let values = list(value);
        values
            .iter()
            .filter_map(Value::as_str)
            .any(|value| expected.contains(&value))
    };
    let is_for_api_gateway = |statement: &Value| {
        has(&statement["Principal"]["Service"], &["apigateway.amazonaws.com"])
            && has(&statement["Action"], &["sts:AssumeRole", "sts:*", "*"])
    };
    let statements = list(&policy["Statement"]);
    let effect = |effect: &str| {
        let mut with_effect = statements
            .iter()
            .filter(|statement| statement["Effect"] == effect);
        with_effect.any(is_for_api_gateway)
    };
    effect("Allow") && !effect("Deny")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_must_trust_api_gateway() {
        let policy = |service: &str, effect: &str| {
            format!(
                r#"%7B"Statement":[{{"Effect":"{effect}","Principal":{{"Service":{service}}},"Action":"sts:AssumeRole"}}]%7D"#
            )
        };
        assert!(trusts_api_gateway(&policy(
            r#""apigateway.amazonaws.com""#,
            "Allow"
        )));
        assert!(trusts_api_gateway(&policy(
            r#"["lambda.amazonaws.com","apigateway.amazonaws.com"]"#,
            "Allow"
        )));
        assert!(!trusts_api_gateway(&policy(r#""lambda.amazonaws.com""#, "Allow")));
        assert!(!trusts_api_gateway(&policy(
            r#""apigateway.amazonaws.com""#,
            "Deny"
        )));
        assert!(!trusts_api_gateway(""));
    }
}
