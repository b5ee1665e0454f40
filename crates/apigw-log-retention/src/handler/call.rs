//! A call of which CloudTrail tells: one stage, or those of a deployment.

use lambda_core::invocation::Invocation;

use super::account::Role;
use super::stage::Work;
use super::{ApigwLogRetention, NotInOrder, emit};
use crate::adapters::requests::{Refusal, Requests};
use crate::answer::{Answer, Skipped, StageAnswer};
use crate::event::{ApiRef, Call, Made};
use crate::groups::Groups;
use crate::stage::{Api, Stage};

impl ApigwLogRetention {
    pub(super) async fn call(&self, call: &Call, invocation: &Invocation) -> anyhow::Result<Answer> {
        let mut work = Work {
            function: self,
            requests: Requests::at_once(invocation.deadline),
            groups: Groups::beside(&invocation.function_arn, &self.region),
            knows_all_groups: false,
            role: Role::Unknown,
            answer: Answer::default(),
            failures: Vec::new(),
        };
        match work.stages_of(call).await? {
            Ok((api, stages)) => {
                for stage in &stages {
                    work.stage(&api, stage).await;
                }
            }
            Err(skipped) => work.answer.stages.push(skipped),
        }
        emit(&invocation.function_name, &work.answer);
        let Work {
            answer, mut failures, ..
        } = work;
        match failures.len() {
            0 => Ok(answer),
            1 => Err(failures.remove(0)),
            _ => Err(NotInOrder {
                looked_at: answer.stages.len(),
                failures: failures.iter().map(|failure| format!("{failure:#}")).collect(),
            }
            .into()),
        }
    }
}

/// The stages that are meant, or why there are none.
type Meant = Result<(Api, Vec<Stage>), StageAnswer>;

impl Work<'_> {
    async fn stages_of(&self, call: &Call) -> Result<Meant, Refusal> {
        let skipped = |stage: Option<&str>, why| {
            tracing::info!("skipped a stage of the API {}: {why:?}", call.api.id());
            Ok(Err(
                StageAnswer::of(call.api.id(), call.api.kind(), stage).skipped(why)
            ))
        };
        let name = match &call.made {
            Made::Nothing(stage) => return skipped(stage.as_deref(), Skipped::FailedCall),
            Made::Deployment(None) => return skipped(None, Skipped::NoStage),
            Made::Deployment(Some(_)) => None,
            Made::Stage(name) => Some(name.as_str()),
        };
        match self.read_meant(call).await {
            Ok((_, stages)) if stages.is_empty() => {
                skipped(name, name.map_or(Skipped::NoStage, |_| Skipped::Gone))
            }
            Ok(meant) => Ok(Ok(meant)),
            Err(refusal) if refusal.is_not_found() => skipped(name, Skipped::Gone),
            Err(refusal) => Err(refusal),
        }
    }

    async fn read_meant(&self, call: &Call) -> Result<(Api, Vec<Stage>), Refusal> {
        let ApigwLogRetention { rest, v2, .. } = self.function;
        let api = match &call.api {
            ApiRef::Rest(id) => rest.api(&self.requests, id).await?,
            ApiRef::V2(id) => v2.api(&self.requests, id).await?,
        };
        let mut stages = self.read_stages(&api).await?;
        stages.retain(|stage| match &call.made {
            Made::Stage(name) => stage.name == *name,
            Made::Deployment(id) => stage.deployment_id == *id,
            Made::Nothing(_) => false,
        });
        Ok((api, stages))
    }
}
