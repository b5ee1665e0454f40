//! Names of log groups.

use crate::stage::ApiType;

/// Start of the names to which API Gateway writes execution logs of REST APIs. The group outlives its stage.
const REST_EXECUTION_PREFIX: &str = "API-Gateway-Execution-Logs_";
/// Start of the names to which it writes those of WebSocket APIs.
const WEBSOCKET_EXECUTION_PREFIX: &str = "/aws/apigateway/";
/// Start of the names to which execution logs are delivered. Under the prefix for vended logs, a group does not count
/// against the limit of the account's delivery policy.
const DELIVERY_PREFIX: &str = "/aws/vendedlogs/apigateway-execution/";
const EXECUTION_PREFIXES: [&str; 3] = [REST_EXECUTION_PREFIX, WEBSOCKET_EXECUTION_PREFIX, DELIVERY_PREFIX];
/// End of the names of a canary deployment's log groups (Developer Guide, Set up an API Gateway canary release).
const CANARY: &str = "/Canary";

/// Greatest length of a group's name, less the end that the group of a canary deployment adds.
const MAX_NAME: usize = 512 - CANARY.len();
/// Length of an API's id, and greatest length of a stage's name.
const API_ID: usize = 10;
const STAGE: usize = 128;

/// Pattern for the names of access log groups, with the placeholders `{api_id}` and `{stage}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessLogGroup(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    ApiId,
    Stage,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum InvalidPattern {
    #[error("expected no other placeholder than {{api_id}} and {{stage}}")]
    UnknownPlaceholder,
    #[error(
        "execution logs go to {REST_EXECUTION_PREFIX:?}, {WEBSOCKET_EXECUTION_PREFIX:?} and {DELIVERY_PREFIX:?}; use another prefix for access logs"
    )]
    ExecutionLogs,
    #[error(
        "expected names of at most {MAX_NAME} characters, found up to {0}: {{stage}} counts as {STAGE}, {{api_id}} as {API_ID}"
    )]
    TooLong(usize),
    #[error("expected a name of letters, digits and . - _ / #")]
    Empty,
}

impl AccessLogGroup {
    /// Under the prefix for vended logs, a group does not count against the 5,120 characters of the account's
    /// delivery policy (Amazon CloudWatch Logs User Guide, Enabling logging from AWS services).
    const DEFAULT: &str = "/aws/vendedlogs/apigateway/{api_id}/{stage}";

    pub(crate) fn parse(pattern: &str) -> Result<Self, InvalidPattern> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            let (placeholder, after) = after.split_once('}').ok_or(InvalidPattern::UnknownPlaceholder)?;
            parts.push(Part::Text(allowed_characters(before)));
            parts.push(match placeholder {
                "api_id" => Part::ApiId,
                "stage" => Part::Stage,
                _ => return Err(InvalidPattern::UnknownPlaceholder),
            });
            rest = after;
        }
        parts.push(Part::Text(allowed_characters(rest)));
        parts.retain(|part| *part != Part::Text(String::new()));
        let group = Self(parts);
        group.check()?;
        Ok(group)
    }

    fn check(&self) -> Result<(), InvalidPattern> {
        let lengths = self.0.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            Part::ApiId => API_ID,
            Part::Stage => STAGE,
        });
        let length = lengths.sum();
        if self.0.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if length > MAX_NAME {
            return Err(InvalidPattern::TooLong(length));
        }
        if EXECUTION_PREFIXES
            .iter()
            .any(|prefix| self.prefix().starts_with(prefix))
        {
            return Err(InvalidPattern::ExecutionLogs);
        }
        Ok(())
    }

    /// Returns the name of a stage's group, without characters that CloudWatch Logs rejects: `$default` becomes
    /// `default`.
    pub(crate) fn name(&self, api_id: &str, stage: &str) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::ApiId => allowed_characters(api_id),
            Part::Stage => allowed_characters(stage),
        });
        parts.collect()
    }

    /// Returns the text before the first placeholder.
    fn prefix(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns API id and stage of a name that this pattern has formed, or `None` if it could have formed the name for
    /// several.
    fn owner<'a>(&self, name: &'a str) -> Option<Owner<'a>> {
        self.is_unambiguous().then(|| owner(&self.0, name, None, None))?
    }

    /// Returns true if a character that no API id has stands between any two placeholders: `{api_id}1{stage}` does not
    /// tell where the id ends.
    fn is_unambiguous(&self) -> bool {
        let mut between = self
            .0
            .split(|part| !matches!(part, Part::Text(_)))
            .skip(1)
            .peekable();
        let mut is_unambiguous = true;
        while let Some(texts) = between.next() {
            let ends_id = |part: &Part| matches!(part, Part::Text(text) if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            is_unambiguous &= between.peek().is_none() || texts.iter().any(ends_id);
        }
        is_unambiguous
    }
}

