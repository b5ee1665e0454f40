//! The function's reaction to every kind of response from Slack.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use local_stack::{Fault, Function, Match, Moto};
use serde_json::json;
use stand_ins::slack::{Settings, rate_limited};

use crate::setup::{Setup, TOKEN, event};

fn rejection(code: &str) -> String {
    json!({"ok": false, "error": code}).to_string()
}

#[tokio::test]
async fn transient_errors_are_retried() {
    let check = async |fault: Fault| {
        let setup = Setup::bot().await;
        setup.slack.faults.inject(Match::any(), fault, 2);
        let response = setup.response(&event("failed")).await;
        assert_eq!(response["posted"]["channel"], "C0BUILDS");
        setup.message();
    };
    let statuses = [429, 500, 503].map(|status| Fault::respond(status, "later"));
    let codes = ["ratelimited", "internal_error", "service_unavailable"];
    let codes = codes.map(|code| Fault::respond(200, rejection(code)));
    join_all(statuses.into_iter().chain(codes).map(check)).await;
}

#[tokio::test]
async fn a_rate_limit_is_retried_after_the_time_that_slack_demands() {
    let setup = Setup::bot().await;
    setup.slack.faults.inject(Match::any(), rate_limited(2), 1);
    let began = Instant::now();
    setup.response(&event("failed")).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    setup.message();
}

#[tokio::test]
async fn two_messages_respect_the_rate_limit_of_a_channel() {
    let setup = Setup::bot().await;
    setup
        .slack
        .change(|settings| settings.pace = Duration::from_secs(1));
    setup.response(&event("failed")).await;
    setup.response(&event("succeeded")).await;
    assert_eq!(setup.slack.messages().len(), 2);
    assert!(
        setup.slack.faults.count_status(429) <= 1,
        "the retry came before the Retry-After"
    );
}

#[tokio::test]
async fn a_rate_limit_beyond_the_remaining_time_is_an_error_at_once() {
    let setup = Setup::bot().await;
    let faults = &setup.slack.faults;
    faults.inject(Match::any(), rate_limited(300), usize::MAX);
    let (error_type, message) = setup.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    assert!(
        message.contains("Slack responded 429, retry after 300 s"),
        "{message}"
    );
    assert_eq!(faults.count_status(429), 1);
}

