//! The fields of a route in `BUILD_ROUTES`.

use lambda_core::rules::{self, Fields};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::build_request::{BuildTypeId, OWN_PROPERTIES};
use crate::event_name::EventPattern;
use crate::key_pattern::KeyPattern;
use crate::route::{KeyCondition, Route};
use crate::template::{PLACEHOLDERS, Template};
use crate::upload::composed;

impl Route {
    pub(crate) const KEYS: [&str; 13] = [
        "bucket",
        "prefix",
        "suffix",
        "key",
        "events",
        "min_size",
        "folders",
        "build_type",
        "branch",
        "queue_at_top",
        "properties",
        "coalesce",
        "continue",
    ];

    /// Reads a route. `None` means that faults were recorded. The route gets its name later.
    pub(crate) fn read(fields: &Fields) -> Option<Self> {
        let flag = |key| fields.optional(key, rules::boolean);
        let bucket = fields.optional("bucket", parse_bucket);
        let key = read_key(fields);
        let events = fields.optional("events", parse_events);
        let min_size = fields.optional("min_size", rules::whole_number);
        let build_type = fields.required("build_type", |value| BuildTypeId::parse(rules::text(value)?));
        let (folders, queue_at_top) = (flag("folders"), flag("queue_at_top"));
        let (coalesce, continues) = (flag("coalesce"), flag("continue"));
        let pattern = key.as_ref().and_then(KeyCondition::pattern);
        // Placeholders of a faulty key would be reported as unknown.
        let templates = key
            .as_ref()
            .map(|_| (read_branch(fields, pattern), read_properties(fields, pattern)));
        let (branch, properties) = templates?;
        let route = Self {
            name: String::new(),
            bucket: bucket?,
            key: key?,
            events: events?.unwrap_or_else(|| vec![EventPattern::created()]),
            min_size: min_size?,
            folders: folders?.unwrap_or(false),
            build_type: build_type?,
            branch: branch?,
            queue_at_top: queue_at_top?.unwrap_or(false),
            properties: properties?,
            coalesce: coalesce?.unwrap_or(false),
            continues: continues?.unwrap_or(false),
        };
        let has_size = route.has_size(fields);
        let coalesces = route.has_only_shared_placeholders(fields);
        (has_size && coalesces).then_some(route)
    }

    /// Checks that at least one of the events has a size, if the route has a least size.
    fn has_size(&self, fields: &Fields) -> bool {
        let is_possible = self.min_size.is_none() || !self.events.iter().all(EventPattern::is_removal);
        if !is_possible {
            fields.fault(
                "min_size",
                "removed objects have no size, so that this route would never match",
            );
        }
        is_possible
    }

    /// Checks that a coalescing route has no placeholder that names a single upload: its builds serve many.
    fn has_only_shared_placeholders(&self, fields: &Fields) -> bool {
        let of_properties = self
            .properties
            .iter()
            .map(|(name, template)| (format!("properties.{name}"), template));
        let of_branch = self.branch.iter().map(|template| ("branch".to_owned(), template));
        let mut is_shared = true;
        for (place, template) in of_branch.chain(of_properties).filter(|_| self.coalesce) {
            if let Some(name) = template.placeholder_of_one_upload(self.key.pattern()) {
                let fault = format!(
                    "{{{name}}} names one upload, but a coalescing build serves many; it lists the bucket"
                );
                fields.fault(&place, fault);
                is_shared = false;
            }
        }
        is_shared
    }
}

fn parse_bucket(value: &Value) -> Result<String, String> {
    let name = rules::text(value)?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    match name.chars().all(is_plain) {
        true => Ok(name.to_owned()),
        false => {
            Err("expected the name of a bucket, without s3://, ARN, wildcards and placeholders".to_owned())
        }
    }
}

fn read_key(fields: &Fields) -> Option<KeyCondition> {
    let prefix = fields.optional("prefix", |value| parse_literal(rules::text(value)?));
    let suffixes = fields.optional("suffix", parse_suffixes);
    let pattern = fields.optional("key", |value| {
        KeyPattern::parse(&composed(without_encoding(rules::text(value)?)?), &PLACEHOLDERS)
    });
    match (prefix?, suffixes?, pattern?) {
        (None, None, Some(pattern)) => Some(KeyCondition::Pattern(pattern)),
        (prefix, suffixes, None) => Some(KeyCondition::Ends {
            prefix: prefix.unwrap_or_default(),
            suffixes: suffixes.unwrap_or_default(),
        }),
        _ => {
            fields.fault("key", "it replaces prefix and suffix, give either it or them");
            None
        }
    }
}

fn parse_suffixes(value: &Value) -> Result<Vec<String>, String> {
    let suffixes = match value {
        Value::Array(_) => rules::texts(value)?,
        _ => vec![rules::text(value)?],
    };
    suffixes.into_iter().map(parse_literal).collect()
}

