//! Handles control plane calls, sweeps, reports and restorations.

use std::time::Duration;

use aws_config::SdkConfig;
use lambda_core::aws;
use lambda_core::check::Check;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::{ErrorType, Handler};
use lambda_core::variables::Variables;
use serde_json::Value;

use crate::adapters::api_gateway::ApiGateway;
use crate::adapters::api_gateway_v2::ApiGatewayV2;
use crate::adapters::iam::Iam;
use crate::adapters::log_delivery::LogDelivery;
use crate::adapters::logs::Logs;
use crate::adapters::requests::{RequestError, SWEEP_INTERVAL};
use crate::adapters::topic::Topic;
use crate::config::Config;
use crate::event::Event;
use crate::function_response::{FunctionResponse, LogGroupResult, Response, StageCounts};

mod account_role;
mod checks;
mod control_plane_call;
mod execution_log;
mod log_group;
mod reconciliation;
mod report;
mod restore;
mod stage_settings;
mod sweep;

pub(crate) use account_role::AccountRole;
use account_role::CloudWatchRoleMissing;

impl Handler for ApigwLogRetention {
    type Event = Value;
    type Response = Response;
    const ERROR_TYPES: &'static [ErrorType] = &[
        ErrorType::of::<CloudWatchRoleMissing>("CloudWatchRoleMissing"),
        ErrorType::of::<ReconciliationFailed>("NotInOrder"),
        ErrorType::of::<NotApplied>("StillDifferent"),
        ErrorType::of::<RequestError>("AwsRefusal"),
        ErrorType::any("ApigwLogRetentionError"),
    ];

    /// Gives the stages of a call, or all stages, their logs, and every log group a retention.
    ///
    /// A call that can never lead to a change is skipped with a reason: a failed call, a call of this function itself or
    /// of another account, a deployment without a stage, a deleted stage. A failure that may end is an error, so that Lambda retries the event: every setting is read
    /// before it is written, so a retry writes only what is still missing. A stage that fails stops no other stage.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Response> {
        let response = match Event::parse(&event)? {
            Event::ControlPlaneCall(call) => Box::pin(self.control_plane_call(&call, &invocation)).await?,
            Event::Sweep(sweep) => Box::pin(self.sweep(&sweep, &invocation)).await?,
            Event::Restore(changes) => Box::pin(self.restore(&changes, &invocation)).await?,
            Event::Report => return Ok(Response::Report(Box::pin(self.report(&invocation)).await?)),
        };
        Ok(Response::Stages(response))
    }

    /// Checks what a sweep reads, the account's role, and the permissions that can be tried without effect.
    async fn checks(&self, invocation: &Invocation) -> Vec<Check> {
        Box::pin(self.make_checks(invocation)).await
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }
}

/// The function: its configuration and its clients, built at cold start.
pub struct ApigwLogRetention {
    config: Config,
    rest: ApiGateway,
    v2: ApiGatewayV2,
    logs: Logs,
    delivery: LogDelivery,
    iam: Iam,
    report_topic: Option<Topic>,
    invoker: Invoker,
    region: String,
    sweep_interval: Duration,
}

impl ApigwLogRetention {
    /// Builds the function with the SDK configuration of the environment.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        Self::new(variables, &aws::sdk_config().await)
    }

    /// Builds the function. Fails if a variable is malformed.
    pub fn new(variables: &Variables, sdk: &SdkConfig) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        // `adapters::requests` retries by itself, because each attempt counts against the pace.
        let without_retries = aws::without_retries(sdk);
        let logs = Logs::new(&without_retries);
        Ok(Self {
            rest: ApiGateway::new(&without_retries),
            v2: ApiGatewayV2::new(&without_retries),
            delivery: LogDelivery::new(&logs),
            logs,
            iam: Iam::new(&without_retries),
            report_topic: config.report_topic_arn.clone().map(|arn| Topic::new(sdk, arn)),
            invoker: Invoker::new(sdk),
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
            sweep_interval: SWEEP_INTERVAL,
            config,
        })
    }

    /// Sets another time between a sweep's requests. There is no variable for it: the README promises the pace.
    pub fn with_sweep_interval(self, sweep_interval: Duration) -> Self {
        Self {
            sweep_interval,
            ..self
        }
    }
}

/// Some stages or log groups failed; the others are done.
#[derive(Debug, thiserror::Error)]
#[error("{} of {checked} stages and log groups failed: {}", .failures.len(), first_few(.failures))]
struct ReconciliationFailed {
    checked: usize,
    failures: Vec<String>,
}

impl ReconciliationFailed {
    fn new(checked: usize, failures: &[anyhow::Error]) -> Self {
        Self {
            checked,
            failures: failures.iter().map(|failure| format!("{failure:#}")).collect(),
        }
    }
}

/// AWS accepted settings but still returns the old ones.
#[derive(Debug, thiserror::Error)]
#[error("AWS accepted new settings but still returns the old ones: {}", .0.join(", "))]
struct NotApplied(Vec<&'static str>);

/// Lists at most five failures; in a sweep, hundreds may have the same cause.
fn first_few(failures: &[String]) -> String {
    const MAX_LISTED: usize = 5;
    let listed = failures[..failures.len().min(MAX_LISTED)].join("; ");
    match failures.len() {
        count if count <= MAX_LISTED => listed,
        count => format!("{listed}; and {} more", count - MAX_LISTED),
    }
}

/// Emits the numbers of an invocation. In a dry run, `StagesDiffering` counts the stages that would change.
fn emit_metrics(function: &str, response: &FunctionResponse, is_dry_run: bool) -> StageCounts {
    let counts = StageCounts::of(&response.stages);
    let changed = match is_dry_run {
        true => "StagesDiffering",
        false => "StagesChanged",
    };
    let groups = response.log_groups.iter();
    let metrics = [
        ("StagesFound", counts.found),
        (changed, counts.changed),
        ("StagesLeft", counts.left),
        ("StagesSkipped", counts.skipped),
        ("StagesFailed", counts.failed),
        (
            "LogGroupsChanged",
            groups.filter(|group| LogGroupResult::is_change(group)).count(),
        ),
    ];
    metrics::emit(
        function,
        &metrics.map(|(name, count)| (name, count as f64, Unit::Count)),
    );
    if let Some(role) = &response.account_role {
        let unusable = f64::from(u8::from(!role.is_usable()));
        metrics::emit(function, &[("AccountRoleUnusable", unusable, Unit::Count)]);
    }
    counts
}
