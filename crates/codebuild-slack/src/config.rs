//! The function's variables.

use jiff::tz::TimeZone;
use lambda_core::secrets::SecretSource;
use lambda_core::variables::{ConfigurationError, Variables};
use std::time::Duration;
use url::Url;

use crate::locale::Locale;
use crate::message::Voice;
use crate::route::{self, Route};
use crate::status::Status;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// How Slack is spoken to.
    pub slack: SlackSettings,
    /// Which builds are told; empty is all.
    pub routes: Vec<Route>,
    /// Where a route says nothing else.
    pub statuses: Vec<Status>,
    /// The usual channel.
    pub channel: Option<String>,
    /// The DynamoDB table that remembers messages.
    pub table: Option<String>,
    /// How many lines of a failed build's log are shown.
    pub log_tail_lines: usize,
    /// Whether a build is compared with those before it.
    pub compares: bool,
    /// Language and zone.
    pub voice: Voice,
    /// See `lambda-core`.
    pub function_timeout: Duration,
}

/// How Slack is spoken to.
#[derive(Clone, Debug)]
pub enum SlackSettings {
    /// To an address that is a secret: posts, nothing else.
    Webhook(SecretSource),
    /// As an app.
    Bot {
        /// The app's token.
        token: SecretSource,
        /// Where Slack's Web API is.
        api: Url,
    },
}

const SLACK: &str = "https://slack.com/api";

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    /// One that names every missing and malformed variable.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let routes = variables.parsed("SLACK_ROUTES", Vec::new(), route::parse);
        let channel = variables.text("SLACK_CHANNEL").map(str::to_owned);
        let table = variables.text("MESSAGES_TABLE").map(str::to_owned);
        let slack = slack(variables);
        if let Some(slack) = &slack {
            check_channels(variables, slack, routes.as_deref());
        }
        let statuses = variables.optional("NOTIFY_STATUSES", parse_statuses);
        let log_tail_lines = variables.parsed("LOG_TAIL_LINES", 15, parse_lines);
        let compares = variables.boolean("COMPARE_WITH_PREVIOUS", true);
        let zone = variables.parsed("TIME_ZONE", "Asia/Seoul".to_owned(), |name| {
            Ok::<_, String>(name.to_owned())
        });
        let zone = zone.and_then(|name| match TimeZone::get(&name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                variables.fault("TIME_ZONE is malformed: expected a name like Asia/Seoul");
                None
            }
        });
        let locale = variables.parsed("LOCALE", Locale::Korean, Locale::parse);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                slack: slack?,
                routes: routes?,
                statuses: statuses?.unwrap_or_else(|| usual_statuses(table.is_some())),
                channel,
                table,
                log_tail_lines: log_tail_lines?,
                compares: compares?,
                voice: Voice {
                    locale: locale?,
                    zone: zone?,
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
            variables.fault("SLACK_WEBHOOK_URL and SLACK_BOT_TOKEN are both set, give one of them");
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
            if let SecretSource::Given(url) = &webhook
                && let Err(expected) = parse_url(url.expose())
            {
                variables.fault(format!("SLACK_WEBHOOK_URL is malformed: {expected}"));
            }
            Some(SlackSettings::Webhook(webhook))
        }
        (None, Some(token)) => Some(SlackSettings::Bot {
            token,
            api: api?.unwrap_or_else(|| Url::parse(SLACK).expect("it is a constant")),
        }),
    }
}

/// A webhook has one channel, and nobody can find its messages again.
///
/// Routes that could not be read have their own fault, and say nothing about channels.
fn check_channels(variables: &Variables, slack: &SlackSettings, routes: Option<&[Route]>) {
    let names_channel = routes
        .unwrap_or_default()
        .iter()
        .position(|route| route.channel.is_some());
    match slack {
        SlackSettings::Webhook(_) => {
            if variables.text("MESSAGES_TABLE").is_some() {
                variables.fault(
                    "MESSAGES_TABLE needs SLACK_BOT_TOKEN: the messages of a webhook cannot be changed",
                );
            }
            if variables.text("SLACK_CHANNEL").is_some() {
                variables.fault("SLACK_CHANNEL needs SLACK_BOT_TOKEN: a webhook posts to its own channel");
            }
            if let Some(number) = names_channel {
                variables.fault(format!(
                    "SLACK_ROUTES: the channel of route {} needs SLACK_BOT_TOKEN: a webhook posts to its own channel",
                    number + 1
                ));
            }
        }
        SlackSettings::Bot { .. } => {
            let is_needed = routes.is_some_and(|routes| {
                routes.is_empty() || routes.iter().any(|route| route.channel.is_none())
            });
            if is_needed && variables.text("SLACK_CHANNEL").is_none() {
                variables.fault("SLACK_CHANNEL is missing (it may be, where every route has a channel)");
            }
        }
    }
}

