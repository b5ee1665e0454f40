//! The function's configuration, read from its environment variables.

use std::time::Duration;

use jiff::tz::TimeZone;
use lambda_core::locale::Locale;
use lambda_core::secrets::SecretSource;
use lambda_core::variables::{ConfigurationError, Variables};
use url::Url;

use crate::event::status::Status;
use crate::message::Localization;
use crate::message::failed_tests::MAX_TESTS;
use crate::route::{self, Route, Thread};

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) slack: SlackSettings,
    /// An empty list routes every project.
    pub(crate) routes: Vec<Route>,
    /// Statuses to notify unless a route lists its own.
    pub(crate) statuses: Vec<Status>,
    /// Channel for routes without one.
    pub(crate) channel: Option<String>,
    /// Name of the DynamoDB table that records messages.
    pub(crate) table: Option<String>,
    /// Number of log lines in the message of a failed build.
    pub(crate) log_tail_lines: usize,
    /// Number of failed tests in the message of a failed build.
    pub(crate) failed_tests: usize,
    /// `COMPARE_WITH_PREVIOUS`.
    pub(crate) compares_builds: bool,
    pub(crate) localization: Localization,
    pub(crate) function_timeout: Duration,
}

/// Access to Slack.
#[derive(Clone, Debug)]
pub(crate) enum SlackSettings {
    /// A webhook URL, which is itself a secret. It can post and nothing else.
    Webhook(SecretSource),
    Bot {
        token: SecretSource,
        /// Base URL of Slack's Web API.
        api: Url,
    },
}

/// Shortest timeout of the function: the lease of a message, which outlasts two posts without a response, and some time
/// for the details.
pub(crate) const MIN_TIMEOUT_S: u32 = 90;

