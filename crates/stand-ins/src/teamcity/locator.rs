use super::builds::State;
use super::refusal::Refusal;

/// Parsed build locator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildLocator {
    pub(super) build_type: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) state: StateFilter,
    /// Hides cancelled builds and other branches. On by default.
    pub(super) has_default_filter: bool,
    pub(super) count: usize,
}

/// Condition on a build's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateFilter {
    Any,
    Only(State),
}

impl BuildLocator {
    /// Parses `buildType:(id:X),tag:(name:T),state:any,defaultFilter:false,count:1`.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut locator = Self {
            build_type: None,
            tag: None,
            state: StateFilter::Only(State::Finished),
            has_default_filter: true,
            count: 100,
        };
        for dimension in split(text) {
            let Some((name, value)) = dimension.split_once(':') else {
                return Err(bad(text, "a dimension has no value"));
            };
            let value = inner(value).ok_or_else(|| bad(text, "unbalanced parentheses"))?;
            match name {
                "buildType" => locator.build_type = Some(single_value(value, "id:")?),
                "tag" => locator.tag = Some(single_value(value, "name:")?),
                "state" => locator.state = state(value).ok_or_else(|| bad(text, "unknown state"))?,
                "defaultFilter" => locator.has_default_filter = value != "false",
                "count" => locator.count = value.parse().map_err(|_| bad(text, "count is not a number"))?,
                _ => return Err(bad(text, &format!("dimension [{name}] is unknown"))),
            }
        }
        Ok(locator)
    }
}

/// Splits at the commas outside of parentheses.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .filter(|part| !part.is_empty())
}

fn inner(value: &str) -> Option<&str> {
    match (value.strip_prefix('('), value.ends_with(')')) {
        (Some(inner), true) => Some(&inner[..inner.len() - 1]),
        (None, false) => Some(value),
        _ => None,
    }
}

/// Returns the single value of a nested locator. A raw S3 key may hold separators, which TeamCity rejects.
fn single_value(value: &str, name: &str) -> Result<String, Refusal> {
    let value = value.strip_prefix(name).unwrap_or(value);
    if value.is_empty() || value.contains([',', ':', '(', ')']) {
        return Err(bad(value, "unexpected characters"));
    }
    Ok(value.to_owned())
}

fn state(value: &str) -> Option<StateFilter> {
    Some(match value {
        "any" => StateFilter::Any,
        "queued" => StateFilter::Only(State::Queued),
        "running" => StateFilter::Only(State::Running),
        "finished" => StateFilter::Only(State::Finished),
        _ => return None,
    })
}

fn bad(locator: &str, why: &str) -> Refusal {
    Refusal::bad_request(format!("Bad locator syntax in '{locator}': {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_finished_builds_by_default() {
        let plain = BuildLocator::parse("buildType:X,tag:T").unwrap();
        assert_eq!(
            (plain.state, plain.has_default_filter),
            (StateFilter::Only(State::Finished), true)
        );
        let all = BuildLocator::parse("buildType:(id:X),tag:(name:T),state:any,defaultFilter:false,count:10");
        let expected = BuildLocator {
            build_type: Some("X".to_owned()),
            tag: Some("T".to_owned()),
            state: StateFilter::Any,
            has_default_filter: false,
            count: 10,
        };
        assert_eq!(all.unwrap(), expected);
    }

    #[test]
    fn rejects_separators_in_a_value() {
        for wrong in [
            "tag:(name:a,b)",
            "tag:(a(b)",
            "tag",
            "tag:a:b",
            "key:x",
            "count:many",
            "state:new",
        ] {
            assert!(BuildLocator::parse(wrong).is_err(), "{wrong}");
        }
    }
}