/// Finds the API id and the stage with which the parts form the rest of a name.
fn owner<'a>(
    parts: &[Part],
    rest: &'a str,
    api_id: Option<&'a str>,
    stage: Option<&'a str>,
) -> Option<Owner<'a>> {
    let Some((part, parts)) = parts.split_first() else {
        return Owner::new(api_id?, stage?).filter(|_| rest.is_empty());
    };
    let known = match part {
        Part::Text(text) => Some(text.as_str()),
        Part::ApiId => api_id,
        Part::Stage => stage,
    };
    if let Some(known) = known {
        return owner(parts, rest.strip_prefix(known)?, api_id, stage);
    }
    let ends = rest
        .match_indices(|_: char| true)
        .map(|(at, character)| at + character.len());
    let values = ends.map(|end| rest.split_at(end));
    // Neither an id nor a stage has a slash.
    let mut values = values.take_while(|(value, _)| !value.ends_with('/'));
    values.find_map(|(value, rest)| match part {
        Part::ApiId => owner(parts, rest, Some(value), stage),
        _ => owner(parts, rest, api_id, Some(value)),
    })
}

impl Default for AccessLogGroup {
    fn default() -> Self {
        Self::parse(Self::DEFAULT).expect("the default pattern is valid")
    }
}

/// API and stage in the name of a log group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner<'a> {
    pub(crate) api_id: &'a str,
    /// Name of the stage, without characters that CloudWatch Logs rejects.
    pub(crate) stage: &'a str,
}

impl<'a> Owner<'a> {
    fn new(api_id: &'a str, stage: &'a str) -> Option<Self> {
        let is_id = !api_id.is_empty() && api_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_stage = !stage.is_empty() && !stage.contains('/');
        (is_id && is_stage).then_some(Self { api_id, stage })
    }

    /// Parses a log group's name. Returns `None` for a group that belongs to no stage, such as API Gateway's own
    /// `/aws/apigateway/welcome`.
    pub(crate) fn parse(name: &'a str, access: &AccessLogGroup) -> Option<Self> {
        let name = name.strip_suffix(CANARY).unwrap_or(name);
        let after_prefix = EXECUTION_PREFIXES
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix));
        match after_prefix {
            Some(rest) => {
                let (api_id, stage) = rest.split_once('/')?;
                Self::new(api_id, stage)
            }
            None => access.owner(name),
        }
    }

    /// Returns true if `stage`, as API Gateway spells it, is the owner's stage.
    pub(crate) fn is_stage(&self, stage: &str) -> bool {
        self.stage == allowed_characters(stage)
    }
}

/// Returns the prefixes under which all log groups of stages are listed.
pub(crate) fn prefixes(access: &AccessLogGroup) -> [&str; 4] {
    [
        REST_EXECUTION_PREFIX,
        WEBSOCKET_EXECUTION_PREFIX,
        DELIVERY_PREFIX,
        access.prefix(),
    ]
}

/// Returns the log group of the canary deployment beside a stage's own log group.
pub(crate) fn canary_log_group(name: &str) -> String {
    format!("{name}{CANARY}")
}

/// Returns the log group to which the execution log of a REST stage is delivered.
pub(crate) fn delivery_log_group(api_id: &str, stage: &str) -> String {
    format!("{DELIVERY_PREFIX}{api_id}/{stage}")
}

/// Returns the log group to which API Gateway writes a stage's execution log. API Gateway fixes the name.
pub(crate) fn execution_log_group(api_type: ApiType, api_id: &str, stage: &str) -> Option<String> {
    let prefix = match api_type {
        ApiType::Rest => REST_EXECUTION_PREFIX,
        ApiType::WebSocket => WEBSOCKET_EXECUTION_PREFIX,
        ApiType::Http => return None,
    };
    Some(format!("{prefix}{api_id}/{}", allowed_characters(stage)))
}

