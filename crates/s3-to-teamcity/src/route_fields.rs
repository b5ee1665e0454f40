//! The fields of a route in `BUILD_ROUTES`.

use lambda_core::rules::{self, Fields};
use serde_json::Value;

use crate::build_request::{BuildTypeId, OWN_PROPERTIES};
use crate::event_name::EventPattern;
use crate::route::Route;
use crate::template::Template;

impl Route {
    pub(crate) const KEYS: [&str; 9] = [
        "bucket",
        "prefix",
        "suffix",
        "events",
        "min_size",
        "build_type",
        "branch",
        "queue_at_top",
        "properties",
    ];

    /// Reads a route. `None` means that faults were recorded.
    pub(crate) fn read(fields: &Fields) -> Option<Self> {
        let text = |key| fields.optional(key, |value| rules::text(value).map(str::to_owned));
        let (bucket, prefix, suffix, branch) =
            (text("bucket"), text("prefix"), text("suffix"), text("branch"));
        let events = fields.optional("events", parse_events);
        let min_size = fields.optional("min_size", rules::whole_number);
        let build_type = fields.required("build_type", |value| BuildTypeId::parse(rules::text(value)?));
        let queue_at_top = fields.optional("queue_at_top", rules::boolean);
        let properties = read_properties(fields);
        Some(Self {
            bucket: bucket?,
            prefix: prefix?,
            suffix: suffix?,
            events: events?.unwrap_or_else(|| vec![EventPattern::created()]),
            min_size: min_size?,
            build_type: build_type?,
            branch: branch?,
            queue_at_top: queue_at_top?.unwrap_or(false),
            properties: properties?,
        })
    }
}

fn parse_events(value: &Value) -> Result<Vec<EventPattern>, String> {
    let names = rules::texts(value).map_err(|expected| format!("{expected} like ObjectCreated:*"))?;
    names.into_iter().map(EventPattern::parse).collect()
}

fn read_properties(fields: &Fields) -> Option<Vec<(String, Template)>> {
    let properties = fields.optional("properties", |value| {
        value.as_object().ok_or("expected an object")
    })?;
    let mut parsed = Vec::new();
    for (name, value) in properties.into_iter().flatten() {
        let template = parse_property(name, value);
        let template = template.map_err(|fault| fields.fault(&format!("properties.{name}"), fault));
        parsed.push(template.ok().map(|template| (name.clone(), template)));
    }
    // Every property is parsed, also after a faulty one.
    parsed.into_iter().collect()
}

fn parse_property(name: &str, template: &Value) -> Result<Template, String> {
    if name.trim().is_empty() {
        return Err("the name of a property is empty".to_owned());
    }
    if OWN_PROPERTIES.contains(&name) {
        return Err("reserved, every build gets this property from its object".to_owned());
    }
    Template::parse(template.as_str().ok_or("expected text")?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lambda_core::variables::Variables;

    pub(crate) fn parse(routes: &str) -> Result<Vec<Route>, String> {
        let variables: Variables = [("BUILD_ROUTES", routes)].into_iter().collect();
        let routes = rules::read(&variables, "BUILD_ROUTES", &Route::KEYS, Route::read);
        variables.finish(|| routes?).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(route: &str, fault: &str) {
        let routes = format!(r#"[{{"build_type": "A"}}, {route}]"#);
        let error = parse(&routes).expect_err("a faulty route");
        assert!(error.contains(&format!("BUILD_ROUTES[1]{fault}")), "{error}");
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
        check(
            r#"{"build_type": "A", "bulid": 1}"#,
            ".bulid: unknown key, expected one of bucket, prefix",
        );
        check(r#"{"build_type": "A", "prefix": 1}"#, ".prefix: expected text");
        check(
            r#"{"build_type": "A", "suffix": ""}"#,
            ".suffix: expected text, found an empty string",
        );
        check(
            r#"{"build_type": "A", "min_size": -1}"#,
            ".min_size: expected a whole number",
        );
        check(
            r#"{"build_type": "A", "queue_at_top": "yes"}"#,
            ".queue_at_top: expected true or false",
        );
    }

    #[test]
    fn events_are_a_list_of_names_that_s3_has() {
        check(
            r#"{"build_type": "A", "events": []}"#,
            ".events: expected a list of at least one text",
        );
        check(
            r#"{"build_type": "A", "events": ["Created"]}"#,
            r#".events: S3 has no event "Created""#,
        );
    }

    #[test]
    fn a_faulty_property_is_reported_with_its_name() {
        check(
            r#"{"build_type": "A", "properties": []}"#,
            ".properties: expected an object",
        );
        let check = |property: &str, fault: &str| {
            let route = format!(r#"{{"build_type": "A", "properties": {{{property}}}}}"#);
            check(&route, &format!(".properties{fault}"));
        };
        check(r#""env.X": "{name}""#, ".env.X: unknown placeholder {name}");
        check(r#""env.X": null"#, ".env.X: expected text");
        check(r#""": "x""#, ".: the name of a property is empty");
        check(r#""eventKey": "x""#, ".eventKey: reserved");
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
        let expected = Route::to(BuildTypeId::parse("A").expect("a good id"));
        assert_eq!(
            parse(r#"[{"build_type": "A", "branch": null}]"#),
            Ok(vec![expected])
        );
    }
}
