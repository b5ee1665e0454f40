//! A REST API in moto whose stages nobody has looked after: made, read back, and shown.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use local_stack::Moto;
use reqwest::Method;
use serde_json::{Value, json};

/// The stage of which the owner has an access log already, where and as he wants it.
pub const OWNED_STAGE: &str = "dev";
/// The stage that is new.
pub const NEW_STAGE: &str = "prod";
/// A stage that is gone, but for its log group.
pub const GONE_STAGE: &str = "staging";
/// The owner's own log group.
pub const OWNED_GROUP: &str = "billing-team-access";
/// Of the owner's log group.
pub const OWNED_DAYS: u32 = 365;
/// The owner's own format.
pub const OWNED_FORMAT: &str = "$context.requestId $context.status $context.path";

/// How much of a setting is shown, in characters.
const LONGEST_SETTING: usize = 48;

/// The API.
pub struct Api<'m> {
    moto: &'m Moto,
    /// API Gateway's.
    pub id: String,
    /// What its stages show.
    pub deployment: String,
}

/// The settings of stages and log groups at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    role: Value,
    stages: BTreeMap<String, Value>,
    /// Days by name; null is for ever.
    log_groups: BTreeMap<String, Value>,
}

impl<'m> Api<'m> {
    /// An API with two stages and the log group of a third that is gone.
    pub async fn make(moto: &'m Moto) -> Result<Self> {
        let api = moto
            .rest(
                Method::POST,
                "apigateway",
                "/restapis",
                &json!({"name": "billing"}),
            )
            .await?;
        let mut api = Self {
            moto,
            id: text(&api["id"])?,
            deployment: String::new(),
        };
        api.deploy().await?;
        for stage in [OWNED_STAGE, NEW_STAGE] {
            let body = json!({"stageName": stage, "deploymentId": api.deployment});
            api.ask(Method::POST, "/stages", &body).await?;
        }
        api.let_owner_log().await?;
        let vanished = format!("API-Gateway-Execution-Logs_{}/{GONE_STAGE}", api.id);
        api.make_log_group(&vanished).await?;
        Ok(api)
    }

    /// Without a method there is nothing to deploy.
    async fn deploy(&mut self) -> Result<()> {
        let resources = self.ask(Method::GET, "/resources", &Value::Null).await?;
        let root = text(&resources["item"][0]["id"])?;
        let method = format!("/resources/{root}/methods/GET");
        let body = json!({"authorizationType": "NONE"});
        self.ask(Method::PUT, &method, &body).await?;
        let body = json!({"type": "MOCK", "requestTemplates": {"application/json": "{}"}});
        self.ask(Method::PUT, &format!("{method}/integration"), &body)
            .await?;
        let deployment = self.ask(Method::POST, "/deployments", &json!({})).await?;
        self.deployment = text(&deployment["id"])?;
        Ok(())
    }

    async fn let_owner_log(&self) -> Result<()> {
        self.make_log_group(OWNED_GROUP).await?;
        let retention = json!({"logGroupName": OWNED_GROUP, "retentionInDays": OWNED_DAYS});
        self.logs("PutRetentionPolicy", &retention).await?;
        let destination = self.moto.arn("logs", &format!("log-group:{OWNED_GROUP}"));
        let operations = [("destinationArn", destination.as_str()), ("format", OWNED_FORMAT)].map(
            |(name, value)| json!({"op": "replace", "path": format!("/accessLogSettings/{name}"), "value": value}),
        );
        let body = json!({"patchOperations": operations});
        self.ask(Method::PATCH, &format!("/stages/{OWNED_STAGE}"), &body)
            .await?;
        Ok(())
    }

    async fn make_log_group(&self, name: &str) -> Result<()> {
        self.logs("CreateLogGroup", &json!({"logGroupName": name}))
            .await?;
        Ok(())
    }

    /// As moto tells it now.
    pub async fn state(&self) -> Result<State> {
        let account = self
            .moto
            .rest(Method::GET, "apigateway", "/account", &Value::Null)
            .await?;
        let stages = self.ask(Method::GET, "/stages", &Value::Null).await?;
        let groups = self.logs("DescribeLogGroups", &json!({})).await?;
        let mut state = State {
            role: account["cloudwatchRoleArn"].clone(),
            stages: BTreeMap::new(),
            log_groups: BTreeMap::new(),
        };
        for stage in stages["item"].as_array().into_iter().flatten() {
            state.stages.insert(text(&stage["stageName"])?, settings(stage));
        }
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let name = text(&group["logGroupName"])?;
            state.log_groups.insert(name, group["retentionInDays"].clone());
        }
        Ok(state)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/restapis/{}{path}", self.id);
        self.moto.rest(method, "apigateway", &path, body).await
    }

    async fn logs(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("Logs_20140328.{action}");
        self.moto.json("logs", &target, body).await
    }
}

impl State {
    /// What an event made of it, for `summary.json`.
    pub fn received(&self, after: &Self) -> Value {
        let api_gateway = |state: &Self| json!({"cloudwatch_role": state.role, "stages": state.stages});
        json!({
            "apigateway": {"before": api_gateway(self), "after": api_gateway(after)},
            "logs": {"before": self.log_groups, "after": after.log_groups},
        })
    }
}

fn text(value: &Value) -> Result<String> {
    let text = value.as_str().context("moto left something out of its answer")?;
    Ok(text.to_owned())
}

/// Under the names that the function gives them.
fn settings(stage: &Value) -> Value {
    let (access_log, every_method) = (&stage["accessLogSettings"], &stage["methodSettings"]["*/*"]);
    json!({
        "access_log.destination": access_log["destinationArn"],
        "access_log.format": access_log["format"],
        "execution.level": every_method["loggingLevel"],
        "data_trace": every_method["dataTraceEnabled"],
        "metrics": every_method["metricsEnabled"],
    })
}

/// What was received, a line for each setting and log group that is there.
pub fn in_words(received: &Value) -> Vec<String> {
    let mut words = Vec::new();
    let [before, after] = ["before", "after"].map(|when| &received["apigateway"][when]);
    if before["cloudwatch_role"] != after["cloudwatch_role"] {
        words.push(format!(
            "API Gateway: CloudWatch role {}",
            change(&before["cloudwatch_role"], &after["cloudwatch_role"], setting)
        ));
    }
    for (stage, settings) in after["stages"].as_object().into_iter().flatten() {
        let before = &before["stages"][stage];
        if before == settings {
            words.push(format!("API Gateway: stage {stage} as before"));
            continue;
        }
        words.push(format!("API Gateway: stage {stage}"));
        for (name, value) in settings.as_object().into_iter().flatten() {
            words.push(format!("  {name} {}", change(&before[name], value, setting)));
        }
    }
    let [before, after] = ["before", "after"].map(|when| &received["logs"][when]);
    for (group, days) in after.as_object().into_iter().flatten() {
        let change = match before.get(group) {
            Some(before) => change(before, days, retention),
            None => format!("new → {}", retention(days)),
        };
        words.push(format!("Logs: {group} {change}"));
    }
    words
}

fn change(before: &Value, after: &Value, show: fn(&Value) -> String) -> String {
    match before == after {
        true => format!("{}, as before", show(after)),
        false => format!("{} → {}", show(before), show(after)),
    }
}

fn setting(value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Of a log group's ARN, the name.
    let text = text
        .split_once(":log-group:")
        .map_or(text.as_str(), |(_, name)| name);
    match text.char_indices().nth(LONGEST_SETTING) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

fn retention(days: &Value) -> String {
    match days {
        Value::Null => "for ever".to_owned(),
        days => format!("{days} days"),
    }
}
