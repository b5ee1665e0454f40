use bytes::Bytes;
use hyper::{Method, Request, header};
use serde_json::Value;

use super::channel::Place;
use super::{Channel, Settings, blocks};

/// Valid call.
pub(super) enum Call {
    SignIn,
    ReadChannel(Channel),
    /// Id of a member.
    ReadUser(String),
    Post {
        channel: String,
        text: String,
        blocks: Value,
        place: Place,
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
    /// Scope that the token lacks.
    pub(super) needed: Option<String>,
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
    check_token(header(request, header::AUTHORIZATION), settings)?;
    match method {
        "auth.test" => Ok(Call::SignIn),
        "conversations.info" => {
            let name = form_value(request, "channel")?;
            let channel = settings.channels.iter().find(|channel| channel.id == name);
            let channel = channel.ok_or_else(|| refusal("channel_not_found"))?;
            check_scope("channels:read", settings)?;
            Ok(Call::ReadChannel(channel.clone()))
        }
        "users.lookupByEmail" => {
            check_scope("users:read.email", settings)?;
            check_scope("users:read", settings)?;
            let email = form_value(request, "email")?;
            let mut users = settings.users.iter();
            let user = users.find(|(address, _)| address.eq_ignore_ascii_case(&email));
            let (_, id) = user.ok_or_else(|| refusal("users_not_found"))?;
            Ok(Call::ReadUser(id.clone()))
        }
        "chat.postMessage" => {
            check_scope("chat:write", settings)?;
            post(&json(request)?, settings)
        }
        "chat.update" => {
            check_scope("chat:write", settings)?;
            update(&json(request)?, settings)
        }
        _ => Err(refusal("unknown_method")),
    }
}

fn header(request: &Request<Bytes>, name: header::HeaderName) -> &str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn check_token(authorization: &str, settings: &Settings) -> Result<(), Refusal> {
    match authorization.strip_prefix("Bearer ") {
        None | Some("") => Err(refusal("not_authed")),
        Some(token) if token != settings.token => Err(refusal("invalid_auth")),
        Some(_) => Ok(()),
    }
}

fn check_scope(scope: &str, settings: &Settings) -> Result<(), Refusal> {
    if settings.scopes.iter().any(|granted| granted == scope) {
        return Ok(());
    }
    Err(Refusal {
        needed: Some(scope.to_owned()),
        ..refusal("missing_scope")
    })
}

/// Parses a JSON body. Slack reads every other type as a form.
fn json(request: &Request<Bytes>) -> Result<Value, Refusal> {
    if !header(request, header::CONTENT_TYPE).starts_with("application/json") {
        return Err(refusal("invalid_form_data"));
    }
    serde_json::from_slice(request.body()).map_err(|_| refusal("invalid_json"))
}

/// Returns an argument of a method that takes no JSON.
fn form_value(request: &Request<Bytes>, name: &str) -> Result<String, Refusal> {
    if !header(request, header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded") {
        return Err(refusal("invalid_arguments"));
    }
    let pairs = url::form_urlencoded::parse(request.body());
    let mut values = pairs
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned());
    values.next().ok_or_else(|| refusal("invalid_arguments"))
}

fn post(body: &Value, settings: &Settings) -> Result<Call, Refusal> {
    let (text, blocks) = content_or_refusal(body)?;
    let name = body["channel"].as_str().unwrap_or_default();
    let by_name =
        |channel: &&Channel| channel.id == name || name.strip_prefix('#').unwrap_or(name) == channel.name;
    let channel = find(settings, by_name)?;
    if text.encode_utf16().count() > LONGEST_POST {
        return Err(refusal("msg_too_long"));
    }
    Ok(Call::Post {
        channel,
        text,
        blocks,
        place: place(body)?,
        is_webhook: false,
    })
}

/// Reads the thread. Without one, Slack ignores `reply_broadcast`.
fn place(body: &Value) -> Result<Place, Refusal> {
    let thread = match &body["thread_ts"] {
        Value::Null => return Ok(Place::default()),
        Value::String(ts) if is_ts(ts) => ts.clone(),
        _ => return Err(refusal("invalid_thread_ts")),
    };
    Ok(Place {
        thread: Some(thread),
        is_broadcast: body["reply_broadcast"] == true,
    })
}

/// Reports whether the text is seconds with six decimals.
fn is_ts(text: &str) -> bool {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once('.');
    parts.is_some_and(|(seconds, rest)| rest.len() == 6 && is_number(rest) && is_number(seconds))
}

fn update(body: &Value, settings: &Settings) -> Result<Call, Refusal> {
    let (text, blocks) = content_or_refusal(body)?;
    // Slack takes no channel name here.
    let channel = find(settings, |channel| body["channel"] == channel.id.as_str())?;
    if text.encode_utf16().count() > LONGEST_UPDATE {
        return Err(refusal("msg_too_long"));
    }
    Ok(Call::Update {
        channel,
        ts: body["ts"].as_str().unwrap_or_default().to_owned(),
        text,
        blocks,
    })
}

fn content_or_refusal(body: &Value) -> Result<(String, Value), Refusal> {
    content(body).map_err(|(code, details)| Refusal {
        details,
        ..refusal(&code)
    })
}

fn find(settings: &Settings, is_it: impl Fn(&&Channel) -> bool) -> Result<String, Refusal> {
    match settings.channels.iter().find(is_it) {
        None => Err(refusal("channel_not_found")),
        Some(channel) if channel.is_archived => Err(refusal("is_archived")),
        Some(channel) if !may_post(channel, settings) => Err(refusal("not_in_channel")),
        Some(channel) => Ok(channel.id.clone()),
    }
}

fn may_post(channel: &Channel, settings: &Settings) -> bool {
    let is_open = !channel.is_private && settings.scopes.iter().any(|scope| scope == "chat:write.public");
    channel.is_member || is_open
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
            place: Place::default(),
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
        needed: None,
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
