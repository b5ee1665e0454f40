//! Batches of builds.

use std::collections::HashMap;

use anyhow::Context;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{BuildBatch, SortOrderType};
use lambda_core::aws;
use lambda_core::check::Check;

use super::{ABSENT, BuildPage, CodeBuild, description, exported_head_ref, setup, short_id};
use crate::adapters::aws::permission_check;
use crate::event;
use crate::event::build::Build;
use crate::event::initiator::Initiator;
use crate::event::status::Status;
use crate::history::verdict::PastBuild;

/// Number of previous batches in a page. The description of a batch contains all its members.
const PAGE: i32 = 30;
/// Maximum number of ids in a request.
const IDS: usize = 100;

impl CodeBuild {
    /// Checks the permission to read batches, and to list them if they are compared.
    pub(crate) async fn batch_checks(&self, compares_builds: bool) -> Vec<Check> {
        let client = self.client().await;
        let name = "permission codebuild:BatchGetBuildBatches";
        let absent = format!("{ABSENT}:00000000-0000-0000-0000-000000000000");
        let read = client.batch_get_build_batches().ids(absent).send();
        let mut checks = vec![match Box::pin(read).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => permission_check(name, error, "ResourceNotFoundException"),
        }];
        if compares_builds {
            let name = "permission codebuild:ListBuildBatchesForProject";
            let list = client
                .list_build_batches_for_project()
                .project_name(ABSENT)
                .send();
            checks.push(match Box::pin(list).await {
                Ok(_) => Check::passed(name, "granted"),
                Err(error) => permission_check(name, error, "ResourceNotFoundException"),
            });
        }
        checks
    }

    /// Returns the batch of a build. `None` means that CodeBuild no longer knows one of them, or that the build is in no
    /// batch.
    pub(crate) async fn batch_of(&self, member: &Build) -> anyhow::Result<Option<Build>> {
        let arn = match &member.batch {
            Some(arn) => Some(arn.clone()),
            None => {
                let builds = self.read(vec![member.short_id().to_owned()]).await?;
                let own = builds.into_iter().find(|own| own.short_id() == member.short_id());
                own.and_then(|own| own.batch)
            }
        };
        match arn {
            Some(arn) => self.batch(&arn).await,
            None => Ok(None),
        }
    }

    /// Reads a batch by its ARN, without the builds of its members.
    pub(crate) async fn batch(&self, arn: &str) -> anyhow::Result<Option<Build>> {
        let batches = self.batches(vec![short_id(arn).to_owned()]).await?;
        Ok(batches.into_iter().find(|batch| batch.id == arn))
    }

    /// Reads batches by their ids, without the builds of their members.
    pub(super) async fn batches(&self, ids: Vec<String>) -> anyhow::Result<Vec<Build>> {
        let batches = self.descriptions(ids).await?;
        let events = batches.iter().map(description::batch_event);
        Ok(events.filter_map(|event| event::parse(&event).ok()).collect())
    }

    async fn descriptions(&self, ids: Vec<String>) -> anyhow::Result<Vec<BuildBatch>> {
        let client = self.client().await;
        let read = client.batch_get_build_batches().set_ids(Some(ids)).send();
        let read = Box::pin(read).await.map_err(aws::readable_error);
        let read = read.context("could not read batches (codebuild:BatchGetBuildBatches)")?;
        Ok(read.build_batches.unwrap_or_default())
    }

    /// Reads the builds of a batch that have started.
    pub(crate) async fn builds_of(&self, batch: &Build) -> anyhow::Result<Vec<Build>> {
        let arns = batch.members.iter().filter_map(|member| member.arn.as_deref());
        let ids: Vec<String> = arns.map(|arn| short_id(arn).to_owned()).collect();
        let mut builds = Vec::new();
        for ids in ids.chunks(IDS) {
            builds.extend(self.read(ids.to_vec()).await?);
        }
        Ok(builds)
    }

    /// Reads a page of a project's batches, the latest page without a token.
    pub(crate) async fn past_batches(
        &self,
        project: &str,
        token: Option<String>,
    ) -> anyhow::Result<BuildPage> {
        let client = self.client().await;
        let list = client
            .list_build_batches_for_project()
            .project_name(project)
            .sort_order(SortOrderType::Descending)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let list = Box::pin(list).await.map_err(aws::readable_error);
        let list = list.with_context(|| {
            format!("could not list the batches of {project} (codebuild:ListBuildBatchesForProject)")
        })?;
        let next_token = list.next_token().map(str::to_owned);
        let ids: Vec<String> = list.ids().iter().take(IDS).cloned().collect();
        let batches = match ids.is_empty() {
            true => Vec::new(),
            false => self.descriptions(ids).await?,
        };
        let head_refs = self.head_refs(&batches).await?;
        let past = batches.iter().filter_map(|batch| past_batch(batch, &head_refs));
        Ok(BuildPage {
            builds: past.collect(),
            next_token,
        })
    }

    /// Returns the pushed reference by the id of each batch whose last member exports it. A batch itself exports nothing,
    /// and its first member only reads the buildspec.
    async fn head_refs(&self, batches: &[BuildBatch]) -> anyhow::Result<HashMap<String, String>> {
        let last_member = |batch: &BuildBatch| {
            let mut groups = batch.build_groups().iter().rev();
            let arn = groups.find_map(|group| group.current_build_summary()?.arn())?;
            Some((short_id(arn).to_owned(), batch.id()?.to_owned()))
        };
        let batch_of: HashMap<String, String> = batches.iter().filter_map(last_member).collect();
        if batch_of.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<String> = batch_of.keys().cloned().collect();
        let builds = self.builds_by_id(ids).await?;
        let head_refs = builds.iter().filter_map(|build| {
            let batch = batch_of.get(build.id()?)?;
            Some((batch.clone(), exported_head_ref(build)?))
        });
        Ok(head_refs.collect())
    }

    async fn client(&self) -> &Client {
        self.0.get().await
    }
}

fn past_batch(batch: &BuildBatch, head_refs: &HashMap<String, String>) -> Option<PastBuild> {
    let status = batch.build_batch_status();
    Some(PastBuild {
        id: batch.id()?.to_owned(),
        number: batch
            .build_batch_number()
            .and_then(|number| u64::try_from(number).ok()),
        started_ms: batch.start_time().and_then(|at| at.to_millis().ok()),
        status: status.and_then(|status| Status::parse(status.as_str()).ok()),
        source_version: batch.source_version().map(str::to_owned),
        initiator: batch.initiator().and_then(Initiator::parse),
        commit: batch.resolved_source_version().map(str::to_owned),
        head_ref: head_refs.get(batch.id()?).cloned(),
        setup: setup(
            batch.environment(),
            batch.source(),
            false,
            [batch.resolved_source_version(), batch.source_version()],
        ),
    })
}
