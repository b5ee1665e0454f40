//! Amazon API Gateway: REST APIs, and the account's settings.

use aws_config::SdkConfig;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{Op, PatchOperation, RestApi, Stage as RestStage};
use std::collections::HashMap;

use super::requests::{Refusal, Requests};
use crate::stage::{Api, ApiKind, Level, Settings, Stage, Throttling};

/// The most APIs that API Gateway tells at a time.
const PAGE: i32 = 500;

/// The method settings that hold for every resource and method.
const EVERY_METHOD: &str = "*/*";

/// API Gateway's API for REST APIs.
pub struct ApiGateway {
    client: Client,
}

impl ApiGateway {
    /// A client; connects to nothing yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// All REST APIs of the Region.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn apis(&self, requests: &Requests) -> Result<Vec<Api>, Refusal> {
        let mut apis = Vec::new();
        let mut position = None;
        loop {
            let page = requests
                .send("list REST APIs (apigateway:GET /restapis)", || {
                    let request = self.client.get_rest_apis().limit(PAGE);
                    request.set_position(position.clone()).send()
                })
                .await?;
            position = page.position().map(str::to_owned);
            apis.extend(page.items.unwrap_or_default().into_iter().filter_map(api));
            if position.is_none() {
                return Ok(apis);
            }
        }
    }

    /// An API.
    ///
    /// # Errors
    /// Where API Gateway refuses, or knows none.
    pub async fn api(&self, requests: &Requests, id: &str) -> Result<Api, Refusal> {
        let what = format!("read the REST API {id} (apigateway:GET /restapis/{id})");
        let answer = requests
            .send(&what, || self.client.get_rest_api().rest_api_id(id).send())
            .await?;
        Ok(Api {
            id: id.to_owned(),
            name: answer.name.unwrap_or_default(),
            kind: ApiKind::Rest,
            tags: keys(answer.tags),
        })
    }

    /// An API's stages; there are no pages of them.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn stages(&self, requests: &Requests, api_id: &str) -> Result<Vec<Stage>, Refusal> {
        let what = format!("list stages (apigateway:GET /restapis/{api_id}/stages)");
        let answer = requests
            .send(&what, || self.client.get_stages().rest_api_id(api_id).send())
            .await?;
        Ok(answer.item.unwrap_or_default().into_iter().map(stage).collect())
    }

    /// Writes the settings that are given.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn update_stage(
        &self,
        requests: &Requests,
        api_id: &str,
        name: &str,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let what = format!("set up logging (apigateway:PATCH /restapis/{api_id}/stages/{name})");
        let operations = patch(settings);
        requests
            .send(&what, || {
                self.client
                    .update_stage()
                    .rest_api_id(api_id)
                    .stage_name(name)
                    .set_patch_operations(Some(operations.clone()))
                    .send()
            })
            .await?;
        Ok(())
    }

    /// The role with which API Gateway writes logs, if the account has one in this Region.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn cloudwatch_role(&self, requests: &Requests) -> Result<Option<String>, Refusal> {
        let answer = requests
            .send("read the account's settings (apigateway:GET /account)", || {
                self.client.get_account().send()
            })
            .await?;
        Ok(answer.cloudwatch_role_arn.filter(|arn| !arn.is_empty()))
    }

    /// Sets that role.
    ///
    /// # Errors
    /// Where API Gateway refuses; a role that IAM has just made is refused for some seconds.
    pub async fn set_cloudwatch_role(&self, requests: &Requests, arn: &str) -> Result<(), Refusal> {
        let operation = replace("/cloudwatchRoleArn", arn.to_owned());
        requests
            .send(
                "set the account's CloudWatch role (apigateway:PATCH /account)",
                || {
                    self.client
                        .update_account()
                        .patch_operations(operation.clone())
                        .send()
                },
            )
            .await?;
        Ok(())
    }
}

fn api(api: RestApi) -> Option<Api> {
    Some(Api {
        id: api.id?,
        name: api.name.unwrap_or_default(),
        kind: ApiKind::Rest,
        tags: keys(api.tags),
    })
}

fn stage(stage: RestStage) -> Stage {
    let mut settings = Settings::default();
    if let Some(access_log) = stage.access_log_settings {
        settings.destination = access_log.destination_arn.filter(|arn| !arn.is_empty());
        settings.format = access_log.format.filter(|format| !format.is_empty());
    }
    let methods = stage.method_settings.unwrap_or_default();
    if let Some(every_method) = methods.get(EVERY_METHOD) {
        let level = every_method.logging_level.as_deref();
        settings.level = level.and_then(|level| Level::parse(level).ok());
        settings.data_trace = Some(every_method.data_trace_enabled);
        settings.metrics = Some(every_method.metrics_enabled);
    }
    Stage {
        name: stage.stage_name.unwrap_or_default(),
        tags: keys(stage.tags),
        deployment_id: stage.deployment_id,
        is_managed: false,
        settings,
        throttling: Throttling::default(),
    }
}

/// Patch operations; their values are strings (API Gateway API Reference, Patch Operations).
fn patch(settings: &Settings) -> Vec<PatchOperation> {
    let values = [
        ("/accessLogSettings/destinationArn", settings.destination.clone()),
        ("/accessLogSettings/format", settings.format.clone()),
        (
            "/*/*/logging/loglevel",
            settings.level.map(|level| level.as_str().to_owned()),
        ),
        (
            "/*/*/logging/dataTrace",
            settings.data_trace.map(|on| on.to_string()),
        ),
        ("/*/*/metrics/enabled", settings.metrics.map(|on| on.to_string())),
    ];
    let given = values
        .into_iter()
        .filter_map(|(path, value)| Some((path, value?)));
    given.map(|(path, value)| replace(path, value)).collect()
}

fn replace(path: &str, value: String) -> PatchOperation {
    PatchOperation::builder()
        .op(Op::Replace)
        .path(path)
        .value(value)
        .build()
}

fn keys(tags: Option<HashMap<String, String>>) -> Vec<String> {
    tags.unwrap_or_default().into_keys().collect()
}
