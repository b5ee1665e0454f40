//! The function's variables.

use std::path::PathBuf;
use std::time::Duration;

use lambda_core::secrets::SecretSource;
use lambda_core::variables::{ConfigurationError, Variables};
use url::Url;

use crate::build_request::BuildTypeId;
use crate::route::Route;
use crate::route_reach::read_routes;

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) teamcity: TeamCitySettings,
    /// Routes in the order in which they are tried.
    pub(crate) routes: Vec<Route>,
    /// The comment of every build, shown in TeamCity.
    pub(crate) comment: Option<String>,
    /// The queue for SQS messages that no retry can repair.
    pub(crate) dead_letter_queue_url: Option<String>,
    pub(crate) function_timeout: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct TeamCitySettings {
    /// The server's address without a final `/`; it may have a path.
    pub(crate) url: Url,
    pub(crate) token: SecretSource,
    /// A PEM file with private certificate authorities.
    pub(crate) ca_file: Option<PathBuf>,
    /// The time-out of one request.
    pub(crate) timeout: Duration,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    ///
    /// One error that lists every missing and malformed variable.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let teamcity = TeamCitySettings::from_variables(variables);
        let routes = routes(variables);
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        variables.finish(|| {
            Some(Self {
                teamcity: teamcity?,
                routes: routes?,
                comment: comment(variables),
                dead_letter_queue_url: variables.text("DEAD_LETTER_QUEUE_URL").map(str::to_owned),
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

/// Returns the comment of every build. An empty variable means none, because a comment needs a permission of its own.
fn comment(variables: &Variables) -> Option<String> {
    let default = "Executed by AWS Lambda.";
    let is_blank = variables.is_blank("BUILD_COMMENT");
    (!is_blank).then(|| variables.text("BUILD_COMMENT").unwrap_or(default).to_owned())
}

/// Parses a server's address and removes a final `/`. Credentials are not allowed: every error would show them.
fn parse_url(text: &str) -> Result<Url, String> {
    let expected = || "expected an address like https://teamcity.example.com".to_owned();
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| expected())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() || !is_plain || url.fragment().is_some()
    {
        return Err(expected());
    }
    match end_of_base(url.path()) {
        None => Ok(url),
        Some(end) => {
            let mut base = url.clone();
            base.set_path(&url.path()[..end]);
            let (base, rest) = (base.as_str().trim_end_matches('/'), &url.path()[end..]);
            Err(format!(
                "expected the server's own address, write {base} without {rest}"
            ))
        }
    }
}

/// Returns the position at which the path leaves the server's address for one of its pages or for the REST API.
fn end_of_base(path: &str) -> Option<usize> {
    const PAGES: [&str; 6] = [
        "/app/rest/",
        "/httpAuth/",
        "/guestAuth/",
        "/ntlmAuth/",
        "/buildConfiguration/",
        "/project/",
    ];
    let whole = format!("{path}/");
    let of_pages = PAGES.iter().filter_map(|page| whole.find(page));
    let of_file = path
        .rfind('/')
        .filter(|at| path[*at..].contains(".html") || path[*at..].contains(".jsp"));
    of_pages.chain(of_file).min()
}

fn routes(variables: &Variables) -> Option<Vec<Route>> {
    let routes = read_routes(variables);
    let build_type = variables.optional("TEAMCITY_BUILD_TYPE", BuildTypeId::parse);
    match (routes?, build_type?) {
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
    fn error(variables: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
        let variables: Variables = variables.into_iter().collect();
        Config::from_variables(&variables)
            .expect_err("the variables are faulty")
            .to_string()
    }

    #[test]
    fn needs_only_address_token_and_build_type() {
        let config = Config::from_variables(&GOOD.into_iter().collect()).expect("the rest has defaults");
        assert_eq!(config.teamcity.url.as_str(), "https://teamcity.example.com/ci");
        assert_eq!(config.teamcity.timeout, Duration::from_secs(10));
        assert_eq!(config.comment.as_deref(), Some("Executed by AWS Lambda."));
        assert_eq!(config.routes.len(), 1);
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn reports_every_faulty_variable_at_once() {
        let error = error([
            ("TEAMCITY_URL", "teamcity.example.com"),
            ("TEAMCITY_TIMEOUT_MS", "0"),
            (
                "BUILD_ROUTES",
                r#"[{"build_type": "A", "prefix": 7}, {"suffix": ".csv"}]"#,
            ),
            ("FUNCTION_TIMEOUT_S", "soon"),
        ]);
        for fault in [
            "TEAMCITY_URL is malformed",
            "TEAMCITY_TOKEN (or TEAMCITY_TOKEN_SECRET) is missing",
            "TEAMCITY_TIMEOUT_MS is malformed",
            "BUILD_ROUTES[0].prefix: expected text",
            "BUILD_ROUTES[1].build_type: missing",
            "FUNCTION_TIMEOUT_S is malformed",
        ] {
            assert!(error.contains(fault), "{fault} is not in: {error}");
        }
    }

    #[test]
    fn needs_either_routes_or_a_build_type() {
        let neither = GOOD.into_iter().take(2);
        assert!(error(neither).contains("BUILD_ROUTES (or TEAMCITY_BUILD_TYPE) is missing"));
        let both = GOOD
            .into_iter()
            .chain([("BUILD_ROUTES", r#"[{"build_type": "A"}]"#)]);
        assert!(error(both).contains("both set"));
    }

    #[test]
    fn an_empty_comment_is_none() {
        for blank in ["", "  "] {
            let variables = GOOD.into_iter().chain([("BUILD_COMMENT", blank)]);
            let config = Config::from_variables(&variables.collect()).expect("good variables");
            assert_eq!(config.comment, None);
        }
    }

    #[test]
    fn an_address_of_a_page_or_of_the_rest_api_is_rejected_with_the_servers_address() {
        let error = |url| {
            error(GOOD.into_iter().chain([("TEAMCITY_URL", url)]))
                .split_once("write ")
                .map(|(_, remedy)| remedy.to_owned())
        };
        let check = |url, expected: &str| assert_eq!(error(url).as_deref(), Some(expected), "{url}");
        check(
            "https://ci.example.com/app/rest",
            "https://ci.example.com without /app/rest",
        );
        check(
            "https://ci.example.com/app/rest/builds/",
            "https://ci.example.com without /app/rest/builds",
        );
        check(
            "https://ci.example.com/teamcity/httpAuth",
            "https://ci.example.com/teamcity without /httpAuth",
        );
        check(
            "https://ci.example.com/login.html",
            "https://ci.example.com without /login.html",
        );
        check(
            "https://ci.example.com/project/Web",
            "https://ci.example.com without /project/Web",
        );
        check(
            "http://ci:8111/tc/viewType.html",
            "http://ci:8111/tc without /viewType.html",
        );
    }

    #[test]
    fn rejects_an_address_with_credentials_and_does_not_quote_it() {
        let error = error([("TEAMCITY_URL", "https://me:hunter2@teamcity.example.com")]);
        assert!(
            error.contains("TEAMCITY_URL is malformed") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
