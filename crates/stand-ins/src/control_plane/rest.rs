use serde_json::{Value, json};

use super::state::{State, check_format};
use super::{AwsError, Outcome};

impl State {
    pub(super) fn update_account(&mut self, body: &Value) -> Outcome {
        match operations(body)?.as_slice() {
            [("/cloudwatchRoleArn", arn)] => {
                let name = arn.rsplit('/').next().unwrap_or_default();
                if self.roles.get(name) != Some(&"apigateway.amazonaws.com") {
                    let message = "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.";
                    return Err(AwsError::bad_request(message));
                }
                self.role = Some((*arn).to_owned());
                Ok(json!({"cloudwatchRoleArn": arn}))
            }
            _ => Err(AwsError::bad_request("Invalid patch path specified")),
        }
    }

    pub(super) fn update_rest_stage(&mut self, id: &str, name: &str, body: &Value) -> Outcome {
        let mut stage = self.stage(id, name, true)?.clone();
        let (mut sets_access_log, mut sets_execution_log) = (false, false);
        if *body == json!({"patchOperations": [{"op": "remove", "path": "/accessLogSettings"}]}) {
            if let Some(stage) = stage.as_object_mut() {
                stage.remove("accessLogSettings");
            }
            self.replace_stage(id, name, &stage);
            return Ok(stage);
        }
        for (path, value) in operations(body)? {
            match path {
                "/accessLogSettings/destinationArn" => {
                    self.check_destination(value)?;
                    stage["accessLogSettings"]["destinationArn"] = json!(value);
                    sets_access_log = true;
                }
                "/accessLogSettings/format" => {
                    check_format(value, 3072)?;
                    stage["accessLogSettings"]["format"] = json!(value);
                    sets_access_log = true;
                }
                "/*/*/logging/loglevel" if ["OFF", "ERROR", "INFO"].contains(&value) => {
                    every_method(&mut stage)["loggingLevel"] = json!(value);
                    sets_execution_log = value != "OFF";
                }
                "/*/*/logging/dataTrace" if ["true", "false"].contains(&value) => {
                    every_method(&mut stage)["dataTraceEnabled"] = json!(value == "true");
                }
                "/*/*/metrics/enabled" if ["true", "false"].contains(&value) => {
                    every_method(&mut stage)["metricsEnabled"] = json!(value == "true");
                }
                _ => return Err(AwsError::bad_request(&format!("Invalid patch: {path}={value}"))),
            }
        }
        if sets_execution_log || (sets_access_log && !self.access_logs_need_no_role) {
            self.check_role()?;
        }
        if sets_execution_log {
            self.write_execution_log(format!("API-Gateway-Execution-Logs_{id}/{name}"));
        }
        match self.ineffective_updates.checked_sub(1) {
            Some(left) => self.ineffective_updates = left,
            None => self.replace_stage(id, name, &stage),
        }
        Ok(stage)
    }
}

/// Parses patch operations into paths and values. All values are strings.
fn operations(body: &Value) -> Result<Vec<(&str, &str)>, AwsError> {
    let operations = body["patchOperations"].as_array().map(Vec::as_slice);
    operations
        .unwrap_or_default()
        .iter()
        .map(|operation| {
            let parts = (
                operation["op"].as_str(),
                operation["path"].as_str(),
                operation["value"].as_str(),
            );
            match parts {
                (Some("replace"), Some(path), Some(value)) => Ok((path, value)),
                _ => Err(AwsError::bad_request("Invalid patch operation")),
            }
        })
        .collect()
}

fn every_method(stage: &mut Value) -> &mut Value {
    let settings = &mut stage["methodSettings"]["*/*"];
    if settings.is_null() {
        *settings = json!({
            "metricsEnabled": false, "dataTraceEnabled": false, "throttlingBurstLimit": 5000,
            "throttlingRateLimit": 10000.0, "cachingEnabled": false, "cacheTtlInSeconds": 300,
            "cacheDataEncrypted": false, "requireAuthorizationForCacheControl": true,
        });
    }
    settings
}
