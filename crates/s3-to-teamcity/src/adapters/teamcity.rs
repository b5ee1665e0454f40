//! TeamCity, by its REST API.

mod error;
mod error_body;
mod once;

use lambda_core::deadline::Deadline;
use lambda_core::http;
use lambda_core::secrets::{Secret, SecretSource, Secrets};
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

use crate::build_request::{BuildRequest, BuildTypeId, Tag};
use crate::config::TeamCitySettings;
use crate::duplicates::{Build, State};

pub use error::TeamCityError;
pub use once::Outcome;

/// A TeamCity server.
///
/// Every request carries the token as `Bearer`, and never a cookie: a session would bring CSRF checks back.
/// No request takes longer than `TEAMCITY_TIMEOUT_MS` or what is left.
pub struct TeamCity {
    http: Client,
    url: Url,
    timeout: Duration,
    token: SecretSource,
    secrets: Secrets,
}

/// A build in an answer.
#[derive(Deserialize)]
struct BuildAnswer {
    id: u64,
    state: Option<String>,
    status: Option<String>,
    #[serde(rename = "webUrl")]
    web_url: Option<String>,
}

#[derive(Deserialize)]
struct BuildsAnswer {
    #[serde(default)]
    build: Vec<BuildAnswer>,
}

impl TeamCity {
    /// The server of these settings; connects to nothing yet.
    ///
    /// # Errors
    /// When the CA file cannot be used.
    pub fn new(settings: &TeamCitySettings, secrets: Secrets) -> anyhow::Result<Self> {
        Ok(Self {
            http: http::client(settings.ca_file.as_deref())?,
            url: settings.url.clone(),
            timeout: settings.timeout,
            token: settings.token.clone(),
            secrets,
        })
    }

    /// The builds with this tag, in whatever state and on whatever branch, the newest `count` of them.
    ///
    /// Without `state:any,defaultFilter:false` TeamCity hides those that wait, run, were cancelled or are on
    /// another branch.
    ///
    /// # Errors
    /// See [`TeamCityError`].
    pub async fn find_by_tag(
        &self,
        build_type: &BuildTypeId,
        tag: &Tag,
        count: u32,
        deadline: Deadline,
    ) -> Result<Vec<Build>, TeamCityError> {
        let mut url = self.resource(&["builds"]);
        let locator = format!(
            "buildType:(id:{build_type}),tag:(name:{tag}),state:any,defaultFilter:false,count:{count}"
        );
        url.query_pairs_mut()
            .append_pair("locator", &locator)
            .append_pair("fields", "count,build(id,state,status,webUrl)");
        let answer: BuildsAnswer = self.ask(self.http.get(url), deadline).await?;
        Ok(answer.build.into_iter().map(Build::from).collect())
    }

    /// Queues a build. Where the answer is lost, it may be queued all the same.
    ///
    /// # Errors
    /// See [`TeamCityError`].
    pub async fn queue(&self, request: &BuildRequest, deadline: Deadline) -> Result<Build, TeamCityError> {
        let post = self
            .http
            .post(self.resource(&["buildQueue"]))
            .json(&body(request));
        let answer: BuildAnswer = self.ask(post, deadline).await?;
        Ok(answer.into())
    }

    /// Cancels a build that waits. One that runs is another resource, and not found here.
    ///
    /// # Errors
    /// See [`TeamCityError`].
    pub async fn cancel(&self, id: u64, comment: &str, deadline: Deadline) -> Result<(), TeamCityError> {
        let url = self.resource(&["buildQueue", &format!("id:{id}")]);
        let post = self
            .http
            .post(url)
            .json(&json!({"comment": comment, "readdIntoQueue": false}));
        self.ask::<Value>(post, deadline).await?;
        Ok(())
    }

    fn resource(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .expect("the configuration takes only addresses with a host, which have segments")
            .pop_if_empty()
            .extend(["app", "rest"])
            .extend(path);
        url
    }

    /// Sends a request; when TeamCity refuses the token, once more with the one that the secret holds now.
    async fn ask<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        deadline: Deadline,
    ) -> Result<A, TeamCityError> {
        let again = request.try_clone();
        let token = in_time(deadline, self.secrets.read(&self.token)).await?;
        let refusal = match self.ask_with(request, &token, deadline).await {
            Err(refusal) if refusal.is_refused_token() => refusal,
            outcome => return outcome,
        };
        let fresh = in_time(deadline, self.secrets.read_again(&self.token, &token)).await?;
        match (again, fresh) {
            (Some(request), Some(token)) => self.ask_with(request, &token, deadline).await,
            _ => Err(refusal),
        }
    }

    async fn ask_with<A: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        token: &Secret,
        deadline: Deadline,
    ) -> Result<A, TeamCityError> {
        let timeout = self.timeout.min(deadline.left());
        if timeout.is_zero() {
            return Err(TeamCityError::NoTimeLeft);
        }
        let token = token.expose().trim();
        let request = request
            .timeout(timeout)
            .bearer_auth(token)
            .header(ACCEPT, "application/json");
        let response = request.send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(refusal(status, response, token).await);
        }
        let body = response.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| TeamCityError::Strange(error.to_string()))
    }
}

/// Secrets Manager may hang as anybody else.
async fn in_time<T>(
    deadline: Deadline,
    read: impl Future<Output = anyhow::Result<T>>,
) -> Result<T, TeamCityError> {
    match tokio::time::timeout(deadline.left(), read).await {
        Ok(read) => read.map_err(TeamCityError::NoToken),
        Err(_) => Err(TeamCityError::NoTimeLeft),
    }
}

async fn refusal(status: StatusCode, response: Response, token: &str) -> TeamCityError {
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(error::retry_after);
    // The status says enough where the body breaks off.
    let body = response.text().await.unwrap_or_default();
    TeamCityError::Refused {
        status: status.as_u16(),
        // No server should send back what it was sent; this log must not depend on that.
        message: error_body::message(&body).replace(token, "***"),
        retry_after,
    }
}

fn body(request: &BuildRequest) -> Value {
    let properties = request
        .properties
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}));
    let mut body = json!({
        "buildType": {"id": request.build_type.as_str()},
        "comment": {"text": request.comment},
        "properties": {"property": properties.collect::<Vec<_>>()},
        "tags": {"tag": [{"name": request.tag.as_str()}]},
    });
    if let Some(branch) = &request.branch {
        body["branchName"] = json!(branch);
    }
    if request.queue_at_top {
        body["triggeringOptions"] = json!({"queueAtTop": true});
    }
    body
}

impl From<BuildAnswer> for Build {
    fn from(answer: BuildAnswer) -> Self {
        let has_result = |status: &str| ["SUCCESS", "FAILURE", "ERROR", "WARNING"].contains(&status);
        let state = match answer.state.as_deref() {
            Some("queued") => State::Queued,
            // TeamCity has no state for cancelled builds: they are finished, with the status UNKNOWN.
            Some("finished") if !answer.status.as_deref().is_some_and(has_result) => State::Cancelled,
            _ => State::Started,
        };
        Self {
            id: answer.id,
            state,
            web_url: answer.web_url,
        }
    }
}
