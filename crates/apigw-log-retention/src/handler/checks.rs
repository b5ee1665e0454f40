//! The check event: reads as a sweep does, and tries permissions on things that do not exist.

use anyhow::anyhow;
use lambda_core::check::Check;
use lambda_core::invocation::Invocation;

use super::{AccountRole, ApigwLogRetention};
use crate::adapters::requests::{RequestError, Requests};
use crate::execution_log_delivery::ExecutionLogDelivery;
use crate::known_log_groups::KnownLogGroups;
use crate::retention::Retention;
use crate::stage::LogSettings;

/// Names of resources that do not exist. AWS checks the permission first: a request about them is denied, or fails with
/// "not found" and has no effect.
const NO_API: &str = "nightshift0check";
const NO_LOG_GROUP: &str = "/nightshift/check/does-not-exist";

impl ApigwLogRetention {
    pub(super) async fn make_checks(&self, invocation: &Invocation) -> Vec<Check> {
        let requests = Requests::unpaced(invocation.deadline);
        let rest = self.rest.apis(&requests).await;
        let v2 = self.v2.apis(&requests).await;
        let needs_role = [&rest, &v2].into_iter().any(|apis| match apis {
            Ok(apis) => apis.iter().any(|api| api.api_type.logs_with_account_role()),
            Err(_) => true,
        });
        let mut checks = vec![
            found("API Gateway: REST APIs", rest.map(|apis| apis.len())),
            found("API Gateway: HTTP and WebSocket APIs", v2.map(|apis| apis.len())),
            self.check_reading_logs(invocation, &requests).await,
            self.check_account_role(&requests, needs_role).await,
            self.check_updating_stages(&requests).await,
            self.check_setting_retentions(&requests).await,
        ];
        if self.config.execution_log_delivery != ExecutionLogDelivery::Off {
            let read = self.delivery.read(&requests).await;
            checks.push(outcome(
                "CloudWatch Logs: deliveries",
                read.map(|_| "listed".to_owned()),
            ));
        }
        let mut untried = vec![
            (
                "permission logs:CreateLogGroup",
                "it would create a log group; the first new stage shows it",
            ),
            (
                "permission lambda:InvokeFunction",
                "it would start a sweep; a long sweep shows it",
            ),
        ];
        if self.report_topic.is_some() {
            untried.push((
                "permission sns:Publish",
                "it would send a message; send {\"report\":true} to try it",
            ));
        }
        checks.extend(
            untried
                .into_iter()
                .map(|(name, reason)| Check::not_tried(name, reason)),
        );
        checks
    }

    async fn check_reading_logs(&self, invocation: &Invocation, requests: &Requests) -> Check {
        let mut groups = KnownLogGroups::new(&invocation.function_arn, &self.region);
        let read = self.logs.read(requests, NO_LOG_GROUP, &mut groups).await;
        outcome("CloudWatch Logs: log groups", read.map(|()| "listed".to_owned()))
    }

    async fn check_account_role(&self, requests: &Requests, is_needed: bool) -> Check {
        let name = "the account's CloudWatch role";
        match self.read_account_role(requests).await {
            Err(error) => outcome(name, Err(error)),
            Ok(role) if !role.is_usable() && self.replaces(&role) => Check::not_tried(
                name,
                "API Gateway cannot use the present one; the next sweep sets CLOUDWATCH_ROLE_ARN, unless DRY_RUN is on",
            ),
            Ok(role) if !role.is_usable() && !is_needed => Check::not_tried(
                name,
                format!("no REST or WebSocket API needs it yet: {}", role.describe()),
            ),
            Ok(role) if !role.is_usable() => Check::failed(name, role.describe()),
            Ok(role) if role.exists.is_none() => {
                Check::not_tried(name, format!("{}: allow iam:GetRole", role.describe()))
            }
            Ok(role) => Check::passed(name, role.describe()),
        }
    }

    /// Returns true if the next event sets `CLOUDWATCH_ROLE_ARN` in place of this unusable role.
    fn replaces(&self, role: &AccountRole) -> bool {
        let new = self.config.cloudwatch_role_arn.as_deref();
        new.is_some_and(|new| role.arn.as_deref() != Some(new))
    }

    async fn check_updating_stages(&self, requests: &Requests) -> Check {
        let settings = LogSettings {
            metrics: Some(false),
            ..LogSettings::default()
        };
        let tried = self.rest.update_stage(requests, NO_API, "check", &settings).await;
        permitted("permission apigateway:PATCH", tried)
    }

    async fn check_setting_retentions(&self, requests: &Requests) -> Check {
        let tried = self
            .logs
            .set_retention(requests, NO_LOG_GROUP, Retention::DEFAULT)
            .await;
        permitted("permission logs:PutRetentionPolicy", tried)
    }
}

fn found(name: &str, read: Result<usize, RequestError>) -> Check {
    outcome(name, read.map(|count| format!("{count} found")))
}

/// Reports a request. One that AWS did not respond to says nothing about this deployment.
fn outcome(name: &str, read: Result<String, RequestError>) -> Check {
    if let Err(error) = &read
        && error.is_transient()
    {
        return Check::failed(
            format!("{name} reachable"),
            format!("{error}: send the event again"),
        );
    }
    let hint = |error: RequestError| match error.is_denied() {
        true => anyhow!("{error}: allow the action in parentheses in the function's role"),
        false => error.into(),
    };
    Check::of(name, read.map_err(hint))
}

/// Reports whether a request about something that does not exist was allowed.
fn permitted(name: &str, tried: Result<(), RequestError>) -> Check {
    match tried {
        Err(error) if error.is_not_found() || error.is_unknown_log_group() => {
            Check::passed(name, "allowed: AWS accepted the call and found no such resource")
        }
        Err(error) => outcome(name, Err(error)),
        Ok(()) => Check::not_tried(name, "AWS accepted a request about something that does not exist"),
    }
}