#[tokio::test]
async fn a_post_whose_response_is_lost_may_appear_twice_and_is_counted() {
    let setup = Setup::bot().await;
    setup.slack.faults.inject(Match::any(), Fault::LoseResponse, 1);
    setup.response(&event("failed")).await;
    let messages = setup.slack.messages();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].response_was_lost);
    assert!(setup.logs().contains(r#""PostsInDoubt":1"#), "{}", setup.logs());
}

#[tokio::test]
async fn a_slack_that_never_responds_gets_two_posts_and_the_event_succeeds() {
    for setup in [Setup::webhook().await, Setup::bot().await, Setup::table().await] {
        setup
            .slack
            .faults
            .inject(Match::any(), Fault::LoseResponse, usize::MAX);
        let response = setup.response(&event("failed")).await;
        assert_eq!(response, json!({"posted": {"channel": null, "ts": null}}));
        assert_eq!(setup.slack.messages().len(), 2);
        assert!(setup.logs().contains(r#""PostsInDoubt":2"#), "{}", setup.logs());
        assert!(setup.logs().contains("the message is most likely in the channel"));
        // The same event again, and in another environment.
        let again = setup.response(&event("failed")).await;
        assert_eq!(again, json!({"skipped": "duplicate"}));
        assert_eq!(setup.slack.messages().len(), 2);
    }
}

#[tokio::test]
async fn the_end_of_a_build_in_doubt_has_a_message_of_its_own() {
    let setup = Setup::table().await;
    setup.slack.faults.inject(Match::any(), Fault::LoseResponse, 2);
    setup.response(&event("in-progress")).await;
    let phase = setup.response(&event("phase-change")).await;
    assert_eq!(phase, json!({"skipped": "in_doubt"}));
    assert_eq!(setup.slack.messages().len(), 2);
    let mut end = event("failed");
    let start = event("in-progress");
    end["detail"]["build-id"] = start["detail"]["build-id"].clone();
    let response = setup.response(&end).await;
    assert!(response["posted"]["ts"].is_string(), "{response}");
    assert_eq!(setup.slack.messages().len(), 3);
}

#[tokio::test]
async fn a_refused_post_does_not_count_as_one_without_response() {
    let setup = Setup::table().await;
    setup.emulator.deploy(Function {
        timeout: Duration::from_secs(20),
        ..setup.table_function()
    });
    setup.slack.faults.inject(Match::any(), Fault::LoseResponse, 1);
    setup
        .slack
        .faults
        .inject(Match::any(), rate_limited(300), usize::MAX);
    let (error_type, message) = setup.error(&event("failed")).await;
    assert_eq!(
        (error_type.as_str(), setup.slack.messages().len()),
        ("MessageNotPosted", 1)
    );
    assert!(message.contains("429"), "{message}");
    // The retry has one post left.
    setup.slack.faults.clear();
    setup
        .slack
        .faults
        .inject(Match::any(), Fault::LoseResponse, usize::MAX);
    setup.response(&event("failed")).await;
    assert_eq!(setup.slack.messages().len(), 2);
}

#[tokio::test]
async fn a_slow_response_is_waited_for() {
    let check = async |setup: Setup| {
        let delay = Fault::DelayResponse(Duration::from_secs(12));
        setup.slack.faults.inject(Match::any(), delay, 1);
        let response = setup.response(&event("failed")).await;
        assert!(response.get("posted").is_some(), "{response}");
        setup.message();
        assert!(setup.logs().contains(r#""PostsInDoubt":0"#), "{}", setup.logs());
    };
    futures_util::join!(
        check(Setup::webhook().await),
        check(Setup::bot().await),
        check(Setup::table().await)
    );
}

#[tokio::test]
async fn permanent_errors_are_not_retried_and_state_what_to_do() {
    let check = async |change: fn(&mut Settings), expected: [&str; 2]| {
        let setup = Setup::bot().await;
        setup.slack.change(change);
        let (error_type, message) = setup.error(&event("failed")).await;
        assert_eq!(error_type, "MessageNotPosted");
        for text in expected {
            assert!(message.contains(text), "{text} is not in: {message}");
        }
        assert_eq!(setup.slack.faults.seen().len(), 1, "the post was retried");
    };
    futures_util::join!(
        check(
            |settings| settings.token = "other".to_owned(),
            ["invalid_auth", "SLACK_BOT_TOKEN to the bot token (xoxb-…)"]
        ),
        check(
            |settings| settings.channels.clear(),
            ["channel_not_found", "SLACK_CHANNEL"]
        ),
        check(
            |settings| settings.channels[0].is_archived = true,
            ["is_archived", "choose another"]
        ),
        check(
            |settings| settings.channels[0].is_member = false,
            ["not_in_channel", "invite the app"]
        ),
        check(
            |settings| settings.scopes = vec!["users:read".to_owned()],
            [
                "missing_scope (needed: chat:write; provided: users:read)",
                "install the app again"
            ]
        )
    );
}

#[tokio::test]
async fn another_service_may_accept_a_message_with_any_status_of_success() {
    let check = async |status: u16, body: &str, expected: &str| {
        let setup = Setup::webhook().await;
        let response = Fault::respond(status, body);
        setup.slack.faults.inject(Match::any(), response, usize::MAX);
        let outcome = setup.invoke(&event("failed")).await;
        let outcome = format!("{outcome:?}");
        assert!(outcome.contains(expected), "{status} {body}: {outcome}");
    };
    futures_util::join!(
        check(200, r#"{"success":true}"#, "posted"),
        check(201, "{}", "posted"),
        check(204, "", "posted"),
        check(200, r#"{"success":false,"error":"no such room"}"#, "no such room"),
        check(302, "", "302"),
        check(201, "<html></html>", UNEXPECTED)
    );
}

#[tokio::test]
async fn another_service_gets_a_text_that_needs_no_blocks() {
    let setup = Setup::webhook().await;
    setup.response(&event("failed")).await;
    let text = setup.message().text;
    for part in [
        "❌ web failed\nStatus: failed\n",
        "\nFailed in `BUILD`",
        "exit status",
        "|Build #",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert!(!text.contains('*'), "{text}");
}

#[tokio::test]
async fn a_webhook_of_slack_must_respond_ok() {
    let check = async |body: &str, is_success: bool| {
        let setup = Setup::webhook().await;
        // The stand-in is the proxy to Slack.
        let proxy = setup.slack.api_url();
        let function = setup.webhook_function();
        setup.emulator.deploy(
            function
                .variable("HTTP_PROXY", proxy.trim_end_matches("/api"))
                .variable(
                    "SLACK_WEBHOOK_URL",
                    "http://hooks.slack.com/services/T0/B0/hunter2",
                ),
        );
        let response = Fault::respond(200, body);
        setup.slack.faults.inject(Match::any(), response, usize::MAX);
        match is_success {
            true => assert!(setup.response(&event("failed")).await.get("posted").is_some()),
            false => {
                let (_, message) = setup.error(&event("failed")).await;
                assert!(message.contains(UNEXPECTED), "{message}");
            }
        }
        let sent = setup.slack.faults.seen().remove(0).text();
        assert!(sent.contains(r#""text":"❌ web failed after"#), "{sent}");
    };
    futures_util::join!(
        check("ok", true),
        check("", false),
        check(r#"{"success":true}"#, false),
        check("<html>Please log in</html>", false)
    );
}

#[tokio::test]
async fn an_address_of_the_workflow_builder_is_refused_with_the_reason() {
    let address = "https://hooks.slack.com/triggers/T0/1/hunter2";
    let at_start = async {
        let setup = Setup::webhook().await;
        let function = setup.webhook_function();
        setup
            .emulator
            .deploy(function.variable("SLACK_WEBHOOK_URL", address));
        let (_, message) = setup.error(&event("failed")).await;
        assert!(
            message.contains("Workflow Builder") && message.contains("add an incoming webhook"),
            "{message}"
        );
    };
    let from_a_secret = async {
        let setup = Setup::webhook().await;
        let function = setup.webhook_function();
        let _moto = with_secret(&setup, function, "SLACK_WEBHOOK_URL", "slack", address).await;
        let (error_type, message) = setup.error(&event("failed")).await;
        assert_eq!(error_type, "MessageNotPosted");
        assert!(message.contains("Workflow Builder"), "{message}");
    };
    join(at_start, from_a_secret).await;
}

/// Deploys the function with a time-out of 20 s and returns the message of its error. A tenth of the time is reserved for
/// the response; with a shorter time-out, a busy machine needs more than that.
async fn error_before_timeout(setup: &Setup, function: Function) -> String {
    setup.emulator.deploy(Function {
        timeout: Duration::from_secs(20),
        ..function
    });
    let (error_type, message) = setup.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    message
}

#[tokio::test]
async fn an_unavailable_slack_is_an_error_before_the_function_times_out() {
    let check = async |fault: Fault| {
        let setup = Setup::bot().await;
        setup.slack.faults.inject(Match::any(), fault, usize::MAX);
        let message = error_before_timeout(&setup, setup.bot_function()).await;
        assert!(
            ["could not connect", "no response", "503", "429"]
                .iter()
                .any(|text| message.contains(text)),
            "{message}"
        );
        setup.slack.faults.clear();
    };
    futures_util::join!(check(Fault::respond(503, "")), check(rate_limited(300)));
}

#[tokio::test]
async fn a_slack_that_hangs_gets_one_post_if_the_time_is_short() {
    let setup = Setup::bot().await;
    setup.slack.faults.inject(Match::any(), Fault::Hold, usize::MAX);
    setup.emulator.deploy(Function {
        timeout: Duration::from_secs(6),
        ..setup.bot_function()
    });
    let response = setup.response(&event("failed")).await;
    assert_eq!(response, json!({"posted": {"channel": null, "ts": null}}));
    assert_eq!(setup.slack.faults.seen().len(), 1);
    assert!(setup.logs().contains(r#""PostsInDoubt":1"#), "{}", setup.logs());
    setup.slack.faults.clear();
}

#[tokio::test]
async fn only_posts_in_doubt_are_counted_also_if_the_event_fails() {
    let unavailable = async {
        let setup = Setup::bot().await;
        let faults = &setup.slack.faults;
        faults.inject(Match::any(), Fault::respond(500, ""), usize::MAX);
        error_before_timeout(&setup, setup.bot_function()).await;
        let metric = format!(r#""PostsInDoubt":{}"#, faults.seen().len());
        assert!(setup.logs().contains(&metric), "{metric}: {}", setup.logs());
    };
    let not_sent = async {
        let setup = Setup::bot().await;
        let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let api = format!("http://{}/api", unused.local_addr().unwrap());
        drop(unused);
        let function = setup.bot_function().variable("SLACK_API_URL", api);
        let message = error_before_timeout(&setup, function).await;
        assert!(message.contains("could not connect to Slack"), "{message}");
        assert!(setup.logs().contains(r#""PostsInDoubt":0"#), "{}", setup.logs());
    };
    join(unavailable, not_sent).await;
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_an_error_at_once() {
    let setup = Setup::bot().await;
    let function = setup.bot_function();
    setup
        .emulator
        .deploy(function.variable("SLACK_BOT_TOKEN", "xoxb-a\nb"));
    let (error_type, message) = setup.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    assert!(
        message.contains("no usable secret for Slack: its value cannot be sent as a token or URL"),
        "{message}"
    );
    assert!(!setup.logs().contains("retrying Slack's"), "{}", setup.logs());
}

const UNEXPECTED: &str = "expected a response of Slack's API, is there a proxy?";

#[tokio::test]
async fn a_page_of_a_proxy_is_an_error() {
    let setup = Setup::bot().await;
    let page = Fault::respond(200, "<html>Please log in</html>");
    setup.slack.faults.inject(Match::any(), page, 1);
    let (_, message) = setup.error(&event("failed")).await;
    assert!(message.contains(UNEXPECTED), "{message}");
}

#[tokio::test]
async fn a_page_of_a_proxy_is_an_error_for_a_webhook_too() {
    let check = async |page: &str, is_success: bool| {
        let setup = Setup::webhook().await;
        setup
            .slack
            .faults
            .inject(Match::any(), Fault::respond(200, page), 1);
        if is_success {
            let response = setup.response(&event("failed")).await;
            assert!(response.get("posted").is_some(), "{page}");
        } else {
            let (_, message) = setup.error(&event("failed")).await;
            assert!(message.contains(UNEXPECTED), "{message}");
        }
    };
    futures_util::join!(
        check("<html>Please log in</html>", false),
        check(" <!DOCTYPE html><title>Sign in</title>", false),
        check("ok\n", true),
        check(r#"{"ok":true}"#, true)
    );
}

#[tokio::test]
async fn a_rejection_is_read_with_any_status() {
    let setup = Setup::bot().await;
    let fault = Fault::respond(401, rejection("invalid_auth"));
    setup.slack.faults.inject(Match::any(), fault, 1);
    let (_, message) = setup.error(&event("failed")).await;
    assert!(
        message.contains("Slack rejected the request: invalid_auth: the token is invalid"),
        "{message}"
    );
}

#[tokio::test]
async fn the_errors_of_a_webhook_state_what_to_do_and_hide_its_url() {
    let setup = Setup::webhook().await;
    for (status, code, advice) in [
        (403, "action_prohibited", "ask its administrator"),
        (404, "no_service", "add a new one"),
        (410, "channel_is_archived", "choose another one"),
        (400, "invalid_payload", "please report it"),
    ] {
        setup
            .slack
            .change(|settings| settings.webhook_refusal = Some((status, code.to_owned())));
        let (_, message) = setup.error(&event("failed")).await;
        assert!(message.contains(code) && message.contains(advice), "{message}");
        assert!(
            !message.contains("localwebhook") && !message.contains("/services/"),
            "{message}"
        );
    }
}

/// Starts the function with the variable's value in the secret `slack` of Secrets Manager.
async fn with_secret(
    setup: &Setup,
    function: Function,
    variable: &str,
    reference: &str,
    value: &str,
) -> Moto {
    let moto = Moto::start().await.unwrap();
    moto.put_secret("slack", value).await.unwrap();
    let mut function = function.variables(moto.environment());
    function.environment.remove(variable);
    let function = function.variable(format!("{variable}_SECRET"), reference);
    setup.emulator.deploy(function);
    moto
}

/// Starts the function with its token under the key `token` of a JSON secret.
async fn with_token_secret(setup: &Setup) -> Moto {
    let secret = json!({"token": TOKEN}).to_string();
    let function = setup.bot_function();
    with_secret(setup, function, "SLACK_BOT_TOKEN", "slack#token", &secret).await
}

/// Changes the token, in Slack and in Secrets Manager.
async fn rotate_token(setup: &Setup, moto: &Moto) {
    let fresh = format!("{TOKEN}-2");
    let secret = json!({"token": fresh}).to_string();
    moto.put_secret("slack", &secret).await.unwrap();
    setup.slack.change(|settings| settings.token = fresh);
}

#[tokio::test]
async fn a_401_without_a_reason_refreshes_the_token() {
    let setup = Setup::bot().await;
    let moto = with_token_secret(&setup).await;
    setup.response(&event("succeeded")).await;
    rotate_token(&setup, &moto).await;
    setup
        .slack
        .faults
        .inject(Match::any(), Fault::respond(401, ""), 1);
    setup.response(&event("failed")).await;
    assert_eq!(setup.slack.messages().len(), 2);
}

#[tokio::test]
async fn a_rejected_token_is_read_again_from_secrets_manager() {
    let setup = Setup::bot().await;
    let moto = with_token_secret(&setup).await;
    setup.response(&event("failed")).await;
    rotate_token(&setup, &moto).await;
    setup.response(&event("succeeded")).await;
    assert_eq!(setup.slack.messages().len(), 2);

    setup
        .slack
        .change(|settings| settings.token = "another".to_owned());
    let (_, message) = setup.error(&event("stopped")).await;
    assert!(message.contains("invalid_auth"), "{message}");
}

#[tokio::test]
async fn a_removed_webhook_is_read_again_from_secrets_manager() {
    let setup = Setup::webhook().await;
    let url = setup.slack.webhook_url();
    let function = setup.webhook_function();
    let moto = with_secret(&setup, function, "SLACK_WEBHOOK_URL", "slack", &url).await;
    setup.response(&event("failed")).await;

    setup
        .slack
        .change(|settings| settings.webhook_secret = "newlocalwebhook".to_owned());
    moto.put_secret("slack", &setup.slack.webhook_url())
        .await
        .unwrap();
    setup.response(&event("succeeded")).await;
    assert_eq!(setup.slack.messages().len(), 2);
}
