use serde_json::{Value, json};

use super::{Answer, State, refusal};

impl State {
    pub(super) fn update_rest_stage(&mut self, id: &str, name: &str, body: &Value) -> Answer {
        let mut stage = self.stage(id, name, true)?.clone();
        let (mut access, mut execution) = (false, false);
        for operation in body["patchOperations"].as_array().unwrap() {
            assert_eq!(operation["op"], "replace");
            let value = operation["value"].as_str().expect("values are strings");
            match operation["path"].as_str().unwrap() {
                "/accessLogSettings/destinationArn" => {
                    self.check_logging("REST", Some(value), None)?;
                    stage["accessLogSettings"]["destinationArn"] = json!(value);
                    access = true;
                }
                "/accessLogSettings/format" => {
                    self.check_logging("REST", None, Some(value))?;
                    stage["accessLogSettings"]["format"] = json!(value);
                    access = true;
                }
                "/*/*/logging/loglevel" if ["OFF", "ERROR", "INFO"].contains(&value) => {
                    every_method(&mut stage)["loggingLevel"] = json!(value);
                    execution = value != "OFF";
                }
                "/*/*/logging/dataTrace" if ["true", "false"].contains(&value) => {
                    every_method(&mut stage)["dataTraceEnabled"] = json!(value == "true");
                }
                "/*/*/metrics/enabled" if ["true", "false"].contains(&value) => {
                    every_method(&mut stage)["metricsEnabled"] = json!(value == "true");
                }
                path => {
                    return Err(refusal(
                        400,
                        "BadRequestException",
                        &format!("Invalid patch: {path}={value}"),
                    ));
                }
            }
        }
        if execution || (access && !self.access_logs_need_no_role) {
            self.check_role()?;
        }
        if execution {
            self.write_execution_log(format!("API-Gateway-Execution-Logs_{id}/{name}"));
        }
        if self.lost_updates > 0 {
            self.lost_updates -= 1;
            return Ok(stage);
        }
        let api = self.apis.get_mut(id).unwrap();
        api.stages.insert(name.to_owned(), stage.clone());
        Ok(stage)
    }
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
