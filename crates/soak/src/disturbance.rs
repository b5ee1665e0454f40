//! Disturbances of a plan, carried out at their instants.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use local_stack::lambda::Victim;
use local_stack::{Fault, Faults, LambdaEmulator, Match};
use serde_json::Value;

use crate::canary;
use crate::plan::{AnswerFault, Answers, Delivery, FunctionPlan, Kill, Manner};

/// Time without an end after which a run counts as stuck.
pub(crate) const STUCK_AFTER: Duration = Duration::from_secs(150);
/// Longest number of times that the events given up by Lambda are sent again.
const REDRIVES: usize = 10;

/// Kind of the system that answers: each has its own way to refuse.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    TeamCity,
    Slack,
    /// AWS services that speak JSON.
    AwsJson,
    /// S3 and SNS.
    AwsXml,
}

/// Lets `faults` inject the planned shares.
pub(crate) fn inject(faults: &Faults, side: Side, answers: &Answers, slow: Duration) {
    let shares = answers.shares.iter().map(|(fault, share)| {
        let fault = match fault {
            AnswerFault::ServerError => server_error(side),
            AnswerFault::TooManyRequests => too_many_requests(side),
            AnswerFault::Slow => Fault::DelayResponse(slow),
            AnswerFault::Half => Fault::HalfResponse,
            AnswerFault::Lost => Fault::LoseResponse,
            AnswerFault::Refused => Fault::Refuse,
        };
        (f64::from(*share) / 1000.0, fault)
    });
    faults.inject_randomly(Match::any(), answers.seed, shares.collect::<Vec<_>>());
}

