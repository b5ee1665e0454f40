//! AWS CodeBuild.

mod batches;
mod description;

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{Build, ProjectEnvironment, ProjectSource, SortOrderType};
use lambda_core::aws;
use lambda_core::check::Check;

use super::aws::{Aws, LazyClient, permission_check};
use crate::event;
use crate::event::initiator::Initiator;
use crate::event::status::Status;
use crate::event::{batch, build};
use crate::history::setup::{Parts, Setup};
use crate::history::verdict::{HEAD_REF, PastBuild};

/// Name that no project has.
const ABSENT: &str = "nightshift-check";

pub(crate) struct CodeBuild(LazyClient<Client>);

/// Up to a hundred builds of a project, in CodeBuild's order.
pub(crate) struct BuildPage {
    pub(crate) builds: Vec<PastBuild>,
    pub(crate) next_token: Option<String>,
}

impl CodeBuild {
    pub(crate) fn new(aws: &Arc<Aws>) -> Self {
        Self(LazyClient::new(aws, Client::new))
    }

    /// Checks the permissions with requests about a project and a build that do not exist.
    pub(crate) async fn checks(&self) -> [Check; 2] {
        let client = self.0.get().await;
        let name = "permission codebuild:ListBuildsForProject";
        let list = client.list_builds_for_project().project_name(ABSENT).send();
        let list = match Box::pin(list).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => permission_check(name, error, "ResourceNotFoundException"),
        };
        let name = "permission codebuild:BatchGetBuilds";
        let read = client
            .batch_get_builds()
            .ids(format!("{ABSENT}:00000000-0000-0000-0000-000000000000"))
            .send();
        let read = match Box::pin(read).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => permission_check(name, error, "ResourceNotFoundException"),
        };
        [list, read]
    }

    /// Reads builds by their ARNs or their ids, `project:uuid`. CodeBuild deletes builds after a year; those are absent in
    /// the result.
    pub(crate) async fn read(&self, ids: Vec<String>) -> anyhow::Result<Vec<build::Build>> {
        let builds = self.builds_by_id(ids).await?;
        let events = builds.iter().map(description::event);
        Ok(events.filter_map(|event| event::parse(&event).ok()).collect())
    }

    async fn builds_by_id(&self, ids: Vec<String>) -> anyhow::Result<Vec<Build>> {
        let client = self.0.get().await;
        let read = client.batch_get_builds().set_ids(Some(ids)).send();
        let read = Box::pin(read).await.map_err(aws::readable_error);
        let read = read.context("could not read builds (codebuild:BatchGetBuilds)")?;
        Ok(read.builds.unwrap_or_default())
    }

    /// Reads the states of builds, or of batches, by their ARNs. One that CodeBuild does not know has the status
    /// `Unknown`.
    pub(crate) async fn states(&self, arns: &[String]) -> anyhow::Result<Vec<build::Build>> {
        let ids: Vec<String> = arns.iter().map(|arn| short_id(arn).to_owned()).collect();
        let mut known = match arns.first().is_some_and(|arn| batch::is_batch(arn)) {
            true => self.batches(ids).await?,
            false => self.read(ids).await?,
        };
        known.retain(|build| arns.contains(&build.id));
        let is_known = |arn: &&String| known.iter().any(|build| build.id == **arn);
        let unknown = arns.iter().filter(|arn| !is_known(arn));
        let unknown: Vec<_> = unknown
            .map(|arn| build::Build::of_arn(arn, Status::Unknown))
            .collect();
        Ok(known.into_iter().chain(unknown).collect())
    }

    /// Reads a page of a project's builds, the latest page without a token.
    pub(crate) async fn builds(&self, project: &str, token: Option<String>) -> anyhow::Result<BuildPage> {
        let client = self.0.get().await;
        let list = client
            .list_builds_for_project()
            .project_name(project)
            .sort_order(SortOrderType::Descending)
            .set_next_token(token)
            .send();
        let list = Box::pin(list).await.map_err(aws::readable_error);
        let list = list.with_context(|| {
            format!("could not list the builds of {project} (codebuild:ListBuildsForProject)")
        })?;
        let next_token = list.next_token().map(str::to_owned);
        // BatchGetBuilds accepts a hundred ids.
        let ids: Vec<String> = list.ids().iter().take(100).cloned().collect();
        if ids.is_empty() {
            return Ok(BuildPage {
                builds: Vec::new(),
                next_token,
            });
        }
        let builds = self.builds_by_id(ids).await?;
        Ok(BuildPage {
            builds: builds.iter().filter_map(past_build).collect(),
            next_token,
        })
    }
}

/// Returns `project:uuid` of an ARN.
fn short_id(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}

/// Keeps the fields that the comparison needs. CodeBuild's response also contains the values of the environment.
fn past_build(build: &Build) -> Option<PastBuild> {
    let status = build.build_status();
    Some(PastBuild {
        id: build.id()?.to_owned(),
        number: build.build_number().and_then(|number| u64::try_from(number).ok()),
        started_ms: build.start_time().and_then(|at| at.to_millis().ok()),
        status: status.and_then(|status| Status::parse(status.as_str()).ok()),
        source_version: build.source_version().map(str::to_owned),
        initiator: build.initiator().and_then(Initiator::parse),
        commit: build.resolved_source_version().map(str::to_owned),
        head_ref: exported_head_ref(build),
        setup: setup(
            build.environment(),
            build.source(),
            build.build_batch_arn().is_some(),
            [build.resolved_source_version(), build.source_version()],
        ),
    })
}

fn exported_head_ref(build: &Build) -> Option<String> {
    let mut exported = build.exported_environment_variables().iter();
    let head_ref = exported.find(|variable| variable.name() == Some(HEAD_REF))?;
    head_ref.value().map(str::to_owned)
}

/// Returns `None` if the response lacks the environment.
fn setup(
    environment: Option<&ProjectEnvironment>,
    source: Option<&ProjectSource>,
    is_in_batch: bool,
    commits: [Option<&str>; 2],
) -> Option<Setup> {
    let variables = environment?.environment_variables().iter();
    Setup::of(Parts {
        source_location: source.and_then(|source| source.location()),
        is_in_batch,
        variables: variables
            .map(|variable| (variable.name(), variable.value()))
            .collect(),
        commits: commits.into_iter().flatten().collect(),
    })
}