/// Returns the name in a log group's ARN, with or without `:*` at its end, or `None` for the ARN of a delivery stream.
pub(crate) fn name_in_arn(arn: &str) -> Option<&str> {
    let name = arn.split_once(":log-group:")?.1;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

/// Returns the text without the characters that CloudWatch Logs rejects in a group's name.
pub(crate) fn allowed_characters(text: &str) -> String {
    let is_allowed = |character: &char| character.is_ascii_alphanumeric() || ".-_/#".contains(*character);
    text.chars().filter(is_allowed).collect()
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
        let owner = Owner::parse(&name, &access).expect("names its stage");
        assert!(owner.api_id == "a1b2c3d4e5" && owner.is_stage(stage), "{owner:?}");
    }

    #[test]
    fn names_leave_out_characters_that_logs_rejects() {
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
    fn a_stage_may_contain_the_text_after_it() {
        check("{stage}-{api_id}", "my-prod", "my-prod-a1b2c3d4e5");
        check(
            "/x/{stage}-{api_id}-logs",
            "my-prod-logs",
            "/x/my-prod-logs-a1b2c3d4e5-logs",
        );
        check("{api_id}-{stage}-1", "a-1", "a1b2c3d4e5-a-1-1");
    }

    #[test]
    fn a_name_that_several_apis_could_have_belongs_to_none() {
        for ambiguous in ["/api/{api_id}1{stage}", "{stage}x{api_id}", "{api_id}{stage}"] {
            let access = pattern(ambiguous);
            let name = access.name("a1b2c3d4e5", "prod");
            assert_eq!(Owner::parse(&name, &access), None, "{name}");
        }
    }

    #[test]
    fn access_and_execution_logs_never_share_a_group() {
        let rejected = |text: &str| AccessLogGroup::parse(text).expect_err("is rejected");
        assert_eq!(
            rejected("API-Gateway-Execution-Logs_{api_id}/{stage}"),
            InvalidPattern::ExecutionLogs
        );
        assert_eq!(
            rejected("/aws/apigateway/{api_id}/{stage}"),
            InvalidPattern::ExecutionLogs
        );
        assert_eq!(
            rejected("/aws/$apigateway/{api_id}"),
            InvalidPattern::ExecutionLogs
        );
        let access = pattern(AccessLogGroup::DEFAULT).name("a1", "prod");
        for api_type in [ApiType::Rest, ApiType::WebSocket] {
            assert_ne!(execution_log_group(api_type, "a1", "prod"), Some(access.clone()));
        }
    }

    #[test]
    fn rejects_a_pattern_that_forms_no_group_name() {
        let rejected = |text: &str| AccessLogGroup::parse(text).expect_err("is rejected");
        assert_eq!(
            rejected("/logs/{api}/{stage}"),
            InvalidPattern::UnknownPlaceholder
        );
        assert_eq!(rejected("/logs/{stage"), InvalidPattern::UnknownPlaceholder);
        assert_eq!(rejected("$ $"), InvalidPattern::Empty);
        let rest = "x".repeat(512 - 7 - 138);
        assert!(AccessLogGroup::parse(&format!("{rest}{{api_id}}{{stage}}")).is_ok());
        for long in [
            format!("{rest}x{{api_id}}{{stage}}"),
            "x{stage}/{stage}/{stage}/{stage}".to_owned(),
        ] {
            assert!(
                matches!(rejected(&long), InvalidPattern::TooLong(506..)),
                "{long}"
            );
        }
    }

    #[test]
    fn names_execution_log_groups_as_api_gateway_does() {
        let name = |api_type| execution_log_group(api_type, "a1", "prod");
        assert_eq!(
            name(ApiType::Rest).as_deref(),
            Some("API-Gateway-Execution-Logs_a1/prod")
        );
        assert_eq!(
            name(ApiType::WebSocket).as_deref(),
            Some("/aws/apigateway/a1/prod")
        );
        assert_eq!(name(ApiType::Http), None);
    }

    #[test]
    fn parses_api_and_stage_from_a_groups_name() {
        let access = pattern(AccessLogGroup::DEFAULT);
        let owner = |name| Owner::parse(name, &access).map(|owner| (owner.api_id, owner.stage));
        assert_eq!(owner("API-Gateway-Execution-Logs_a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/apigateway/a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/vendedlogs/apigateway/a1/prod"), Some(("a1", "prod")));
        assert_eq!(owner("/aws/apigateway/welcome"), None);
        for group in [
            "API-Gateway-Execution-Logs_a1/prod/Canary",
            "/aws/vendedlogs/apigateway/a1/prod/Canary",
            "/aws/vendedlogs/apigateway-execution/a1/prod",
        ] {
            assert_eq!(owner(group), Some(("a1", "prod")), "{group}");
        }
        assert_eq!(owner("/aws/vendedlogs/apigateway/a1/prod/more"), None);
        assert_eq!(owner("/aws/lambda/a1/prod"), None);
        let shared = pattern("/apigateway/access");
        assert_eq!(Owner::parse("/apigateway/access", &shared), None);
    }

    #[test]
    fn finds_the_name_in_an_arn() {
        let arn = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/x/y";
        assert_eq!(name_in_arn(arn), Some("/x/y"));
        assert_eq!(name_in_arn(&format!("{arn}:*")), Some("/x/y"));
        let stream = "arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/amazon-apigateway-x";
        assert_eq!(name_in_arn(stream), None);
    }
}