/// The address. The faults never quote it: a webhook's address is a secret.
fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).ok();
    url.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or("expected an address that begins with https://")
}

fn parse_statuses(text: &str) -> Result<Vec<Status>, String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let statuses: Vec<Status> = words.map(Status::parse).collect::<Result<_, _>>()?;
    match statuses.is_empty() {
        true => Err("expected at least one status; leave it out for the usual ones".to_owned()),
        false => Ok(statuses),
    }
}

/// With a table a build has one message from its start on; without one, a start and an end would be two.
fn usual_statuses(has_table: bool) -> Vec<Status> {
    let all = Status::ALL.into_iter();
    all.filter(|status| has_table || status.is_final()).collect()
}

fn parse_lines(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(lines) if lines <= 200 => Ok(lines),
        _ => Err("expected a whole number from 0 to 200"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: (&str, &str) = (
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T0/B0/hunter2",
    );
    const BOT: [(&str, &str); 2] = [("SLACK_BOT_TOKEN", "xoxb-hunter2"), ("SLACK_CHANNEL", "#builds")];

    fn config(pairs: &[(&str, &str)]) -> Result<Config, ConfigurationError> {
        Config::from_variables(&pairs.iter().copied().collect())
    }

    #[track_caller]
    fn check_faults(pairs: &[(&str, &str)], faults: &[&str]) {
        let message = config(pairs).expect_err("faults were planted").to_string();
        for fault in faults {
            assert!(message.contains(fault), "{fault} is not in: {message}");
        }
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn needs_a_webhook_or_a_token_with_a_channel() {
        let webhook = config(&[WEBHOOK]).expect("the rest has defaults");
        assert_eq!(webhook.statuses.len(), 5);
        assert_eq!((webhook.log_tail_lines, webhook.compares), (15, true));
        assert_eq!(webhook.voice.locale, Locale::Korean);
        assert!(!format!("{webhook:?}").contains("hunter2"));
        let bot = config(&[BOT[0], BOT[1], ("MESSAGES_TABLE", "messages")]).expect("good");
        assert!(bot.statuses.contains(&Status::InProgress));
        let SlackSettings::Bot { api, .. } = bot.slack else {
            panic!("a bot")
        };
        assert_eq!(api.as_str(), "https://slack.com/api");
    }

    #[test]
    fn every_route_with_a_channel_spares_the_usual_one() {
        config(&[
            BOT[0],
            ("SLACK_ROUTES", r##"[{"project": "*", "channel": "#a"}]"##),
        ])
        .expect("good");
        check_faults(
            &[BOT[0], ("SLACK_ROUTES", r#"[{"project": "*"}]"#)],
            &["SLACK_CHANNEL is missing"],
        );
        check_faults(&[BOT[0]], &["SLACK_CHANNEL is missing"]);
        let unreadable = config(&[BOT[0], ("SLACK_ROUTES", "{}")])
            .expect_err("a fault")
            .to_string();
        assert!(!unreadable.contains("SLACK_CHANNEL"), "{unreadable}");
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
                "the channel of route 2 needs SLACK_BOT_TOKEN",
            ],
        );
    }

    #[test]
    fn names_every_wrong_variable_at_once() {
        check_faults(
            &[
                ("SLACK_ROUTES", "{}"),
                ("SLACK_API_URL", "slack"),
                ("NOTIFY_STATUSES", "FAILED, BROKEN"),
                ("LOG_TAIL_LINES", "many"),
                ("COMPARE_WITH_PREVIOUS", "yes"),
                ("TIME_ZONE", "Mars"),
                ("LOCALE", "fr"),
                ("FUNCTION_TIMEOUT_S", "0"),
            ],
            &[
                "SLACK_ROUTES is malformed",
                "SLACK_API_URL is malformed",
                "SLACK_WEBHOOK_URL (or SLACK_WEBHOOK_URL_SECRET), or SLACK_BOT_TOKEN",
                "NOTIFY_STATUSES is malformed",
                "LOG_TAIL_LINES is malformed",
                "COMPARE_WITH_PREVIOUS is malformed",
                "TIME_ZONE is malformed",
                "LOCALE is malformed",
                "FUNCTION_TIMEOUT_S is malformed",
            ],
        );
        check_faults(&[WEBHOOK, BOT[0], BOT[1]], &["both set"]);
        check_faults(
            &[("SLACK_WEBHOOK_URL", "hunter2")],
            &["SLACK_WEBHOOK_URL is malformed"],
        );
    }
}
