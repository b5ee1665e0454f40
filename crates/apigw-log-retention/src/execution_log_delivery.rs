//! Delivery of execution logs to a place of their own, with events up to 1 MB instead of 1 KB (API Gateway Developer
//! Guide, Create a log delivery for REST API execution logs).

/// Value of `EXECUTION_LOG_DELIVERY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionLogDelivery {
    Off,
    /// A log group for each stage.
    LogGroup,
    /// ARN of one bucket or delivery stream for all stages.
    Resource(String),
}

impl ExecutionLogDelivery {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let is_bucket = text.starts_with("arn:") && text.contains(":s3:::");
        let is_stream =
            text.starts_with("arn:") && text.contains(":firehose:") && text.contains(":deliverystream/");
        match text {
            "off" => Ok(Self::Off),
            "log-group" => Ok(Self::LogGroup),
            arn if is_bucket || is_stream => Ok(Self::Resource(arn.to_owned())),
            _ => Err("expected off, log-group, or the ARN of a bucket or a delivery stream"),
        }
    }
}

/// Returns the name of a delivery source or destination for what an ARN names: letters, digits, `-` and `_`, at most 60
/// characters (CloudWatch Logs API Reference, PutDeliverySource). The hash keeps shortened names apart.
pub(crate) fn delivery_name(arn: &str) -> String {
    const MAX_NAME: usize = 30;
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let place = arn.rsplit(":/").next().unwrap_or(arn);
    let name: String = place
        .rsplit(':')
        .next()
        .unwrap_or(place)
        .chars()
        .map(|character| if is_allowed(character) { character } else { '-' })
        .skip_while(|character| *character == '-')
        .take(MAX_NAME)
        .collect();
    format!("nightshift-{name}-{:016x}", hash(arn))
}

/// FNV-1a, whose values are the same in every release.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_buckets_and_streams() {
        let parse = ExecutionLogDelivery::parse;
        assert_eq!(parse("log-group"), Ok(ExecutionLogDelivery::LogGroup));
        for arn in ["arn:aws:s3:::logs", "arn:aws:firehose:r:1:deliverystream/logs"] {
            assert_eq!(parse(arn), Ok(ExecutionLogDelivery::Resource(arn.to_owned())));
        }
        for other in ["on", "arn:aws:logs:r:1:log-group:/x", "my-bucket"] {
            assert!(parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn names_of_sources_are_valid_and_differ() {
        let arn = |stage: &str| format!("arn:aws:apigateway:r:1:/restapis/a1b2c3d4e5/stages/{stage}");
        let long = "s".repeat(127);
        let names = [
            arn(&long),
            arn(&format!("{long}t")),
            arn("prod"),
            "arn:aws:s3:::b.c".to_owned(),
        ];
        let names = names.map(|arn| delivery_name(&arn));
        for name in &names {
            let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
            assert!(name.len() <= 60 && name.chars().all(is_allowed), "{name}");
        }
        assert_ne!(names[0], names[1]);
        assert!(
            names[2].starts_with("nightshift-restapis-a1b2c3d4e5-stages-pro"),
            "{}",
            names[2]
        );
    }
}
