use serde_json::{Value, json};

use super::{Answer, State, refusal};

impl State {
    pub(super) fn update_account(&mut self, body: &Value) -> Answer {
        let operation = &body["patchOperations"][0];
        let (Some("replace"), Some("/cloudwatchRoleArn"), Some(arn)) = (
            operation["op"].as_str(),
            operation["path"].as_str(),
            operation["value"].as_str(),
        ) else {
            return Err(refusal(
                400,
                "BadRequestException",
                "Invalid patch path specified",
            ));
        };
        self.role = Some(arn.to_owned());
        Ok(json!({"cloudwatchRoleArn": arn}))
    }
}
