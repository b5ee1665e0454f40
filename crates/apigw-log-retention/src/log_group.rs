//! The names of log groups.

use crate::stage::ApiKind;

/// Where API Gateway writes the execution logs of a REST API. The group survives its stage.
const REST_EXECUTION: &str = "API-Gateway-Execution-Logs_";
/// Where it writes those of a WebSocket API.
const WEBSOCKET_EXECUTION: &str = "/aws/apigateway/";

/// A name has at most 512 characters, of which a stage's name and an API's id take up to 138.
const LONGEST_TEXT: usize = 370;

/// Which group a stage's access log goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogGroup(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    ApiId,
    Stage,
}

/// What is wrong with a pattern.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidPattern {
    /// A placeholder that there is not.
    #[error("expected no other placeholder than {{api_id}} and {{stage}}")]
    Placeholder,
    /// API Gateway's own place.
    #[error(
        "{REST_EXECUTION:?} and {WEBSOCKET_EXECUTION:?} are where API Gateway writes execution logs; access logs must not go there"
    )]
    ExecutionLogs,
    /// More than fits.
    #[error("expected at most {LONGEST_TEXT} characters beside the placeholders")]
    TooLong,
    /// Nothing of it can stand in a name.
    #[error("expected a name of letters, digits and . - _ / #")]
    Empty,
}

impl AccessLogGroup {
    /// Under the prefix for vended logs, a group does not count against the 5,120 characters of the account's
    /// delivery policy (Amazon CloudWatch Logs User Guide, Enabling logging from AWS services).
    pub const DEFAULT: &str = "/aws/vendedlogs/apigateway/{api_id}/{stage}";

    /// A pattern with the placeholders `{api_id}` and `{stage}`.
    ///
    /// # Errors
    /// [`InvalidPattern`].
    pub fn parse(pattern: &str) -> Result<Self, InvalidPattern> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            let (placeholder, after) = after.split_once('}').ok_or(InvalidPattern::Placeholder)?;
            parts.push(Part::Text(clean(before)));
            parts.push(match placeholder {
                "api_id" => Part::ApiId,
                "stage" => Part::Stage,
                _ => return Err(InvalidPattern::Placeholder),
            });
            rest = after;
        }
        parts.push(Part::Text(clean(rest)));
        parts.retain(|part| *part != Part::Text(String::new()));
        let group = Self(parts);
        group.check()?;
        Ok(group)
    }

    fn check(&self) -> Result<(), InvalidPattern> {
        let texts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            _ => 0,
        });
        if self.0.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if texts.sum::<usize>() > LONGEST_TEXT {
            return Err(InvalidPattern::TooLong);
        }
        if [REST_EXECUTION, WEBSOCKET_EXECUTION]
            .iter()
            .any(|place| self.head().starts_with(place))
        {
            return Err(InvalidPattern::ExecutionLogs);
        }
        Ok(())
    }

    /// The group of a stage. What CloudWatch Logs refuses in a name is left out: `$default` is `default`.
    pub fn name(&self, api_id: &str, stage: &str) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::ApiId => clean(api_id),
            Part::Stage => clean(stage),
        });
        parts.collect()
    }

    /// What all names begin with.
    pub fn head(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// The API's id and the stage of a group that this pattern has named.
    fn owner<'a>(&self, name: &'a str) -> Option<Owner<'a>> {
        let (mut api_id, mut stage) = (None, None);
        let mut rest = name;
        for (at, part) in self.0.iter().enumerate() {
            let place = match part {
                Part::Text(text) => {
                    rest = rest.strip_prefix(text.as_str())?;
                    continue;
                }
                Part::ApiId => &mut api_id,
                Part::Stage => &mut stage,
            };
            let length = match self.0.get(at + 1) {
                Some(Part::Text(next)) => rest.find(next.as_str())?,
                Some(_) => return None,
                None => rest.len(),
            };
            let (value, after) = rest.split_at(length);
            if place.is_some_and(|known| known != value) {
                return None;
            }
            *place = Some(value);
            rest = after;
        }
        rest.is_empty().then_some(())?;
        Owner::new(api_id?, stage?)
    }
}

/// The API and stage that a group's name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The API's id.
    pub api_id: &'a str,
    /// The stage, with what a name cannot hold left out.
    pub stage: &'a str,
}

impl<'a> Owner<'a> {
    fn new(api_id: &'a str, stage: &'a str) -> Option<Self> {
        let is_id = !api_id.is_empty() && api_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_stage = !stage.is_empty() && !stage.contains('/');
        (is_id && is_stage).then_some(Self { api_id, stage })
    }

    /// Whose group it is; nothing for a group that no stage has, such as API Gateway's own
    /// `/aws/apigateway/welcome`.
    pub fn of(name: &'a str, access: &AccessLogGroup) -> Option<Self> {
        let execution = [REST_EXECUTION, WEBSOCKET_EXECUTION]
            .iter()
            .find_map(|place| name.strip_prefix(place));
        match execution {
            Some(rest) => {
                let (api_id, stage) = rest.split_once('/')?;
                Self::new(api_id, stage)
            }
            None => access.owner(name),
        }
    }

    /// Whether the stage of this name is meant.
    pub fn is_stage(&self, name: &str) -> bool {
        self.stage == clean(name)
    }
}

