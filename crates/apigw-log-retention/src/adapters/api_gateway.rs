//! Amazon API Gateway: REST APIs, and the account's settings.

use aws_config::SdkConfig;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{Op, PatchOperation, RestApi, Stage as RestStage};

use super::requests::{RequestError, Requests};
use super::{not_empty, tag_keys};
use crate::stage::{Api, ApiType, LogLevel, LogSettings, Stage, Throttling};

/// Largest page of API Gateway.
const PAGE_SIZE: i32 = 500;

/// Key of the method settings that apply to every resource and method.
const EVERY_METHOD: &str = "*/*";

pub(crate) struct ApiGateway {
    client: Client,
}

impl ApiGateway {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// Lists all REST APIs of the Region.
    pub(crate) async fn apis(&self, requests: &Requests) -> Result<Vec<Api>, RequestError> {
        let mut apis = Vec::new();
        let request = |position| {
            let request = self.client.get_rest_apis().limit(PAGE_SIZE);
            request.set_position(position).send()
        };
        requests
            .each_page("list REST APIs (apigateway:GET /restapis)", request, |page| {
                apis.extend(page.items.unwrap_or_default().into_iter().filter_map(api));
                page.position
            })
            .await?;
        Ok(apis)
    }

    pub(crate) async fn api(&self, requests: &Requests, id: &str) -> Result<Api, RequestError> {
        let action = format!("read the REST API {id} (apigateway:GET /restapis/{id})");
        let response = requests
            .send(&action, || self.client.get_rest_api().rest_api_id(id).send())
            .await?;
        Ok(Api {
            id: id.to_owned(),
            name: response.name.unwrap_or_default(),
            api_type: ApiType::Rest,
            tag_keys: tag_keys(response.tags),
        })
    }

    /// Lists an API's stages; API Gateway returns them in one page.
    pub(crate) async fn stages(&self, requests: &Requests, api_id: &str) -> Result<Vec<Stage>, RequestError> {
        let action = format!("list stages (apigateway:GET /restapis/{api_id}/stages)");
        let response = requests
            .send(&action, || self.client.get_stages().rest_api_id(api_id).send())
            .await?;
        Ok(response.item.unwrap_or_default().into_iter().map(stage).collect())
    }

    /// Writes the settings that are `Some`.
    pub(crate) async fn update_stage(
        &self,
        requests: &Requests,
        api_id: &str,
        name: &str,
        settings: &LogSettings,
    ) -> Result<(), RequestError> {
        let action = format!("set up logging (apigateway:PATCH /restapis/{api_id}/stages/{name})");
        let operations = patch_operations(settings);
        let request = || {
            let request = self.client.update_stage().rest_api_id(api_id).stage_name(name);
            request.set_patch_operations(Some(operations.clone())).send()
        };
        requests.send(&action, request).await?;
        Ok(())
    }

    /// Removes the access log.
    pub(crate) async fn remove_access_log(
        &self,
        requests: &Requests,
        api_id: &str,
        name: &str,
    ) -> Result<(), RequestError> {
        let action = format!("remove the access log (apigateway:PATCH /restapis/{api_id}/stages/{name})");
        let operation = PatchOperation::builder()
            .op(Op::Remove)
            .path("/accessLogSettings")
            .build();
        let request = || {
            let request = self.client.update_stage().rest_api_id(api_id).stage_name(name);
            request.patch_operations(operation.clone()).send()
        };
        requests.send(&action, request).await?;
        Ok(())
    }

    /// Returns the ARN of the role with which API Gateway writes logs in this Region, if the account has one.
    pub(crate) async fn cloudwatch_role(&self, requests: &Requests) -> Result<Option<String>, RequestError> {
        let action = "read the account's settings (apigateway:GET /account)";
        let response = requests.send(action, || self.client.get_account().send()).await?;
        Ok(not_empty(response.cloudwatch_role_arn))
    }

    /// Sets that role. API Gateway rejects a role for some seconds after IAM has created it.
    pub(crate) async fn set_cloudwatch_role(
        &self,
        requests: &Requests,
        arn: &str,
    ) -> Result<(), RequestError> {
        let action = "set the account's CloudWatch role (apigateway:PATCH /account)";
        let operation = replace("/cloudwatchRoleArn", arn.to_owned());
        let request = || {
            let request = self.client.update_account();
            request.patch_operations(operation.clone()).send()
        };
        requests.send(action, request).await?;
        Ok(())
    }
}

fn api(api: RestApi) -> Option<Api> {
    Some(Api {
        id: api.id?,
        name: api.name.unwrap_or_default(),
        api_type: ApiType::Rest,
        tag_keys: tag_keys(api.tags),
    })
}

fn stage(stage: RestStage) -> Stage {
    let mut settings = LogSettings::default();
    if let Some(access_log) = stage.access_log_settings {
        settings.destination = not_empty(access_log.destination_arn);
        settings.format = not_empty(access_log.format);
    }
    let methods = stage.method_settings.unwrap_or_default();
    if let Some(every_method) = methods.get(EVERY_METHOD) {
        let level = every_method.logging_level.as_deref();
        settings.level = level.and_then(|level| LogLevel::parse(level).ok());
        settings.data_trace = Some(every_method.data_trace_enabled);
        settings.metrics = Some(every_method.metrics_enabled);
    }
    Stage {
        name: stage.stage_name.unwrap_or_default(),
        tag_keys: tag_keys(stage.tags),
        deployment_id: stage.deployment_id,
        has_canary: stage.canary_settings.is_some(),
        is_managed: false,
        settings,
        throttling: Throttling::default(),
    }
}

/// Returns patch operations. All their values are strings (API Gateway API Reference, Patch Operations).
fn patch_operations(settings: &LogSettings) -> Vec<PatchOperation> {
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let level = settings.level.map(|level| level.as_str().to_owned());
    let values = [
        ("/accessLogSettings/destinationArn", settings.destination.clone()),
        ("/accessLogSettings/format", settings.format.clone()),
        ("/*/*/logging/loglevel", level),
        ("/*/*/logging/dataTrace", flag(settings.data_trace)),
        ("/*/*/metrics/enabled", flag(settings.metrics)),
    ];
    let set = values
        .into_iter()
        .filter_map(|(path, value)| Some((path, value?)));
    set.map(|(path, value)| replace(path, value)).collect()
}

fn replace(path: &str, value: String) -> PatchOperation {
    PatchOperation::builder()
        .op(Op::Replace)
        .path(path)
        .value(value)
        .build()
}
