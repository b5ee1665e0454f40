//! What Slack may answer, and what comes of it.

use local_stack::{Fault, FaultProxy, Function, Match};
use serde_json::json;
use std::time::{Duration, Instant};

use crate::stage::{Stage, TOKEN, event};

async fn with_proxy(stage: &Stage) -> FaultProxy {
    let proxy = FaultProxy::start(stage.slack.api_url().trim_end_matches("/api"))
        .await
        .unwrap();
    let api = format!("{}/api", proxy.endpoint());
    stage
        .emulator
        .deploy(stage.by_bot().variable("SLACK_API_URL", api));
    proxy
}

/// Twice it goes wrong so, and the message is posted all the same.
async fn check_passing(fault: Fault) {
    let stage = Stage::bot().await;
    let proxy = with_proxy(&stage).await;
    proxy.inject(Match::any(), fault, 2);
    assert_eq!(
        stage.answer(&event("failed")).await["posted"]["channel"],
        "C0BUILDS"
    );
    stage.message();
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for status in [429, 500, 503] {
        check_passing(Fault::Status(status, "later".to_owned())).await;
    }
    for code in ["ratelimited", "internal_error", "service_unavailable"] {
        check_passing(Fault::Status(
            200,
            json!({"ok": false, "error": code}).to_string(),
        ))
        .await;
    }
    check_passing(Fault::Refuse).await;
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let stage = Stage::bot().await;
    stage.slack.limit(1, 2);
    let began = Instant::now();
    stage.answer(&event("failed")).await;
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    stage.message();
}

#[tokio::test]
async fn a_channels_pace_is_kept() {
    let stage = Stage::bot().await;
    stage
        .slack
        .change(|settings| settings.pace = Duration::from_secs(1));
    stage.answer(&event("failed")).await;
    stage.answer(&event("succeeded")).await;
    assert_eq!(stage.slack.messages().len(), 2);
    assert!(
        stage.slack.traffic().too_many <= 1,
        "the Retry-After was not kept"
    );
}

#[tokio::test]
async fn a_rate_limit_beyond_the_time_left_is_an_error_in_time() {
    let stage = Stage::bot().await;
    stage.slack.limit(usize::MAX, 300);
    let (error_type, message) = stage.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    assert!(
        message.contains("Slack answered 429 and wants to be asked again after 300 s"),
        "{message}"
    );
    assert_eq!(stage.slack.traffic().too_many, 1);
}