/// Parses the beginning or the end of keys.
fn parse_literal(text: &str) -> Result<String, String> {
    if text.contains(['{', '}']) {
        return Err(
            r#"no placeholders here; write "key": "in/{branch}/{name}.zip" for a pattern"#.to_owned(),
        );
    }
    if text.contains(['*', '?']) || text.starts_with('^') {
        let literal: String = text
            .chars()
            .filter(|character| !"*?^".contains(*character))
            .collect();
        return Err(format!(
            "compared literally, no wildcards here; write {literal:?}, or \"key\" for a pattern"
        ));
    }
    Ok(composed(without_encoding(text)?))
}

/// Returns the text, unless it has a form that no key has.
fn without_encoding(text: &str) -> Result<&str, String> {
    if let Some(path) = text.strip_prefix("s3://") {
        let key = path.split_once('/').map_or("", |(_, key)| key);
        return Err(format!(
            "keys have no s3:// and no bucket; write {key:?}, and the bucket as \"bucket\""
        ));
    }
    let decoded = percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(decoded) if text.is_ascii() && !decoded.is_ascii() => Err(format!(
            "keys are compared decoded; write {decoded:?} (only the prefix in S3's own filter is encoded)"
        )),
        _ => Ok(text),
    }
}

fn parse_events(value: &Value) -> Result<Vec<EventPattern>, String> {
    let names = rules::texts(value).map_err(|expected| format!("{expected} like ObjectCreated:*"))?;
    names.into_iter().map(EventPattern::parse).collect()
}

fn read_branch(fields: &Fields, pattern: Option<&KeyPattern>) -> Option<Option<Template>> {
    fields.optional("branch", |value| Template::parse(rules::text(value)?, pattern))
}

fn read_properties(fields: &Fields, pattern: Option<&KeyPattern>) -> Option<Vec<(String, Template)>> {
    let properties = fields.optional("properties", |value| {
        value.as_object().ok_or("expected an object")
    })?;
    let mut parsed = Vec::new();
    for (name, value) in properties.into_iter().flatten() {
        let template = parse_property(name, value, pattern);
        let template = template.map_err(|fault| fields.fault(&format!("properties.{name}"), fault));
        parsed.push(template.ok().map(|template| (name.clone(), template)));
    }
    // Every property is parsed, also after a faulty one.
    parsed.into_iter().collect()
}

fn parse_property(name: &str, template: &Value, pattern: Option<&KeyPattern>) -> Result<Template, String> {
    if name.trim().is_empty() {
        return Err("the name of a property is empty".to_owned());
    }
    if name.contains(['{', '}', '%']) {
        return Err("no placeholders in the name of a property".to_owned());
    }
    if OWN_PROPERTIES.contains(&name) {
        return Err("reserved, every build gets this property from its object".to_owned());
    }
    Template::parse(template.as_str().ok_or("expected text")?, pattern)
}

#[cfg(test)]
pub(crate) mod tests {
    use lambda_core::variables::Variables;

    use super::*;
    use crate::route_reach::read_routes;

