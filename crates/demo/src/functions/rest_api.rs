//! A REST API in moto with stages and log groups as an account has them before `apigw-log-retention` runs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use local_stack::Moto;
use reqwest::Method;
use serde_json::{Value, json};

/// Stage that already has an access log, with a destination and a format of its owner's choice.
pub(crate) const CONFIGURED_STAGE: &str = "dev";
/// Stage that has no logs yet.
pub(crate) const NEW_STAGE: &str = "prod";
/// Stage that was deleted and left its log group behind.
pub(crate) const DELETED_STAGE: &str = "staging";
pub(crate) const CONFIGURED_GROUP: &str = "billing-team-access";
pub(crate) const CONFIGURED_DAYS: u32 = 365;
pub(crate) const CONFIGURED_FORMAT: &str = "$context.requestId $context.status $context.path";

/// Longest printed setting, in characters.
const LONGEST_SETTING: usize = 48;

pub(crate) struct RestApi<'m> {
    moto: &'m Moto,
    pub id: String,
    pub deployment: String,
}

/// Settings of the account, the stages and the log groups at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    role: Value,
    stages: BTreeMap<String, Value>,
    /// Retention in days by name; null never expires.
    log_groups: BTreeMap<String, Value>,
}

impl<'m> RestApi<'m> {
    /// Creates an API with two stages and the orphaned log group of a third.
    pub(crate) async fn create(moto: &'m Moto) -> Result<Self> {
        let name = json!({"name": "billing"});
        let api = moto.rest(Method::POST, "apigateway", "/restapis", &name).await?;
        let mut api = Self {
            moto,
            id: text(&api["id"])?,
            deployment: String::new(),
        };
        api.deploy().await?;
        for stage in [CONFIGURED_STAGE, NEW_STAGE] {
            let body = json!({"stageName": stage, "deploymentId": api.deployment});
            api.call(Method::POST, "/stages", &body).await?;
        }
        api.configure_access_log().await?;
        let orphaned = format!("API-Gateway-Execution-Logs_{}/{DELETED_STAGE}", api.id);
        api.create_log_group(&orphaned).await?;
        Ok(api)
    }

    /// Adds a method, without which an API cannot be deployed, and deploys.
    async fn deploy(&mut self) -> Result<()> {
        let resources = self.call(Method::GET, "/resources", &Value::Null).await?;
        let root = text(&resources["item"][0]["id"])?;
        let method = format!("/resources/{root}/methods/GET");
        let body = json!({"authorizationType": "NONE"});
        self.call(Method::PUT, &method, &body).await?;
        let body = json!({"type": "MOCK", "requestTemplates": {"application/json": "{}"}});
        self.call(Method::PUT, &format!("{method}/integration"), &body)
            .await?;
        let deployment = self.call(Method::POST, "/deployments", &json!({})).await?;
        self.deployment = text(&deployment["id"])?;
        Ok(())
    }

    async fn configure_access_log(&self) -> Result<()> {
        self.create_log_group(CONFIGURED_GROUP).await?;
        let retention = json!({"logGroupName": CONFIGURED_GROUP, "retentionInDays": CONFIGURED_DAYS});
        self.logs("PutRetentionPolicy", &retention).await?;
        let destination = self.moto.arn("logs", &format!("log-group:{CONFIGURED_GROUP}"));
        let set = |name: &str, value: &str| json!({"op": "replace", "path": format!("/accessLogSettings/{name}"), "value": value});
        let body = json!({"patchOperations": [
            set("destinationArn", &destination),
            set("format", CONFIGURED_FORMAT),
        ]});
        let stage = format!("/stages/{CONFIGURED_STAGE}");
        self.call(Method::PATCH, &stage, &body).await?;
        Ok(())
    }

    async fn create_log_group(&self, name: &str) -> Result<()> {
        let body = json!({"logGroupName": name});
        self.logs("CreateLogGroup", &body).await?;
        Ok(())
    }

    /// Reads the current settings from moto.
    pub(crate) async fn settings(&self) -> Result<Settings> {
        let account = self
            .moto
            .rest(Method::GET, "apigateway", "/account", &Value::Null)
            .await?;
        let stages = self.call(Method::GET, "/stages", &Value::Null).await?;
        let groups = self.logs("DescribeLogGroups", &json!({})).await?;
        let mut settings = Settings {
            role: account["cloudwatchRoleArn"].clone(),
            stages: BTreeMap::new(),
            log_groups: BTreeMap::new(),
        };
        for stage in stages["item"].as_array().into_iter().flatten() {
            let name = text(&stage["stageName"])?;
            settings.stages.insert(name, stage_settings(stage));
        }
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let name = text(&group["logGroupName"])?;
            settings.log_groups.insert(name, group["retentionInDays"].clone());
        }
        Ok(settings)
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/restapis/{}{path}", self.id);
        self.moto.rest(method, "apigateway", &path, body).await
    }

    async fn logs(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("Logs_20140328.{action}");
        self.moto.json("logs", &target, body).await
    }
}

fn text(value: &Value) -> Result<String> {
    let text = value.as_str().context("moto's response lacks an id or a name")?;
    Ok(text.to_owned())
}

/// Settings of a stage under the names that the function reports.
fn stage_settings(stage: &Value) -> Value {
    let (access_log, every_method) = (&stage["accessLogSettings"], &stage["methodSettings"]["*/*"]);
    json!({
        "access_log.destination": access_log["destinationArn"],
        "access_log.format": access_log["format"],
        "execution.level": every_method["loggingLevel"],
        "data_trace": every_method["dataTraceEnabled"],
        "metrics": every_method["metricsEnabled"],
    })
}

/// Settings before and after an event, for `summary.json`.
pub(crate) fn received(before: &Settings, after: &Settings) -> Value {
    let api_gateway =
        |settings: &Settings| json!({"cloudwatch_role": settings.role, "stages": settings.stages});
    json!({
        "apigateway": {"before": api_gateway(before), "after": api_gateway(after)},
        "logs": {"before": before.log_groups, "after": after.log_groups},
    })
}

/// Describes the settings that differ.
pub(crate) fn effects(before: &Settings, after: &Settings) -> Vec<String> {
    let before = before.by_name();
    let mut effects = Vec::new();
    for (name, value) in after.by_name() {
        let old = before.get(&name).map_or("did not exist", String::as_str);
        if old != value {
            effects.push(format!("{name}: {old} → {value}"));
        }
    }
    if effects.is_empty() {
        effects.push("API Gateway, CloudWatch Logs: nothing changed".to_owned());
    }
    effects
}

impl Settings {
    fn by_name(&self) -> BTreeMap<String, String> {
        let role = ("API Gateway: CloudWatch role".to_owned(), setting(&self.role));
        let mut settings = BTreeMap::from([role]);
        for (stage, values) in &self.stages {
            for (name, value) in values.as_object().into_iter().flatten() {
                settings.insert(format!("API Gateway: stage {stage}, {name}"), setting(value));
            }
        }
        for (group, days) in &self.log_groups {
            let retention = match days {
                Value::Null => "never expires".to_owned(),
                days => format!("{days} days"),
            };
            settings.insert(format!("CloudWatch Logs: {group}"), retention);
        }
        settings
    }
}

fn setting(value: &Value) -> String {
    let text = match value {
        Value::Null => "unset".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // The name in a log group's ARN.
    let text = text.rsplit(":log-group:").next().unwrap_or_default();
    match text.char_indices().nth(LONGEST_SETTING) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
