//! The routes in `SLACK_ROUTES`: which builds are notified, in which channel, and with which mention.

mod condition;

use glob::Pattern;
use lambda_core::rules::{self, Fields};
use lambda_core::variables::Variables;
use serde_json::Value;

use self::condition::Condition;
use crate::event::status::Status;
use crate::function_response::SkipReason;
use crate::history::verdict::Verdict;
use crate::message::mention::Mention;

/// The notification settings for the projects that match a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    /// A pattern for project names, with `*`, `?` and `[…]`.
    pub(crate) project: Pattern,
    /// A pattern for branches. A build without a known branch does not match one.
    pub(crate) branch: Option<Pattern>,
    /// Statuses to notify; `None` means those of `when`, or `NOTIFY_STATUSES`.
    pub(crate) statuses: Option<Vec<Status>>,
    /// Conditions, one of which must hold.
    pub(crate) when: Option<Vec<Condition>>,
    /// Name or id of the channel; `None` means `SLACK_CHANNEL`.
    pub(crate) channel: Option<String>,
    pub(crate) mention: Option<Mention>,
    /// Reply to a failure; `None` means one in the thread if there is a mention and a table.
    pub(crate) thread: Option<Thread>,
}

/// Reply to a failure in the thread of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    No,
    Yes,
    /// A reply that the channel shows too.
    Broadcast,
}

/// Properties of a build that routes read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'b> {
    pub(crate) project: &'b str,
    /// The branch, unless it is unknown. A pull request and a tag have none.
    pub(crate) branch: Option<&'b str>,
    pub(crate) status: Status,
    pub(crate) verdict: Option<Verdict>,
}

/// The routing decision for a build in one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision<'r> {
    Notify {
        /// The route's channel; `None` means `SLACK_CHANNEL`.
        channel: Option<&'r str>,
        mention: Option<&'r Mention>,
        thread: Thread,
    },
    Skip(SkipReason),
}

/// Reads `SLACK_ROUTES`. `None` means that faults were noted; without the variable there are no routes.
pub(crate) fn read(variables: &Variables) -> Option<Vec<Route>> {
    let keys = [
        "project", "branch", "statuses", "when", "channel", "mention", "thread",
    ];
    rules::read(variables, "SLACK_ROUTES", &keys, read_route).map(Option::unwrap_or_default)
}

fn read_route(fields: &Fields) -> Option<Route> {
    let project = fields.required("project", |value| parse_pattern(value, "project names"));
    let branch = fields.optional("branch", |value| parse_pattern(value, "branches"));
    let statuses = fields.optional("statuses", parse_statuses);
    let when = fields.optional("when", parse_when);
    let channel = fields.optional("channel", parse_channel);
    let mention = fields.optional("mention", |value| {
        Mention::parse(value.as_str().unwrap_or_default())
    });
    let thread = fields.optional("thread", parse_thread);
    let (statuses, when) = (statuses?, when?);
    check_combination(fields, statuses.as_deref(), when.as_deref())?;
    let thread = thread?;
    if matches!(thread, Some(Thread::Yes | Thread::Broadcast))
        && !may_fail(statuses.as_deref(), when.as_deref())
    {
        fields.fault("thread", "a reply answers a failure, and the route matches none");
        return None;
    }
    Some(Route {
        project: project?,
        branch: branch?,
        statuses,
        when,
        channel: channel?,
        mention: mention?,
        thread,
    })
}

/// Reports conditions and statuses that can never come together.
fn check_combination(fields: &Fields, statuses: Option<&[Status]>, when: Option<&[Condition]>) -> Option<()> {
    let (Some(statuses), Some(when)) = (statuses, when) else {
        return Some(());
    };
    let mut is_possible = true;
    for condition in when {
        if !statuses.iter().any(|status| condition.may_hold(*status)) {
            let word = condition.as_str();
            fields.fault(
                "when",
                format_args!("{word} never holds for the route's statuses"),
            );
            is_possible = false;
        }
    }
    for status in statuses {
        if !when.iter().any(|condition| condition.may_hold(*status)) {
            let status = status.as_str();
            fields.fault("statuses", format_args!("{status} never meets the route's when"));
            is_possible = false;
        }
    }
    is_possible.then_some(())
}

/// Returns whether a failure may match.
fn may_fail(statuses: Option<&[Status]>, when: Option<&[Condition]>) -> bool {
    let has_failure = statuses.is_none_or(|statuses| statuses.iter().any(|status| status.is_failure()));
    let holds = |condition: &Condition| condition.may_hold(Status::Failed);
    has_failure && when.is_none_or(|when| when.iter().any(holds))
}

fn parse_thread(value: &Value) -> Result<Thread, &'static str> {
    match value {
        Value::Bool(true) => Ok(Thread::Yes),
        Value::Bool(false) => Ok(Thread::No),
        Value::String(word) if word == "broadcast" => Ok(Thread::Broadcast),
        _ => Err("expected true, false or \"broadcast\""),
    }
}

