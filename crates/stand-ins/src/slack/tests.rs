use std::time::Duration;

use local_stack::{Fault, Match};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::{Channel, Settings, Slack};

struct Caller {
    slack: Slack,
    http: Client,
}

impl Caller {
    async fn new(settings: Settings) -> Self {
        Self {
            slack: Slack::start(settings).await.unwrap(),
            http: Client::builder().build().unwrap(),
        }
    }

    async fn send(&self, method: &str, token: &str, body: &Value) -> Response {
        let url = format!("{}/{method}", self.slack.api_url());
        let request = self.http.post(url).bearer_auth(token).json(body);
        request.send().await.unwrap()
    }

    async fn call(&self, method: &str, body: Value) -> Value {
        self.send(method, "xoxb-local", &body).await.json().await.unwrap()
    }

    #[track_caller]
    fn check(answer: &Value, code: &str) {
        assert_eq!(
            (&answer["ok"], &answer["error"]),
            (&json!(false), &json!(code)),
            "{answer}"
        );
    }
}

fn without_pace() -> Settings {
    Settings {
        pace: Duration::ZERO,
        ..Settings::default()
    }
}

#[tokio::test]
async fn posts_and_updates_messages() {
    let caller = Caller::new(without_pace()).await;
    let posted = caller
        .call("chat.postMessage", json!({"channel": "#builds", "text": "a"}))
        .await;
    assert_eq!(
        (&posted["ok"], &posted["channel"]),
        (&json!(true), &json!("C0BUILDS"))
    );
    let update = |channel: &str, ts: &Value| json!({"channel": channel, "ts": ts, "text": "b"});
    let updated = caller
        .call("chat.update", update("C0BUILDS", &posted["ts"]))
        .await;
    assert_eq!(updated["ok"], true);
    let messages = caller.slack.messages();
    assert_eq!(
        (
            messages.len(),
            messages[0].text.as_str(),
            messages[0].before.concat().as_str()
        ),
        (1, "b", "a")
    );

    Caller::check(
        &caller.call("chat.update", update("#builds", &posted["ts"])).await,
        "channel_not_found",
    );
    Caller::check(
        &caller
            .call("chat.update", update("C0BUILDS", &json!("1.2")))
            .await,
        "message_not_found",
    );
    caller
        .slack
        .change(|settings| settings.editable_for = Some(Duration::ZERO));
    Caller::check(
        &caller
            .call("chat.update", update("C0BUILDS", &posted["ts"]))
            .await,
        "edit_window_closed",
    );
}

#[tokio::test]
async fn refuses_with_status_200() {
    let mut settings = without_pace();
    settings.channels.push(Channel {
        is_archived: true,
        ..Channel::new("C0OLD", "old")
    });
    settings.channels.push(Channel {
        is_member: false,
        ..Channel::new("C0OTHER", "other")
    });
    let caller = Caller::new(settings).await;
    let answer = caller
        .send(
            "chat.postMessage",
            "xoxb-wrong",
            &json!({"channel": "C0BUILDS", "text": "a"}),
        )
        .await;
    assert_eq!(answer.status(), 200);
    Caller::check(&answer.json().await.unwrap(), "invalid_auth");
    for (body, code) in [
        (json!({"channel": "#nowhere", "text": "a"}), "channel_not_found"),
        (json!({"channel": "#old", "text": "a"}), "is_archived"),
        (json!({"channel": "#other", "text": "a"}), "not_in_channel"),
        (json!({"channel": "#builds"}), "no_text"),
        (
            json!({"channel": "#builds", "text": "a".repeat(40_001)}),
            "msg_too_long",
        ),
    ] {
        Caller::check(&caller.call("chat.postMessage", body).await, code);
    }
    let posted = caller
        .call(
            "chat.postMessage",
            json!({"channel": "#builds", "text": "a".repeat(4001)}),
        )
        .await;
    let update = json!({"channel": "C0BUILDS", "ts": posted["ts"], "text": "a".repeat(4001)});
    Caller::check(&caller.call("chat.update", update).await, "msg_too_long");
}