/// With what the names of all groups of stages begin.
pub fn prefixes(access: &AccessLogGroup) -> Vec<&str> {
    let mut prefixes = vec![REST_EXECUTION, WEBSOCKET_EXECUTION, access.head()];
    // A pattern may begin with what another prefix covers, or with nothing.
    prefixes.dedup();
    prefixes
}

/// The group in which API Gateway writes a stage's execution log.
pub fn execution_log_group(kind: ApiKind, api_id: &str, stage: &str) -> Option<String> {
    let place = match kind {
        ApiKind::Rest => REST_EXECUTION,
        ApiKind::WebSocket => WEBSOCKET_EXECUTION,
        ApiKind::Http => return None,
    };
    Some(format!("{place}{api_id}/{}", clean(stage)))
}

/// The name of the group that an ARN means, with or without `:*` at its end; nothing for the ARN of a delivery
/// stream.
pub fn name_in_arn(arn: &str) -> Option<&str> {
    let name = arn.split_once(":log-group:")?.1;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

/// The text without the characters that CloudWatch Logs refuses in a group's name.
pub fn clean(text: &str) -> String {
    let allowed = |character: &char| character.is_ascii_alphanumeric() || ".-_/#".contains(*character);
    text.chars().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(pattern: &str) -> AccessLogGroup {
        AccessLogGroup::parse(pattern).expect("a good pattern")
    }

    #[track_caller]
    fn check(access: &str, stage: &str, expected: &str) {
        let access = pattern(access);
        let name = access.name("a1b2c3d4e5", stage);
        assert_eq!(name, expected);
        let owner = Owner::of(&name, &access).expect("tells its stage");
        assert!(owner.api_id == "a1b2c3d4e5" && owner.is_stage(stage), "{owner:?}");
    }

    #[test]
    fn leaves_out_what_logs_refuses() {
        let default = AccessLogGroup::DEFAULT;
        check(default, "prod", "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod");
        check(
            default,
            "$default",
            "/aws/vendedlogs/apigateway/a1b2c3d4e5/default",
        );
        check("{stage}-of-{api_id} logs", "v_1-b", "v_1-b-of-a1b2c3d4e5logs");
        check(
            "/x/{api_id}/{stage}/{api_id}",
            "prod",
            "/x/a1b2c3d4e5/prod/a1b2c3d4e5",
        );
    }

    #[test]
    fn access_and_execution_logs_never_share_a_group() {
        let refused = |text: &str| AccessLogGroup::parse(text).expect_err("is refused");
        assert_eq!(
            refused("API-Gateway-Execution-Logs_{api_id}/{stage}"),
            InvalidPattern::ExecutionLogs
        );
        assert_eq!(
            refused("/aws/apigateway/{api_id}/{stage}"),
            InvalidPattern::ExecutionLogs
        );
        assert_eq!(
            refused("/aws/$apigateway/{api_id}"),
            InvalidPattern::ExecutionLogs
        );
        let access = pattern(AccessLogGroup::DEFAULT).name("a1", "prod");
        for kind in [ApiKind::Rest, ApiKind::WebSocket] {
            assert_ne!(execution_log_group(kind, "a1", "prod"), Some(access.clone()));
        }
    }

    #[test]
    fn refuses_a_pattern_that_names_no_group() {
        let refused = |text: &str| AccessLogGroup::parse(text).expect_err("is refused");
        assert_eq!(refused("/logs/{api}/{stage}"), InvalidPattern::Placeholder);
        assert_eq!(refused("/logs/{stage"), InvalidPattern::Placeholder);
        assert_eq!(refused("$ $"), InvalidPattern::Empty);
        assert_eq!(refused(&"x".repeat(371)), InvalidPattern::TooLong);
    }

    #[test]
    fn names_execution_log_groups_as_api_gateway_does() {
        let name = |kind| execution_log_group(kind, "a1", "prod");
        assert_eq!(
            name(ApiKind::Rest).as_deref(),
            Some("API-Gateway-Execution-Logs_a1/prod")
        );
        assert_eq!(
            name(ApiKind::WebSocket).as_deref(),
            Some("/aws/apigateway/a1/prod")
        );
        assert_eq!(name(ApiKind::Http), None);
    }

    #[test]
    fn knows_whose_group_it_is() {
        let access = pattern(AccessLogGroup::DEFAULT);
        let owner = |name| Owner::of(name, &access).map(|owner| (owner.api_id, owner.stage));
        assert_eq!(owner("API-Gateway-Execution-Logs_a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/apigateway/a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/vendedlogs/apigateway/a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/apigateway/welcome"), None);
        assert_eq!(owner("/aws/vendedlogs/apigateway/a1/prod/more"), None);
        assert_eq!(owner("/aws/lambda/a1/prod"), None);
        let shared = pattern("/apigateway/access");
        assert_eq!(Owner::of("/apigateway/access", &shared), None);
    }

    #[test]
    fn reads_a_group_out_of_an_arn() {
        let arn = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/x/y";
        assert_eq!(name_in_arn(arn), Some("/x/y"));
        assert_eq!(name_in_arn(&format!("{arn}:*")), Some("/x/y"));
        let stream = "arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/amazon-apigateway-x";
        assert_eq!(name_in_arn(stream), None);
    }
}
