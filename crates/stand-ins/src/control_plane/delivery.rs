use local_stack::moto::{ACCOUNT, REGION};
use serde_json::{Value, json};

use super::state::State;
use super::{AwsError, Outcome, log_group_arn};

/// Sources, destinations and deliveries of service logs, by name.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// Sources as CloudWatch Logs describes them.
    pub sources: Vec<Value>,
    /// Destinations as CloudWatch Logs describes them.
    pub destinations: Vec<Value>,
    /// Deliveries as CloudWatch Logs describes them.
    pub deliveries: Vec<Value>,
}

impl State {
    /// Carries out an operation of log delivery; `None` is another operation.
    pub(super) fn delivery(&mut self, operation: &str, body: &Value) -> Option<Outcome> {
        Some(match operation {
            "PutDeliverySource" => self.put_source(body),
            "PutDeliveryDestination" => self.put_destination(body),
            "CreateDelivery" => self.create_delivery(body),
            "DescribeDeliverySources" => Ok(json!({"deliverySources": self.deliveries.sources})),
            "DescribeDeliveries" => Ok(json!({"deliveries": self.deliveries.deliveries})),
            _ => return None,
        })
    }

    fn put_source(&mut self, body: &Value) -> Outcome {
        let name = name(body)?;
        let arn = body["resourceArn"].as_str().unwrap_or_default();
        if body["logType"] != "EXECUTION_LOGS" {
            return Err(AwsError::invalid("logType"));
        }
        let prefix = format!("arn:aws:apigateway:{REGION}:{ACCOUNT}:/restapis/");
        let stage = arn
            .strip_prefix(&prefix)
            .and_then(|rest| rest.split_once("/stages/"));
        let (api, stage) = stage.ok_or_else(|| AwsError::invalid("resourceArn"))?;
        let stage = self.stage(api, stage, true)?;
        let level = &stage["methodSettings"]["*/*"]["loggingLevel"];
        if level != "INFO" && level != "ERROR" {
            return Err(AwsError::invalid("resourceArn: execution logging is not enabled"));
        }
        let is_of_resource =
            |source: &&Value| source["resourceArns"] == json!([arn]) && source["name"] != name;
        if self
            .deliveries
            .sources
            .iter()
            .any(|source| is_of_resource(&source))
        {
            return Err(AwsError::new(
                400,
                "ConflictException",
                "The resource has another delivery source",
            ));
        }
        let source = json!({
            "name": name, "resourceArns": [arn], "logType": "EXECUTION_LOGS", "service": "apigateway",
            "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:delivery-source:{name}"),
        });
        self.deliveries.sources.retain(|other| other["name"] != name);
        self.deliveries.sources.push(source.clone());
        Ok(json!({"deliverySource": source}))
    }

    fn put_destination(&mut self, body: &Value) -> Outcome {
        let name = name(body)?;
        let resource = body["deliveryDestinationConfiguration"]["destinationResourceArn"].as_str();
        let resource = resource.unwrap_or_default();
        let group = resource.strip_prefix(&log_group_arn(""));
        let exists = match group {
            Some(group) => self.log_groups.contains_key(group),
            None => resource.contains(":s3:::") || resource.contains(":firehose:"),
        };
        if !exists {
            return Err(AwsError::invalid("destinationResourceArn"));
        }
        let destination = json!({
            "name": name, "deliveryDestinationConfiguration": {"destinationResourceArn": resource},
            "arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:delivery-destination:{name}"),
        });
        self.deliveries.destinations.retain(|other| other["name"] != name);
        self.deliveries.destinations.push(destination.clone());
        Ok(json!({"deliveryDestination": destination}))
    }

    fn create_delivery(&mut self, body: &Value) -> Outcome {
        let (source, destination) = (&body["deliverySourceName"], &body["deliveryDestinationArn"]);
        let has = |list: &[Value], key: &str, value: &Value| list.iter().any(|one| one[key] == *value);
        if !has(&self.deliveries.sources, "name", source)
            || !has(&self.deliveries.destinations, "arn", destination)
        {
            let message = "The delivery source or destination does not exist";
            return Err(AwsError::new(400, "ResourceNotFoundException", message));
        }
        let is_same = |one: &Value| {
            one["deliverySourceName"] == *source && one["deliveryDestinationArn"] == *destination
        };
        if self.deliveries.deliveries.iter().any(is_same) {
            return Err(AwsError::new(
                400,
                "ConflictException",
                "The delivery exists already",
            ));
        }
        let delivery = json!({
            "id": format!("d{:015}", self.deliveries.deliveries.len()), "deliverySourceName": source,
            "deliveryDestinationArn": destination,
        });
        self.deliveries.deliveries.push(delivery.clone());
        Ok(json!({"delivery": delivery}))
    }
}

fn name(body: &Value) -> Result<&str, AwsError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let name = body["name"].as_str().unwrap_or_default();
    match (1..=60).contains(&name.len()) && name.bytes().all(is_allowed) {
        true => Ok(name),
        false => Err(AwsError::invalid("name")),
    }
}
