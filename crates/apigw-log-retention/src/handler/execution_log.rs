//! Delivery of a stage's execution log to a place of its own.

use serde_json::json;

use super::ApigwLogRetention;
use super::reconciliation::Reconciliation;
use crate::adapters::log_delivery::Deliveries;
use crate::adapters::requests::RequestError;
use crate::execution_log_delivery::ExecutionLogDelivery;
use crate::function_response::StageResult;
use crate::log_group_name::delivery_log_group;
use crate::retention::DesiredRetention;
use crate::settings_difference::{Change, DELIVERY};
use crate::stage::{Api, ApiType, Stage};

impl Reconciliation<'_> {
    /// Delivers the execution log of a REST stage, unless it is delivered already, by this function or its owner.
    pub(super) async fn deliver_execution_log(
        &mut self,
        api: &Api,
        stage: &Stage,
        retention: DesiredRetention,
        result: &mut StageResult,
    ) -> anyhow::Result<()> {
        let ApigwLogRetention { config, delivery, .. } = self.function;
        if api.api_type != ApiType::Rest || config.execution_log_delivery == ExecutionLogDelivery::Off {
            return Ok(());
        }
        let stage_arn = self.log_groups.stage_arn(&api.id, &stage.name);
        if self.deliveries().await?.has_delivery(&stage_arn) {
            return Ok(());
        }
        let destination = match &config.execution_log_delivery {
            ExecutionLogDelivery::Resource(arn) => arn.clone(),
            _ => {
                let group = delivery_log_group(&api.id, &stage.name);
                if !self.has_all_log_groups {
                    self.read_log_group(&group).await?;
                }
                self.log_group(&group, retention).await?;
                self.log_groups.arn(&group)
            }
        };
        if !config.dry_run {
            let mut deliveries = self.deliveries.take().unwrap_or_default();
            let created = delivery
                .create(&self.requests, &mut deliveries, &stage_arn, &destination)
                .await;
            self.deliveries = Some(deliveries);
            created?;
        }
        result
            .changes
            .push(Change::new(DELIVERY, json!(null), json!(destination)));
        Ok(())
    }

    /// Reads all deliveries once in an invocation.
    async fn deliveries(&mut self) -> Result<&Deliveries, RequestError> {
        if self.deliveries.is_none() {
            self.deliveries = Some(self.function.delivery.read(&self.requests).await?);
        }
        Ok(self.deliveries.get_or_insert_default())
    }
}
