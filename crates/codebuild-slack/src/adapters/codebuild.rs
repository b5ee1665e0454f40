//! AWS CodeBuild.

use anyhow::Context;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{Build, SortOrderType};
use lambda_core::aws;
use std::sync::Arc;
use tokio::sync::OnceCell;

use super::aws::Aws;
use crate::status::Status;
use crate::verdict::{HEAD_REF, PastBuild};

/// CodeBuild.
pub struct CodeBuild {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

/// A hundred builds of a project, and how to go on.
pub struct Page {
    /// Their order is CodeBuild's.
    pub builds: Vec<PastBuild>,
    /// For the next page.
    pub next: Option<String>,
}

impl CodeBuild {
    /// Connects to nothing yet.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &Client {
        let set_up = async || Client::new(self.aws.config().await);
        self.client.get_or_init(set_up).await
    }

    /// The latest hundred builds of a project, or those that come before a former page's.
    ///
    /// # Errors
    /// Where CodeBuild refuses.
    pub async fn builds(&self, project: &str, token: Option<String>) -> anyhow::Result<Page> {
        let client = self.client().await;
        let listed = client
            .list_builds_for_project()
            .project_name(project)
            .sort_order(SortOrderType::Descending)
            .set_next_token(token)
            .send();
        let listed = Box::pin(listed).await.map_err(aws::explain);
        let listed = listed.with_context(|| {
            format!("could not list the builds of {project} (codebuild:ListBuildsForProject)")
        })?;
        let next = listed.next_token().map(str::to_owned);
        // As many as may be asked for at once.
        let ids: Vec<String> = listed.ids().iter().take(100).cloned().collect();
        if ids.is_empty() {
            return Ok(Page {
                builds: Vec::new(),
                next,
            });
        }
        let told = client.batch_get_builds().set_ids(Some(ids)).send();
        let told = Box::pin(told).await.map_err(aws::explain);
        let told = told
            .with_context(|| format!("could not read the builds of {project} (codebuild:BatchGetBuilds)"))?;
        Ok(Page {
            builds: told.builds().iter().filter_map(past_build).collect(),
            next,
        })
    }
}

/// Of all that CodeBuild tells: it includes the values of the environment.
fn past_build(build: &Build) -> Option<PastBuild> {
    Some(PastBuild {
        id: build.id()?.to_owned(),
        number: build.build_number().and_then(|number| u64::try_from(number).ok()),
        started_ms: build.start_time().and_then(|at| at.to_millis().ok()),
        status: build
            .build_status()
            .and_then(|status| Status::parse(status.as_str()).ok()),
        source_version: build.source_version().map(str::to_owned),
        initiator: build.initiator().map(str::to_owned),
        commit: build.resolved_source_version().map(str::to_owned),
        head_ref: build
            .exported_environment_variables()
            .iter()
            .find(|variable| variable.name() == Some(HEAD_REF))
            .and_then(|variable| variable.value().map(str::to_owned)),
    })
}
