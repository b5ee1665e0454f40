//! The function's variables.

use lambda_core::secrets::SecretSource;
use lambda_core::variables::{ConfigurationError, Variables};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

use crate::build_request::BuildTypeId;
use crate::route::Route;
use crate::route_settings;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where TeamCity is.
    pub teamcity: TeamCitySettings,
    /// Tried in order.
    pub routes: Vec<Route>,
    /// What people see beside each build.
    pub comment: String,
    /// See `lambda-core`.
    pub function_timeout: Duration,
}

/// Where TeamCity is, and how to get in.
#[derive(Clone, Debug)]
pub struct TeamCitySettings {
    /// Its address, perhaps with a path.
    pub url: Url,
    /// An access token.
    pub token: SecretSource,
    /// A private authority, in PEM.
    pub ca_file: Option<PathBuf>,
    /// For one request.
    pub timeout: Duration,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    /// One that names every missing and malformed variable.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let teamcity = TeamCitySettings::from_variables(variables);
        let routes = routes(variables);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                teamcity: teamcity?,
                routes: routes?,
                comment: variables
                    .text("BUILD_COMMENT")
                    .unwrap_or("Executed by AWS Lambda.")
                    .to_owned(),
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

impl TeamCitySettings {
    fn from_variables(variables: &Variables) -> Option<Self> {
        let url = variables.optional("TEAMCITY_URL", parse_url);
        if let Some(None) = url {
            variables.fault("TEAMCITY_URL is missing");
        }
        let token = variables.required_secret("TEAMCITY_TOKEN");
        let timeout_ms = variables.number("TEAMCITY_TIMEOUT_MS", 10_000, 1);
        Some(Self {
            url: url??,
            token: token?,
            ca_file: variables.text("TEAMCITY_CA_FILE").map(PathBuf::from),
            timeout: Duration::from_millis(timeout_ms?.into()),
        })
    }
}

/// The address without `/` at its end. Credentials in it would stand in every error.
fn parse_url(text: &str) -> Result<Url, String> {
    let expected = || "expected an address like https://teamcity.example.com".to_owned();
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| expected())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() || !is_plain || url.fragment().is_some()
    {
        return Err(expected());
    }
    Ok(url)
}

fn routes(variables: &Variables) -> Option<Vec<Route>> {
    let routes = variables.optional("BUILD_ROUTES", route_settings::parse)?;
    let build_type = variables.optional("TEAMCITY_BUILD_TYPE", BuildTypeId::parse)?;
    match (routes, build_type) {
        (Some(routes), None) => Some(routes),
        (None, Some(build_type)) => Some(vec![Route::to(build_type)]),
        (Some(_), Some(_)) => {
            variables.fault("BUILD_ROUTES and TEAMCITY_BUILD_TYPE are both set, give one of them");
            None
        }
        (None, None) => {
            variables.fault("BUILD_ROUTES (or TEAMCITY_BUILD_TYPE) is missing");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] = [
        ("TEAMCITY_URL", "https://teamcity.example.com/ci/"),
        ("TEAMCITY_TOKEN", "hunter2"),
        ("TEAMCITY_BUILD_TYPE", "Nightly_Import"),
    ];

    #[track_caller]
    fn message(variables: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
        let variables: Variables = variables.into_iter().collect();
        Config::from_variables(&variables)
            .expect_err("faults were planted")
            .to_string()
    }

    #[test]
    fn needs_nothing_but_address_token_and_build_type() {
        let config = Config::from_variables(&GOOD.into_iter().collect()).expect("the rest has defaults");
        assert_eq!(config.teamcity.url.as_str(), "https://teamcity.example.com/ci");
        assert_eq!(config.teamcity.timeout, Duration::from_secs(10));
        assert_eq!(config.comment, "Executed by AWS Lambda.");
        assert_eq!(config.routes.len(), 1);
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn names_every_wrong_variable_at_once() {
        let message = message([
            ("TEAMCITY_URL", "teamcity.example.com"),
            ("TEAMCITY_TIMEOUT_MS", "0"),
            ("BUILD_ROUTES", r#"[{"build_type": "A", "prefix": 7}]"#),
            ("FUNCTION_TIMEOUT_S", "soon"),
        ]);
        for fault in [
            "TEAMCITY_URL is malformed",
            "TEAMCITY_TOKEN (or TEAMCITY_TOKEN_SECRET) is missing",
            "TEAMCITY_TIMEOUT_MS is malformed",
            "BUILD_ROUTES is malformed: route 1: prefix is no text",
            "FUNCTION_TIMEOUT_S is malformed",
        ] {
            assert!(message.contains(fault), "{fault} is not in: {message}");
        }
    }

    #[test]
    fn wants_routes_or_a_build_type() {
        assert!(
            message(GOOD.into_iter().take(2)).contains("BUILD_ROUTES (or TEAMCITY_BUILD_TYPE) is missing")
        );
        let both = GOOD
            .into_iter()
            .chain([("BUILD_ROUTES", r#"[{"build_type": "A"}]"#)]);
        assert!(message(both).contains("both set"));
    }

    #[test]
    fn an_address_holds_no_credentials() {
        let message = message([("TEAMCITY_URL", "https://me:hunter2@teamcity.example.com")]);
        assert!(
            message.contains("TEAMCITY_URL is malformed") && !message.contains("hunter2"),
            "{message}"
        );
    }
}
