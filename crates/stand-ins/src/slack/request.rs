use bytes::Bytes;
use hyper::{Method, Request, header};
use serde_json::Value;

use super::{Channel, Settings, blocks};

/// Valid call.
pub(super) enum Call {
    Post {
        channel: String,
        text: String,
        blocks: Value,
        is_webhook: bool,
    },
    Update {
        channel: String,
        ts: String,
        text: String,
        blocks: Value,
    },
}

/// Error response.
pub(super) struct Refusal {
    /// HTTP status: 200 for the Web API.
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) details: Option<String>,
    pub(super) is_webhook: bool,
}

/// Limits of `text` in UTF-16 units.
const LONGEST_POST: usize = 40_000;
const LONGEST_UPDATE: usize = 4_000;

pub(super) fn parse(request: &Request<Bytes>, settings: &Settings) -> Result<Call, Refusal> {
    let path = request.uri().path();
    match (
        request.method(),
        path.strip_prefix("/api/"),
        path.strip_prefix("/services/"),
    ) {
        (&Method::POST, Some(method), None) => web_api(request, method, settings),
        (&Method::POST, None, Some(hook)) => webhook(request, hook, settings),
        _ => Err(webhook_refusal(404, "not_found")),
    }
}

fn web_api(request: &Request<Bytes>, method: &str, settings: &Settings) -> Result<Call, Refusal> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let token = header(header::AUTHORIZATION).strip_prefix("Bearer ");
    match token {
        None | Some("") => return Err(refusal("not_authed")),
        Some(token) if token != settings.token => return Err(refusal("invalid_auth")),
        Some(_) => {}
    }
    if !["chat.postMessage", "chat.update"].contains(&method) {
        return Err(refusal("unknown_method"));
    }
    // Slack reads every other type as a form.
    if !header(header::CONTENT_TYPE).starts_with("application/json") {
        return Err(refusal("invalid_form_data"));
    }
    let body: Value = serde_json::from_slice(request.body()).map_err(|_| refusal("invalid_json"))?;
    let name = body["channel"].as_str().unwrap_or_default();
    let (text, blocks) = content(&body).map_err(|(code, details)| Refusal {
        details,
        ..refusal(&code)
    })?;
    if method == "chat.postMessage" {
        let by_name =
            |channel: &&Channel| channel.id == name || name.strip_prefix('#').unwrap_or(name) == channel.name;
        let channel = find(settings, by_name)?;
        if text.encode_utf16().count() > LONGEST_POST {
            return Err(refusal("msg_too_long"));
        }
        return Ok(Call::Post {
            channel,
            text,
            blocks,
            is_webhook: false,
        });
    }
    // Slack takes no channel name here.
    let channel = find(settings, |channel| channel.id == name)?;
    if text.encode_utf16().count() > LONGEST_UPDATE {
        return Err(refusal("msg_too_long"));
    }
    let ts = body["ts"].as_str().unwrap_or_default().to_owned();
    Ok(Call::Update {
        channel,
        ts,
        text,
        blocks,
    })
}

fn find(settings: &Settings, is_it: impl Fn(&&Channel) -> bool) -> Result<String, Refusal> {
    match settings.channels.iter().find(is_it) {
        None => Err(refusal("channel_not_found")),
        Some(channel) if channel.is_archived => Err(refusal("is_archived")),
        Some(channel) if !channel.is_member => Err(refusal("not_in_channel")),
        Some(channel) => Ok(channel.id.clone()),
    }
}

fn webhook(request: &Request<Bytes>, hook: &str, settings: &Settings) -> Result<Call, Refusal> {
    match hook.split('/').collect::<Vec<_>>().as_slice() {
        ["T0LOCAL", "B0LOCAL", secret] if *secret == settings.webhook_secret => {}
        ["T0LOCAL", "B0LOCAL", _] => return Err(webhook_refusal(403, "invalid_token")),
        ["T0LOCAL", ..] => return Err(webhook_refusal(404, "no_service")),
        _ => return Err(webhook_refusal(404, "no_team")),
    }
    if let Some((status, code)) = &settings.webhook_refusal {
        return Err(webhook_refusal(*status, code));
    }
    let body: Value =
        serde_json::from_slice(request.body()).map_err(|_| webhook_refusal(400, "invalid_payload"))?;
    let (text, blocks) = content(&body).map_err(|(code, _)| webhook_refusal(400, &code))?;
    let channel = settings
        .channels
        .first()
        .ok_or_else(|| webhook_refusal(404, "channel_not_found"))?;
    match channel.is_archived {
        true => Err(webhook_refusal(410, "channel_is_archived")),
        false => Ok(Call::Post {
            channel: channel.id.clone(),
            text,
            blocks,
            is_webhook: true,
        }),
    }
}

fn content(body: &Value) -> Result<(String, Value), (String, Option<String>)> {
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    let content = body.get("blocks").filter(|blocks| !blocks.is_null());
    match content {
        None if text.is_empty() => Err(("no_text".to_owned(), None)),
        None => Ok((text, Value::Null)),
        Some(list) => {
            blocks::check(list).map_err(|(code, details)| (code.to_owned(), Some(details)))?;
            Ok((text, list.clone()))
        }
    }
}

pub(super) fn refusal(code: &str) -> Refusal {
    Refusal {
        status: 200,
        code: code.to_owned(),
        details: None,
        is_webhook: false,
    }
}

fn webhook_refusal(status: u16, code: &str) -> Refusal {
    Refusal {
        status,
        is_webhook: true,
        ..refusal(code)
    }
}
