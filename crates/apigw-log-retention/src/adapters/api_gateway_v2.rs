//! Amazon API Gateway V2: HTTP and WebSocket APIs.

use aws_config::SdkConfig;
use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{
    AccessLogSettings, Api as V2Api, LoggingLevel, ProtocolType, RouteSettings, Stage as V2Stage,
};
use std::collections::HashMap;

use super::requests::{Refusal, Requests};
use crate::stage::{Api, ApiKind, Level, Settings, Stage, Throttling};

/// API Gateway's API for HTTP and WebSocket APIs.
pub struct ApiGatewayV2 {
    client: Client,
}

impl ApiGatewayV2 {
    /// A client; connects to nothing yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
        }
    }

    /// All HTTP and WebSocket APIs of the Region.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn apis(&self, requests: &Requests) -> Result<Vec<Api>, Refusal> {
        let mut apis = Vec::new();
        let mut token = None;
        loop {
            let page = requests
                .send("list HTTP and WebSocket APIs (apigateway:GET /apis)", || {
                    self.client.get_apis().set_next_token(token.clone()).send()
                })
                .await?;
            apis.extend(page.items.unwrap_or_default().into_iter().filter_map(api));
            token = page.next_token;
            if token.is_none() {
                return Ok(apis);
            }
        }
    }

    /// An API.
    ///
    /// # Errors
    /// Where API Gateway refuses, or knows none.
    pub async fn api(&self, requests: &Requests, id: &str) -> Result<Api, Refusal> {
        let what = format!("read the API {id} (apigateway:GET /apis/{id})");
        let answer = requests
            .send(&what, || self.client.get_api().api_id(id).send())
            .await?;
        Ok(Api {
            id: id.to_owned(),
            name: answer.name.unwrap_or_default(),
            kind: kind(answer.protocol_type.as_ref()),
            tags: keys(answer.tags),
        })
    }

    /// An API's stages.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn stages(&self, requests: &Requests, api_id: &str) -> Result<Vec<Stage>, Refusal> {
        let what = format!("list stages (apigateway:GET /apis/{api_id}/stages)");
        let mut stages = Vec::new();
        let mut token = None;
        loop {
            let page = requests
                .send(&what, || {
                    let request = self.client.get_stages().api_id(api_id);
                    request.set_next_token(token.clone()).send()
                })
                .await?;
            stages.extend(page.items.unwrap_or_default().into_iter().map(stage));
            token = page.next_token;
            if token.is_none() {
                return Ok(stages);
            }
        }
    }

    /// Writes the settings that are given.
    ///
    /// API Gateway is sent both access log settings and all settings of the default route, those that stay with
    /// the values that `stage` has: whether it would keep what is not sent is documented nowhere.
    ///
    /// # Errors
    /// Where API Gateway refuses.
    pub async fn update_stage(
        &self,
        requests: &Requests,
        api_id: &str,
        stage: &Stage,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let name = stage.name.as_str();
        let what = format!("set up logging (apigateway:PATCH /apis/{api_id}/stages/{name})");
        let access_log = access_log_settings(stage, settings);
        let default_route = default_route_settings(stage, settings);
        requests
            .send(&what, || {
                self.client
                    .update_stage()
                    .api_id(api_id)
                    .stage_name(name)
                    .set_access_log_settings(access_log.clone())
                    .set_default_route_settings(default_route.clone())
                    .send()
            })
            .await?;
        Ok(())
    }
}

fn access_log_settings(stage: &Stage, settings: &Settings) -> Option<AccessLogSettings> {
    (settings.destination.is_some() || settings.format.is_some()).then(|| {
        let whole = stage.settings.with(settings);
        AccessLogSettings::builder()
            .set_destination_arn(whole.destination)
            .set_format(whole.format)
            .build()
    })
}

fn default_route_settings(stage: &Stage, settings: &Settings) -> Option<RouteSettings> {
    let is_given = settings.level.is_some() || settings.data_trace.is_some() || settings.metrics.is_some();
    is_given.then(|| {
        let whole = stage.settings.with(settings);
        RouteSettings::builder()
            .set_logging_level(whole.level.map(|level| LoggingLevel::from(level.as_str())))
            .set_data_trace_enabled(whole.data_trace)
            .set_detailed_metrics_enabled(whole.metrics)
            .set_throttling_burst_limit(stage.throttling.burst)
            .set_throttling_rate_limit(stage.throttling.rate)
            .build()
    })
}

fn api(api: V2Api) -> Option<Api> {
    Some(Api {
        id: api.api_id?,
        name: api.name.unwrap_or_default(),
        kind: kind(api.protocol_type.as_ref()),
        tags: keys(api.tags),
    })
}

/// A kind that is not known is taken to log as little as an HTTP API.
fn kind(protocol: Option<&ProtocolType>) -> ApiKind {
    match protocol {
        Some(ProtocolType::Websocket) => ApiKind::WebSocket,
        _ => ApiKind::Http,
    }
}

fn stage(stage: V2Stage) -> Stage {
    let mut read = Stage {
        name: stage.stage_name.unwrap_or_default(),
        tags: keys(stage.tags),
        deployment_id: stage.deployment_id,
        is_managed: stage.api_gateway_managed == Some(true),
        ..Stage::default()
    };
    if let Some(access_log) = stage.access_log_settings {
        read.settings.destination = access_log.destination_arn.filter(|arn| !arn.is_empty());
        read.settings.format = access_log.format.filter(|format| !format.is_empty());
    }
    if let Some(route) = stage.default_route_settings {
        let level = route.logging_level.as_ref().map(LoggingLevel::as_str);
        read.settings.level = level.and_then(|level| Level::parse(level).ok());
        read.settings.data_trace = route.data_trace_enabled;
        read.settings.metrics = route.detailed_metrics_enabled;
        read.throttling = Throttling {
            burst: route.throttling_burst_limit,
            rate: route.throttling_rate_limit,
        };
    }
    read
}

fn keys(tags: Option<HashMap<String, String>>) -> Vec<String> {
    tags.unwrap_or_default().into_keys().collect()
}
