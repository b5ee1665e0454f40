//! TeamCity's REST API.

mod checks;
mod error;
mod error_body;
mod hint;
mod page;
mod queue_once;

use std::time::Duration;

pub(crate) use error::FailureKind;
use error::TeamCityError;
use lambda_core::deadline::Deadline;
use lambda_core::http;
use lambda_core::secrets::{Secret, SecretSource, Secrets};
pub(crate) use queue_once::{BuildNotQueued, UploadBuild};
use reqwest::header::{ACCEPT, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::build_request::{BuildRequest, BuildTypeId};
use crate::build_tag::Tag;
use crate::config::TeamCitySettings;
use crate::upload_builds::{Build, BuildState};

/// A client of one TeamCity server.
///
/// Every request carries the token as `Bearer`, and never a cookie: with a session TeamCity would require CSRF tokens.
/// The time-out of a request is `TEAMCITY_TIMEOUT_MS` or the remaining time, whichever is shorter.
pub(crate) struct TeamCity {
    http: Client,
    url: Url,
    timeout: Duration,
    token: SecretSource,
    secrets: Secrets,
}

#[derive(Deserialize)]
struct BuildJson {
    id: u64,
    state: Option<String>,
    status: Option<String>,
    #[serde(rename = "webUrl")]
    web_url: Option<String>,
}

#[derive(Deserialize)]
struct BuildsJson {
    #[serde(default)]
    build: Vec<BuildJson>,
}

impl TeamCity {
    /// Creates a client. No connection is opened yet.
    ///
    /// # Errors
    ///
    /// The CA file cannot be used.
    pub(crate) fn new(settings: &TeamCitySettings, secrets: Secrets) -> anyhow::Result<Self> {
        Ok(Self {
            http: http::client(settings.ca_file.as_deref())?,
            url: settings.url.clone(),
            timeout: settings.timeout,
            token: settings.token.clone(),
            secrets,
        })
    }

    /// Returns the newest `count` builds with this tag, on any branch, and in the state `queued` or `any`.
    ///
    /// Without `state:any,defaultFilter:false` TeamCity hides builds that are queued, running, cancelled or on another
    /// branch.
    async fn find_by_tag(
        &self,
        build_type: &BuildTypeId,
        tag: &Tag,
        state: &str,
        count: u32,
        deadline: Deadline,
    ) -> Result<Vec<Build>, TeamCityError> {
        let mut url = self.resource(&["builds"]);
        let locator = format!(
            "buildType:(id:{build_type}),tag:(name:{tag}),state:{state},defaultFilter:false,count:{count}"
        );
        url.query_pairs_mut()
            .append_pair("locator", &locator)
            .append_pair("fields", "count,build(id,state,status,webUrl)");
        let builds: BuildsJson = self.send(self.http.get(url), deadline).await?;
        Ok(builds.build.into_iter().map(Build::from).collect())
    }

    /// Queues a build. If the response is lost, the build may be queued nevertheless.
    async fn queue(&self, request: &BuildRequest, deadline: Deadline) -> Result<Build, TeamCityError> {
        let post = self
            .http
            .post(self.resource(&["buildQueue"]))
            .json(&queue_body(request));
        let build: BuildJson = self.send(post, deadline).await?;
        Ok(build.into())
    }

    /// Cancels a queued build. A running build is another resource, so that TeamCity responds with 404.
    async fn cancel(&self, id: u64, comment: &str, deadline: Deadline) -> Result<(), TeamCityError> {
        let url = self.resource(&["buildQueue", &format!("id:{id}")]);
        let post = self
            .http
            .post(url)
            .json(&json!({"comment": comment, "readdIntoQueue": false}));
        self.send::<Value>(post, deadline).await?;
        Ok(())
    }

    fn resource(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .expect("the configuration accepts only addresses with a host, which have segments")
            .pop_if_empty()
            .extend(["app", "rest"])
            .extend(path);
        url
    }

    /// Sends a request. If TeamCity rejects the token, reads the secret again and repeats the request once.
    async fn send<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        deadline: Deadline,
    ) -> Result<A, TeamCityError> {
        let repeated = request.try_clone();
        let token = in_time(deadline, self.secrets.read(&self.token)).await?;
        let error = match self.send_with(request, &token, deadline).await {
            Err(error) if error.is_unauthorized() => error,
            result => return result,
        };
        let fresh = in_time(deadline, self.secrets.refresh(&self.token, &token)).await?;
        match (repeated, fresh) {
            (Some(request), Some(token)) => self.send_with(request, &token, deadline).await,
            _ => Err(error),
        }
    }

    async fn send_with<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        token: &Secret,
        deadline: Deadline,
    ) -> Result<A, TeamCityError> {
        let timeout = self.timeout.min(deadline.remaining());
        if timeout.is_zero() {
            return Err(TeamCityError::NoTimeLeft);
        }
        let token = bearer_token(token.expose());
        let request = request
            .timeout(timeout)
            .bearer_auth(token)
            .header(ACCEPT, "application/json");
        let response = request.send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(self.rejection(status, response, token).await);
        }
        let body = response.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected_body(&body, &error, token))
    }

    async fn rejection(&self, status: StatusCode, response: Response, token: &str) -> TeamCityError {
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let retry_after = header(RETRY_AFTER).and_then(|value| error::retry_after(&value));
        let location = header(LOCATION);
        // If the body breaks off, the status suffices.
        let body = response.text().await.unwrap_or_default();
        let rest = self.resource(&[]);
        rejected(status.as_u16(), &body, location.as_deref(), &rest, token).after(retry_after)
    }

    fn unexpected_body(&self, body: &[u8], error: &serde_json::Error, token: &str) -> TeamCityError {
        let body = String::from_utf8_lossy(body);
        unexpected(&body, error, &self.resource(&[]), token)
    }
}

