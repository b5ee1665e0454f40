//! Routes that no upload can reach.

use lambda_core::rules;
use lambda_core::variables::Variables;

use crate::event_name::EventPattern;
use crate::route::{KeyCondition, Route};

/// Reads `BUILD_ROUTES`. The outer `None` means that faults were recorded, the inner one that the variable is not set.
///
/// A route that an earlier one hides is a fault, and so is a route for events that the stack's EventBridge rule does not
/// deliver, as far as `UPLOAD_EVENT_TYPES` names them.
pub(crate) fn read_routes(variables: &Variables) -> Option<Option<Vec<Route>>> {
    let delivered = variables.optional("UPLOAD_EVENT_TYPES", parse_event_types);
    let routes = rules::read(variables, "BUILD_ROUTES", &Route::KEYS, Route::read);
    let (delivered, Some(mut routes)) = (delivered?, routes?) else {
        return Some(None);
    };
    for (index, route) in routes.iter_mut().enumerate() {
        route.name = format!("BUILD_ROUTES[{index}]");
    }
    let mut is_reachable = true;
    for (index, route) in routes.iter().enumerate() {
        for fault in faults(route, &routes[..index], delivered.as_deref()) {
            variables.fault(format!("{}{fault}", route.name));
            is_reachable = false;
        }
    }
    is_reachable.then_some(Some(routes))
}

/// Returns routes whose keys begin with `/`. S3 allows such keys, but few exist.
pub(crate) fn with_leading_slash(routes: &[Route]) -> impl Iterator<Item = &Route> {
    routes.iter().filter(|route| match &route.key {
        KeyCondition::Ends { prefix, .. } => prefix.starts_with('/'),
        KeyCondition::Pattern(pattern) => pattern.as_str().starts_with('/'),
    })
}

fn parse_event_types(text: &str) -> Result<Vec<EventPattern>, String> {
    text.split(',')
        .map(|name| EventPattern::parse(name.trim()))
        .collect()
}

fn faults(route: &Route, earlier: &[Route], delivered: Option<&[EventPattern]>) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(first) = earlier
        .iter()
        .find(|first| !first.continues && first.includes(route))
    {
        faults.push(format!(
            ": never reached, {} matches every upload of this route; write the narrower route first, or \"continue\": true",
            first.name
        ));
    }
    // Jobs of S3 Batch Operations bring created objects whatever the rule delivers.
    let reachable = |pattern: &EventPattern| {
        let delivered = delivered.unwrap_or_default();
        delivered.is_empty()
            || pattern.meets(&EventPattern::created())
            || delivered.iter().any(|delivered| delivered.meets(pattern))
    };
    for pattern in route.events.iter().filter(|pattern| !reachable(pattern)) {
        faults.push(format!(
            ".events: {pattern} is never delivered; add its name of EventBridge, such as \"Object Deleted\", to the rule of \
             the stack (UploadEventTypes)"
        ));
    }
    faults
}

impl Route {
    /// Reports whether this route certainly matches every upload that `other` matches.
    fn includes(&self, other: &Self) -> bool {
        let has_bucket = self.bucket.is_none() || self.bucket == other.bucket;
        let has_size = self.min_size.unwrap_or_default() <= other.min_size.unwrap_or_default();
        let knows_size = self.min_size.is_none() || other.min_size.is_some();
        let has_folders = self.folders || !other.folders;
        let has_event = |pattern: &EventPattern| self.events.iter().any(|own| own.includes(pattern));
        has_bucket
            && has_size
            && knows_size
            && has_folders
            && other.events.iter().all(has_event)
            && self.key.includes(&other.key)
    }
}

impl KeyCondition {
    fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pattern(own), Self::Pattern(other)) => own == other,
            (Self::Pattern(_), Self::Ends { .. }) => false,
            (Self::Ends { prefix, suffixes }, Self::Pattern(other)) => {
                let literal_end = other.as_str().rsplit('}').next().unwrap_or_default();
                let literal_start = other.as_str().split('{').next().unwrap_or_default();
                literal_start.starts_with(prefix) && ends_with_one(literal_end, suffixes)
            }
            (
                Self::Ends { prefix, suffixes },
                Self::Ends {
                    prefix: other_prefix,
                    suffixes: others,
                },
            ) => {
                let has_every_end =
                    !others.is_empty() && others.iter().all(|end| ends_with_one(end, suffixes));
                other_prefix.starts_with(prefix) && (suffixes.is_empty() || has_every_end)
            }
        }
    }
}

