use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::delivery::Deliveries;
use super::{AwsError, Outcome, log_group_arn};

/// Page size of API Gateway if the request names none.
const PAGE_SIZE: usize = 25;

/// APIs, log groups and settings of one account and Region.
#[derive(Debug, Default)]
pub struct State {
    /// APIs by id.
    pub apis: BTreeMap<String, Api>,
    /// Retention in days by name of the log group.
    pub log_groups: BTreeMap<String, Option<u64>>,
    /// Days of the account's retention policy by name of the log group that it applies to.
    pub account_policies: BTreeMap<String, Option<u64>>,
    /// Stored bytes by name of the log group.
    pub stored_bytes: BTreeMap<String, u64>,
    /// Delivery of execution logs.
    pub deliveries: Deliveries,
    /// Service that each role of IAM trusts, by name of the role.
    pub roles: BTreeMap<String, &'static str>,
    /// Subject and text of each message that was published to a topic.
    pub published: Vec<(String, String)>,
    /// Log groups that API Gateway created itself, because logging was on and there was none. They never expire.
    pub created_by_api_gateway: Vec<String>,
    /// ARN of the account's CloudWatch role.
    pub role: Option<String>,
    /// Number of stage updates that are rejected after the role was set, until it is known everywhere.
    pub updates_before_role: usize,
    /// Accepts access logs of REST APIs without a role.
    pub access_logs_need_no_role: bool,
    /// Number of updates of REST stages that are accepted and have no effect.
    pub ineffective_updates: usize,
    /// Log group that another caller creates at the moment of the next `CreateLogGroup` for it.
    pub concurrent_log_group: Option<String>,
    /// See [`super::ControlPlane::throttle`].
    pub(super) throttling: Option<(u32, fastrand::Rng)>,
    /// Requests in the order of their arrival.
    pub received: Vec<ReceivedRequest>,
}

/// An API and its stages.
#[derive(Debug)]
pub struct Api {
    /// `REST`, `HTTP` or `WEBSOCKET`.
    pub protocol: &'static str,
    /// Name of the API.
    pub name: String,
    /// Object of tags.
    pub tags: Value,
    /// Stages by name, as API Gateway describes them.
    pub stages: BTreeMap<String, Value>,
}

/// A request that the control plane received.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Time of arrival.
    pub at: Instant,
    /// Operation such as `PATCH /restapis/a/stages/b` or `PutRetentionPolicy /group`.
    pub operation: String,
    /// True if the operation changes something.
    pub is_write: bool,
    /// True if the request was throttled.
    pub was_throttled: bool,
}

impl State {
    pub(super) fn add_stage(&mut self, protocol: &'static str, api_id: &str, stage: &str) {
        let api = self.apis.entry(api_id.to_owned()).or_insert_with(|| Api {
            protocol,
            name: format!("{api_id}-name"),
            tags: json!({}),
            stages: BTreeMap::new(),
        });
        let mut description = json!({"stageName": stage, "deploymentId": "d1e2f3"});
        match protocol {
            "REST" => description["methodSettings"] = json!({}),
            "HTTP" => description["defaultRouteSettings"] = json!({"detailedMetricsEnabled": false}),
            _ => {
                description["defaultRouteSettings"] = json!({
                    "dataTraceEnabled": false, "detailedMetricsEnabled": false, "loggingLevel": "OFF",
                    "throttlingBurstLimit": 50, "throttlingRateLimit": 25.0,
                });
            }
        }
        api.stages.insert(stage.to_owned(), description);
    }

    /// Records the request, and carries it out unless it is throttled.
    pub(super) fn handle(&mut self, request: &Request<Bytes>) -> Outcome {
        let method = request.method();
        let path = percent_decode_str(request.uri().path())
            .decode_utf8_lossy()
            .into_owned();
        let query = request.uri().query().unwrap_or_default();
        let target = request.headers().get("x-amz-target");
        let logs_operation = target
            .and_then(|target| target.to_str().ok())
            .and_then(|target| target.strip_prefix("Logs_20140328."));
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let was_throttled = self.is_throttled();
        self.received.push(ReceivedRequest {
            at: Instant::now(),
            operation: match logs_operation {
                Some(operation) => format!(
                    "{operation} {}",
                    body["logGroupName"].as_str().unwrap_or_default()
                ),
                None => format!("{method} {path}"),
            },
            is_write: method != Method::GET
                && logs_operation.is_none_or(|name| !name.starts_with("Describe")),
            was_throttled,
        });
        match logs_operation {
            Some(_) if was_throttled => Err(AwsError::new(400, "ThrottlingException", "Rate exceeded")),
            None if was_throttled => {
                let message = "Too Many Requests";
                Err(AwsError::new(429, "TooManyRequestsException", message))
            }
            Some(operation) => self.logs(operation, &body),
            None => self.api_gateway(method, &path, query, &body),
        }
    }

    fn is_throttled(&mut self) -> bool {
        let throttling = self.throttling.as_mut();
        throttling.is_some_and(|(one_in, random)| random.u32(..*one_in) == 0)
    }