/// Answers of a server in trouble. Each page repeats a secret, as careless error pages do.
fn server_error(side: Side) -> Fault {
    let secret = canary::ANSWER;
    match side {
        Side::TeamCity => Fault::respond(
            503,
            format!("Server is starting up. Authorization: Bearer {secret}"),
        ),
        Side::Slack => Fault::respond(500, format!("rollup_error token={secret}")),
        Side::AwsJson => Fault::respond(503, format!(r#"{{"message":"secret={secret}"}}"#)),
        Side::AwsXml => Fault::respond(
            503,
            format!("<Error><Code>ServiceUnavailable</Code><Message>secret={secret}</Message></Error>"),
        ),
    }
}

fn too_many_requests(side: Side) -> Fault {
    match side {
        Side::TeamCity => stand_ins::teamcity::too_many_requests(1),
        Side::Slack => stand_ins::slack::rate_limited(1),
        Side::AwsJson => stand_ins::control_plane::aws_error(429, "TooManyRequestsException", "in a moment"),
        Side::AwsXml => Fault::respond(503, "<Error><Code>SlowDown</Code></Error>"),
    }
}

/// Delivers the events of a plan while it kills environments of the function. Returns those that were killed at their
/// instants.
pub(crate) async fn disturb(
    emulator: &LambdaEmulator,
    function: &str,
    plan: &FunctionPlan,
    began: Instant,
    event: impl Fn(usize, bool) -> Value,
    after_kill: impl AsyncFn(&str),
) -> Result<Vec<Victim>> {
    emulator.kill_at_responses(function, plan.killed_responses.iter().copied());
    let (killed, sent) = tokio::join!(
        kill(emulator, function, &plan.kills, began, after_kill),
        deliver(emulator, function, plan, began, event),
    );
    sent?;
    Ok(killed)
}

/// Sends the dropped events, as a replay of EventBridge's archive does.
pub(crate) fn resume(
    emulator: &LambdaEmulator,
    function: &str,
    plan: &FunctionPlan,
    event: impl Fn(usize, bool) -> Value,
) -> Result<()> {
    for (number, delivery) in plan.deliveries.iter().enumerate() {
        if delivery.manner == Manner::Dropped {
            emulator.invoke_event(function, &event(number, false))?;
        }
    }
    Ok(())
}

/// Kills environments of a function at their instants, and calls `after` for each that worked.
pub(crate) async fn kill(
    emulator: &LambdaEmulator,
    function: &str,
    kills: &[Kill],
    began: Instant,
    after: impl AsyncFn(&str),
) -> Vec<Victim> {
    let mut killed = Vec::new();
    for kill in kills {
        wait_until(began, kill.at_ms).await;
        // An instant at which none runs waits for the next environment.
        let victim = loop {
            match emulator.kill_any(function, kill.pick) {
                Some(victim) => break Some(victim),
                None if began.elapsed() > Duration::from_millis(kill.at_ms + 3_000) => break None,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        if let Some(Victim::AtWork(request_id)) = &victim {
            after(request_id).await;
        }
        killed.extend(victim);
    }
    killed
}

/// Sends the events of a plan. `event` receives an event's number, and whether its clock is a day late. Dropped events
/// are not sent.
pub(crate) async fn deliver(
    emulator: &LambdaEmulator,
    function: &str,
    plan: &FunctionPlan,
    began: Instant,
    event: impl Fn(usize, bool) -> Value,
) -> Result<()> {
    let sent = plan
        .deliveries
        .iter()
        .enumerate()
        .map(async |(number, delivery)| {
            let event = event(number, delivery.manner == Manner::ClockADayLate);
            send(emulator, function, *delivery, began, &event).await
        });
    join_all(sent).await.into_iter().collect()
}

async fn send(
    emulator: &LambdaEmulator,
    function: &str,
    delivery: Delivery,
    began: Instant,
    event: &Value,
) -> Result<()> {
    let Delivery { at_ms, manner } = delivery;
    match manner {
        Manner::Dropped => return Ok(()),
        Manner::Late(by_ms) => wait_until(began, at_ms + by_ms).await,
        Manner::Once | Manner::Twice(_) | Manner::ClockADayLate => wait_until(began, at_ms).await,
    }
    emulator.invoke_event(function, event)?;
    if let Manner::Twice(after_ms) = manner {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        emulator.invoke_event(function, event)?;
    }
    Ok(())
}

pub(crate) async fn wait_until(began: Instant, at_ms: u64) {
    tokio::time::sleep(Duration::from_millis(at_ms).saturating_sub(began.elapsed())).await;
}

/// Waits for the end of all invocations, and sends the events that Lambda gave up again, as the redrive of a dead-letter
/// queue does. Returns their number.
pub(crate) async fn redrive(emulator: &LambdaEmulator) -> Result<usize> {
    redrive_after(emulator, || emulator.wait_until_idle(STUCK_AFTER)).await
}

/// Does the same with another way to wait.
pub(crate) async fn redrive_after<F: Future<Output = Result<()>>>(
    emulator: &LambdaEmulator,
    wait_until_idle: impl Fn() -> F,
) -> Result<usize> {
    let mut redriven = 0;
    for _ in 0..REDRIVES {
        wait_until_idle().await?;
        let given_up = emulator.dead_letters();
        if given_up.len() == redriven {
            return Ok(redriven);
        }
        let invocations = emulator.invocations();
        for request_id in &given_up[redriven..] {
            let former = invocations.iter().find(|one| one.request_id == *request_id);
            let former = former.context("a dead letter was never invoked")?;
            emulator.invoke_event(&former.function, &former.payload)?;
        }
        redriven = given_up.len();
    }
    ensure!(false, "events still fail after {REDRIVES} redrives");
    Ok(redriven)
}

/// Returns the manner of each delivery that is no ordinary one.
pub(crate) fn manners(plan: &FunctionPlan) -> impl Iterator<Item = &'static str> {
    plan.deliveries
        .iter()
        .filter_map(|delivery| manner(delivery.manner))
}

pub(crate) fn manner(manner: Manner) -> Option<&'static str> {
    match manner {
        Manner::Once => None,
        Manner::Twice(_) => Some("event delivered twice"),
        Manner::Late(_) => Some("event late, out of order"),
        Manner::Dropped => Some("event dropped and resumed"),
        Manner::ClockADayLate => Some("event's clock a day late"),
    }
}
