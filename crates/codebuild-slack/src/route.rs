//! The routes in `SLACK_ROUTES`: which builds are notified, in which channel, and with which mention.

use glob::Pattern;
use lambda_core::rules::{self, Fields};
use lambda_core::variables::Variables;
use serde_json::Value;

use crate::event::status::Status;
use crate::function_response::SkipReason;
use crate::message::mention::Mention;

/// The notification settings for the projects that match a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    /// A pattern for project names, with `*`, `?` and `[…]`.
    pub(crate) project: Pattern,
    /// Statuses to notify; `None` means `NOTIFY_STATUSES`.
    pub(crate) statuses: Option<Vec<Status>>,
    /// Name or id of the channel; `None` means `SLACK_CHANNEL`.
    pub(crate) channel: Option<String>,
    pub(crate) mention: Option<Mention>,
}

/// The routing decision for a build in one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision<'r> {
    Notify {
        /// The route's channel; `None` means `SLACK_CHANNEL`.
        channel: Option<&'r str>,
        mention: Option<&'r Mention>,
    },
    Skip(SkipReason),
}

/// Reads `SLACK_ROUTES`. `None` means that faults were noted; without the variable there are no routes.
pub(crate) fn read(variables: &Variables) -> Option<Vec<Route>> {
    let keys = ["project", "statuses", "channel", "mention"];
    rules::read(variables, "SLACK_ROUTES", &keys, read_route).map(Option::unwrap_or_default)
}

fn read_route(fields: &Fields) -> Option<Route> {
    let project = fields.required("project", parse_project);
    let statuses = fields.optional("statuses", parse_statuses);
    let channel = fields.optional("channel", parse_channel);
    let mention = fields.optional("mention", |value| {
        Mention::parse(value.as_str().unwrap_or_default())
    });
    Some(Route {
        project: project?,
        statuses: statuses?,
        channel: channel?,
        mention: mention?,
    })
}

fn parse_project(value: &Value) -> Result<Pattern, String> {
    let pattern = value.as_str().ok_or("expected a pattern for project names")?;
    Pattern::new(pattern).map_err(|error| format!("invalid pattern: {error}"))
}

fn parse_statuses(value: &Value) -> Result<Vec<Status>, String> {
    let statuses = value.as_array().ok_or("expected a list of statuses")?;
    statuses
        .iter()
        .map(|status| Status::parse(status.as_str().unwrap_or_default()))
        .collect()
}

fn parse_channel(value: &Value) -> Result<String, &'static str> {
    let channel = value
        .as_str()
        .map(str::trim)
        .filter(|channel| !channel.is_empty());
    channel
        .map(str::to_owned)
        .ok_or("expected the name or id of a channel")
}

/// Decides by the first route that matches both project and status. Without routes every project matches.
///
/// A mention applies to the statuses that its route lists; if the route lists none, to failed builds.
pub(crate) fn decide<'r>(
    routes: &'r [Route],
    default_statuses: &[Status],
    project: &str,
    status: Status,
) -> Decision<'r> {
    if routes.is_empty() {
        return match default_statuses.contains(&status) {
            true => Decision::Notify {
                channel: None,
                mention: None,
            },
            false => Decision::Skip(SkipReason::Status),
        };
    }
    let mut matching = routes
        .iter()
        .filter(|route| route.project.matches(project))
        .peekable();
    if matching.peek().is_none() {
        return Decision::Skip(SkipReason::Route);
    }
    let has_status = |route: &&Route| {
        let statuses = route.statuses.as_deref();
        statuses.unwrap_or(default_statuses).contains(&status)
    };
    match matching.find(has_status) {
        Some(route) => Decision::Notify {
            channel: route.channel.as_deref(),
            mention: route
                .mention
                .as_ref()
                .filter(|_| route.statuses.is_some() || status.is_failure()),
        },
        None => Decision::Skip(SkipReason::Status),
    }
}

