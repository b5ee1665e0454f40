use serde_json::Value;

use super::state::{State, check_format};
use super::{AwsError, Outcome};

impl State {
    pub(super) fn update_v2_stage(&mut self, id: &str, name: &str, body: &Value) -> Outcome {
        let protocol = self.api(id, false)?.protocol;
        let mut stage = self.stage(id, name, false)?.clone();
        if stage["apiGatewayManaged"] == true {
            return Err(AwsError::bad_request(
                "Updating a stage that is managed by API Gateway is not supported",
            ));
        }
        if let Some(access_log) = body.get("accessLogSettings") {
            // Both or none: no document states that API Gateway keeps an omitted one.
            let (Some(destination), Some(format)) = (
                access_log["destinationArn"].as_str(),
                access_log["format"].as_str(),
            ) else {
                return Err(AwsError::bad_request(
                    "expected both access log settings in this stand-in",
                ));
            };
            self.check_destination(destination)?;
            check_format(format, 1024)?;
            if protocol == "WEBSOCKET" {
                self.check_role()?;
            }
            stage["accessLogSettings"] = access_log.clone();
        }
        if let Some(route) = body.get("defaultRouteSettings") {
            self.check_default_route(protocol, route)?;
            if writes_execution_log(route) {
                self.write_execution_log(format!("/aws/apigateway/{id}/{name}"));
            }
            // Not merged: an omitted setting is lost, the worst that API Gateway could do.
            stage["defaultRouteSettings"] = route.clone();
        }
        self.replace_stage(id, name, &stage);
        Ok(stage)
    }

    pub(super) fn delete_access_log_settings(&mut self, id: &str, name: &str) -> Outcome {
        let mut stage = self.stage(id, name, false)?.clone();
        if let Some(stage) = stage.as_object_mut() {
            stage.remove("accessLogSettings");
        }
        self.replace_stage(id, name, &stage);
        Ok(Value::Null)
    }

    fn check_default_route(&mut self, protocol: &str, route: &Value) -> Result<(), AwsError> {
        let has_execution_log =
            route.get("loggingLevel").is_some() || route.get("dataTraceEnabled").is_some();
        if protocol == "HTTP" && has_execution_log {
            return Err(AwsError::bad_request(
                "Execution logs are not supported on protocolType HTTP",
            ));
        }
        match writes_execution_log(route) {
            true => self.check_role(),
            false => Ok(()),
        }
    }
}

fn writes_execution_log(route: &Value) -> bool {
    route["loggingLevel"] == "INFO" || route["loggingLevel"] == "ERROR"
}
