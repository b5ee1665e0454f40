//! Routes as people write them, in `BUILD_ROUTES`.

use serde_json::{Map, Value};

use crate::build_request::{BuildTypeId, OWN_PROPERTIES};
use crate::event_name::EventPattern;
use crate::route::Route;
use crate::template::Template;

const FIELDS: [&str; 9] = [
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

/// Parses a JSON array of routes.
///
/// # Errors
/// With the number of every wrong route, from 1, and its field.
pub fn parse(text: &str) -> Result<Vec<Route>, String> {
    let routes: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Array(routes) = routes else {
        return Err("expected an array of routes".to_owned());
    };
    if routes.is_empty() {
        return Err("expected at least one route".to_owned());
    }
    let (mut parsed, mut faults) = (Vec::new(), Vec::new());
    for (at, route) in routes.iter().enumerate() {
        match parse_route(route) {
            Ok(route) => parsed.push(route),
            Err(fault) => faults.push(format!("route {}: {fault}", at + 1)),
        }
    }
    if faults.is_empty() {
        Ok(parsed)
    } else {
        Err(faults.join(", "))
    }
}

fn parse_route(route: &Value) -> Result<Route, String> {
    let Value::Object(fields) = route else {
        return Err("expected an object".to_owned());
    };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(format!(
            "there is no field {unknown:?}, expected {}",
            FIELDS.join(", ")
        ));
    }
    let fields = Fields(fields);
    let build_type = fields.text("build_type")?.ok_or("build_type is missing")?;
    Ok(Route {
        bucket: fields.text("bucket")?,
        prefix: fields.text("prefix")?,
        suffix: fields.text("suffix")?,
        events: fields.events()?,
        min_size: fields.number("min_size")?,
        build_type: BuildTypeId::parse(&build_type).map_err(|fault| format!("build_type {fault}"))?,
        branch: fields.text("branch")?,
        queue_at_top: fields.boolean("queue_at_top")?,
        properties: fields.properties()?,
    })
}

/// A route's fields. `null` is as good as nothing; an empty text is a mistake that would match everything.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Err(format!("{name} is empty")),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("{name} is no text")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let whole = |value: &Value| value.as_u64().ok_or(format!("{name} is no whole number"));
        self.get(name).map(whole).transpose()
    }

    fn boolean(&self, name: &str) -> Result<bool, String> {
        let flag = |value: &Value| value.as_bool().ok_or(format!("{name} is neither true nor false"));
        Ok(self.get(name).map(flag).transpose()?.unwrap_or(false))
    }

    fn events(&self) -> Result<Vec<EventPattern>, String> {
        let events = match self.get("events") {
            None => return Ok(vec![EventPattern::created()]),
            Some(Value::Array(events)) if !events.is_empty() => events,
            Some(_) => return Err("events is no list of names like ObjectCreated:*".to_owned()),
        };
        let parse = |event: &Value| match event.as_str() {
            Some(text) => EventPattern::parse(text).map_err(|fault| format!("events: {fault}")),
            None => Err("events holds something else than texts".to_owned()),
        };
        events.iter().map(parse).collect()
    }

    fn properties(&self) -> Result<Vec<(String, Template)>, String> {
        let properties = match self.get("properties") {
            None => return Ok(Vec::new()),
            Some(Value::Object(properties)) => properties,
            Some(_) => return Err("properties is no object".to_owned()),
        };
        let parse = |(name, template): (&String, &Value)| {
            let fault = |fault: &str| format!("properties.{name}: {fault}");
            if name.trim().is_empty() {
                return Err("properties has an empty name".to_owned());
            }
            if OWN_PROPERTIES.contains(&name.as_str()) {
                return Err(fault("every build gets this from the object"));
            }
            let text = template.as_str().ok_or_else(|| fault("is no text"))?;
            Ok((
                name.clone(),
                Template::parse(text).map_err(|error| fault(&error))?,
            ))
        };
        properties.iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(routes: &str, because: &str) {
        let error = parse(routes).expect_err("wrong routes");
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn names_the_route_and_the_field() {
        let good = r#"{"build_type": "A"}"#;
        let check = |route: &str, because: &str| {
            refuses(&format!("[{good}, {route}]"), &format!("route 2: {because}"));
        };
        check("7", "expected an object");
        check("{}", "build_type is missing");
        check(r#"{"build_type": ""}"#, "build_type is empty");
        check(
            r#"{"build_type": "A:B"}"#,
            "build_type is no build configuration's id",
        );
        check(
            r#"{"build_type": "A", "bulid": 1}"#,
            r#"there is no field "bulid""#,
        );
        check(r#"{"build_type": "A", "prefix": 1}"#, "prefix is no text");
        check(r#"{"build_type": "A", "suffix": ""}"#, "suffix is empty");
        check(
            r#"{"build_type": "A", "min_size": -1}"#,
            "min_size is no whole number",
        );
        check(
            r#"{"build_type": "A", "queue_at_top": "yes"}"#,
            "queue_at_top is neither",
        );
        check(r#"{"build_type": "A", "events": []}"#, "events is no list");
        check(
            r#"{"build_type": "A", "events": ["Created"]}"#,
            r#"events: S3 has no event "Created""#,
        );
        check(
            r#"{"build_type": "A", "properties": {"env.X": "{name}"}}"#,
            "properties.env.X: there is no placeholder {name}",
        );
        check(
            r#"{"build_type": "A", "properties": {"env.X": null}}"#,
            "properties.env.X: is no text",
        );
        check(
            r#"{"build_type": "A", "properties": {"": "x"}}"#,
            "properties has an empty name",
        );
        check(
            r#"{"build_type": "A", "properties": {"eventKey": "x"}}"#,
            "properties.eventKey: every build gets this",
        );
    }

    #[test]
    fn names_every_wrong_route() {
        refuses(
            r#"[{}, {"build_type": "A"}, {"build_type": 7}]"#,
            "route 1: build_type is missing, route 3: build_type is no text",
        );
    }

    #[test]
    fn wants_at_least_one_route() {
        refuses("[]", "at least one route");
        refuses("{}", "expected an array");
        refuses("[", "not JSON");
    }

    #[test]
    fn a_route_needs_nothing_but_the_build_type() {
        let expected = Route::to(BuildTypeId::parse("A").expect("a good id"));
        assert_eq!(
            parse(r#"[{"build_type": "A", "branch": null}]"#),
            Ok(vec![expected])
        );
    }
}
