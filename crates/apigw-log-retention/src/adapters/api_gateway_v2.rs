//! Amazon API Gateway V2: HTTP and WebSocket APIs.

use aws_config::SdkConfig;
use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{
    AccessLogSettings, Api as V2Api, LoggingLevel, ProtocolType, RouteSettings, Stage as V2Stage,
};
use lambda_core::aws::{LazyClient, lazy_client};

use super::requests::{RequestError, Requests};
use super::{not_empty, tag_keys};
use crate::stage::{Api, ApiType, LogLevel, LogSettings, Stage, Throttling};

pub(crate) struct ApiGatewayV2 {
    client: LazyClient<Client>,
}

impl ApiGatewayV2 {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: lazy_client(config, Client::new),
        }
    }

    /// Lists all HTTP and WebSocket APIs of the Region.
    pub(crate) async fn apis(&self, requests: &Requests) -> Result<Vec<Api>, RequestError> {
        let mut apis = Vec::new();
        let request = |token| self.client.get_apis().set_next_token(token).send();
        requests
            .each_page(
                "list HTTP and WebSocket APIs (apigateway:GET /apis)",
                request,
                |page| {
                    apis.extend(page.items.unwrap_or_default().into_iter().filter_map(api));
                    page.next_token
                },
            )
            .await?;
        Ok(apis)
    }

    pub(crate) async fn api(&self, requests: &Requests, id: &str) -> Result<Api, RequestError> {
        let action = format!("read the API {id} (apigateway:GET /apis/{id})");
        let response = requests
            .send(&action, || self.client.get_api().api_id(id).send())
            .await?;
        Ok(Api {
            id: id.to_owned(),
            name: response.name.unwrap_or_default(),
            api_type: api_type(response.protocol_type.as_ref()),
            tag_keys: tag_keys(response.tags),
        })
    }

    pub(crate) async fn stages(&self, requests: &Requests, api_id: &str) -> Result<Vec<Stage>, RequestError> {
        let action = format!("list stages (apigateway:GET /apis/{api_id}/stages)");
        let mut stages = Vec::new();
        let request = |token| {
            let request = self.client.get_stages().api_id(api_id);
            request.set_next_token(token).send()
        };
        requests
            .each_page(&action, request, |page| {
                stages.extend(page.items.unwrap_or_default().into_iter().map(stage));
                page.next_token
            })
            .await?;
        Ok(stages)
    }

    /// Writes the settings that are `Some`.
    ///
    /// Sends both access log settings, and all settings of the default route, with the current values of `stage` where
    /// `settings` has none: no document states that API Gateway keeps omitted ones.
    pub(crate) async fn update_stage(
        &self,
        requests: &Requests,
        api: &Api,
        stage: &Stage,
        settings: &LogSettings,
    ) -> Result<(), RequestError> {
        let (api_id, name) = (api.id.as_str(), stage.name.as_str());
        let action = format!("set up logging (apigateway:PATCH /apis/{api_id}/stages/{name})");
        let access_log = access_log_settings(stage, settings);
        let default_route = default_route_settings(api.api_type, stage, settings);
        let request = || {
            let request = self.client.update_stage().api_id(api_id).stage_name(name);
            let request = request.set_access_log_settings(access_log.clone());
            request.set_default_route_settings(default_route.clone()).send()
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
        let action = format!(
            "remove the access log (apigateway:DELETE /apis/{api_id}/stages/{name}/accesslogsettings)"
        );
        let request = || {
            let request = self.client.delete_access_log_settings();
            request.api_id(api_id).stage_name(name).send()
        };
        requests.send(&action, request).await?;
        Ok(())
    }
}

fn access_log_settings(stage: &Stage, settings: &LogSettings) -> Option<AccessLogSettings> {
    (settings.destination.is_some() || settings.format.is_some()).then(|| {
        let all = stage.settings.with(settings);
        AccessLogSettings::builder()
            .set_destination_arn(all.destination)
            .set_format(all.format)
            .build()
    })
}

/// HTTP APIs reject the settings of execution logs, even if they only repeat the current ones.
fn default_route_settings(api_type: ApiType, stage: &Stage, settings: &LogSettings) -> Option<RouteSettings> {
    let sets_any = settings.level.is_some() || settings.data_trace.is_some() || settings.metrics.is_some();
    sets_any.then(|| {
        let all = stage.settings.with(settings);
        let has_execution_logs = api_type.has_execution_logs();
        let level = all.level.filter(|_| has_execution_logs);
        RouteSettings::builder()
            .set_logging_level(level.map(|level| LoggingLevel::from(level.as_str())))
            .set_data_trace_enabled(all.data_trace.filter(|_| has_execution_logs))
            .set_detailed_metrics_enabled(all.metrics)
            .set_throttling_burst_limit(stage.throttling.burst_limit)
            .set_throttling_rate_limit(stage.throttling.rate_limit)
            .build()
    })
}

fn api(api: V2Api) -> Option<Api> {
    Some(Api {
        id: api.api_id?,
        name: api.name.unwrap_or_default(),
        api_type: api_type(api.protocol_type.as_ref()),
        tag_keys: tag_keys(api.tags),
    })
}

/// Treats an unknown protocol as HTTP, the type with the fewest logs.
fn api_type(protocol: Option<&ProtocolType>) -> ApiType {
    match protocol {
        Some(ProtocolType::Websocket) => ApiType::WebSocket,
        _ => ApiType::Http,
    }
}

fn stage(stage: V2Stage) -> Stage {
    let mut read = Stage {
        name: stage.stage_name.unwrap_or_default(),
        tag_keys: tag_keys(stage.tags),
        deployment_id: stage.deployment_id,
        is_managed: stage.api_gateway_managed == Some(true),
        ..Stage::default()
    };
    if let Some(access_log) = stage.access_log_settings {
        read.settings.destination = not_empty(access_log.destination_arn);
        read.settings.format = not_empty(access_log.format);
    }
    if let Some(route) = stage.default_route_settings {
        let level = route.logging_level.as_ref().map(LoggingLevel::as_str);
        read.settings.level = level.and_then(|level| LogLevel::parse(level).ok());
        read.settings.data_trace = route.data_trace_enabled;
        read.settings.metrics = route.detailed_metrics_enabled;
        read.throttling = Throttling {
            burst_limit: route.throttling_burst_limit,
            rate_limit: route.throttling_rate_limit,
        };
    }
    read
}
