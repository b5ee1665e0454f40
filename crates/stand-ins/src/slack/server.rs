use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use local_stack::faults::is_response_lost;
use local_stack::http::{Response, response};
use serde_json::{Value, json};

use super::request::{self, Call, Refusal};
use super::{Settings, State};

pub(super) fn respond(state: &State, request: &Request<Bytes>) -> Response {
    let settings = state.settings().clone();
    let call = match request::parse(request, &settings) {
        Ok(call) => call,
        Err(refusal) => return refuse(state, &refusal),
    };
    match carry_out(state, &call, &settings, is_response_lost(request)) {
        Ok(_) if matches!(call, Call::Post { is_webhook: true, .. }) => plain(200, "ok"),
        Ok(body) => json_response(&body, &settings),
        Err(Failure::TooEarly(wait)) => too_many_requests(wait),
        Err(Failure::Refused(code)) => refuse(state, &request::refusal(code)),
    }
}

/// Reason why a valid call was not carried out.
enum Failure {
    /// The channel accepts its next message after this time.
    TooEarly(Duration),
    /// Slack's error code.
    Refused(&'static str),
}

fn carry_out(
    state: &State,
    call: &Call,
    settings: &Settings,
    is_response_lost: bool,
) -> Result<Value, Failure> {
    let mut channels = state.channels();
    match call {
        Call::SignIn => Ok(
            json!({"ok": true, "url": "https://nightshift.example.slack.com/", "team": "Nightshift",
            "user": "nightshift", "team_id": "T0LOCAL", "user_id": "U0LOCAL", "bot_id": "B0LOCAL"}),
        ),
        Call::ReadChannel(channel) => Ok(
            json!({"ok": true, "channel": {"id": channel.id, "name": channel.name,
            "is_archived": channel.is_archived, "is_member": channel.is_member, "is_private": channel.is_private}}),
        ),
        Call::ReadUser(id) => {
            channels.check_lookups(settings).map_err(Failure::TooEarly)?;
            Ok(json!({"ok": true, "user": {"id": id, "deleted": false, "is_bot": false}}))
        }
        Call::Post {
            channel,
            text,
            blocks,
            place,
            ..
        } => {
            channels
                .check_pace(channel, settings)
                .map_err(Failure::TooEarly)?;
            let ts = channels
                .post(channel, text, blocks, place, is_response_lost)
                .map_err(Failure::Refused)?;
            let message = json!({"type": "message", "text": text, "ts": ts});
            Ok(json!({"ok": true, "channel": channel, "ts": ts, "message": message}))
        }
        Call::Update {
            channel,
            ts,
            text,
            blocks,
        } => {
            channels
                .update(channel, ts, text, blocks, settings.editable_for)
                .map_err(Failure::Refused)?;
            Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": text}))
        }
    }
}

/// `Retry-After` has whole seconds: `wait` is rounded up.
fn too_many_requests(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response(
        429,
        &[
            ("content-type", "application/json; charset=utf-8"),
            ("retry-after", &seconds.to_string()),
        ],
        json!({"ok": false, "error": "ratelimited"}).to_string(),
    )
}

fn refuse(state: &State, refusal: &Refusal) -> Response {
    state.refusals().push(match &refusal.details {
        Some(details) => format!("{} {details}", refusal.code),
        None => refusal.code.clone(),
    });
    if refusal.is_webhook {
        return plain(refusal.status, &refusal.code);
    }
    let mut body = json!({"ok": false, "error": refusal.code});
    if let Some(details) = &refusal.details {
        body["response_metadata"] = json!({"messages": [details]});
    }
    let settings = state.settings().clone();
    if let Some(needed) = &refusal.needed {
        body["needed"] = json!(needed);
        body["provided"] = json!(settings.scopes.join(","));
    }
    json_response(&body, &settings)
}

/// Names the token's scopes in a header, as Slack does.
fn json_response(body: &Value, settings: &Settings) -> Response {
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("x-oauth-scopes", &settings.scopes.join(",")),
    ];
    response(200, &headers, body.to_string())
}

fn plain(status: u16, body: &str) -> Response {
    response(status, &[("content-type", "text/html")], body.to_owned())
}