#[tokio::test]
async fn checks_blocks() {
    let caller = Caller::new(without_pace()).await;
    let mrkdwn = |length: usize| json!({"type": "mrkdwn", "text": "a".repeat(length)});
    let header =
        |length: usize| json!({"type": "header", "text": {"type": "plain_text", "text": "a".repeat(length)}});
    let section = |length: usize| json!({"type": "section", "text": mrkdwn(length)});
    let good = json!([header(150), section(3000), {"type": "section", "fields": vec![mrkdwn(700); 10]},
        {"type": "context", "elements": vec![mrkdwn(10); 10]}, {"type": "divider"}]);
    let answer = caller
        .call(
            "chat.postMessage",
            json!({"channel": "#builds", "text": "a", "blocks": good}),
        )
        .await;
    assert_eq!(answer["ok"], true, "{answer}");

    for (blocks, place) in [
        (
            json!([header(151)]),
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (json!([section(3001)]), "must be less than 3001 characters"),
        (json!([section(0)]), "must be more than 0 characters"),
        (
            json!([{"type": "section", "fields": vec![mrkdwn(1); 11]}]),
            "no more than 10 items",
        ),
        (
            json!([{"type": "section", "fields": [mrkdwn(2001)]}]),
            "[json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            json!([{"type": "context", "elements": vec![mrkdwn(1); 11]}]),
            "no more than 10 items",
        ),
        (json!([{"type": "section"}]), "missing required field"),
        (
            json!([{"type": "section", "text": mrkdwn(1), "colour": "red"}]),
            "invalid additional property: colour",
        ),
        (json!([{"type": "banner"}]), "unsupported type"),
        (
            json!(vec![json!({"type": "divider"}); 51]),
            "no more than 50 items",
        ),
        (
            json!([{"type": "header", "text": mrkdwn(1)}]),
            "must be one of: plain_text",
        ),
    ] {
        let answer = caller
            .call(
                "chat.postMessage",
                json!({"channel": "#builds", "text": "a", "blocks": blocks}),
            )
            .await;
        Caller::check(&answer, "invalid_blocks");
        let message = answer["response_metadata"]["messages"][0].as_str().unwrap();
        assert!(message.contains(place), "{message}");
    }
    let long = json!({"channel": "#builds", "text": "a", "blocks": vec![section(3000); 5]});
    Caller::check(
        &caller.call("chat.postMessage", long).await,
        "msg_blocks_too_long",
    );
}

#[tokio::test]
async fn a_reply_needs_the_message_of_its_thread() {
    let caller = Caller::new(without_pace()).await;
    let post = async |body: Value| caller.call("chat.postMessage", body).await;
    let parent = post(json!({"channel": "#builds", "text": "a"})).await["ts"].clone();
    let reply = |channel: &str, thread: &Value, is_broadcast: bool| json!({"channel": channel, "text": "b", "thread_ts": thread, "reply_broadcast": is_broadcast});
    let quiet = post(reply("C0BUILDS", &parent, false)).await;
    post(reply("#builds", &parent, true)).await;
    let messages = caller.slack.messages();
    let places: Vec<_> = messages
        .iter()
        .map(|message| (message.thread.is_some(), message.is_broadcast))
        .collect();
    assert_eq!(places, [(false, false), (true, false), (true, true)]);
    assert_eq!(messages[1].thread.as_deref(), parent.as_str());
    for (channel, thread, code) in [
        ("C0ALERTS", &parent, "thread_not_found"),
        ("C0BUILDS", &quiet["ts"], "thread_not_found"),
        ("C0BUILDS", &json!("1793494923.999999"), "thread_not_found"),
        ("C0BUILDS", &json!("1.2"), "invalid_thread_ts"),
        ("C0BUILDS", &json!(1.2), "invalid_thread_ts"),
    ] {
        Caller::check(&post(reply(channel, thread, false)).await, code);
    }
    caller.slack.delete(parent.as_str().unwrap());
    Caller::check(&post(reply("C0BUILDS", &parent, false)).await, "thread_not_found");
}

#[tokio::test]
async fn a_member_is_found_by_address_within_scopes_and_rate() {
    let caller = Caller::new(Settings {
        users: vec![("alice@example.com".to_owned(), "U0ALICE".to_owned())],
        lookups_per_minute: 2,
        ..without_pace()
    })
    .await;
    let look_up = async |email: &str| {
        let url = format!("{}/users.lookupByEmail", caller.slack.api_url());
        let request = caller.http.post(url).bearer_auth("xoxb-local");
        let form = "application/x-www-form-urlencoded";
        let request = request
            .header("content-type", form)
            .body(format!("email={email}"));
        request.send().await.unwrap()
    };
    let answer = async |email: &str| look_up(email).await.json::<Value>().await.unwrap();
    let refused = answer("alice@example.com").await;
    Caller::check(&refused, "missing_scope");
    assert_eq!(refused["needed"], "users:read.email");
    let scopes = ["users:read.email", "users:read"].map(str::to_owned);
    caller.slack.change(|settings| settings.scopes.extend(scopes));
    assert_eq!(answer("Alice@Example.com").await["user"]["id"], "U0ALICE");
    Caller::check(&answer("bob@example.com").await, "users_not_found");
    answer("alice@example.com").await;
    let late = look_up("alice@example.com").await;
    assert_eq!(late.status(), 429);
    assert!(late.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn takes_a_message_a_second_in_each_channel() {
    let caller = Caller::new(Settings::default()).await;
    let post = |channel: &str| json!({"channel": channel, "text": "a"});
    assert_eq!(caller.call("chat.postMessage", post("#builds")).await["ok"], true);
    let answer = caller
        .send("chat.postMessage", "xoxb-local", &post("#builds"))
        .await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(caller.call("chat.postMessage", post("#alerts")).await["ok"], true);
}

#[tokio::test]
async fn a_webhook_responds_in_plain_text() {
    let caller = Caller::new(without_pace()).await;
    let url = caller.slack.webhook_url();
    let send = async |url: &str, body: &str| {
        let answer = caller.http.post(url).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(send(&url, r#"{"text": "a"}"#).await, (200, "ok".to_owned()));
    assert_eq!(send(&url, "text").await, (400, "invalid_payload".to_owned()));
    assert_eq!(send(&url, "{}").await, (400, "no_text".to_owned()));
    assert_eq!(
        send(&url, r#"{"blocks": [{}]}"#).await,
        (400, "invalid_blocks".to_owned())
    );
    assert_eq!(
        send(&format!("{url}x"), "{}").await,
        (403, "invalid_token".to_owned())
    );
    assert_eq!(
        send(&url.replace("B0LOCAL", "B0"), "{}").await,
        (404, "no_service".to_owned())
    );
    caller
        .slack
        .change(|settings| settings.channels[0].is_archived = true);
    assert_eq!(
        send(&url, r#"{"text": "a"}"#).await,
        (410, "channel_is_archived".to_owned())
    );
}

#[tokio::test]
async fn a_lost_response_leaves_the_message_posted() {
    let caller = Caller::new(without_pace()).await;
    caller.slack.faults.inject(Match::any(), Fault::LoseResponse, 1);
    let url = format!("{}/chat.postMessage", caller.slack.api_url());
    let request = caller
        .http
        .post(url)
        .bearer_auth("xoxb-local")
        .json(&json!({"channel": "#builds", "text": "a"}));
    assert!(request.send().await.is_err());
    assert!(caller.slack.messages()[0].response_was_lost);
}
