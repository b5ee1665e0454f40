//! From the event to stages whose logs are kept, and kept no longer than they should be.

use aws_config::SdkConfig;
use lambda_core::aws;
use lambda_core::invocation::Invocation;
use lambda_core::invoke::Invoker;
use lambda_core::metrics::{self, Unit};
use lambda_core::run::Handler;
use lambda_core::variables::Variables;
use serde_json::Value;
use std::time::Duration;

use crate::adapters::api_gateway::ApiGateway;
use crate::adapters::api_gateway_v2::ApiGatewayV2;
use crate::adapters::logs::Logs;
use crate::adapters::requests::{Refusal, SWEEP_INTERVAL};
use crate::answer::{Answer, Counts, LogGroupAnswer};
use crate::config::Config;
use crate::event::Event;

mod account;
mod call;
mod stage;
mod sweep;

use account::CloudWatchRoleMissing;

/// Built at cold start.
pub struct ApigwLogRetention {
    config: Config,
    rest: ApiGateway,
    v2: ApiGatewayV2,
    logs: Logs,
    invoker: Invoker,
    region: String,
    sweep_interval: Duration,
}

/// Stages or log groups that could not be brought into order. The others are.
#[derive(Debug, thiserror::Error)]
#[error("{} of {looked_at} stages and log groups could not be brought into order: {}", .failures.len(), first(.failures))]
pub struct NotInOrder {
    looked_at: usize,
    failures: Vec<String>,
}

/// A stage that still has its old settings after they were written.
#[derive(Debug, thiserror::Error)]
#[error("was written but reads as before: {}", .0.join(", "))]
pub struct StillDifferent(Vec<&'static str>);

impl ApigwLogRetention {
    /// Reads the configuration and makes the clients.
    ///
    /// # Errors
    /// For a wrong configuration.
    pub async fn start(variables: &Variables) -> anyhow::Result<Self> {
        let config = Config::from_variables(variables)?;
        Ok(Self::new(config, &aws::sdk_config().await))
    }

    /// Makes the clients.
    pub fn new(config: Config, sdk: &SdkConfig) -> Self {
        // Attempts are counted, and paced, by `adapters::requests`.
        let counted = aws::without_retries(sdk);
        Self {
            rest: ApiGateway::new(&counted),
            v2: ApiGatewayV2::new(&counted),
            logs: Logs::new(&counted),
            invoker: Invoker::new(sdk),
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
            sweep_interval: SWEEP_INTERVAL,
            config,
        }
    }

    /// With another time between a sweep's requests. No variable sets it: the quota is AWS's, and the share of
    /// it is a promise.
    pub fn with_sweep_interval(self, sweep_interval: Duration) -> Self {
        Self {
            sweep_interval,
            ..self
        }
    }
}

impl Handler for ApigwLogRetention {
    type Answer = Answer;

    /// Brings the stages of a call, or all of them, into order.
    ///
    /// What can never succeed is skipped with a reason: a call that failed, a deployment without a stage, a
    /// stage that is gone. What may succeed later is an error, so that AWS tries the event again: everything is
    /// read before it is written, and what is right already costs no second write. One stage that fails keeps
    /// no other from its logs.
    async fn handle(&self, event: Value, invocation: Invocation) -> anyhow::Result<Answer> {
        match Event::parse(&event)? {
            Event::Call(call) => Box::pin(self.call(&call, &invocation)).await,
            Event::Sweep(sweep) => Box::pin(self.sweep(&sweep, &invocation)).await,
        }
    }

    fn function_timeout(&self) -> Duration {
        self.config.function_timeout
    }

    fn error_type(error: &anyhow::Error) -> &'static str {
        if error.is::<CloudWatchRoleMissing>() {
            "CloudWatchRoleMissing"
        } else if error.is::<NotInOrder>() {
            "NotInOrder"
        } else if error.is::<StillDifferent>() {
            "StillDifferent"
        } else if error.is::<Refusal>() {
            "AwsRefusal"
        } else {
            "ApigwLogRetentionError"
        }
    }
}

fn emit(function: &str, answer: &Answer) -> Counts {
    let counts = Counts::of(&answer.stages);
    let groups = answer
        .log_groups
        .iter()
        .filter(|group| LogGroupAnswer::is_change(group))
        .count();
    let metrics = [
        ("StagesFound", counts.found),
        ("StagesChanged", counts.changed),
        ("StagesLeft", counts.left),
        ("StagesSkipped", counts.skipped),
        ("StagesFailed", counts.failed),
        ("LogGroupsChanged", groups),
    ];
    metrics::emit(
        function,
        &metrics.map(|(name, count)| (name, count as f64, Unit::Count)),
    );
    counts
}

/// The first ones; a sweep may have hundreds that fail for the same reason.
fn first(failures: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = failures[..failures.len().min(SHOWN)].join("; ");
    match failures.len() {
        few if few <= SHOWN => shown,
        many => format!("{shown}; and {} more", many - SHOWN),
    }
}
