//! The reply to a failure in the thread of its message, and the mention of the author.

use local_stack::{Fault, Match};
use serde_json::{Value, json};
use stand_ins::slack::{Message, models, rate_limited, texts};

use crate::setup::{Setup, event};

const ROUTE: &str = r#"[{"project": "web", "mention": "@here"}]"#;
const LOOK_UP: &str = "/api/users.lookupByEmail";

async fn with_route(route: &str) -> Setup {
    let setup = Setup::table().await;
    setup.slack.change(|settings| {
        let scopes = ["users:read", "users:read.email"];
        settings.scopes.extend(scopes.map(str::to_owned));
        settings.users = vec![("haneul.kim@example.com".to_owned(), "U0HANEUL".to_owned())];
    });
    setup
        .emulator
        .deploy(setup.table_function().variable("SLACK_ROUTES", route));
    setup
}

/// Returns the event of a failed build that exports its commit, and of its start.
fn failed() -> Value {
    event("exported-commit")
}

fn started() -> Value {
    let mut started = event("in-progress");
    started["detail"]["build-id"] = failed()["detail"]["build-id"].clone();
    started
}

/// Returns the replies to the first message.
fn replies(setup: &Setup) -> Vec<Message> {
    let messages = setup.slack.messages();
    let is_reply = |message: &&Message| message.thread.as_ref() == Some(&messages[0].ts);
    messages.iter().filter(is_reply).cloned().collect()
}

#[track_caller]
fn reply(setup: &Setup) -> Message {
    let mut replies = replies(setup);
    assert_eq!(replies.len(), 1, "{replies:?}");
    replies.remove(0)
}

#[tokio::test]
async fn a_failure_is_answered_once_and_mentions_the_author() {
    let setup = with_route(ROUTE).await;
    setup.response(&started()).await;
    assert!(setup.response(&failed()).await.get("updated").is_some());
    assert_eq!(setup.response(&failed()).await, json!({"skipped": "duplicate"}));
    assert_eq!(setup.slack.messages().len(), 2);
    let reply = reply(&setup);
    assert_eq!(texts(&reply.blocks)[0], "<!here> <@U0HANEUL>");
    let blocks = reply.blocks.to_string();
    for text in [
        "web failed",
        "exit status 101",
        "김하늘",
        "Keep the session after login",
    ] {
        assert!(blocks.contains(text), "{text} is not in: {blocks}");
    }
    for text in ["The cookie was lost", "haneul.kim"] {
        assert!(!blocks.contains(text), "{text} is in: {blocks}");
    }
    assert!(!reply.is_broadcast);
    let message = setup.slack.messages()[0].blocks.to_string();
    for text in [
        "<@U0HANEUL>",
        "*Author*\\n김하늘",
        "*Commit message*\\nKeep the session after login",
    ] {
        assert!(message.contains(text), "{text} is not in: {message}");
    }
    assert!(
        !setup.logs().contains("haneul.kim"),
        "an address is no matter of the log"
    );
}