#[tokio::test]
async fn a_lost_answer_of_a_post_may_bring_it_twice_and_is_counted() {
    let stage = Stage::bot().await;
    stage.slack.lose_answers(1);
    stage.answer(&event("failed")).await;
    let messages = stage.slack.messages();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].is_in_doubt);
    assert!(stage.logs().contains(r#""PostsInDoubt":1"#), "{}", stage.logs());
}

/// The error comes at once, and says what to do.
async fn check_final(change: impl FnOnce(&mut stand_ins::slack::Settings), words: &[&str]) {
    let stage = Stage::bot().await;
    stage.slack.change(change);
    let (error_type, message) = stage.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    for word in words {
        assert!(message.contains(word), "{word} is not in: {message}");
    }
    assert_eq!(stage.slack.traffic().bodies.len(), 1, "it was tried again");
}

#[tokio::test]
async fn what_does_not_pass_says_what_to_do() {
    check_final(
        |settings| settings.token = "other".to_owned(),
        &["invalid_auth", "SLACK_BOT_TOKEN", "xoxb-"],
    )
    .await;
    check_final(
        |settings| settings.channels.clear(),
        &["channel_not_found", "SLACK_CHANNEL"],
    )
    .await;
    check_final(
        |settings| settings.channels[0].is_archived = true,
        &["is_archived", "choose another"],
    )
    .await;
    check_final(
        |settings| settings.channels[0].is_member = false,
        &["not_in_channel", "invite the app"],
    )
    .await;
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_no_success() {
    let stage = Stage::bot().await;
    let proxy = with_proxy(&stage).await;
    proxy.inject(
        Match::any(),
        Fault::Status(200, "<html>Please log in</html>".to_owned()),
        1,
    );
    let (_, message) = stage.error(&event("failed")).await;
    assert!(message.contains("Slack's answer is none of its API"), "{message}");
}

/// The type and the words of the error, when the function has 20 s: of a shorter time, so little is kept for the answer
/// that a busy machine eats it up.
async fn error_in_time(stage: &Stage, function: Function) -> String {
    stage.emulator.deploy(Function {
        timeout: Duration::from_secs(20),
        ..function
    });
    let (error_type, message) = stage.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    message
}

#[tokio::test]
async fn a_slack_that_is_down_is_an_error_in_time() {
    let check = async |fault: Fault| {
        let stage = Stage::bot().await;
        let proxy = FaultProxy::start(stage.slack.api_url().trim_end_matches("/api"))
            .await
            .unwrap();
        proxy.inject(Match::any(), fault, usize::MAX);
        let api = format!("{}/api", proxy.endpoint());
        let message = error_in_time(&stage, stage.by_bot().variable("SLACK_API_URL", api)).await;
        assert!(
            message.contains("no answer from Slack") || message.contains("503"),
            "{message}"
        );
        proxy.clear();
    };
    futures_util::join!(
        check(Fault::Hold),
        check(Fault::Refuse),
        check(Fault::Status(503, String::new()))
    );
}

#[tokio::test]
async fn posts_in_doubt_are_counted_though_the_event_fails_and_only_those() {
    let lost = async {
        let stage = Stage::bot().await;
        stage.slack.lose_answers(usize::MAX);
        error_in_time(&stage, stage.by_bot()).await;
        let counted = format!(r#""PostsInDoubt":{}"#, stage.slack.traffic().lost_posts);
        assert!(stage.logs().contains(&counted), "{counted}: {}", stage.logs());
    };
    let not_sent = async {
        let stage = Stage::bot().await;
        let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let api = format!("http://{}/api", nobody.local_addr().unwrap());
        drop(nobody);
        let message = error_in_time(&stage, stage.by_bot().variable("SLACK_API_URL", api)).await;
        assert!(message.contains("no answer from Slack"), "{message}");
        assert!(stage.logs().contains(r#""PostsInDoubt":0"#), "{}", stage.logs());
    };
    futures_util::join!(lost, not_sent);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_an_error_at_once() {
    let stage = Stage::bot().await;
    stage
        .emulator
        .deploy(stage.by_bot().variable("SLACK_BOT_TOKEN", "xoxb-a\nb"));
    let (error_type, message) = stage.error(&event("failed")).await;
    assert_eq!(error_type, "MessageNotPosted");
    assert!(
        message.contains("no secret for Slack: what it holds is no token or address"),
        "{message}"
    );
    assert!(!stage.logs().contains("is tried again"), "{}", stage.logs());
}

#[tokio::test]
async fn a_page_is_no_success_of_a_webhook() {
    for (page, is_success) in [
        ("<html>Please log in</html>", false),
        ("", false),
        ("ok\n", true),
        (r#"{"ok":true}"#, true),
    ] {
        let stage = Stage::webhook().await;
        let url = stage.slack.webhook_url();
        let (origin, path) = url.split_once("/services").unwrap();
        let proxy = FaultProxy::start(origin).await.unwrap();
        proxy.inject(Match::any(), Fault::Status(200, page.to_owned()), 1);
        let url = format!("{}/services{path}", proxy.endpoint());
        stage
            .emulator
            .deploy(stage.by_webhook().variable("SLACK_WEBHOOK_URL", url));
        if is_success {
            assert!(
                stage.answer(&event("failed")).await.get("posted").is_some(),
                "{page}"
            );
        } else {
            let (_, message) = stage.error(&event("failed")).await;
            assert!(message.contains("Slack's answer is none of its API"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_understood_whatever_its_status() {
    let stage = Stage::bot().await;
    let proxy = with_proxy(&stage).await;
    let refusal = json!({"ok": false, "error": "invalid_auth"}).to_string();
    proxy.inject(Match::any(), Fault::Status(401, refusal), 1);
    let (_, message) = stage.error(&event("failed")).await;
    assert!(
        message.contains("Slack refused it: invalid_auth: the token is not valid"),
        "{message}"
    );
}

#[tokio::test]
async fn a_401_without_a_reason_has_the_token_read_again() {
    let moto = local_stack::Moto::start().await.unwrap();
    moto.put_secret("slack", &json!({"token": TOKEN}).to_string())
        .await
        .unwrap();
    let stage = Stage::bot().await;
    let proxy = FaultProxy::start(stage.slack.api_url().trim_end_matches("/api"))
        .await
        .unwrap();
    let mut function = stage
        .by_bot()
        .variables(moto.environment())
        .variable("SLACK_API_URL", format!("{}/api", proxy.endpoint()))
        .variable("SLACK_BOT_TOKEN_SECRET", "slack#token");
    function.environment.remove("SLACK_BOT_TOKEN");
    stage.emulator.deploy(function);
    stage.answer(&event("succeeded")).await;

    let fresh = format!("{TOKEN}-2");
    moto.put_secret("slack", &json!({"token": fresh}).to_string())
        .await
        .unwrap();
    stage.slack.change(|settings| settings.token = fresh);
    proxy.inject(Match::any(), Fault::Status(401, String::new()), 1);
    stage.answer(&event("failed")).await;
    assert_eq!(stage.slack.messages().len(), 2);
}

#[tokio::test]
async fn the_webhooks_own_words_are_told_and_what_to_do_but_not_its_address() {
    for (status, code, advice) in [
        (403, "action_prohibited", "ask its administrator"),
        (404, "no_service", "add a new one"),
        (410, "channel_is_archived", "choose another one"),
        (400, "invalid_payload", "please report it"),
    ] {
        let stage = Stage::webhook().await;
        stage
            .slack
            .change(|settings| settings.webhook_refusal = Some((status, code.to_owned())));
        let (_, message) = stage.error(&event("failed")).await;
        assert!(message.contains(code) && message.contains(advice), "{message}");
        assert!(
            !message.contains("localwebhook") && !message.contains("/services/"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn the_token_comes_from_secrets_manager_and_is_read_again_when_slack_refuses_it() {
    let moto = local_stack::Moto::start().await.unwrap();
    moto.put_secret("slack", &json!({"token": TOKEN}).to_string())
        .await
        .unwrap();
    let stage = Stage::bot().await;
    let mut function = stage.by_bot().variables(moto.environment());
    function.environment.remove("SLACK_BOT_TOKEN");
    stage
        .emulator
        .deploy(function.variable("SLACK_BOT_TOKEN_SECRET", "slack#token"));
    stage.answer(&event("failed")).await;

    let fresh = format!("{TOKEN}-2");
    moto.put_secret("slack", &json!({"token": fresh}).to_string())
        .await
        .unwrap();
    stage.slack.change(|settings| settings.token = fresh);
    stage.answer(&event("succeeded")).await;
    assert_eq!(stage.slack.messages().len(), 2);

    stage
        .slack
        .change(|settings| settings.token = "another".to_owned());
    let (_, message) = stage.error(&event("stopped")).await;
    assert!(message.contains("invalid_auth"), "{message}");
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_read_again_from_its_secret() {
    let moto = local_stack::Moto::start().await.unwrap();
    let stage = Stage::webhook().await;
    moto.put_secret("hook", &stage.slack.webhook_url()).await.unwrap();
    let mut function = stage.by_webhook().variables(moto.environment());
    function.environment.remove("SLACK_WEBHOOK_URL");
    stage
        .emulator
        .deploy(function.variable("SLACK_WEBHOOK_URL_SECRET", "hook"));
    stage.answer(&event("failed")).await;

    stage
        .slack
        .change(|settings| settings.webhook_secret = "newlocalwebhook".to_owned());
    moto.put_secret("hook", &stage.slack.webhook_url()).await.unwrap();
    stage.answer(&event("succeeded")).await;
    assert_eq!(stage.slack.messages().len(), 2);
}
