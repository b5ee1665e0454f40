//! Handles a report: the log groups that never expire, and the price of their storage.

use lambda_core::invocation::Invocation;

use super::ApigwLogRetention;
use crate::adapters::requests::Requests;
use crate::never_expiring::Report;

impl ApigwLogRetention {
    /// Lists the groups, in the log and in the response, and publishes the list if there is a topic.
    pub(super) async fn report(&self, invocation: &Invocation) -> anyhow::Result<Report> {
        let requests = Requests::paced(
            invocation.deadline,
            self.sweep_interval,
            std::time::Duration::from_secs(2),
        );
        let groups = self.logs.never_expiring(&requests).await?;
        let report = Report::new(groups, self.config.log_price);
        tracing::info!("{}", report.subject(&self.region));
        for group in &report.never_expiring {
            tracing::info!(
                log_group = group.name,
                stored_bytes = group.stored_bytes,
                "log group {} never expires: {} bytes, at most {:.2} USD a month",
                group.name,
                group.stored_bytes,
                group.monthly_usd_at_most
            );
        }
        if let Some(topic) = &self.report_topic {
            let message = report.message(&self.region, self.config.log_price);
            topic.publish(&report.subject(&self.region), &message).await?;
        }
        Ok(report)
    }
}
