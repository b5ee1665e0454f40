use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode, header};
use local_stack::http::{Response, response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::locator::BuildLocator;
use super::page::NOT_FOUND_PAGE;
use super::refusal::Refusal;
use super::{Permission, Settings, Shared, builds};

/// Operation of the REST API.
enum Operation {
    ReadServer,
    ReadBuildType(String),
    FindBuilds,
    QueueBuild,
    CancelQueuedBuild(u64),
}

pub(super) fn respond(shared: &Shared, request: &Request<Bytes>) -> Response {
    let settings = shared.settings().clone();
    if !request
        .uri()
        .path()
        .starts_with(&format!("{}/app/rest/", settings.context_path))
    {
        return response(
            404,
            &[("content-type", "text/html;charset=utf-8")],
            NOT_FOUND_PAGE,
        );
    }
    let outcome =
        check(request, &settings).and_then(|operation| carry_out(shared, request, &operation, &settings));
    match outcome {
        Ok(json) => success(&json),
        Err(refusal) => refusal.response(settings.errors),
    }
}

/// Checks everything that TeamCity checks before it carries out an operation.
fn check(request: &Request<Bytes>, settings: &Settings) -> Result<Operation, Refusal> {
    check_headers(request, settings)?;
    operation(request, settings)
}

fn check_headers(request: &Request<Bytes>, settings: &Settings) -> Result<(), Refusal> {
    let has = |name, expected: &str| {
        let values = request.headers().get_all(name).iter();
        values
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .any(|value| value.contains(expected))
    };
    let is_post = request.method() == Method::POST;
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("Bearer {}", settings.token)) {
        let message = "Authentication required\nTo login manually go to \"/login.html\" page";
        return Err(Refusal::plain(StatusCode::UNAUTHORIZED, message));
    }
    if is_post && has(header::COOKIE, "TCSESSIONID") {
        let message = "403 Forbidden: Responding with 403 status code due to failed CSRF check: authenticated \
                       POST request is made, but neither tc-csrf-token parameter nor X-TC-CSRF-Token header are \
                       provided.";
        return Err(Refusal::plain(StatusCode::FORBIDDEN, message));
    }
    if !has(header::ACCEPT, "application/json") {
        return Err(Refusal::plain(StatusCode::NOT_ACCEPTABLE, "Not Acceptable"));
    }
    if is_post && !has(header::CONTENT_TYPE, "application/json") {
        return Err(Refusal::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported Media Type",
        ));
    }
    Ok(())
}

fn operation(request: &Request<Bytes>, settings: &Settings) -> Result<Operation, Refusal> {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    let path = path.strip_prefix(settings.context_path.as_str()).unwrap_or(&path);
    match (request.method(), path.split('/').collect::<Vec<_>>().as_slice()) {
        (&Method::GET, ["", "app", "rest", "server"]) => Ok(Operation::ReadServer),
        (&Method::GET, ["", "app", "rest", "buildTypes", locator]) => match locator.strip_prefix("id:") {
            Some(id) => Ok(Operation::ReadBuildType(id.to_owned())),
            None => Err(Refusal::bad_request("Bad locator syntax")),
        },
        (&Method::GET, ["", "app", "rest", "builds"]) => Ok(Operation::FindBuilds),
        (&Method::POST, ["", "app", "rest", "buildQueue"]) => Ok(Operation::QueueBuild),
        (&Method::POST, ["", "app", "rest", "buildQueue", locator]) => {
            let id = locator.strip_prefix("id:").and_then(|id| id.parse().ok());
            id.map(Operation::CancelQueuedBuild)
                .ok_or_else(|| Refusal::bad_request("Bad locator syntax"))
        }
        _ => Err(Refusal::not_found(format!(
            "There is no {} {path} here.",
            request.method()
        ))),
    }
}

fn carry_out(
    shared: &Shared,
    request: &Request<Bytes>,
    operation: &Operation,
    settings: &Settings,
) -> Result<Value, Refusal> {
    let server = format!("http://{}{}", host(request), settings.context_path);
    match operation {
        // Every signed-in user may read the version.
        Operation::ReadServer => {
            let whole =
                json!({"version": "2025.07.3 (build 197398)", "buildNumber": "197398", "webUrl": server});
            Ok(builds::select(&whole, &query(request, "fields")))
        }
        Operation::ReadBuildType(id) => {
            let whole = builds::build_type(id, settings)?;
            Ok(builds::select(&whole, &query(request, "fields")))
        }
        Operation::FindBuilds => {
            let locator = BuildLocator::parse(&query(request, "locator"))?;
            let found = shared.builds().find(&locator, settings)?;
            let builds: Vec<Value> = found.iter().map(|build| build.json(&server)).collect();
            let whole = json!({"count": builds.len(), "href": request.uri().to_string(), "build": builds});
            Ok(builds::select(&whole, &query(request, "fields")))
        }
        Operation::QueueBuild => Ok(shared.builds().queue(&body(request)?, settings)?.json(&server)),
        Operation::CancelQueuedBuild(id) => {
            let body = body(request)?;
            if body["readdIntoQueue"] == true {
                return Err(Refusal::bad_request(
                    "Restore in queue is not supported for queued builds.",
                ));
            }
            Permission::StopBuild.check(settings)?;
            let comment = body["comment"].as_str().unwrap_or_default();
            Ok(shared.builds().cancel(*id, comment, settings)?.json(&server))
        }
    }
}

fn host(request: &Request<Bytes>) -> &str {
    request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("teamcity")
}

fn query(request: &Request<Bytes>, name: &str) -> String {
    let pairs = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let value = pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.replace('+', " "))
        .next();
    percent_decode_str(&value.unwrap_or_default())
        .decode_utf8_lossy()
        .into_owned()
}

fn body(request: &Request<Bytes>) -> Result<Value, Refusal> {
    serde_json::from_slice(request.body()).map_err(|error| Refusal::bad_request(format!("Bad JSON: {error}")))
}

/// Sets TeamCity's session cookie, which a client must not send back: a `POST` with it fails the CSRF check.
fn success(json: &Value) -> Response {
    let headers = [
        ("content-type", "application/json"),
        ("set-cookie", "TCSESSIONID=8F4B2C; Path=/; HttpOnly"),
    ];
    response(200, &headers, json.to_string())
}