const DEFAULT_API: &str = "https://slack.com/api";

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    ///
    /// The error lists every missing and malformed variable.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let routes = route::read(variables);
        let channel = variables.text("SLACK_CHANNEL").map(str::to_owned);
        let table = variables.text("MESSAGES_TABLE").map(str::to_owned);
        let slack = slack(variables);
        if let Some(slack) = &slack {
            check_channels(variables, slack, routes.as_deref());
        }
        let statuses = variables.optional("NOTIFY_STATUSES", parse_statuses);
        let log_tail_lines = variables.parsed("LOG_TAIL_LINES", 15, parse_lines);
        let failed_tests = variables.parsed("FAILED_TESTS", MAX_TESTS, parse_tests);
        let compares_builds = variables.boolean("COMPARE_WITH_PREVIOUS", true);
        check_comparison(variables, routes.as_deref(), compares_builds);
        if table.is_none() {
            check_threads(variables, slack.as_ref(), routes.as_deref());
        }
        let time_zone = variables.optional("TIME_ZONE", parse_time_zone);
        let locale = variables.parsed("LOCALE", Locale::Korean, str::parse);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 120, MIN_TIMEOUT_S);
        variables.finish(|| {
            Some(Self {
                slack: slack?,
                routes: routes?,
                statuses: statuses?.unwrap_or_else(|| default_statuses(table.is_some())),
                channel,
                table,
                log_tail_lines: log_tail_lines?,
                failed_tests: failed_tests?,
                compares_builds: compares_builds?,
                localization: Localization {
                    locale: locale?,
                    time_zone: time_zone?.unwrap_or_else(default_time_zone),
                },
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

fn slack(variables: &Variables) -> Option<SlackSettings> {
    let webhook = variables.secret("SLACK_WEBHOOK_URL");
    let token = variables.secret("SLACK_BOT_TOKEN");
    let api = variables.parsed("SLACK_API_URL", None, |text| parse_url(text).map(Some));
    match (webhook?, token?) {
        (Some(_), Some(_)) => {
            variables.fault("SLACK_WEBHOOK_URL and SLACK_BOT_TOKEN are both set; set only one of them");
            None
        }
        (None, None) => {
            variables.fault(
                "SLACK_WEBHOOK_URL (or SLACK_WEBHOOK_URL_SECRET), or SLACK_BOT_TOKEN (or SLACK_BOT_TOKEN_SECRET) with \
                 SLACK_CHANNEL, is missing",
            );
            None
        }
        (Some(webhook), None) => {
            if let SecretSource::Variable(url) = &webhook
                && let Err(expected) = parse_webhook(url.expose())
            {
                variables.fault(format!("SLACK_WEBHOOK_URL is malformed: {expected}"));
            }
            Some(SlackSettings::Webhook(webhook))
        }
        (None, Some(token)) => Some(SlackSettings::Bot {
            token,
            api: api?.unwrap_or_else(|| Url::parse(DEFAULT_API).expect("it is a constant")),
        }),
    }
}

/// Checks the variables that depend on the kind of access: a webhook has one fixed channel, and its messages cannot be
/// updated.
///
/// `routes` is `None` if they are faulty. Their own fault is then enough.
fn check_channels(variables: &Variables, slack: &SlackSettings, routes: Option<&[Route]>) {
    match slack {
        SlackSettings::Webhook(_) => {
            if variables.text("MESSAGES_TABLE").is_some() {
                variables.fault(
                    "MESSAGES_TABLE needs SLACK_BOT_TOKEN: the messages of a webhook cannot be updated",
                );
            }
            if variables.text("SLACK_CHANNEL").is_some() {
                variables.fault("SLACK_CHANNEL needs SLACK_BOT_TOKEN: a webhook posts to its own channel");
            }
            for (index, route) in routes.unwrap_or_default().iter().enumerate() {
                if route.channel.is_some() {
                    variables.fault(format!(
                        "SLACK_ROUTES[{index}].channel: needs SLACK_BOT_TOKEN, a webhook posts to its own channel"
                    ));
                }
            }
        }
        SlackSettings::Bot { .. } => {
            let needs_default = routes.is_some_and(|routes| {
                routes.is_empty() || routes.iter().any(|route| route.channel.is_none())
            });
            if needs_default && variables.text("SLACK_CHANNEL").is_none() {
                variables.fault("SLACK_CHANNEL is missing (optional only if every route has a channel)");
            }
        }
    }
}

/// Checks the routes of a function without a table: a reply needs the record of its message.
fn check_threads(variables: &Variables, slack: Option<&SlackSettings>, routes: Option<&[Route]>) {
    let need = match slack {
        Some(SlackSettings::Webhook(_)) => {
            "needs SLACK_BOT_TOKEN and MESSAGES_TABLE, a webhook does not learn the ts of its message; without thread, \
             the mention stands in the message"
        }
        _ => "needs MESSAGES_TABLE, which records the message to reply to",
    };
    for (index, route) in routes.unwrap_or_default().iter().enumerate() {
        if matches!(route.thread, Some(Thread::Yes | Thread::Broadcast)) {
            variables.fault(format!("SLACK_ROUTES[{index}].thread: {need}"));
        }
    }
}

/// Checks the conditions that never hold without a comparison.
fn check_comparison(variables: &Variables, routes: Option<&[Route]>, compares_builds: Option<bool>) {
    if compares_builds != Some(false) {
        return;
    }
    for (index, route) in routes.unwrap_or_default().iter().enumerate() {
        for word in route.conditions_with_comparison() {
            variables.fault(format!(
                "SLACK_ROUTES[{index}].when: {word} never holds with COMPARE_WITH_PREVIOUS=false"
            ));
        }
    }
}

/// Parses the address of an incoming webhook, of Slack or of another service. The fault does not quote it.
///
/// # Errors
///
/// The address leads to Slack, but to none of its incoming webhooks.
pub(crate) fn parse_webhook(text: &str) -> Result<Url, &'static str> {
    let url = parse_url(text)?;
    if !is_slack(&url) {
        return Ok(url);
    }
    let kind = url.path_segments().and_then(|mut parts| parts.next());
    match kind {
        Some("services") => Ok(url),
        Some("triggers" | "workflows") => Err(
            "this is an address of Slack's Workflow Builder, which starts a workflow with variables and accepts no \
             message; add an incoming webhook (https://hooks.slack.com/services/…) in the settings of a Slack app, under \
             Incoming Webhooks",
        ),
        _ => Err(
            "expected an incoming webhook, https://hooks.slack.com/services/T…/B…/…, as the settings of a Slack app show \
             it under Incoming Webhooks",
        ),
    }
}

/// Returns whether an address is one of Slack's or GovSlack's webhooks.
pub(crate) fn is_slack(url: &Url) -> bool {
    matches!(url.host_str(), Some("hooks.slack.com" | "hooks.slack-gov.com"))
}

/// Parses an HTTP address. The fault does not quote it, because a webhook's address is a secret.
fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).ok();
    url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or("expected an address that begins with https://")
}

fn parse_statuses(text: &str) -> Result<Vec<Status>, String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let statuses: Vec<Status> = words.map(Status::parse).collect::<Result<_, _>>()?;
    match statuses.is_empty() {
        true => Err("expected at least one status; leave the variable out for the default".to_owned()),
        false => Ok(statuses),
    }
}

