//! Amazon CloudWatch Logs: delivery of the logs that services write.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::DeliveryDestinationConfiguration;

use super::logs::Logs;
use super::requests::{RequestError, Requests};
use crate::execution_log_delivery::delivery_name;

/// Type of the logs to deliver (API Gateway Developer Guide, Create a log delivery for REST API execution logs).
const EXECUTION_LOGS: &str = "EXECUTION_LOGS";

pub(crate) struct LogDelivery {
    client: Client,
}

/// Sources and deliveries of execution logs in this Region.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// Name of the source by ARN of the stage.
    sources: BTreeMap<String, String>,
    /// Names of the sources with a delivery.
    delivered: BTreeSet<String>,
}

impl Deliveries {
    /// Returns true if the stage's execution log is delivered anywhere.
    pub(crate) fn has_delivery(&self, stage_arn: &str) -> bool {
        let source = self.sources.get(stage_arn);
        source.is_some_and(|name| self.delivered.contains(name))
    }
}

impl LogDelivery {
    /// Uses the client of the log groups.
    pub(crate) fn new(logs: &Logs) -> Self {
        Self {
            client: logs.client.clone(),
        }
    }

    /// Reads all sources of execution logs, and all deliveries.
    pub(crate) async fn read(&self, requests: &Requests) -> Result<Deliveries, RequestError> {
        let mut read = Deliveries::default();
        let sources = |token| {
            self.client
                .describe_delivery_sources()
                .set_next_token(token)
                .send()
        };
        let action = "list delivery sources (logs:DescribeDeliverySources)";
        requests
            .each_page(action, sources, |page| {
                for source in page.delivery_sources() {
                    if source.log_type() == Some(EXECUTION_LOGS) {
                        let name = source.name().unwrap_or_default();
                        let arns = source.resource_arns().iter();
                        read.sources
                            .extend(arns.map(|arn| (arn.clone(), name.to_owned())));
                    }
                }
                page.next_token
            })
            .await?;
        let deliveries = |token| self.client.describe_deliveries().set_next_token(token).send();
        let action = "list deliveries (logs:DescribeDeliveries)";
        requests
            .each_page(action, deliveries, |page| {
                let sources = page
                    .deliveries()
                    .iter()
                    .filter_map(|delivery| delivery.delivery_source_name());
                read.delivered.extend(sources.map(str::to_owned));
                page.next_token
            })
            .await?;
        Ok(read)
    }

    /// Delivers a stage's execution log to a log group, a bucket or a stream. Each step succeeds if it was made before.
    pub(crate) async fn create(
        &self,
        requests: &Requests,
        known: &mut Deliveries,
        stage_arn: &str,
        destination: &str,
    ) -> Result<(), RequestError> {
        let source = match known.sources.get(stage_arn) {
            Some(name) => name.clone(),
            None => self.put_source(requests, stage_arn).await?,
        };
        let destination = self.put_destination(requests, destination).await?;
        let action = format!("deliver the logs of {stage_arn} (logs:CreateDelivery)");
        let request = || {
            let request = self.client.create_delivery().delivery_source_name(&source);
            request.delivery_destination_arn(&destination).send()
        };
        requests.send(&action, request).await?;
        known.delivered.insert(source.clone());
        known.sources.insert(stage_arn.to_owned(), source);
        Ok(())
    }

    async fn put_source(&self, requests: &Requests, stage_arn: &str) -> Result<String, RequestError> {
        let name = delivery_name(stage_arn);
        let action = format!("register {stage_arn} as a delivery source (logs:PutDeliverySource)");
        let request = || {
            let request = self.client.put_delivery_source().name(&name);
            request.resource_arn(stage_arn).log_type(EXECUTION_LOGS).send()
        };
        requests.send(&action, request).await?;
        Ok(name)
    }

    /// Returns the ARN of the destination.
    async fn put_destination(&self, requests: &Requests, resource: &str) -> Result<String, RequestError> {
        let name = delivery_name(resource);
        let action = format!("register {resource} as a delivery destination (logs:PutDeliveryDestination)");
        // Cannot fail: its only field is set.
        let configuration = DeliveryDestinationConfiguration::builder()
            .destination_resource_arn(resource)
            .build()
            .ok();
        let request = || {
            let request = self.client.put_delivery_destination().name(&name);
            request
                .set_delivery_destination_configuration(configuration.clone())
                .send()
        };
        let response = requests.send(&action, request).await?;
        let destination = response
            .delivery_destination()
            .and_then(|destination| destination.arn());
        Ok(destination.unwrap_or_default().to_owned())
    }
}
