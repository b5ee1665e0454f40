//! Everything in the Region, a stage at a time, for as long as there is time.

use lambda_core::invocation::Invocation;
use lambda_core::invoke::LAST_HOP;
use lambda_core::metrics::{self, Unit};
use serde_json::json;
use std::time::Duration;

use super::account::Role;
use super::stage::Work;
use super::{ApigwLogRetention, NotInOrder, emit};
use crate::adapters::requests::{Refusal, Requests};
use crate::answer::{Answer, StageAnswer};
use crate::cursor::{Cursor, Phase};
use crate::event::Sweep;
use crate::groups::Groups;
use crate::log_group::{Owner, prefixes};
use crate::retention;
use crate::stage::{Api, ApiKind, Stage};

/// What is kept of the time, at most, for the stage that is under way and for handing on the rest.
const LONGEST_RESERVE: Duration = Duration::from_secs(20);

impl ApigwLogRetention {
    pub(super) async fn sweep(&self, sweep: &Sweep, invocation: &Invocation) -> anyhow::Result<Answer> {
        let reserve = (invocation.deadline.whole() / 4).min(LONGEST_RESERVE);
        let mut work = Work {
            function: self,
            requests: Requests::paced(invocation.deadline, self.sweep_interval, reserve / 2),
            groups: Groups::beside(&invocation.function_arn, &self.region),
            knows_all_groups: true,
            role: Role::Unknown,
            answer: Answer::default(),
            failures: Vec::new(),
        };
        let mut apis = self.rest.apis(&work.requests).await?;
        apis.extend(self.v2.apis(&work.requests).await?);
        apis.sort_by(|one, other| (phase(one), &one.id).cmp(&(phase(other), &other.id)));
        for prefix in prefixes(&self.config.access_log_group) {
            self.logs
                .read_all(&work.requests, prefix, &mut work.groups)
                .await?;
        }
        let left = match work.stages(&apis, &sweep.cursor, reserve).await {
            Some(cursor) => Some(cursor),
            None => work.vanished(&apis, reserve).await,
        };
        let mut answer = std::mem::take(&mut work.answer);
        answer.counts = Some(emit(&invocation.function_name, &answer));
        if let Some(cursor) = left {
            answer.continued = self.hand_on(cursor, sweep.hop, invocation).await?;
        }
        report(answer, &work.failures, work.groups.iter().count())
    }

    /// Lets another invocation do the rest, unless too many went before.
    async fn hand_on(&self, cursor: Cursor, hop: u32, invocation: &Invocation) -> anyhow::Result<bool> {
        if hop >= LAST_HOP {
            tracing::warn!("the sweep ends after {hop} hops at {cursor:?}; the next one begins anew");
            metrics::emit(
                &invocation.function_name,
                &[("SweepUnfinished", 1.0, Unit::Count)],
            );
            return Ok(false);
        }
        let event = json!({"sweep": true, "cursor": cursor, "hop": hop + 1});
        self.invoker
            .hand_out(&invocation.function_arn, &event, invocation.deadline)
            .await?;
        Ok(true)
    }
}

/// A failure is an error, for AWS to try again and for an alarm to ring; but where another invocation goes on
/// with the rest, AWS's second attempt would have that done twice.
fn report(answer: Answer, failures: &[anyhow::Error], groups: usize) -> anyhow::Result<Answer> {
    let failures: Vec<String> = failures.iter().map(|failure| format!("{failure:#}")).collect();
    if failures.is_empty() {
        return Ok(answer);
    }
    if answer.continued {
        failures
            .iter()
            .for_each(|failure| tracing::warn!("left for the next sweep: {failure}"));
        return Ok(answer);
    }
    Err(NotInOrder {
        looked_at: answer.stages.len() + groups,
        failures,
    }
    .into())
}

