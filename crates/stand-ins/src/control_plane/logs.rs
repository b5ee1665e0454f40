use serde_json::{Value, json};

use super::state::State;
use super::{AwsError, Outcome, log_group_arn};

const RETENTIONS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const MAX_PAGE_SIZE: usize = 50;

impl State {
    pub(super) fn logs(&mut self, operation: &str, body: &Value) -> Outcome {
        let name = body["logGroupName"].as_str().unwrap_or_default();
        match operation {
            "DescribeLogGroups" => self.describe_log_groups(body),
            "CreateLogGroup" => self.create_log_group(name),
            "DeleteRetentionPolicy" => self.delete_retention_policy(name),
            "PutRetentionPolicy" => self.put_retention_policy(name, &body["retentionInDays"]),
            _ => self
                .delivery(operation, body)
                .unwrap_or_else(|| Err(AwsError::new(400, "UnknownOperationException", operation))),
        }
    }

    fn describe_log_groups(&self, body: &Value) -> Outcome {
        let limit = match body["limit"].as_u64().map(usize::try_from) {
            None => MAX_PAGE_SIZE,
            Some(Ok(limit)) if limit <= MAX_PAGE_SIZE => limit,
            Some(_) => return Err(AwsError::invalid_parameter("limit")),
        };
        let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
        let from = body["nextToken"].as_str().unwrap_or_default();
        let mut groups = self
            .log_groups
            .range(from.max(prefix).to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix));
        let page: Vec<Value> = groups
            .by_ref()
            .take(limit)
            .map(|(name, days)| {
                let arn = log_group_arn(name);
                let mut group = json!({"logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn});
                if let Some(days) = days {
                    group["retentionInDays"] = json!(days);
                }
                if let Some(days) = self.account_policies.get(name) {
                    group["retentionPolicyName"] = json!("organisation");
                    group["retentionInDays"] = json!(days);
                }
                group["storedBytes"] = json!(self.stored_bytes.get(name).unwrap_or(&0));
                group
            })
            .collect();
        let next = groups.next().map(|(name, _)| name);
        Ok(json!({"logGroups": page, "nextToken": next}))
    }

    fn create_log_group(&mut self, name: &str) -> Outcome {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte);
        if !(1..=512).contains(&name.len()) || !name.bytes().all(is_allowed) {
            return Err(AwsError::invalid_parameter("logGroupName"));
        }
        if self.concurrent_log_group.as_deref() == Some(name) {
            self.concurrent_log_group = None;
            self.log_groups.insert(name.to_owned(), None);
        }
        if self.log_groups.contains_key(name) {
            let message = "The specified log group already exists";
            return Err(AwsError::new(400, "ResourceAlreadyExistsException", message));
        }
        self.log_groups.insert(name.to_owned(), None);
        Ok(json!({}))
    }

    fn delete_retention_policy(&mut self, name: &str) -> Outcome {
        let Some(retention) = self.log_groups.get_mut(name) else {
            let message = "The specified log group does not exist.";
            return Err(AwsError::new(400, "ResourceNotFoundException", message));
        };
        *retention = None;
        Ok(json!({}))
    }

    fn put_retention_policy(&mut self, name: &str, days: &Value) -> Outcome {
        let days = days.as_u64().filter(|days| RETENTIONS.contains(days));
        let days = days.ok_or_else(|| AwsError::invalid_parameter("retentionInDays"))?;
        let Some(retention) = self.log_groups.get_mut(name) else {
            let message = "The specified log group does not exist.";
            return Err(AwsError::new(400, "ResourceNotFoundException", message));
        };
        *retention = Some(days);
        Ok(json!({}))
    }
}
