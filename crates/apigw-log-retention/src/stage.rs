//! An API and its stages, as far as logs are concerned.

use serde::{Deserialize, Serialize};

/// What kind of API it is; each logs in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApiKind {
    /// A REST API: access and execution logs.
    Rest,
    /// An HTTP API: access logs only.
    Http,
    /// A WebSocket API: access and execution logs.
    WebSocket,
}

impl ApiKind {
    /// Whether API Gateway writes execution logs for such an API.
    pub fn has_execution_logs(self) -> bool {
        self != Self::Http
    }

    /// Whether API Gateway writes its logs with the role in the account's settings. HTTP APIs deliver theirs
    /// with the rights of the one who configures them.
    pub fn logs_with_the_accounts_role(self) -> bool {
        self != Self::Http
    }
}

/// An API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// API Gateway's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ApiKind,
    /// The keys of its tags.
    pub tags: Vec<String>,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// Its name; `$default` is one.
    pub name: String,
    /// The keys of its tags.
    pub tags: Vec<String>,
    /// Which deployment it shows.
    pub deployment_id: Option<String>,
    /// Made by quick create; API Gateway may refuse changes to it.
    pub is_managed: bool,
    /// What its logs are set to.
    pub settings: Settings,
    /// What stands beside the log settings of an HTTP or WebSocket API and must stay as it is.
    pub throttling: Throttling,
}

/// The log settings of a stage; `None` is what nobody has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The ARN of the log group or delivery stream that takes the access log.
    pub destination: Option<String>,
    /// The access log's format.
    pub format: Option<String>,
    /// What the execution log holds.
    pub level: Option<Level>,
    /// Whether the execution log holds requests and answers with their bodies.
    pub data_trace: Option<bool>,
    /// Whether there are metrics for each method or route.
    pub metrics: Option<bool>,
}

/// The default route's throttling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throttling {
    /// Requests at once.
    pub burst: Option<i32>,
    /// Requests a second.
    pub rate: Option<f64>,
}

/// What an execution log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Nothing.
    Off,
    /// Errors.
    Error,
    /// Everything that happens.
    Info,
}

impl Level {
    /// From API Gateway's word, or a variable's.
    ///
    /// # Errors
    /// With the words that there are.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "OFF" => Ok(Self::Off),
            "ERROR" => Ok(Self::Error),
            "INFO" => Ok(Self::Info),
            _ => Err("expected OFF, ERROR or INFO"),
        }
    }

    /// API Gateway's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Error => "ERROR",
            Self::Info => "INFO",
        }
    }
}