#[tokio::test]
async fn a_route_decides_about_the_reply() {
    let check = async |route: &str, expected: &[bool]| {
        let setup = with_route(route).await;
        setup.response(&failed()).await;
        setup.response(&event("succeeded")).await;
        setup.response(&event("stopped")).await;
        let broadcasts: Vec<bool> = replies(&setup).iter().map(|reply| reply.is_broadcast).collect();
        assert_eq!(broadcasts, expected, "{route}");
        let all = setup.slack.messages();
        assert_eq!(all.len(), 3 + expected.len(), "{all:?}");
    };
    futures_util::join!(
        check(ROUTE, &[false]),
        check(r#"[{"project": "web"}]"#, &[]),
        check(r#"[{"project": "web", "thread": true}]"#, &[false]),
        check(r#"[{"project": "web", "thread": "broadcast"}]"#, &[true]),
        check(
            r#"[{"project": "web", "mention": "@here", "thread": false}]"#,
            &[]
        )
    );
}

#[tokio::test]
async fn a_failed_look_up_of_the_author_costs_only_the_mention() {
    let without_scope = |setup: &Setup| {
        setup
            .slack
            .change(|settings| settings.scopes.retain(|scope| scope != "users:read.email"));
    };
    let without_member = |setup: &Setup| setup.slack.change(|settings| settings.users.clear());
    let with_fault = |fault: Fault| {
        move |setup: &Setup| {
            let look_up = Match::path("POST", LOOK_UP);
            setup.slack.faults.inject(look_up, fault.clone(), usize::MAX);
        }
    };
    let check = async |change: &dyn Fn(&Setup), logged: &str| {
        let setup = with_route(ROUTE).await;
        change(&setup);
        assert!(setup.response(&failed()).await.get("posted").is_some());
        assert_eq!(texts(&reply(&setup).blocks)[0], "<!here>");
        let logs = setup.logs();
        assert!(logs.contains(logged), "{logged} is not in: {logs}");
    };
    let (limited, cut) = (with_fault(rate_limited(30)), with_fault(Fault::LoseResponse));
    let down = with_fault(Fault::respond(503, "down"));
    let page = with_fault(Fault::respond(200, "<html>proxy</html>"));
    let deleted = with_fault(Fault::respond(
        200,
        r#"{"ok":true,"user":{"id":"U0HANEUL","deleted":true}}"#,
    ));
    // One after another: on a busy machine, seven functions at once exceed the time of a look-up.
    check(&without_scope, "missing_scope (needed: users:read.email").await;
    check(&without_member, "no active member").await;
    check(&deleted, "no active member").await;
    check(&limited, "Slack responded 429, retry after 30 s").await;
    check(&cut, "no response from Slack").await;
    check(&down, "Slack responded 503").await;
    check(&page, "is there a proxy?").await;
}

#[tokio::test]
async fn a_short_rate_limit_of_the_look_up_is_waited_for() {
    let setup = with_route(ROUTE).await;
    let look_up = Match::path("POST", LOOK_UP);
    setup.slack.faults.inject(look_up, rate_limited(1), 1);
    setup.response(&failed()).await;
    assert_eq!(texts(&reply(&setup).blocks)[0], "<!here> <@U0HANEUL>");
}

#[tokio::test]
async fn only_a_failure_whose_route_has_a_mention_or_a_reply_looks_up_the_author() {
    let check = async |route: &str, event: &Value, expected: usize| {
        let setup = with_route(route).await;
        setup.response(event).await;
        let count = setup.slack.faults.count(&Match::path("POST", LOOK_UP));
        assert_eq!(count, expected, "{route}");
    };
    let (failed, mut succeeded) = (failed(), failed());
    succeeded["detail"]["build-status"] = json!("SUCCEEDED");
    let plain = r#"[{"project": "web"}]"#;
    let reply = r#"[{"project": "web", "thread": true}]"#;
    let mention = r#"[{"project": "web", "mention": "@here", "thread": false}]"#;
    futures_util::join!(
        check(plain, &failed, 0),
        check(reply, &succeeded, 0),
        check(reply, &failed, 1),
        check(mention, &failed, 1)
    );
}

#[tokio::test]
async fn without_a_table_the_message_itself_mentions_the_author() {
    let setup = with_route(ROUTE).await;
    let function = setup.bot_function().variable("SLACK_ROUTES", ROUTE);
    setup.emulator.deploy(function);
    setup.response(&failed()).await;
    let message = setup.message();
    assert!(
        texts(&message.blocks).contains(&"<!here> <@U0HANEUL>".to_owned()),
        "{message:?}"
    );
}

#[tokio::test]
async fn a_webhook_has_the_mention_of_its_route_and_no_reply() {
    let setup = Setup::webhook().await;
    let deploy = |route: &str| {
        let function = setup.webhook_function().variable("SLACK_ROUTES", route);
        setup.emulator.deploy(function);
    };
    deploy(ROUTE);
    setup.response(&failed()).await;
    assert!(texts(&setup.message().blocks).contains(&"<!here>".to_owned()));
    deploy(r#"[{"project": "web", "thread": "broadcast"}]"#);
    let (_, error) = setup.error(&failed()).await;
    assert!(
        error.contains("a webhook does not learn the ts of its message"),
        "{error}"
    );
}

#[tokio::test]
async fn a_rejected_reply_is_posted_by_the_retry() {
    let setup = with_route(ROUTE).await;
    let rejection = Fault::respond(200, r#"{"ok":false,"error":"restricted_action_thread_locked"}"#);
    let faults = &setup.slack.faults;
    faults.inject(Match::containing("thread_ts"), rejection, 1);
    let (error_type, message) = setup.error(&failed()).await;
    assert_eq!(error_type, "MessageNotPosted");
    assert!(message.contains("restricted_action_thread_locked"), "{message}");
    assert!(setup.response(&failed()).await.get("updated").is_some());
    assert_eq!((replies(&setup).len(), setup.slack.messages().len()), (1, 2));
}

#[tokio::test]
async fn a_reply_without_a_response_is_repeated_once() {
    let setup = with_route(ROUTE).await;
    let faults = &setup.slack.faults;
    faults.inject(Match::containing("thread_ts"), Fault::LoseResponse, usize::MAX);
    assert!(setup.response(&failed()).await.get("posted").is_some());
    assert_eq!(setup.response(&failed()).await, json!({"skipped": "duplicate"}));
    assert_eq!((replies(&setup).len(), setup.slack.messages().len()), (2, 3));
    assert!(setup.logs().contains(r#""PostsInDoubt":2"#), "{}", setup.logs());
}

#[tokio::test]
async fn a_message_without_a_location_has_no_reply_and_a_later_one_has() {
    let setup = with_route(ROUTE).await;
    let post = Match::path("POST", "/api/chat.postMessage");
    setup.slack.faults.inject(post, Fault::LoseResponse, 2);
    setup.response(&started()).await;
    setup.response(&failed()).await;
    let messages = setup.slack.messages();
    // Two copies of the start, the end, and the reply to the end.
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert_eq!(messages[3].thread.as_ref(), Some(&messages[2].ts));

    let setup = with_route(ROUTE).await;
    let post = Match::path("POST", "/api/chat.postMessage");
    setup.slack.faults.inject(post, Fault::LoseResponse, 2);
    setup.response(&failed()).await;
    assert_eq!(setup.response(&failed()).await, json!({"skipped": "duplicate"}));
    let messages = setup.slack.messages();
    assert!(
        messages.iter().all(|message| message.thread.is_none()),
        "{messages:?}"
    );
    let items = setup.items().await;
    assert!(
        items[0].get("state").is_none() && items[0].get("reply").is_none(),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_deleted_message_gets_no_reply() {
    let setup = with_route(ROUTE).await;
    let gone = Fault::respond(200, r#"{"ok":false,"error":"thread_not_found"}"#);
    setup.slack.faults.inject(Match::containing("thread_ts"), gone, 1);
    assert!(setup.response(&failed()).await.get("posted").is_some());
    assert_eq!(setup.response(&failed()).await, json!({"skipped": "duplicate"}));
    assert_eq!(replies(&setup), []);
    assert!(
        setup.logs().contains("its message was deleted"),
        "{}",
        setup.logs()
    );
}

#[tokio::test]
async fn slacks_own_models_accept_replies_of_any_length() {
    let setup = with_route(r#"[{"project": "*", "mention": "S0TEAM", "thread": "broadcast"}]"#).await;
    let long = "<&가🦀`\n".repeat(20_000);
    let mut huge = failed();
    let detail = &mut huge["detail"];
    detail["project-name"] = json!(long);
    let more = &mut detail["additional-information"];
    more["phases"][6]["phase-context"] = json!(vec![long.clone(); 3]);
    for variable in more["exported-environment-variables"].as_array_mut().unwrap() {
        variable["value"] = json!(long.replace('\n', " "));
    }
    setup.response(&huge).await;
    let replies = replies(&setup);
    assert_eq!(replies.len(), 1);
    let reply = json!({"text": replies[0].text, "blocks": replies[0].blocks});
    let violations = models::violations(&[reply]).unwrap();
    assert!(violations[0].is_empty(), "{violations:?}");
    assert_eq!(setup.slack.refusals(), Vec::<String>::new());
}