fn parse_when(value: &Value) -> Result<Vec<Condition>, String> {
    let words = rules::texts(value).unwrap_or_else(|_| vec![""]);
    words.into_iter().map(Condition::parse).collect()
}

fn parse_pattern(value: &Value, of: &str) -> Result<Pattern, String> {
    let pattern = rules::text(value).map_err(|_| format!("expected a pattern for {of}"))?;
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

impl Route {
    fn matches_source(&self, subject: Subject) -> bool {
        let branch = self.branch.as_ref();
        self.project.matches(subject.project)
            && branch.is_none_or(|pattern| subject.branch.is_some_and(|branch| pattern.matches(branch)))
    }

    fn has_status(&self, status: Status, default_statuses: &[Status]) -> bool {
        match (&self.statuses, &self.when) {
            (Some(statuses), _) => statuses.contains(&status),
            (None, Some(when)) if !when.contains(&Condition::Always) => {
                when.iter().any(|condition| condition.may_hold(status))
            }
            (None, _) => default_statuses.contains(&status),
        }
    }

    fn meets_when(&self, subject: Subject) -> bool {
        let holds = |condition: &Condition| condition.holds(subject.status, subject.verdict);
        self.when.as_ref().is_none_or(|when| when.iter().any(holds))
    }

    /// Returns whether the mention is meant for this status: any status that the route names, otherwise failures.
    fn mentions(&self, status: Status) -> bool {
        let is_named = |condition: &Condition| *condition != Condition::Always && condition.may_hold(status);
        let is_in_when = self.when.as_ref().is_some_and(|when| when.iter().any(is_named));
        self.statuses.is_some() || is_in_when || status.is_failure()
    }

    /// Returns where a build with this status is answered.
    fn thread(&self, status: Status) -> Thread {
        match (status.is_failure(), self.thread, &self.mention) {
            (true, Some(thread), _) => thread,
            (true, None, Some(_)) => Thread::Yes,
            _ => Thread::No,
        }
    }

    /// Returns the conditions that hold only if there is a comparison.
    pub(crate) fn conditions_with_comparison(&self) -> impl Iterator<Item = &'static str> {
        let when = self.when.iter().flatten();
        when.filter(|condition| condition.needs_comparison())
            .map(|condition| condition.as_str())
    }
}

/// Returns whether the decision about the project depends on what previous builds tell: the comparison, or an unknown
/// branch.
pub(crate) fn needs_previous_builds(routes: &[Route], subject: Subject) -> bool {
    let mut matching = routes
        .iter()
        .filter(|route| route.project.matches(subject.project));
    matching.any(|route| {
        let mut when = route.when.iter().flatten();
        (route.branch.is_some() && subject.branch.is_none()) || when.any(|condition| condition.compares())
    })
}

/// Decides by the first route that matches project, branch, status and result. Without routes every project matches.
///
/// A mention applies to the statuses that its route names; if the route names none, to failed builds.
pub(crate) fn decide<'r>(routes: &'r [Route], default_statuses: &[Status], subject: Subject) -> Decision<'r> {
    if routes.is_empty() {
        return match default_statuses.contains(&subject.status) {
            true => Decision::Notify {
                channel: None,
                mention: None,
                thread: Thread::No,
            },
            false => Decision::Skip(SkipReason::Status),
        };
    }
    let mut reason = SkipReason::Route;
    for route in routes.iter().filter(|route| route.matches_source(subject)) {
        if !route.has_status(subject.status, default_statuses) {
            reason = match reason {
                SkipReason::When => SkipReason::When,
                _ => SkipReason::Status,
            };
        } else if !route.meets_when(subject) {
            reason = SkipReason::When;
        } else {
            return Decision::Notify {
                channel: route.channel.as_deref(),
                mention: route.mention.as_ref().filter(|_| route.mentions(subject.status)),
                thread: route.thread(subject.status),
            };
        }
    }
    Decision::Skip(reason)
}

