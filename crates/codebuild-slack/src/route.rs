//! Which builds are told, where, and to whom.

use glob::Pattern;
use serde::Deserialize;

use crate::answer::Reason;
use crate::mention::Mention;
use crate::status::Status;

/// For the projects whose names match.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// `*`, `?` and `[…]`.
    pub project: Pattern,
    /// Those that are told; `None` is `NOTIFY_STATUSES`.
    pub statuses: Option<Vec<Status>>,
    /// `None` is `SLACK_CHANNEL`.
    pub channel: Option<String>,
    /// Who is called.
    pub mention: Option<Mention>,
}

/// As it is written in `SLACK_ROUTES`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    project: String,
    statuses: Option<Vec<String>>,
    channel: Option<String>,
    mention: Option<String>,
}

/// What becomes of a build in this status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<'r> {
    /// It is told.
    Tell {
        /// Where, if not in the usual channel.
        channel: Option<&'r str>,
        /// Who is called.
        mention: Option<&'r Mention>,
    },
    /// It is not.
    Skip(Reason),
}

/// Reads a JSON array of routes.
///
/// # Errors
/// A sentence that names the route and what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Route>, String> {
    let expected = "expected a JSON array of {\"project\", \"statuses\"?, \"channel\"?, \"mention\"?}";
    let written: Vec<serde_json::Value> =
        serde_json::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
    if written.is_empty() {
        return Err("an empty array would tell nothing; leave it out to tell all projects".to_owned());
    }
    let routes = written.into_iter().enumerate().map(|(number, route)| {
        let named = |error: String| format!("route {}: {error}", number + 1);
        let written = serde_json::from_value(route).map_err(|error| named(error.to_string()))?;
        route_of(written).map_err(named)
    });
    routes.collect()
}

fn route_of(written: Written) -> Result<Route, String> {
    let statuses = written
        .statuses
        .map(|words| words.iter().map(|word| Status::parse(word)).collect());
    let channel = written.channel.map(|channel| channel.trim().to_owned());
    if channel.as_deref() == Some("") {
        return Err("channel is empty".to_owned());
    }
    let project =
        Pattern::new(&written.project).map_err(|error| format!("project is no pattern: {error}"))?;
    Ok(Route {
        project,
        statuses: statuses.transpose()?,
        channel,
        mention: written
            .mention
            .as_deref()
            .map(Mention::parse)
            .transpose()
            .map_err(|error| format!("mention: {error}"))?,
    })
}

/// The first route for this project and this status decides. Without routes, all projects are told.
///
/// A mention is for what its route's `statuses` name; where they name none, for builds that end badly.
pub fn decide<'r>(routes: &'r [Route], otherwise: &[Status], project: &str, status: Status) -> Decision<'r> {
    if routes.is_empty() {
        return match otherwise.contains(&status) {
            true => Decision::Tell {
                channel: None,
                mention: None,
            },
            false => Decision::Skip(Reason::Status),
        };
    }
    let mut matching = routes
        .iter()
        .filter(|route| route.project.matches(project))
        .peekable();
    if matching.peek().is_none() {
        return Decision::Skip(Reason::Route);
    }
    let tells = |route: &&Route| route.statuses.as_deref().unwrap_or(otherwise).contains(&status);
    match matching.find(tells) {
        Some(route) => Decision::Tell {
            channel: route.channel.as_deref(),
            mention: route
                .mention
                .as_ref()
                .filter(|_| route.statuses.is_some() || status.is_failure()),
        },
        None => Decision::Skip(Reason::Status),
    }
}

/// Where builds have one message from their start on: the ends that a route calls somebody to, or sends to another
/// channel than the start, which will not happen. One line each, for the log.
pub fn ends_nobody_is_called_to(routes: &[Route], otherwise: &[Status]) -> Vec<String> {
    let mut ends = Vec::new();
    for route in routes {
        // A pattern stands for the projects that it matches.
        let project = route.project.as_str();
        let Decision::Tell { channel: start, .. } = decide(routes, otherwise, project, Status::InProgress)
        else {
            continue;
        };
        let is_lost = |status: &Status| match decide(routes, otherwise, project, *status) {
            Decision::Tell { channel, mention } => mention.is_some() || channel != start,
            Decision::Skip(_) => false,
        };
        let finals = Status::ALL.into_iter().filter(|status| status.is_final());
        let lost: Vec<&str> = finals.filter(is_lost).map(Status::as_str).collect();
        let line = format!("{project} in {}", lost.join(", "));
        if !lost.is_empty() && !ends.contains(&line) {
            ends.push(line);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `channel mention`, or why it is not told.
    #[track_caller]
    fn check(routes: &str, project: &str, status: Status, expected: &str) {
        let routes = parse(routes).expect("good routes");
        let usual = [Status::Succeeded, Status::Failed];
        let came = match decide(&routes, &usual, project, status) {
            Decision::Tell { channel, mention } => {
                let mention = mention.map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{} {mention}", channel.unwrap_or("-"))
            }
            Decision::Skip(reason) => format!("{reason:?}"),
        };
        assert_eq!(came, expected);
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
    fn without_routes_all_projects_are_told() {
        assert_eq!(
            decide(&[], &[Status::Failed], "a", Status::Failed),
            Decision::Tell {
                channel: None,
                mention: None
            }
        );
        assert_eq!(
            decide(&[], &[Status::Failed], "a", Status::Succeeded),
            Decision::Skip(Reason::Status)
        );
    }

    #[test]
    fn with_one_message_per_build_some_routes_call_nobody() {
        let all = Status::ALL;
        let lost = |routes: &str| ends_nobody_is_called_to(&parse(routes).expect("good routes"), &all);
        let alerts = r##"{"project": "web-*", "statuses": ["FAILED"], "channel": "#alerts"}"##;
        assert_eq!(
            lost(&format!(r#"[{alerts}, {{"project": "*"}}]"#)),
            ["web-* in FAILED"]
        );
        assert_eq!(
            lost(r#"[{"project": "web", "mention": "@here"}]"#),
            ["web in FAILED, FAULT, TIMED_OUT"]
        );
        let ends_alone = r#"{"project": "*", "statuses": ["SUCCEEDED", "STOPPED"]}"#;
        assert!(lost(&format!("[{alerts}, {ends_alone}]")).is_empty());
        assert!(lost(r#"[{"project": "*"}]"#).is_empty());
    }

    #[track_caller]
    fn check_refused(routes: &str, expected: &str) {
        let error = parse(routes).expect_err("bad routes");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_wrong_route_is_named() {
        check_refused("{}", "expected a JSON array");
        check_refused("[]", "would tell nothing");
        check_refused(
            r#"[{"project": "a"}, {"chanel": "b"}]"#,
            "route 2: unknown field `chanel`",
        );
        check_refused(r#"[{"channel": "b"}]"#, "route 1: missing field `project`");
        check_refused(r#"[{"project": "[a"}]"#, "route 1: project is no pattern");
        check_refused(
            r#"[{"project": "a", "statuses": ["BAD"]}]"#,
            "route 1: expected statuses among IN_PROGRESS",
        );
        check_refused(
            r#"[{"project": "a", "mention": "bob"}]"#,
            "route 1: mention: expected @here",
        );
        check_refused(
            r#"[{"project": "a", "channel": " "}]"#,
            "route 1: channel is empty",
        );
    }
}
