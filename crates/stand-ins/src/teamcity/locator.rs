use super::{builds::State, refusal::Refusal};

/// Which builds a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildLocator {
    pub(super) build_type: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) state: Wanted,
    /// Hides what was cancelled and what is on another branch. On unless it is switched off.
    pub(super) has_default_filter: bool,
    pub(super) count: usize,
}

/// Which states a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    Only(State),
}

impl BuildLocator {
    /// Parses `buildType:(id:X),tag:(name:T),state:any,defaultFilter:false,count:1`.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut locator = Self {
            build_type: None,
            tag: None,
            state: Wanted::Only(State::Finished),
            has_default_filter: true,
            count: 100,
        };
        for dimension in split(text) {
            let Some((name, value)) = dimension.split_once(':') else {
                return Err(bad(text, "a dimension has no value"));
            };
            let value = inner(value).ok_or_else(|| bad(text, "parentheses do not fit"))?;
            match name {
                "buildType" => locator.build_type = Some(without(value, "id:")?),
                "tag" => locator.tag = Some(without(value, "name:")?),
                "state" => locator.state = state(value).ok_or_else(|| bad(text, "there is no such state"))?,
                "defaultFilter" => locator.has_default_filter = value != "false",
                "count" => locator.count = value.parse().map_err(|_| bad(text, "count is no number"))?,
                _ => return Err(bad(text, &format!("dimension [{name}] is unknown"))),
            }
        }
        Ok(locator)
    }
}

/// At the commas that stand in no parentheses.
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

/// The one value of a locator in a locator; more of them, as characters of a key would bring, are a mistake.
fn without(value: &str, name: &str) -> Result<String, Refusal> {
    let value = value.strip_prefix(name).unwrap_or(value);
    if value.is_empty() || value.contains([',', ':', '(', ')']) {
        return Err(bad(value, "unexpected characters"));
    }
    Ok(value.to_owned())
}

fn state(value: &str) -> Option<Wanted> {
    Some(match value {
        "any" => Wanted::Any,
        "queued" => Wanted::Only(State::Queued),
        "running" => Wanted::Only(State::Running),
        "finished" => Wanted::Only(State::Finished),
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
    fn hides_much_unless_it_is_asked_for() {
        let plain = BuildLocator::parse("buildType:X,tag:T").unwrap();
        assert_eq!(
            (plain.state, plain.has_default_filter),
            (Wanted::Only(State::Finished), true)
        );
        let all = BuildLocator::parse("buildType:(id:X),tag:(name:T),state:any,defaultFilter:false,count:10");
        let expected = BuildLocator {
            build_type: Some("X".to_owned()),
            tag: Some("T".to_owned()),
            state: Wanted::Any,
            has_default_filter: false,
            count: 10,
        };
        assert_eq!(all.unwrap(), expected);
    }

    #[test]
    fn breaks_on_the_characters_that_keys_have() {
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