/// Lists, one log line each, the final statuses whose mention or channel has no effect when a build has a single
/// message: the message is already in the channel of `IN_PROGRESS`, and Slack notifies nobody about an update.
pub(crate) fn ineffective_ends(routes: &[Route], default_statuses: &[Status]) -> Vec<String> {
    let mut ends = Vec::new();
    for route in routes {
        // The patterns stand for the projects and branches that they match.
        let project = route.project.as_str();
        let decide = |status, verdict| {
            let subject = Subject {
                project,
                branch: route.branch.as_ref().map(Pattern::as_str),
                status,
                verdict,
            };
            decide(routes, default_statuses, subject)
        };
        let Decision::Notify {
            channel: start_channel,
            ..
        } = decide(Status::InProgress, None)
        else {
            continue;
        };
        let verdicts = [
            None,
            Some(Verdict::StillFailing { times: 2 }),
            Some(Verdict::Fixed { failures: 1 }),
        ];
        let is_ineffective = |status: &Status| {
            verdicts.iter().any(|verdict| match decide(*status, *verdict) {
                Decision::Notify {
                    channel,
                    mention,
                    thread,
                } => (mention.is_some() && thread == Thread::No) || channel != start_channel,
                Decision::Skip(_) => false,
            })
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
        check_subject(
            &routes,
            Subject {
                project,
                branch: None,
                status,
                verdict: None,
            },
            expected,
        );
    }

    #[track_caller]
    fn check_subject(routes: &[Route], subject: Subject, expected: &str) {
        let default_statuses = [Status::Succeeded, Status::Failed];
        let decision = match decide(routes, &default_statuses, subject) {
            Decision::Notify { channel, mention, .. } => {
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
    fn the_first_failure_of_a_branch_alerts_and_the_next_does_not() {
        let routes = parse(
            r##"[
            {"project": "web", "branch": "main", "when": ["broken", "fixed"], "channel": "#alerts", "mention": "@here"},
            {"project": "web", "branch": "release/*", "when": ["always"], "channel": "#release", "mention": "@here"},
            {"project": "web", "when": ["stopped"], "channel": "#web"}
        ]"##,
        )
        .expect("good routes");
        let check = |branch: &str, status, verdict, expected: &str| {
            let subject = Subject {
                project: "web",
                branch: Some(branch).filter(|branch| !branch.is_empty()),
                status,
                verdict,
            };
            check_subject(&routes, subject, expected);
        };
        let still_failing = Some(Verdict::StillFailing { times: 10 });
        let fixed = Some(Verdict::Fixed { failures: 1 });
        check("main", Status::Failed, None, "#alerts <!here>");
        check("main", Status::TimedOut, None, "#alerts <!here>");
        check("main", Status::Failed, still_failing, "When");
        check("main", Status::Succeeded, fixed, "#alerts <!here>");
        check("main", Status::Succeeded, None, "When");
        check("main", Status::Stopped, None, "#web -");
        check("release/1.2", Status::Failed, still_failing, "#release <!here>");
        check("release/1.2", Status::Succeeded, None, "#release -");
        check("release/1.2", Status::TimedOut, None, "Status");
        check("dev", Status::Failed, None, "Status");
        check("", Status::Failed, None, "Status");
        check("", Status::Stopped, None, "#web -");
    }

    #[test]
    fn previous_builds_are_read_only_for_routes_that_need_them() {
        let needs = |routes: &str, branch| {
            let subject = Subject {
                project: "web",
                branch,
                status: Status::Failed,
                verdict: None,
            };
            needs_previous_builds(&parse(routes).expect("good routes"), subject)
        };
        assert!(needs(r#"[{"project": "web", "when": ["broken"]}]"#, Some("main")));
        assert!(!needs(
            r#"[{"project": "api", "when": ["broken"]}]"#,
            Some("main")
        ));
        assert!(!needs(r#"[{"project": "web", "when": ["failed"]}]"#, None));
        assert!(needs(r#"[{"project": "web", "branch": "main"}]"#, None));
        assert!(!needs(r#"[{"project": "web", "branch": "main"}]"#, Some("main")));
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
            ineffective(r#"[{"project": "web", "mention": "@here", "thread": false}]"#),
            ["web in FAILED, FAULT, TIMED_OUT"]
        );
        assert!(ineffective(r#"[{"project": "web", "mention": "@here"}]"#).is_empty());
        let ends_only = r#"{"project": "*", "statuses": ["SUCCEEDED", "STOPPED"]}"#;
        assert!(ineffective(&format!("[{alerts}, {ends_only}]")).is_empty());
        assert!(ineffective(r#"[{"project": "*"}]"#).is_empty());
    }

    #[test]
    fn a_combination_that_never_matches_is_a_fault() {
        check_fault(
            r#"[{"project": "a", "statuses": ["FAILED"], "when": ["failed", "fixed"]}]"#,
            "SLACK_ROUTES[0].when: fixed never holds for the route's statuses",
        );
        check_fault(
            r#"[{"project": "a", "statuses": ["FAILED", "IN_PROGRESS"], "when": ["broken"]}]"#,
            "SLACK_ROUTES[0].statuses: IN_PROGRESS never meets the route's when",
        );
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
            r#"[{"project": "a", "thread": "yes"}]"#,
            "SLACK_ROUTES[0].thread: expected true, false or \"broadcast\"",
        );
        check_fault(
            r#"[{"project": "a", "when": ["succeeded"], "thread": true}]"#,
            "SLACK_ROUTES[0].thread: a reply answers a failure",
        );
        check_fault(
            r#"[{"project": "a", "branch": "[a"}]"#,
            "SLACK_ROUTES[0].branch: invalid pattern",
        );
        check_fault(
            r#"[{"project": "a", "branch": ""}]"#,
            "SLACK_ROUTES[0].branch: expected a pattern for branches",
        );
        for when in [r#"["red"]"#, "[]", r#""broken""#, "[1]"] {
            check_fault(
                &format!(r#"[{{"project": "a", "when": {when}}}]"#),
                "SLACK_ROUTES[0].when: expected a list of failed, broken, still_failing, fixed, succeeded, stopped, always",
            );
        }
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
