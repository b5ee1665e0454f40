use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, header, header::HeaderValue};
use serde_json::{Value, json};

use super::{
    Settings, Shared,
    request::{self, Asked, Refusal},
    weather::Fault,
};
use local_stack::{background, http::Answer};

pub(super) async fn handle(shared: Arc<Shared>, request: Request<Bytes>) -> Option<Answer> {
    // In a task of its own, because a caller that gives up must not undo what it has asked for.
    background::spawn(async move { answer(&shared, &request) })
        .await
        .ok()
        .flatten()
}

fn answer(shared: &Shared, request: &Request<Bytes>) -> Option<Answer> {
    let settings = shared.settings().clone();
    let body = String::from_utf8_lossy(request.body()).into_owned();
    shared.traffic().bodies.push(body);
    let asked = match request::understand(request, &settings) {
        Ok(asked) => asked,
        Err(refusal) => return Some(refused(shared, &refusal)),
    };
    let fault = count(shared, &asked, &settings);
    match fault {
        Some(Fault::TooMany) => {
            let retry_after_s = shared.traffic().retry_after_s;
            return Some(too_many(shared, retry_after_s));
        }
        Some(Fault::ServerError) => {
            shared.traffic().server_errors += 1;
            return Some(plain(StatusCode::INTERNAL_SERVER_ERROR, "rollup_error"));
        }
        _ => {}
    }
    let answer = match carry_out(shared, &asked, &settings) {
        Ok(answer) => answer,
        Err(Hindrance::TooSoon(wait)) => return Some(too_many(shared, seconds(wait))),
        Err(Hindrance::Refused(code)) => return Some(refused(shared, &request::refusal(code))),
    };
    if fault == Some(Fault::LostAnswer) {
        let mut traffic = shared.traffic();
        match &asked {
            Asked::Post { .. } => traffic.lost_posts += 1,
            Asked::Update { .. } => traffic.lost_updates += 1,
        }
        drop(traffic);
        if let (Asked::Post { .. }, Some(ts)) = (&asked, answer["ts"].as_str()) {
            shared.channels().doubt(ts);
        }
        return None;
    }
    Some(match asked {
        Asked::Post { is_webhook: true, .. } => plain(StatusCode::OK, "ok"),
        _ => json_answer(&answer),
    })
}

/// Counts the request, and decides what goes wrong with it.
fn count(shared: &Shared, asked: &Asked, settings: &Settings) -> Option<Fault> {
    let mut traffic = shared.traffic();
    match asked {
        Asked::Post { .. } => traffic.posts += 1,
        Asked::Update { .. } => traffic.updates += 1,
    }
    if let Some(left) = traffic.limiting.checked_sub(1) {
        traffic.limiting = left;
        return Some(Fault::TooMany);
    }
    if let Some(left) = traffic.losing.checked_sub(1) {
        traffic.losing = left;
        return Some(Fault::LostAnswer);
    }
    let number = traffic.posts + traffic.updates;
    settings.weather.as_ref()?.fault(number)
}

/// Why a request in order was not carried out.
enum Hindrance {
    TooSoon(Duration),
    Refused(&'static str),
}

fn carry_out(shared: &Shared, asked: &Asked, settings: &Settings) -> Result<Value, Hindrance> {
    match asked {
        Asked::Post {
            channel,
            text,
            blocks,
            ..
        } => {
            let turn = shared.channels().take_turn(channel, settings);
            turn.map_err(Hindrance::TooSoon)?;
            let ts = shared.channels().post(channel, text, blocks);
            let message = json!({"type": "message", "text": text, "ts": ts});
            Ok(json!({"ok": true, "channel": channel, "ts": ts, "message": message}))
        }
        Asked::Update {
            channel,
            ts,
            text,
            blocks,
        } => {
            let updated = shared
                .channels()
                .update(channel, ts, text, blocks, settings.editable_for);
            updated.map_err(Hindrance::Refused)?;
            Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": text}))
        }
    }
}

/// Whole ones, as the header has them.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn too_many(shared: &Shared, retry_after_s: u64) -> Answer {
    shared.traffic().too_many += 1;
    let mut answer = json_answer(&json!({"ok": false, "error": "ratelimited"}));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    answer
}

fn refused(shared: &Shared, refusal: &Refusal) -> Answer {
    shared.traffic().refusals.push(match &refusal.details {
        Some(details) => format!("{} {details}", refusal.code),
        None => refusal.code.clone(),
    });
    if refusal.is_webhook {
        return plain(
            StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST),
            &refusal.code,
        );
    }
    let mut body = json!({"ok": false, "error": refusal.code});
    if let Some(details) = &refusal.details {
        body["response_metadata"] = json!({"messages": [details]});
    }
    json_answer(&body)
}

fn json_answer(body: &Value) -> Answer {
    let mut answer = plain(StatusCode::OK, &body.to_string());
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn plain(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_owned())));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}
