use serde_json::Value;

use super::{Answer, State, refusal};

impl State {
    pub(super) fn update_v2_stage(&mut self, id: &str, name: &str, body: &Value) -> Answer {
        let protocol = self.known_api(id, false)?.protocol;
        let mut stage = self.stage(id, name, false)?.clone();
        if stage["apiGatewayManaged"] == true {
            let message = "Updating a stage that is managed by API Gateway is not supported";
            return Err(refusal(400, "BadRequestException", message));
        }
        if let Some(access_log) = body.get("accessLogSettings") {
            let (destination, format) = (
                access_log["destinationArn"].as_str(),
                access_log["format"].as_str(),
            );
            assert!(
                destination.is_some() && format.is_some(),
                "both or nothing: {access_log}"
            );
            self.check_logging(protocol, destination, format)?;
            if protocol == "WEBSOCKET" {
                self.check_role()?;
            }
            stage["accessLogSettings"] = access_log.clone();
        }
        if let Some(route) = body.get("defaultRouteSettings") {
            let logs = route
                .get("loggingLevel")
                .or_else(|| route.get("dataTraceEnabled"));
            if protocol == "HTTP" && logs.is_some() {
                let message = "Execution logs are not supported on protocolType HTTP";
                return Err(refusal(400, "BadRequestException", message));
            }
            if route["loggingLevel"] == "INFO" || route["loggingLevel"] == "ERROR" {
                self.check_role()?;
                self.write_execution_log(format!("/aws/apigateway/{id}/{name}"));
            }
            // Not merged: what is not sent is gone.
            stage["defaultRouteSettings"] = route.clone();
        }
        let api = self.apis.get_mut(id).unwrap();
        api.stages.insert(name.to_owned(), stage.clone());
        Ok(stage)
    }
}
