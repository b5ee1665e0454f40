//! Changes of a restore event: those that this function logged or returned earlier.

use lambda_core::invalid_event::InvalidEvent;
use serde_json::Value;

use crate::settings_difference::Change;
use crate::stage::ApiType;

/// Former values to set again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restoration {
    Stage {
        api_id: String,
        api_type: Option<ApiType>,
        stage: String,
        changes: Vec<Change>,
    },
    LogGroup {
        name: String,
        /// Days before and after the change; `None` never expires.
        from: Option<u32>,
        to: Option<u32>,
    },
}

const EXPECTED: &str = r#"expected "restore" to be a list of {"api_id","stage","changes":[{"setting","from","to"}]} and {"name","retention":{"from","to"}}, as in this function's log and responses"#;

/// Parses the changes of a restore event, in the form in which responses and logs have them.
pub(crate) fn parse(changes: &Value) -> Result<Vec<Restoration>, InvalidEvent> {
    let changes = changes.as_array().filter(|changes| !changes.is_empty());
    let changes = changes.ok_or_else(|| InvalidEvent::new(EXPECTED))?;
    let parsed: Option<Vec<Restoration>> = changes.iter().map(parse_one).collect();
    parsed.ok_or_else(|| InvalidEvent::new(EXPECTED))
}

fn parse_one(change: &Value) -> Option<Restoration> {
    let text = |name: &str| change[name].as_str().map(str::to_owned);
    if let (Some(name), Value::Object(retention)) = (text("name"), &change["retention"]) {
        let days = |name: &str| match retention.get(name).unwrap_or(&Value::Null) {
            Value::Null => Some(None),
            value => Some(Some(u32::try_from(value.as_u64()?).ok()?)),
        };
        let (from, to) = (days("from")?, days("to")?);
        // A group that this function created had no retention before, and must not lose the one that it has.
        let is_created = change["created"] == true;
        return Some(Restoration::LogGroup {
            name,
            from: if is_created { to } else { from },
            to,
        });
    }
    let changes = match change["changes"].as_array() {
        Some(changes) => changes
            .iter()
            .map(parse_change)
            .collect::<Option<Vec<Change>>>()?,
        None => vec![parse_change(change)?],
    };
    Some(Restoration::Stage {
        api_id: text("api_id")?,
        api_type: change["api_type"].as_str().and_then(ApiType::parse),
        stage: text("stage")?,
        changes,
    })
}

fn parse_change(change: &Value) -> Option<Change> {
    let setting = change["setting"].as_str()?;
    Some(Change::new(setting, change["from"].clone(), change["to"].clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parses_the_forms_of_responses() {
        let stage = json!({"api_id": "a1", "api_type": "REST", "stage": "prod", "changes": [
            {"setting": "metrics", "from": true, "to": false},
        ]});
        let log_group = json!({"name": "/x", "created": false, "retention": {"from": null, "to": 30}});
        let parsed = parse(&json!([stage, log_group])).expect("two changes");
        let expected = Restoration::Stage {
            api_id: "a1".to_owned(),
            api_type: Some(ApiType::Rest),
            stage: "prod".to_owned(),
            changes: vec![Change::new("metrics", json!(true), json!(false))],
        };
        let name = "/x".to_owned();
        let group = Restoration::LogGroup {
            name,
            from: None,
            to: Some(30),
        };
        assert_eq!(parsed, [expected, group]);
    }

    #[test]
    fn rejects_anything_else() {
        for changes in [
            json!([]),
            json!({}),
            json!([{}]),
            json!([{"name": "/x"}]),
            json!([{"stage": "a"}]),
        ] {
            assert!(parse(&changes).is_err(), "{changes}");
        }
    }
}
