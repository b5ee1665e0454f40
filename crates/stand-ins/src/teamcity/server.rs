use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, header, header::HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Settings, Shared, builds, locator::BuildLocator, refusal::Refusal, weather::Fault};
use local_stack::{background, http::Answer};

/// What a request asks for.
enum Asked {
    LookUp,
    Queue,
    Cancel(u64),
}

pub(super) async fn handle(shared: Arc<Shared>, request: Request<Bytes>) -> Option<Answer> {
    // In a task of its own, because a caller that gives up must not undo what it has asked for.
    background::spawn(async move { answer(&shared, &request).await })
        .await
        .ok()
        .flatten()
}

async fn answer(shared: &Shared, request: &Request<Bytes>) -> Option<Answer> {
    let _here = Here::come(shared);
    let settings = shared.settings().clone();
    let asked = match check(request, &settings) {
        Ok(asked) => asked,
        Err(refusal) => return Some(refusal.answer(settings.errors)),
    };
    if let Some(seconds) = too_many(shared) {
        let refusal = Refusal::plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
        let mut answer = refusal.answer(settings.errors);
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Some(answer);
    }
    let fault = count(shared, &asked, &settings);
    let refused = match fault {
        Some(Fault::ServerError) => {
            let message = "Server is starting up, please wait.";
            Some(Refusal::plain(StatusCode::SERVICE_UNAVAILABLE, message))
        }
        Some(Fault::Conflict) => {
            let message = "Cannot process this request at this time. Repeat later.";
            Some(Refusal::new(StatusCode::CONFLICT, message))
        }
        _ => None,
    };
    if let Some(refusal) = refused {
        return Some(refusal.answer(settings.errors));
    }
    let answer = match carry_out(shared, request, &asked, &settings) {
        Ok(json) => success(&json),
        Err(refusal) => refusal.answer(settings.errors),
    };
    match (fault, &settings.weather) {
        (Some(Fault::LostAnswer), _) => return None,
        (Some(Fault::SlowAnswer), Some(weather)) => tokio::time::sleep(weather.slow).await,
        _ => {}
    }
    Some(answer)
}

/// Everything that TeamCity checks before it looks at what is asked.
fn check(request: &Request<Bytes>, settings: &Settings) -> Result<Asked, Refusal> {
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
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    match (request.method(), path.split('/').collect::<Vec<_>>().as_slice()) {
        (&Method::GET, ["", "app", "rest", "builds"]) => Ok(Asked::LookUp),
        (&Method::POST, ["", "app", "rest", "buildQueue"]) => Ok(Asked::Queue),
        (&Method::POST, ["", "app", "rest", "buildQueue", locator]) => {
            let id = locator.strip_prefix("id:").and_then(|id| id.parse().ok());
            id.map(Asked::Cancel)
                .ok_or_else(|| Refusal::bad_request("Bad locator syntax"))
        }
        _ => Err(Refusal::not_found(format!(
            "There is no {} {path} here.",
            request.method()
        ))),
    }
}

fn too_many(shared: &Shared) -> Option<u64> {
    let mut traffic = shared.traffic();
    traffic.too_many = traffic.too_many.checked_sub(1)?;
    Some(traffic.retry_after_s)
}

/// Counts the request, and decides what goes wrong with it.
fn count(shared: &Shared, asked: &Asked, settings: &Settings) -> Option<Fault> {
    let mut traffic = shared.traffic();
    match asked {
        Asked::LookUp => traffic.look_ups += 1,
        Asked::Queue => traffic.posts += 1,
        Asked::Cancel(_) => traffic.cancels += 1,
    }
    let number = traffic.look_ups + traffic.posts + traffic.cancels;
    let fault = settings.weather.as_ref()?.fault(number)?;
    traffic.went_wrong += 1;
    Some(fault)
}

fn carry_out(
    shared: &Shared,
    request: &Request<Bytes>,
    asked: &Asked,
    settings: &Settings,
) -> Result<Value, Refusal> {
    let server = format!("http://{}", host(request));
    match asked {
        Asked::LookUp => {
            let locator = BuildLocator::parse(&query(request, "locator"))?;
            let found = shared.builds().find(&locator, settings)?;
            let builds: Vec<Value> = found.iter().map(|build| build.json(&server)).collect();
            let whole = json!({"count": builds.len(), "href": request.uri().to_string(), "build": builds});
            Ok(builds::select(&whole, &query(request, "fields")))
        }
        Asked::Queue => Ok(shared.builds().queue(&body(request)?, settings)?.json(&server)),
        Asked::Cancel(id) => {
            let body = body(request)?;
            if body["readdIntoQueue"] == true {
                return Err(Refusal::bad_request(
                    "Restore in queue is not supported for queued builds.",
                ));
            }
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

/// With the session cookie that TeamCity sets on every answer, as a trap for clients that keep it.
fn success(json: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(json.to_string())));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let cookie = "TCSESSIONID=8F4B2C; Path=/; HttpOnly";
    headers.insert(header::SET_COOKIE, HeaderValue::from_static(cookie));
    answer
}

/// A request that is being answered.
struct Here<'a>(&'a Shared);

impl<'a> Here<'a> {
    fn come(shared: &'a Shared) -> Self {
        let mut traffic = shared.traffic();
        traffic.at_once += 1;
        traffic.most_at_once = traffic.most_at_once.max(traffic.at_once);
        Self(shared)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.traffic().at_once -= 1;
    }
}
