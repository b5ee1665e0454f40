//! Rules that an operator writes into one variable, as a JSON array of objects.
//!
//! All faults of all rules are reported together, each with the variable, the rule's index and the key:
//! `BUILD_ROUTES[2].prefix: expected text`. Indices count from 0, as in jq and JSONPath.
//!
//! # Example
//!
//! ```
//! use lambda_core::rules;
//! use lambda_core::variables::Variables;
//!
//! struct Rule {
//!     queue: String,
//!     limit: Option<u64>,
//! }
//!
//! let rules = r#"[{"queue": "mail", "limit": "many"}, {"limit": 2}]"#;
//! let variables: Variables = [("RULES", rules)].into_iter().collect();
//! let rules = rules::read(&variables, "RULES", &["queue", "limit"], |fields| {
//!     let queue = fields.required("queue", rules::text);
//!     let limit = fields.optional("limit", rules::whole_number);
//!     Some(Rule { queue: queue?.to_owned(), limit: limit? })
//! });
//! let error = variables.finish(|| rules).err().expect("both rules are faulty");
//! assert_eq!(
//!     error.to_string(),
//!     "invalid configuration: RULES[0].limit: expected a whole number of at least 0; RULES[1].queue: missing"
//! );
//! ```

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::variables::Variables;

/// Reads the rules in the variable `name`, in their order. `keys` are the fields that a rule may have.
///
/// `read_rule` is called for every rule, also after a faulty one. The outer `None` means that faults were recorded; the
/// inner one means that the variable is not set.
pub fn read<T>(
    variables: &Variables,
    name: &str,
    keys: &[&str],
    read_rule: impl Fn(&Fields) -> Option<T>,
) -> Option<Option<Vec<T>>> {
    let Some(text) = variables.text(name) else {
        return Some(None);
    };
    let rules = match parse_array(text) {
        Ok(rules) => rules,
        Err(fault) => {
            variables.fault(format!("{name}: {fault}"));
            return None;
        }
    };
    let mut read = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let fields = Fields::new(variables, format!("{name}[{index}]"), keys, rule);
        read.push(fields.and_then(|fields| read_rule(&fields).filter(|_| !fields.has_unknown_keys)));
    }
    read.into_iter().collect::<Option<Vec<T>>>().map(Some)
}

fn parse_array(text: &str) -> Result<Vec<Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Array(rules)) if rules.is_empty() => {
            Err("expected at least one rule; leave the variable out to have none".to_owned())
        }
        Ok(Value::Array(rules)) => Ok(rules),
        Ok(_) => Err("expected a JSON array of objects".to_owned()),
        Err(error) => Err(format!("expected a JSON array of objects: {error}")),
    }
}

/// The fields of one rule.
///
/// The reading methods return `None` if they recorded a fault, as those of [`Variables`] do. Read every field before
/// the first `?`, so that all faults of the rule are reported.
pub struct Fields<'a> {
    variables: &'a Variables,
    /// Variable and index, `BUILD_ROUTES[2]`.
    place: String,
    fields: &'a Map<String, Value>,
    has_unknown_keys: bool,
}

impl<'a> Fields<'a> {
    fn new(variables: &'a Variables, place: String, keys: &[&str], rule: &'a Value) -> Option<Self> {
        let Value::Object(fields) = rule else {
            variables.fault(format!("{place}: expected an object"));
            return None;
        };
        let mut fields = Self {
            variables,
            place,
            fields,
            has_unknown_keys: false,
        };
        for key in fields.fields.keys().filter(|key| !keys.contains(&key.as_str())) {
            let expected = keys.join(", ");
            fields.fault(key, format_args!("unknown key, expected one of {expected}"));
            fields.has_unknown_keys = true;
        }
        Some(fields)
    }

    /// Returns the field as it was written, which may be `null`; `None` if it is absent.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key)
    }

    /// Parses the field, unless it is absent or `null`. The outer `None` is a fault, the inner one means absent.
    pub fn optional<T, E: Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&'a Value) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match self.value(key).filter(|value| !value.is_null()).map(parse) {
            None => Some(None),
            Some(Ok(value)) => Some(Some(value)),
            Some(Err(fault)) => {
                self.fault(key, fault);
                None
            }
        }
    }

    /// Parses the field; its absence is a fault.
    pub fn required<T, E: Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&'a Value) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.optional(key, parse)?;
        if value.is_none() {
            self.fault(key, "missing");
        }
        value
    }

    /// Records a fault of the field `key`, or of a part of it such as `properties.env.X`.
    pub fn fault(&self, key: &str, fault: impl Display) {
        self.variables.fault(format!("{}.{key}: {fault}", self.place));
    }
}

/// Parses a text that is not empty.
///
/// # Errors
///
/// Describes the expected value, as the other parsers of this module do.
pub fn text(value: &Value) -> Result<&str, &'static str> {
    match value.as_str() {
        Some("") => Err("expected text, found an empty string"),
        Some(text) => Ok(text),
        None => Err("expected text"),
    }
}

/// Parses a list of at least one text, none of them empty.
///
/// # Errors
///
/// Describes the expected value.
pub fn texts(value: &Value) -> Result<Vec<&str>, &'static str> {
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(text).collect(),
        _ => Err("expected a list of at least one text"),
    }
}

/// Parses a whole number of at least 0.
///
/// # Errors
///
/// Describes the expected value.
pub fn whole_number(value: &Value) -> Result<u64, &'static str> {
    value.as_u64().ok_or("expected a whole number of at least 0")
}

/// Parses `true` or `false`.
///
/// # Errors
///
/// Describes the expected value.
pub fn boolean(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("expected true or false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Rule {
        target: String,
        limit: Option<u64>,
    }

    fn parse(rules: &str) -> Result<Option<Vec<Rule>>, String> {
        let variables: Variables = [("RULES", rules)].into_iter().collect();
        let rules = read(&variables, "RULES", &["target", "limit", "quick"], |fields| {
            let target = fields.required("target", text);
            let limit = fields.optional("limit", whole_number);
            fields.optional("quick", boolean)?;
            Some(Rule {
                target: target?.to_owned(),
                limit: limit?,
            })
        });
        variables.finish(|| rules).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(rules: &str, faults: &str) {
        let error = parse(rules).expect_err("faulty rules");
        assert_eq!(error, format!("invalid configuration: {faults}"));
    }

    #[test]
    fn reads_rules_in_their_order() {
        let rules = parse(r#"[{"target": "a", "limit": 2}, {"target": "b", "limit": null}]"#);
        let rule = |target: &str, limit| Rule {
            target: target.to_owned(),
            limit,
        };
        assert_eq!(rules, Ok(Some(vec![rule("a", Some(2)), rule("b", None)])));
        assert_eq!(parse(""), Ok(None));
    }

    #[test]
    fn reports_every_fault_with_index_and_key() {
        check(
            r#"[{"target": 1, "limit": -1}, {"target": "a"}, {"tarjet": "a"}, 7]"#,
            "RULES[0].target: expected text; RULES[0].limit: expected a whole number of at least 0; \
             RULES[2].tarjet: unknown key, expected one of target, limit, quick; RULES[2].target: missing; \
             RULES[3]: expected an object",
        );
    }

    #[test]
    fn expects_an_array_of_at_least_one_rule() {
        check("{}", "RULES: expected a JSON array of objects");
        check(
            "[]",
            "RULES: expected at least one rule; leave the variable out to have none",
        );
        assert!(
            parse("[")
                .expect_err("not JSON")
                .contains("RULES: expected a JSON array of objects: EOF")
        );
    }
}