/// Returns the error for a response with another status than 200. `rest` is the address of the REST API.
fn rejected(status: u16, body: &str, location: Option<&str>, rest: &Url, token: &str) -> TeamCityError {
    // Masked before the message is cut, which could cut the token; and after, because a page may have encoded it.
    let body = error_body::read(&masked(body, token));
    let hint = hint::hint(status, &body, rest, location);
    TeamCityError::Rejected {
        status,
        hint: masked(&hint, token),
        message: masked(&body.message, token),
        is_rest: body.is_rest,
        retry_after: None,
    }
}

/// Returns the error for a response with status 200 that is not the expected JSON.
fn unexpected(body: &str, error: &serde_json::Error, rest: &Url, token: &str) -> TeamCityError {
    let message = match error_body::is_page(body) {
        true => masked(&error_body::read(&masked(body, token)).message, token),
        false => masked(&error.to_string(), token),
    };
    TeamCityError::UnexpectedBody {
        address: rest.to_string(),
        message,
    }
}

/// Returns the error for a response, for the fuzz targets.
#[cfg(any(fuzzing, test))]
pub(crate) fn error_of_response(
    status: u16,
    body: &str,
    location: Option<&str>,
    rest: &Url,
    token: &str,
) -> Option<String> {
    let error = match status {
        200 => unexpected(
            body,
            &serde_json::from_str::<BuildsJson>(body).err()?,
            rest,
            token,
        ),
        status => rejected(status, body, location, rest, token),
    };
    Some(error.to_string())
}

/// Returns the token itself. A token that was copied from a request has the scheme before it, perhaps with the header.
fn bearer_token(text: &str) -> &str {
    let text = text.trim();
    match text.rsplit_once(char::is_whitespace) {
        Some((before, token)) if before.trim_end().to_ascii_lowercase().ends_with("bearer") => token,
        _ => text,
    }
}

/// Removes the token: a server could echo the request, and the token must not reach the log even then.
fn masked(text: &str, token: &str) -> String {
    match token.is_empty() {
        true => text.to_owned(),
        false => text.replace(token, "***"),
    }
}

/// Limits a read of Secrets Manager to the deadline.
async fn in_time<T>(
    deadline: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Result<T, TeamCityError> {
    match tokio::time::timeout(deadline.remaining(), read).await {
        Ok(read) => read.map_err(TeamCityError::NoToken),
        Err(_) => Err(TeamCityError::NoTimeLeft),
    }
}

fn queue_body(request: &BuildRequest) -> Value {
    let properties = request
        .properties
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}));
    let tags = request
        .tags()
        .into_iter()
        .map(|tag| json!({"name": tag.as_str()}));
    let mut body = json!({
        "buildType": {"id": request.build_type.as_str()},
        "properties": {"property": properties.collect::<Vec<_>>()},
        "tags": {"tag": tags.collect::<Vec<_>>()},
    });
    if let Some(comment) = &request.comment {
        body["comment"] = json!({"text": comment});
    }
    if let Some(branch) = &request.branch {
        body["branchName"] = json!(branch);
    }
    if request.queue_at_top {
        body["triggeringOptions"] = json!({"queueAtTop": true});
    }
    body
}

impl From<BuildJson> for Build {
    fn from(build: BuildJson) -> Self {
        let has_result = |status: &str| ["SUCCESS", "FAILURE", "ERROR", "WARNING"].contains(&status);
        let state = match build.state.as_deref() {
            Some("queued") => BuildState::Queued,
            // TeamCity has no state for cancelled builds. They are finished, with the status UNKNOWN.
            Some("finished") if !build.status.as_deref().is_some_and(has_result) => BuildState::Cancelled,
            _ => BuildState::Started,
        };
        Self {
            id: build.id,
            state,
            web_url: build.web_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_have_its_scheme_before_it() {
        for text in [
            "eyJ",
            " eyJ\n",
            "Bearer eyJ",
            "bearer  eyJ ",
            "Authorization: Bearer eyJ",
        ] {
            assert_eq!(bearer_token(text), "eyJ", "{text:?}");
        }
    }
}