    fn api_gateway(&mut self, method: &Method, path: &str, query: &str, body: &Value) -> Outcome {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["account"]) => Ok(json!({"cloudwatchRoleArn": self.role})),
            ("PATCH", ["account"]) => self.update_account(body),
            ("GET", ["restapis"]) => self.rest_apis(query),
            ("GET", ["v2", "apis"]) => self.v2_apis(query),
            ("GET", ["restapis", id]) => self.api(id, true).map(|api| api.to_json(id)),
            ("GET", ["v2", "apis", id]) => self.api(id, false).map(|api| api.to_json(id)),
            ("GET", ["restapis", id, "stages"]) => Ok(json!({"item": self.stages(id, true)?})),
            ("GET", ["v2", "apis", id, "stages"]) => Ok(json!({"items": self.stages(id, false)?})),
            ("GET", ["restapis", id, "stages", stage]) => self.stage(id, stage, true).cloned(),
            ("GET", ["v2", "apis", id, "stages", stage]) => self.stage(id, stage, false).cloned(),
            ("PATCH", ["restapis", id, "stages", stage]) => self.update_rest_stage(id, stage, body),
            ("DELETE", ["v2", "apis", id, "stages", stage, "accesslogsettings"]) => {
                self.delete_access_log_settings(id, stage)
            }
            ("PATCH", ["v2", "apis", id, "stages", stage]) => self.update_v2_stage(id, stage, body),
            _ => {
                let message = format!("{method} {path} is not implemented");
                Err(AwsError::new(
                    403,
                    "MissingAuthenticationTokenException",
                    &message,
                ))
            }
        }
    }

    fn rest_apis(&self, query: &str) -> Outcome {
        let limit = match parameter(query, "limit") {
            Some(limit) => limit
                .parse()
                .map_err(|_| AwsError::bad_request("Invalid limit"))?,
            None => PAGE_SIZE,
        };
        let (page, next) = self.page(true, limit, parameter(query, "position"))?;
        Ok(json!({"item": page, "position": next}))
    }

    fn v2_apis(&self, query: &str) -> Outcome {
        let (page, next) = self.page(false, PAGE_SIZE, parameter(query, "nextToken"))?;
        Ok(json!({"items": page, "nextToken": next}))
    }

    /// Returns a page of APIs and the token of the next one.
    fn page(
        &self,
        rest: bool,
        limit: usize,
        token: Option<String>,
    ) -> Result<(Vec<Value>, Option<String>), AwsError> {
        let from: usize = match token {
            Some(token) => token
                .parse()
                .map_err(|_| AwsError::bad_request("Invalid token"))?,
            None => 0,
        };
        let apis = self.apis.iter().filter(|(_, api)| api.is_rest() == rest);
        let mut apis = apis.skip(from).map(|(id, api)| api.to_json(id));
        let page = apis.by_ref().take(limit).collect();
        let next = apis.next().map(|_| (from + limit).to_string());
        Ok((page, next))
    }

    pub(super) fn api(&self, id: &str, rest: bool) -> Result<&Api, AwsError> {
        let api = self.apis.get(id).filter(|api| api.is_rest() == rest);
        api.ok_or_else(|| AwsError::new(404, "NotFoundException", "Invalid API identifier specified"))
    }

    fn stages(&self, id: &str, rest: bool) -> Result<Vec<&Value>, AwsError> {
        // In reverse, because API Gateway promises no order.
        Ok(self.api(id, rest)?.stages.values().rev().collect())
    }

    pub(super) fn stage(&self, id: &str, stage: &str, rest: bool) -> Result<&Value, AwsError> {
        let stage = self.api(id, rest)?.stages.get(stage);
        stage.ok_or_else(|| AwsError::new(404, "NotFoundException", "Invalid stage identifier specified"))
    }

    pub(super) fn replace_stage(&mut self, id: &str, name: &str, stage: &Value) {
        if let Some(api) = self.apis.get_mut(id) {
            api.stages.insert(name.to_owned(), stage.clone());
        }
    }

    /// Checks the destination of an access log: a log group that exists, without `:*` at the ARN's end.
    pub(super) fn check_destination(&self, arn: &str) -> Result<(), AwsError> {
        let name = arn.strip_prefix(&log_group_arn(""));
        match name.is_some_and(|name| self.log_groups.contains_key(name)) {
            true => Ok(()),
            false => Err(AwsError::bad_request(&format!(
                "Invalid ARN specified in the request: {arn}"
            ))),
        }
    }

    /// Rejects logging without a role, and with a role that is not known everywhere yet.
    pub(super) fn check_role(&mut self) -> Result<(), AwsError> {
        if self.role.is_none() || self.updates_before_role > 0 {
            self.updates_before_role = self.updates_before_role.saturating_sub(1);
            return Err(AwsError::bad_request(
                "CloudWatch Logs role ARN must be set in account settings to enable logging",
            ));
        }
        Ok(())
    }

    /// Creates the log group of an execution log if there is none, as API Gateway does.
    pub(super) fn write_execution_log(&mut self, group: String) {
        if !self.log_groups.contains_key(&group) {
            self.log_groups.insert(group.clone(), None);
            self.created_by_api_gateway.push(group);
        }
    }
}

impl Api {
    fn is_rest(&self) -> bool {
        self.protocol == "REST"
    }

    fn to_json(&self, id: &str) -> Value {
        match self.protocol {
            "REST" => json!({"id": id, "name": self.name, "tags": self.tags}),
            protocol => json!({"apiId": id, "name": self.name, "tags": self.tags, "protocolType": protocol}),
        }
    }
}

/// Checks the format of an access log line.
pub(super) fn check_format(format: &str, max_bytes: usize) -> Result<(), AwsError> {
    let is_valid =
        !format.contains('\n') && format.len() <= max_bytes && format.contains("$context.requestId");
    match is_valid {
        true => Ok(()),
        false => Err(AwsError::bad_request(
            "Access Log format must be single line, new line character is allowed only at end",
        )),
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