/// Lists, one log line each, the final statuses whose mention or channel has no effect when a build has a single
/// message: the message is already in the channel of `IN_PROGRESS`, and Slack notifies nobody about an update.
pub(crate) fn ineffective_ends(routes: &[Route], default_statuses: &[Status]) -> Vec<String> {
    let mut ends = Vec::new();
    for route in routes {
        // The pattern stands for the projects that it matches.
        let project = route.project.as_str();
        let decide = |status| decide(routes, default_statuses, project, status);
        let Decision::Notify {
            channel: start_channel,
            ..
        } = decide(Status::InProgress)
        else {
            continue;
        };
        let is_ineffective = |status: &Status| match decide(*status) {
            Decision::Notify { channel, mention } => mention.is_some() || channel != start_channel,
            Decision::Skip(_) => false,
        };
        let finals = Status::ALL.into_iter().filter(|status| status.is_final());
        let statuses: Vec<&str> = finals.filter(is_ineffective).map(Status::as_str).collect();
        let line = format!("{project} in {}", statuses.join(", "));
        if !statuses.is_empty() && !ends.contains(&line) {
            ends.push(line);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(routes: &str) -> Result<Vec<Route>, String> {
        let variables: Variables = [("SLACK_ROUTES", routes)].into_iter().collect();
        let routes = read(&variables);
        variables.finish(|| routes).map_err(|error| error.to_string())
    }

    /// Compares the decision, as `channel mention` or as the skip reason.
    #[track_caller]
    fn check(routes: &str, project: &str, status: Status, expected: &str) {
        let routes = parse(routes).expect("good routes");
        let default_statuses = [Status::Succeeded, Status::Failed];
        let decision = match decide(&routes, &default_statuses, project, status) {
            Decision::Notify { channel, mention } => {
                let mention = mention.map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{} {mention}", channel.unwrap_or("-"))
            }
            Decision::Skip(reason) => format!("{reason:?}"),
        };
        assert_eq!(decision, expected);
    }

    #[test]
    fn the_first_route_for_project_and_status_decides() {
        let routes = r##"[
            {"project": "web-*", "statuses": ["FAILED", "FAULT"], "channel": "#alerts", "mention": "@here"},
            {"project": "web-*", "channel": "#web"},
            {"project": "api", "mention": "U012ABC"}
        ]"##;
        check(routes, "web-shop", Status::Failed, "#alerts <!here>");
        check(routes, "web-shop", Status::Fault, "#alerts <!here>");
        check(routes, "web-shop", Status::Succeeded, "#web -");
        check(routes, "web-shop", Status::Stopped, "Status");
        check(routes, "api", Status::Failed, "- <@U012ABC>");
        check(routes, "api", Status::Succeeded, "- -");
        check(routes, "docs", Status::Failed, "Route");
    }

    #[test]
    fn without_routes_every_project_matches() {
        check("", "a", Status::Failed, "- -");
        check("", "a", Status::Stopped, "Status");
    }

    #[test]
    fn finds_ends_whose_mention_or_channel_has_no_effect() {
        let ineffective = |routes: &str| ineffective_ends(&parse(routes).expect("good routes"), &Status::ALL);
        let alerts = r##"{"project": "web-*", "statuses": ["FAILED"], "channel": "#alerts"}"##;
        assert_eq!(
            ineffective(&format!(r#"[{alerts}, {{"project": "*"}}]"#)),
            ["web-* in FAILED"]
        );
        assert_eq!(
            ineffective(r#"[{"project": "web", "mention": "@here"}]"#),
            ["web in FAILED, FAULT, TIMED_OUT"]
        );
        let ends_only = r#"{"project": "*", "statuses": ["SUCCEEDED", "STOPPED"]}"#;
        assert!(ineffective(&format!("[{alerts}, {ends_only}]")).is_empty());
        assert!(ineffective(r#"[{"project": "*"}]"#).is_empty());
    }

    #[track_caller]
    fn check_fault(routes: &str, expected: &str) {
        let error = parse(routes).expect_err("faulty routes");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn reports_a_faulty_route_with_index_and_key() {
        check_fault("{}", "SLACK_ROUTES: expected a JSON array");
        check_fault("[]", "SLACK_ROUTES: expected at least one rule");
        check_fault(
            r#"[{"project": "a"}, {"chanel": "b"}]"#,
            "SLACK_ROUTES[1].chanel: unknown key",
        );
        check_fault(r#"[{"channel": "b"}]"#, "SLACK_ROUTES[0].project: missing");
        check_fault(
            r#"[{"project": "[a"}]"#,
            "SLACK_ROUTES[0].project: invalid pattern",
        );
        check_fault(
            r#"[{"project": "a", "statuses": ["BAD"]}]"#,
            "SLACK_ROUTES[0].statuses: expected one of IN_PROGRESS",
        );
        check_fault(
            r#"[{"project": "a", "mention": "bob"}]"#,
            "SLACK_ROUTES[0].mention: expected @here",
        );
        check_fault(
            r#"[{"project": "a", "channel": " "}]"#,
            "SLACK_ROUTES[0].channel: expected the name or id of a channel",
        );
    }
}