fn ends_with_one(text: &str, suffixes: &[String]) -> bool {
    suffixes.is_empty() || suffixes.iter().any(|suffix| text.ends_with(suffix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(routes: &str, event_types: &str) -> Result<Vec<Route>, String> {
        let variables = [("BUILD_ROUTES", routes), ("UPLOAD_EVENT_TYPES", event_types)];
        let variables: Variables = variables.into_iter().collect();
        let routes = read_routes(&variables);
        variables.finish(|| routes?).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(first: &str, second: &str, is_hidden: bool) {
        let routes = format!(r#"[{{"build_type": "A"{first}}}, {{"build_type": "B"{second}}}]"#);
        let read = read(&routes, "");
        let expected = "BUILD_ROUTES[1]: never reached, BUILD_ROUTES[0] matches every upload of this route";
        match read {
            Ok(_) => assert!(!is_hidden, "{routes}"),
            Err(error) => assert!(is_hidden && error.contains(expected), "{routes}: {error}"),
        }
    }

    #[test]
    fn a_route_that_an_earlier_one_hides_is_a_fault() {
        check("", "", true);
        check("", r#", "prefix": "in/""#, true);
        check(
            r#", "prefix": "in/""#,
            r#", "prefix": "in/a/", "suffix": ".csv""#,
            true,
        );
        check(r#", "suffix": [".csv", ".tsv"]"#, r#", "suffix": ".csv""#, true);
        check(
            r#", "prefix": "in/""#,
            r#", "key": "in/{branch}/{name}.zip""#,
            true,
        );
        check("", r#", "events": ["ObjectCreated:Put"]"#, true);
        check(r#", "min_size": 1"#, r#", "min_size": 2"#, true);
    }

    #[test]
    fn a_route_that_matches_other_uploads_is_no_fault() {
        check(r#", "continue": true"#, r#", "prefix": "in/""#, false);
        check(r#", "prefix": "in/a/""#, r#", "prefix": "in/""#, false);
        check(r#", "suffix": ".csv""#, r#", "suffix": [".csv", ".tsv"]"#, false);
        check(r#", "bucket": "inbox""#, "", false);
        check(r#", "min_size": 1"#, "", false);
        check("", r#", "events": ["ObjectRemoved:*"]"#, false);
        check("", r#", "folders": true"#, false);
        check(r#", "key": "in/{a}.zip""#, r#", "key": "in/{a}.csv""#, false);
    }

    #[test]
    fn events_that_the_rule_does_not_deliver_are_a_fault() {
        let removals = r#"[{"build_type": "A", "events": ["ObjectRemoved:*"]}]"#;
        let error = read(removals, "Object Created").expect_err("never delivered");
        assert!(
            error.contains("BUILD_ROUTES[0].events: ObjectRemoved is never delivered; add"),
            "{error}"
        );
        assert!(read(removals, "Object Created,Object Deleted").is_ok());
        assert!(
            read(removals, "").is_ok(),
            "without the variable nothing is known"
        );
        let created = r#"[{"build_type": "A"}]"#;
        assert!(
            read(created, "Object Deleted").is_ok(),
            "S3 Batch Operations bring created objects"
        );
        let error = read(created, "Object Creatd").expect_err("no such event");
        assert!(
            error.contains("UPLOAD_EVENT_TYPES is malformed: S3 has no event"),
            "{error}"
        );
    }

    #[test]
    fn keys_that_begin_with_a_slash_are_unusual() {
        let routes = r#"[{"build_type": "A", "prefix": "/in/"}, {"build_type": "B", "prefix": "in/"}]"#;
        let routes = read(routes, "").expect("good routes");
        let names: Vec<&str> = with_leading_slash(&routes)
            .map(|route| route.name.as_str())
            .collect();
        assert_eq!(names, ["BUILD_ROUTES[0]"]);
    }
}
