//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use lambda_core::locale::Locale;
use lambda_core::variables::Variables;
use serde_json::{Value, json};

use crate::config::Config;
use crate::event;
use crate::event::delivery::Delivery;
use crate::event::status::Status;
use crate::mask::Mask;
use crate::message::failed_tests::{FailedTest, TestReport};
use crate::message::log_tail::LogTail;
use crate::message::mention::Mention;
use crate::message::{self, Details, Localization, plain_text};
use crate::route::{self, Subject};

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    let variables: Variables = variables.iter().copied().collect();
    let config = Config::from_variables(&variables).map_err(|error| error.to_string())?;
    route::ineffective_ends(&config.routes, &config.statuses);
    Ok(())
}

/// Decides about a build of this project and branch by the routes of `SLACK_ROUTES`.
pub fn decision(routes: &str, project: &str, branch: Option<&str>) -> Result<String, String> {
    let variables: Variables = [("SLACK_ROUTES", routes)].into_iter().collect();
    let routes = variables.finish(|| route::read(&variables));
    let routes = routes.map_err(|error| error.to_string())?;
    let subject = Subject {
        project,
        branch,
        status: Status::Failed,
        verdict: None,
    };
    Ok(format!(
        "{:?}",
        route::decide(&routes, &[Status::Failed], subject)
    ))
}

/// Parses a mention, and returns its markup.
pub fn mention(text: &str) -> Result<String, String> {
    let mention = Mention::parse(text).map_err(str::to_owned)?;
    Ok(mention.to_string())
}

/// Returns the message about each build of a delivery: `text` and `blocks` for Slack, `plain` for other services. The log
/// and the failed test are those of a failed build.
pub fn messages(event: &Value, log: &str, test: (&str, &str), locale: Locale) -> Vec<Result<Value, String>> {
    let events = match Delivery::of(event) {
        Delivery::Events(events) => events,
        Delivery::SqsBatch(messages) => messages.into_iter().flat_map(|message| message.events).collect(),
    };
    let message = |event| message(event, log, test, locale);
    events.iter().map(message).collect()
}

fn message(event: &Value, log: &str, (name, text): (&str, &str), locale: Locale) -> Result<Value, String> {
    let build = event::parse(event).map_err(|error| error.to_string())?;
    let tests = vec![FailedTest {
        name: name.to_owned(),
        message: Some(text.to_owned()),
    }];
    let details = Details {
        log_tail: LogTail::of(log, 15, &build.mask),
        reports: vec![TestReport {
            arn: build.reports.first().cloned().unwrap_or_default(),
            failures: 1,
            tests,
        }],
        ..Details::default()
    };
    let localization = Localization {
        locale,
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let message = message::render(&build, &details, &[], &localization);
    let plain = plain_text::of_blocks(&message.blocks);
    Ok(json!({"text": message.text, "blocks": message.blocks, "plain": plain}))
}

/// Hides the secrets of a text, given variables as name and value.
pub fn masked(variables: &[(&str, &str)], text: &str) -> String {
    Mask::new(variables.iter().copied()).apply(text)
}

/// Returns the last lines of a log, as a message shows them within `limit` characters.
pub fn log_tail(variables: &[(&str, &str)], log: &str, limit: usize) -> String {
    let mask = Mask::new(variables.iter().copied());
    LogTail::of(log, 15, &mask).code_block(limit).0
}
