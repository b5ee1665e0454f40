//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use lambda_core::variables::Variables;
use serde_json::Value;
use url::Url;

use crate::adapters::teamcity::error_of_response;
use crate::batch_operations::BatchTasks;
use crate::build_plan::{BuildPlan, Step};
use crate::build_request::BuildRequest;
use crate::config::Config;
use crate::event::Event;
use crate::key_pattern::KeyPattern;
use crate::notification::Notice;
use crate::template::{PLACEHOLDERS, Template};
use crate::upload::{ObjectKey, as_s3_encodes};

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    config(variables).map(drop)
}

fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables: Variables = variables.iter().copied().collect();
    Config::from_variables(&variables).map_err(|error| error.to_string())
}

/// Effect of an event on `BUILD_ROUTES`.
#[derive(Debug, Default)]
pub struct Plan {
    /// Names of the builds' parameters with their values, build by build.
    pub builds: Vec<Vec<(String, String)>>,
    /// Tags of the builds, build by build.
    pub tags: Vec<Vec<String>>,
    /// Faults of the entries that cannot be read.
    pub faults: Vec<String>,
}

/// Plans the builds of an event by the routes in `BUILD_ROUTES`.
pub fn plan(event: &Value, routes: &str) -> Result<Plan, String> {
    let config = config(&[
        ("TEAMCITY_URL", "https://teamcity.example.com"),
        ("TEAMCITY_TOKEN", "token"),
        ("BUILD_ROUTES", routes),
    ])?;
    let notices = match Event::parse(event).map_err(|error| error.to_string())? {
        Event::Notification(notices) => notices,
        Event::SqsBatch(messages) => messages.into_iter().flat_map(|message| message.notices).collect(),
        Event::BatchOperations(tasks) => notices(tasks),
    };
    let plan = BuildPlan::new(notices, &config.routes, None);
    let faults = plan.steps.into_iter().filter_map(|(_, step)| match step {
        Step::Fail(fault) => Some(fault),
        Step::Build(_) | Step::Skip(_) => None,
    });
    let tags = |request: &BuildRequest| {
        let tags = request.tags().into_iter();
        tags.map(|tag| tag.as_str().to_owned()).collect()
    };
    Ok(Plan {
        faults: faults.collect(),
        tags: plan.requests.iter().map(tags).collect(),
        builds: plan
            .requests
            .into_iter()
            .map(|request| request.properties)
            .collect(),
    })
}

fn notices(tasks: BatchTasks) -> Vec<Notice> {
    tasks.tasks.into_iter().map(|task| task.notice).collect()
}

/// Parses a key as S3 encodes it in notifications, and encodes it again. Returns the key with its new form.
pub fn key(encoded: &str) -> Option<(String, String)> {
    let key = ObjectKey::from_notification(encoded).ok()?;
    Some((key.as_str().to_owned(), as_s3_encodes(key.as_str())))
}

/// Parses a pattern for keys, and returns the texts of its placeholders in a key that matches.
pub fn captured(pattern: &str, key: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let pattern = KeyPattern::parse(pattern, &PLACEHOLDERS)?;
    let captured = pattern.captured(key);
    Ok(captured.map(|captured| captured.into_iter().collect()))
}

/// Renders a template for an upload that has this key, by a pattern for keys.
pub fn rendered(template: &str, pattern: &str, key: &str) -> Result<Option<String>, String> {
    let pattern = KeyPattern::parse(pattern, &PLACEHOLDERS)?;
    let template = Template::parse(template, Some(&pattern))?;
    let event = serde_json::json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "inbox"}, "object": {"key": as_s3_encodes(key), "size": 7}},
    }]});
    let Ok(Event::Notification(notices)) = Event::parse(&event) else {
        return Ok(None);
    };
    let Some(Notice::Upload(upload)) = notices.first() else {
        return Ok(None);
    };
    let captured = pattern.captured(key).unwrap_or_default();
    Ok(Some(template.render(upload, &captured)))
}

/// Returns the error for a response of TeamCity, or of a proxy before it. The status 200 with valid JSON is no error.
pub fn teamcity_error(status: u16, body: &str, location: Option<&str>, token: &str) -> Option<String> {
    let rest = Url::parse("https://teamcity.example.com/app/rest").expect("it is a constant");
    error_of_response(status, body, location, &rest, token)
}