impl Work<'_> {
    /// All stages behind the cursor; gives where to go on when time is short.
    async fn stages(&mut self, apis: &[Api], from: &Cursor, reserve: Duration) -> Option<Cursor> {
        let mut done = from.clone();
        for api in apis.iter().filter(|api| from.leaves_api(phase(api), &api.id)) {
            if self.requests.time_left() < reserve {
                return Some(done);
            }
            let stages = match self.read_stages(api).await {
                Ok(stages) => stages,
                Err(refusal) => {
                    if self.requests.time_left() < reserve {
                        return Some(done);
                    }
                    self.fail_api(api, refusal);
                    continue;
                }
            };
            let left = stages
                .iter()
                .filter(|stage| from.leaves_stage(phase(api), &api.id, &stage.name));
            for stage in left {
                if self.requests.time_left() < reserve {
                    return Some(done);
                }
                let failures = self.failures.len();
                self.stage(api, stage).await;
                if self.failures.len() > failures && self.requests.time_left() < reserve {
                    // It may have failed for want of time: the next invocation begins with it.
                    self.failures.truncate(failures);
                    self.answer.stages.pop();
                    return Some(done);
                }
                done = Cursor::at(phase(api), &api.id, &stage.name);
            }
        }
        None
    }

    /// An API that was deleted while we came to it has no stages; that it cannot be read is a failure.
    fn fail_api(&mut self, api: &Api, refusal: Refusal) {
        if refusal.is_not_found() {
            return;
        }
        let error = anyhow::Error::from(refusal).context(format!("API {}", api.id));
        let mut answer = StageAnswer::of(&api.id, Some(api.kind), None);
        answer.error = Some(format!("{error:#}"));
        self.answer.stages.push(answer);
        self.failures.push(error);
    }

    /// Gives a retention to log groups that survive their stage. What has one is not written again, so this
    /// begins anew where it is continued.
    async fn vanished(&mut self, apis: &[Api], reserve: Duration) -> Option<Cursor> {
        let config = &self.function.config;
        // Stages of the API that was asked for last; groups come in the order of their names.
        let mut known: Option<(&str, Vec<Stage>)> = None;
        for name in self.without_retention() {
            if self.requests.time_left() < reserve {
                return Some(Cursor::at(Phase::LogGroups, "", ""));
            }
            let Some(owner) = Owner::of(&name, &config.access_log_group) else {
                continue;
            };
            let api = apis.iter().find(|api| api.id == owner.api_id);
            if let Some(api) = api
                && known.as_ref().is_none_or(|(id, _)| *id != api.id)
            {
                let stages = match self.read_stages(api).await {
                    Err(refusal) if !refusal.is_not_found() => {
                        self.failures
                            .push(anyhow::Error::from(refusal).context(format!("log group {name}")));
                        continue;
                    }
                    stages => stages.unwrap_or_default(),
                };
                known = Some((&api.id, stages));
            }
            let stages = known
                .iter()
                .filter(|(id, _)| *id == owner.api_id)
                .flat_map(|(_, stages)| stages);
            let stage = stages.clone().find(|stage| owner.is_stage(&stage.name));
            let tags = api
                .map(|api| &api.tags)
                .into_iter()
                .chain(stage.map(|stage| &stage.tags));
            if tags.flatten().any(|tag| *tag == config.skip_tag) {
                continue;
            }
            let logging = match api {
                Some(api) => config
                    .rules
                    .for_stage(stage.map_or(owner.stage, |stage| &stage.name), api),
                None => config.rules.for_vanished(owner.stage, owner.api_id),
            };
            if let Err(error) = self.group(&name, logging.retention).await {
                let is_gone = error.downcast_ref().is_some_and(Refusal::is_no_such_group);
                if !is_gone {
                    self.failures.push(error.context(format!("log group {name}")));
                }
            }
        }
        None
    }

    /// The groups that this sweep has not dealt with, or that `ENFORCE` may concern.
    fn without_retention(&self) -> Vec<String> {
        let config = &self.function.config;
        let groups = self.groups.iter().filter(|(name, days)| {
            let days_of = |owner: Owner| config.rules.for_vanished(owner.stage, owner.api_id).retention;
            let owner = Owner::of(name, &config.access_log_group);
            owner.is_some_and(|owner| retention::to_set(*days, days_of(owner), config.enforce).is_some())
        });
        groups.map(|(name, _)| name.to_owned()).collect()
    }
}

fn phase(api: &Api) -> Phase {
    match api.kind {
        ApiKind::Rest => Phase::Rest,
        ApiKind::Http | ApiKind::WebSocket => Phase::V2,
    }
}