    pub(crate) fn parse(routes: &str) -> Result<Vec<Route>, String> {
        let variables: Variables = [("BUILD_ROUTES", routes)].into_iter().collect();
        let routes = read_routes(&variables);
        variables.finish(|| routes?).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(route: &str, fault: &str) {
        let routes = format!(r#"[{{"build_type": "A", "bucket": "another"}}, {route}]"#);
        let error = parse(&routes).expect_err("a faulty route");
        assert!(error.contains(&format!("BUILD_ROUTES[1]{fault}")), "{error}");
    }

    /// Checks the fault of a route with a build type and this field.
    #[track_caller]
    fn check_field(field: &str, fault: &str) {
        check(&format!(r#"{{"build_type": "A", {field}}}"#), fault);
    }

    #[test]
    fn a_fault_is_reported_with_index_and_key() {
        check("7", ": expected an object");
        check("{}", ".build_type: missing");
        check(
            r#"{"build_type": ""}"#,
            ".build_type: expected text, found an empty string",
        );
        check(
            r#"{"build_type": "A:B"}"#,
            ".build_type: expected the id of a build configuration",
        );
        check_field(
            r#""bulid": 1"#,
            ".bulid: unknown key, expected one of bucket, prefix",
        );
        check_field(r#""prefix": 1"#, ".prefix: expected text");
        check_field(r#""suffix": """#, ".suffix: expected text, found an empty string");
        check_field(r#""min_size": -1"#, ".min_size: expected a whole number");
        check_field(
            r#""queue_at_top": "yes""#,
            ".queue_at_top: expected true or false",
        );
        check_field(r#""coalesce": 1"#, ".coalesce: expected true or false");
        check_field(r#""suffix": []"#, ".suffix: expected a list of at least one text");
    }

    #[test]
    fn prefix_and_suffix_are_literal() {
        check_field(
            r#""suffix": "*.csv""#,
            r#".suffix: compared literally, no wildcards here; write ".csv""#,
        );
        check_field(r#""suffix": [".a", "*.b"]"#, ".suffix: compared literally");
        check_field(
            r#""prefix": "in/**""#,
            r#".prefix: compared literally, no wildcards here; write "in/""#,
        );
        check_field(r#""prefix": "in/202?/""#, ".prefix: compared literally");
        check_field(
            r#""prefix": "^in/""#,
            r#".prefix: compared literally, no wildcards here; write "in/""#,
        );
        check_field(
            r#""prefix": "in/{branch}/""#,
            ".prefix: no placeholders here; write \"key\"",
        );
        check_field(
            r#""prefix": "s3://inbox/in/""#,
            r#".prefix: keys have no s3:// and no bucket; write "in/""#,
        );
        check_field(
            r#""prefix": "%EB%88%84%EC%88%98/""#,
            r#".prefix: keys are compared decoded; write "누수/""#,
        );
    }

    #[test]
    fn a_key_replaces_prefix_and_suffix() {
        check_field(
            r#""key": "in/{a}", "prefix": "in/""#,
            ".key: it replaces prefix and suffix",
        );
        check_field(r#""key": "in/*.csv""#, ".key: no wildcards here");
        check_field(r#""key": "in/{key}""#, ".key: {key} has a meaning already");
    }

    #[test]
    fn a_bucket_is_a_plain_name() {
        for bucket in [
            "arn:aws:s3:::inbox",
            "s3://inbox",
            "inbox-*",
            "inbox/",
            "{bucket}",
        ] {
            let field = format!(r#""bucket": "{bucket}""#);
            check_field(&field, ".bucket: expected the name of a bucket, without s3://");
        }
    }

    #[test]
    fn events_are_a_list_of_names_that_s3_has() {
        check_field(r#""events": []"#, ".events: expected a list of at least one text");
        check_field(
            r#""events": ["Created"]"#,
            r#".events: S3 has no event "Created""#,
        );
        check_field(
            r#""events": ["ObjectCreated:Putt"]"#,
            r#".events: S3 has no event "ObjectCreated:Putt", expected ObjectCreated:*, ObjectCreated:Put,"#,
        );
        check_field(
            r#""events": ["ObjectRemoved:*"], "min_size": 1"#,
            ".min_size: removed objects have no size",
        );
    }

    #[test]
    fn placeholders_never_choose_the_build_configuration() {
        check(
            r#"{"key": "{type}/{rest*}", "build_type": "{type}"}"#,
            ".build_type: expected the id of a build configuration",
        );
    }

    #[test]
    fn a_faulty_property_is_reported_with_its_name() {
        check_field(r#""properties": []"#, ".properties: expected an object");
        let check = |property: &str, fault: &str| {
            check_field(
                &format!(r#""properties": {{{property}}}"#),
                &format!(".properties{fault}"),
            );
        };
        check(r#""env.X": "{name}""#, ".env.X: unknown placeholder {name}");
        check(r#""env.X": null"#, ".env.X: expected text");
        check(r#""": "x""#, ".: the name of a property is empty");
        check(r#""eventKey": "x""#, ".eventKey: reserved");
        check(
            r#""{key}": "x""#,
            ".{key}: no placeholders in the name of a property",
        );
    }

    #[test]
    fn a_coalescing_route_has_no_placeholder_of_one_upload() {
        check_field(
            r#""coalesce": true, "properties": {"env.X": "{key}"}"#,
            ".properties.env.X: {key} names one upload",
        );
        check_field(
            r#""coalesce": true, "key": "in/{branch}/{name}.zip", "branch": "{branch}-{name}""#,
            ".branch: {name} names one upload",
        );
        let shared = r#"[{"build_type": "A", "coalesce": true, "key": "in/{branch}/{name}.zip", "branch": "{branch}",
                          "properties": {"env.BUCKET": "{bucket}"}}]"#;
        assert!(parse(shared).is_ok());
    }

    #[test]
    fn every_faulty_route_is_reported() {
        assert_eq!(
            parse(r#"[{}, {"build_type": "A"}, {"build_type": 7}]"#),
            Err("invalid configuration: BUILD_ROUTES[0].build_type: missing; \
                 BUILD_ROUTES[2].build_type: expected text"
                .to_owned())
        );
    }

    #[test]
    fn a_route_needs_only_a_build_type() {
        let expected = Route {
            name: "BUILD_ROUTES[0]".to_owned(),
            ..Route::to(BuildTypeId::parse("A").expect("a good id"))
        };
        assert_eq!(
            parse(r#"[{"build_type": "A", "branch": null}]"#),
            Ok(vec![expected])
        );
    }
}
