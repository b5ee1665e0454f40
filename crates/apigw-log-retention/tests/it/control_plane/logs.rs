use serde_json::{Value, json};

use super::{Answer, State, refusal};

const RETENTIONS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

impl State {
    pub(super) fn logs(&mut self, operation: &str, body: &Value) -> Answer {
        let name = body["logGroupName"].as_str().unwrap_or_default().to_owned();
        match operation {
            "DescribeLogGroups" => self.describe(body),
            "CreateLogGroup" => self.create(name),
            "PutRetentionPolicy" => self.put_retention(&name, body["retentionInDays"].as_u64().unwrap()),
            _ => Err(refusal(400, "UnknownOperationException", operation)),
        }
    }

    fn describe(&self, body: &Value) -> Answer {
        let limit = body["limit"].as_u64().unwrap_or(50);
        if limit > 50 {
            return Err(refusal(400, "InvalidParameterException", "limit"));
        }
        let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
        let from = body["nextToken"].as_str().unwrap_or_default();
        let mut groups = self
            .groups
            .range(from.to_owned()..)
            .filter(|(name, _)| name.starts_with(prefix));
        let page: Vec<Value> = groups
            .by_ref()
            .take(usize::try_from(limit).unwrap())
            .map(|(name, days)| {
                let arn = format!("arn:aws:logs:ap-northeast-2:123456789012:log-group:{name}");
                let mut group = json!({"logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn});
                if let Some(days) = days {
                    group["retentionInDays"] = json!(days);
                }
                group
            })
            .collect();
        let next = groups.next().map(|(name, _)| name);
        Ok(json!({"logGroups": page, "nextToken": next}))
    }

    fn create(&mut self, name: String) -> Answer {
        let is_name = |name: &str| {
            (1..=512).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte))
        };
        if !is_name(&name) {
            return Err(refusal(
                400,
                "InvalidParameterException",
                "1 validation error detected: logGroupName",
            ));
        }
        if self.race_for.as_ref() == Some(&name) {
            self.race_for = None;
            self.groups.insert(name.clone(), None);
        }
        if self.groups.contains_key(&name) {
            let message = "The specified log group already exists";
            return Err(refusal(400, "ResourceAlreadyExistsException", message));
        }
        self.groups.insert(name, None);
        Ok(json!({}))
    }

    fn put_retention(&mut self, name: &str, days: u64) -> Answer {
        if !RETENTIONS.contains(&days) {
            return Err(refusal(
                400,
                "InvalidParameterException",
                "1 validation error detected: retentionInDays",
            ));
        }
        let Some(group) = self.groups.get_mut(name) else {
            return Err(refusal(
                400,
                "ResourceNotFoundException",
                "The specified log group does not exist.",
            ));
        };
        *group = Some(days);
        Ok(json!({}))
    }
}
