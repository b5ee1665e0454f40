//! The report of log groups that never expire.

use serde::Serialize;

/// Storage of CloudWatch Logs in Seoul (ap-northeast-2), from AWS's price page as of November 2026.
pub(crate) const DEFAULT_PRICE: f64 = 0.0314;

const GIGABYTE: f64 = 1e9;

/// A log group without a retention.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NeverExpiring {
    pub(crate) name: String,
    pub(crate) stored_bytes: u64,
    /// Price of these bytes. CloudWatch Logs counts them before it compresses them and bills them after that, so the
    /// bill is lower.
    pub(crate) monthly_usd_at_most: f64,
}

/// Response to the report event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The largest group comes first.
    pub(crate) never_expiring: Vec<NeverExpiring>,
    pub(crate) total_usd_at_most: f64,
}

impl Report {
    /// Prices groups, given as name and stored bytes.
    pub(crate) fn new(groups: Vec<(String, u64)>, usd_per_gb_month: f64) -> Self {
        let price = |bytes: u64| cents(bytes as f64 / GIGABYTE * usd_per_gb_month);
        let total = groups.iter().map(|(_, bytes)| bytes).sum();
        let mut never_expiring: Vec<NeverExpiring> = groups
            .into_iter()
            .map(|(name, stored_bytes)| NeverExpiring {
                monthly_usd_at_most: price(stored_bytes),
                name,
                stored_bytes,
            })
            .collect();
        never_expiring
            .sort_by(|one, other| (other.stored_bytes, &one.name).cmp(&(one.stored_bytes, &other.name)));
        Self {
            never_expiring,
            total_usd_at_most: price(total),
        }
    }

    pub(crate) fn subject(&self, region: &str) -> String {
        format!(
            "{} log groups never expire in {region}: at most {:.2} USD a month",
            self.never_expiring.len(),
            self.total_usd_at_most
        )
    }

    /// Returns the text of the message. SNS accepts 256 KB, of which a line may need 600 bytes.
    pub(crate) fn message(&self, region: &str, usd_per_gb_month: f64) -> String {
        const MAX_LISTED: usize = 200;
        let mut lines = vec![
            format!("{}.", self.subject(region)),
            format!(
                "The price is {usd_per_gb_month} USD per GB and month before compression. Set a retention with LOG_GROUP_RULES."
            ),
            String::new(),
        ];
        let listed = self.never_expiring.iter().take(MAX_LISTED);
        lines.extend(listed.map(|group| {
            let gigabytes = group.stored_bytes as f64 / GIGABYTE;
            format!(
                "{gigabytes:>12.3} GB {:>9.2} USD  {}",
                group.monthly_usd_at_most, group.name
            )
        }));
        let more = self.never_expiring.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            lines.push(format!("and {more} smaller ones"));
        }
        lines.join("\n")
    }
}

/// Rounds up to cents, but not for an error of the last binary digits.
fn cents(usd: f64) -> f64 {
    // Through an integer: the ceiling of a little less than zero is a negative zero, which prints as -0.00.
    (usd * 100.0 - 1e-6).ceil() as u64 as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_group_comes_first_with_its_price_rounded_up() {
        let groups = [("/a", 0), ("/c", 2_000_000_000_000), ("/b", 1_000_000)];
        let groups = groups.map(|(name, bytes)| (name.to_owned(), bytes));
        let report = Report::new(groups.to_vec(), 0.0314);
        // 2,000 GB × 0.0314 = 62.80, 0.001 GB × 0.0314 = 0.0000314, in all 62.8000314.
        let listed: Vec<(&str, f64)> = report
            .never_expiring
            .iter()
            .map(|group| (group.name.as_str(), group.monthly_usd_at_most))
            .collect();
        assert_eq!(listed, [("/c", 62.8), ("/b", 0.01), ("/a", 0.0)]);
        assert_eq!(report.total_usd_at_most, 62.81);
        assert_eq!(
            report.subject("ap-northeast-2"),
            "3 log groups never expire in ap-northeast-2: at most 62.81 USD a month"
        );
        let message = report.message("ap-northeast-2", 0.0314);
        assert!(message.contains("    2000.000 GB     62.80 USD  /c"), "{message}");
        assert!(message.contains(" 0.00 USD  /a"), "{message}");
    }
}
