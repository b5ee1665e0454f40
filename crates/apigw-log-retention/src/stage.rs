//! An API and its stages, as far as logs are concerned.

use serde::Serialize;

/// API types of API Gateway, which differ in the logs that they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ApiType {
    Rest,
    Http,
    WebSocket,
}

impl ApiType {
    /// Returns true if API Gateway writes execution logs for APIs of this type.
    pub(crate) fn has_execution_logs(self) -> bool {
        self != Self::Http
    }

    /// Parses the form in responses and logs, which a restore event repeats.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "REST" => Some(Self::Rest),
            "HTTP" => Some(Self::Http),
            "WEBSOCKET" => Some(Self::WebSocket),
            _ => None,
        }
    }

    /// Returns true if API Gateway writes the logs with the account's CloudWatch role. For an HTTP API it delivers
    /// them with the permissions of the caller that configures logging.
    pub(crate) fn logs_with_account_role(self) -> bool {
        self != Self::Http
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) api_type: ApiType,
    pub(crate) tag_keys: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stage {
    /// Stage name; HTTP APIs have one that is called `$default`.
    pub(crate) name: String,
    pub(crate) tag_keys: Vec<String>,
    pub(crate) deployment_id: Option<String>,
    /// True if a canary deployment receives a part of the requests. Its logs go to groups of their own.
    pub(crate) has_canary: bool,
    /// True for a stage made by quick create; API Gateway may reject changes to it.
    pub(crate) is_managed: bool,
    pub(crate) settings: LogSettings,
    /// Throttling of the default route. V2's `UpdateStage` takes it together with the log settings, and it must not
    /// change.
    pub(crate) throttling: Throttling,
}

/// Log settings of a stage; `None` means that the setting was never set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// ARN of the log group or delivery stream for access logs.
    pub(crate) destination: Option<String>,
    /// Format of an access log line.
    pub(crate) format: Option<String>,
    /// Level of the execution log.
    pub(crate) level: Option<LogLevel>,
    /// True if the execution log includes requests and responses with their bodies.
    pub(crate) data_trace: Option<bool>,
    /// True if CloudWatch has metrics for each method or route.
    pub(crate) metrics: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Throttling {
    pub(crate) burst_limit: Option<i32>,
    /// Requests per second.
    pub(crate) rate_limit: Option<f64>,
}

/// Levels of an execution log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LogLevel {
    Off,
    Error,
    Info,
}

impl LogLevel {
    /// Parses API Gateway's name of a level, which variables and rules use too.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "OFF" => Ok(Self::Off),
            "ERROR" => Ok(Self::Error),
            "INFO" => Ok(Self::Info),
            _ => Err("expected OFF, ERROR or INFO"),
        }
    }

    /// Returns API Gateway's name of the level.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Error => "ERROR",
            Self::Info => "INFO",
        }
    }
}