/// Lists the statuses to notify by default. `IN_PROGRESS` needs a table: without one, a build's start and its end would
/// be two messages.
fn default_statuses(has_table: bool) -> Vec<Status> {
    let all = Status::ALL.into_iter();
    all.filter(|status| has_table || status.is_final()).collect()
}

fn parse_lines(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(lines) if lines <= 200 => Ok(lines),
        _ => Err("expected a whole number from 0 to 200"),
    }
}

fn parse_tests(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count <= MAX_TESTS);
    count.ok_or_else(|| format!("expected a whole number from 0 to {MAX_TESTS}"))
}

fn default_time_zone() -> TimeZone {
    TimeZone::get("Asia/Seoul").expect("jiff bundles the time zone database")
}

fn parse_time_zone(name: &str) -> Result<TimeZone, &'static str> {
    TimeZone::get(name).map_err(|_| "expected a name like Asia/Seoul")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: (&str, &str) = (
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T0/B0/hunter2",
    );
    const TOKEN: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-hunter2");
    const CHANNEL: (&str, &str) = ("SLACK_CHANNEL", "#builds");

    fn config(pairs: &[(&str, &str)]) -> Result<Config, ConfigurationError> {
        Config::from_variables(&pairs.iter().copied().collect())
    }

    #[track_caller]
    fn check_faults(pairs: &[(&str, &str)], faults: &[&str]) {
        let message = config(pairs).expect_err("faulty variables").to_string();
        for fault in faults {
            assert!(message.contains(fault), "{fault} is not in: {message}");
        }
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn needs_a_webhook_or_a_token_with_a_channel() {
        let webhook = config(&[WEBHOOK]).expect("the rest has defaults");
        assert_eq!(webhook.statuses.len(), 5);
        assert_eq!((webhook.log_tail_lines, webhook.compares_builds), (15, true));
        assert_eq!(webhook.localization.locale, Locale::Korean);
        assert_eq!(webhook.localization.time_zone.iana_name(), Some("Asia/Seoul"));
        assert!(!format!("{webhook:?}").contains("hunter2"));
        let bot = config(&[TOKEN, CHANNEL, ("MESSAGES_TABLE", "messages")]).expect("good");
        assert!(bot.statuses.contains(&Status::InProgress));
        let SlackSettings::Bot { api, .. } = bot.slack else {
            panic!("a bot")
        };
        assert_eq!(api.as_str(), "https://slack.com/api");
    }

    #[test]
    fn the_default_channel_is_optional_if_every_route_has_one() {
        config(&[
            TOKEN,
            ("SLACK_ROUTES", r##"[{"project": "*", "channel": "#a"}]"##),
        ])
        .expect("good");
        check_faults(
            &[TOKEN, ("SLACK_ROUTES", r#"[{"project": "*"}]"#)],
            &["SLACK_CHANNEL is missing"],
        );
        check_faults(&[TOKEN], &["SLACK_CHANNEL is missing"]);
        let faulty_routes = config(&[TOKEN, ("SLACK_ROUTES", "{}")])
            .expect_err("a fault")
            .to_string();
        assert!(!faulty_routes.contains("SLACK_CHANNEL"), "{faulty_routes}");
    }

    #[test]
    fn a_webhook_has_no_table_and_no_channels() {
        check_faults(
            &[
                WEBHOOK,
                ("MESSAGES_TABLE", "m"),
                ("SLACK_CHANNEL", "#c"),
                (
                    "SLACK_ROUTES",
                    r##"[{"project": "a"}, {"project": "*", "channel": "#a"}]"##,
                ),
            ],
            &[
                "MESSAGES_TABLE needs SLACK_BOT_TOKEN",
                "SLACK_CHANNEL needs SLACK_BOT_TOKEN",
                "SLACK_ROUTES[1].channel: needs SLACK_BOT_TOKEN",
            ],
        );
    }

    #[test]
    fn the_deployed_timeout_is_accepted() {
        let manifest = include_str!("../Cargo.toml");
        let (_, rest) = manifest
            .split_once("\ntimeout = ")
            .expect("the timeout of the deployment");
        let timeout = rest.lines().next().expect("a line");
        config(&[WEBHOOK, ("FUNCTION_TIMEOUT_S", timeout)]).expect("longer than a lease");
    }

    #[test]
    fn a_reply_needs_a_table() {
        let routes = ("SLACK_ROUTES", r#"[{"project": "a", "thread": "broadcast"}]"#);
        check_faults(
            &[TOKEN, CHANNEL, routes],
            &["SLACK_ROUTES[0].thread: needs MESSAGES_TABLE"],
        );
        config(&[TOKEN, CHANNEL, routes, ("MESSAGES_TABLE", "m")]).expect("good");
        check_faults(
            &[WEBHOOK, routes],
            &[
                "SLACK_ROUTES[0].thread: needs SLACK_BOT_TOKEN and MESSAGES_TABLE, a webhook does not learn the ts",
            ],
        );
        let without = (
            "SLACK_ROUTES",
            r#"[{"project": "a", "thread": false, "mention": "@here"}]"#,
        );
        config(&[TOKEN, CHANNEL, without]).expect("good");
        config(&[WEBHOOK, without]).expect("good");
    }

    #[test]
    fn conditions_on_previous_builds_need_the_comparison() {
        let routes = (
            "SLACK_ROUTES",
            r#"[{"project": "a", "when": ["broken"]}, {"project": "b", "when": ["fixed", "failed"]}]"#,
        );
        config(&[WEBHOOK, routes]).expect("good");
        let without = ("COMPARE_WITH_PREVIOUS", "false");
        check_faults(
            &[WEBHOOK, routes, without],
            &["SLACK_ROUTES[1].when: fixed never holds with COMPARE_WITH_PREVIOUS=false"],
        );
    }

    #[test]
    fn lists_every_faulty_variable() {
        check_faults(
            &[
                ("SLACK_ROUTES", "{}"),
                ("SLACK_API_URL", "slack"),
                ("NOTIFY_STATUSES", "FAILED, BROKEN"),
                ("LOG_TAIL_LINES", "many"),
                ("FAILED_TESTS", "6"),
                ("COMPARE_WITH_PREVIOUS", "yes"),
                ("TIME_ZONE", "Mars"),
                ("LOCALE", "fr"),
                ("FUNCTION_TIMEOUT_S", "89"),
            ],
            &[
                "SLACK_ROUTES: expected a JSON array",
                "SLACK_API_URL is malformed",
                "SLACK_WEBHOOK_URL (or SLACK_WEBHOOK_URL_SECRET), or SLACK_BOT_TOKEN",
                "NOTIFY_STATUSES is malformed",
                "LOG_TAIL_LINES is malformed",
                "FAILED_TESTS is malformed: expected a whole number from 0 to 5",
                "COMPARE_WITH_PREVIOUS is malformed",
                "TIME_ZONE is malformed",
                "LOCALE is malformed",
                "FUNCTION_TIMEOUT_S is malformed",
            ],
        );
        check_faults(&[WEBHOOK, TOKEN, CHANNEL], &["both set"]);
        for kind in ["triggers/T0/1/hunter2", "workflows/T0/A0/1/hunter2"] {
            for host in ["hooks.slack.com", "hooks.slack-gov.com"] {
                check_faults(
                    &[("SLACK_WEBHOOK_URL", &format!("https://{host}/{kind}"))],
                    &["Workflow Builder", "add an incoming webhook"],
                );
            }
        }
        check_faults(
            &[("SLACK_WEBHOOK_URL", "https://hooks.slack.com/commands/hunter2")],
            &["SLACK_WEBHOOK_URL is malformed: expected an incoming webhook"],
        );
        check_faults(
            &[("SLACK_WEBHOOK_URL", "hunter2")],
            &["SLACK_WEBHOOK_URL is malformed"],
        );
    }
}
