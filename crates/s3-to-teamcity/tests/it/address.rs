//! Addresses that lead somewhere else than to TeamCity's REST API.

use std::time::Duration;

use local_stack::{Fault, Match};
use stand_ins::teamcity;

use crate::setup::{Setup, TOKEN, counts, event};

/// Checks that the error of a response in TeamCity's place has these parts, and neither style sheet nor script.
#[track_caller]
fn check_message(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    for noise in [
        "color",
        "font-family",
        "BS.Maintenance",
        "function",
        "<",
        "display",
    ] {
        assert!(!message.contains(noise), "{noise:?} is in: {message}");
    }
}

async fn message_after(fault: Fault) -> String {
    let setup = Setup::new().await;
    setup.teamcity.faults.inject(Match::any(), fault, usize::MAX);
    setup.deploy_with_timeout(Duration::from_secs(2));
    setup.invoke_failing(&event("direct")).await.1
}

#[tokio::test]
async fn a_missing_context_path_is_recognised() {
    let setup = Setup::with(|settings| settings.context_path = "/teamcity".to_owned()).await;
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
    let outside = setup.teamcity.url().replace("/teamcity", "");
    setup.deploy("TEAMCITY_URL", &outside);
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    let rest = format!("no TeamCity REST API at {outside}/app/rest, TEAMCITY_URL may lack a path");
    check_message(&message, &["status 404", &rest, "HTTP Status 404 – Not Found"]);
}

#[tokio::test]
async fn a_redirect_names_its_target() {
    let target = "https://ci.example.com/teamcity/app/rest/builds?locator=secret";
    let message = message_after(teamcity::redirect(301, target)).await;
    check_message(
        &message,
        &["it redirects to https://ci.example.com/teamcity; set TEAMCITY_URL to that address"],
    );
    assert!(!message.contains("secret"), "{message}");
    let message = message_after(teamcity::redirect(302, "/login.html")).await;
    check_message(&message, &["/login.html, a login page"]);
}

#[tokio::test]
async fn a_page_is_reported_by_its_title_and_heading() {
    let message = message_after(teamcity::login_page()).await;
    check_message(
        &message,
        &[
            "TEAMCITY_URL may lead to another server or a login page: Log in to TeamCity – TeamCity Log in to TeamCity",
        ],
    );
    let message = message_after(teamcity::maintenance()).await;
    check_message(
        &message,
        &["status 503: TeamCity Maintenance — TeamCity TeamCity is starting"],
    );
}

#[tokio::test]
async fn an_address_of_a_page_is_rejected_at_the_start() {
    let setup = Setup::new().await;
    for (path, base) in [
        ("/app/rest", ""),
        ("/tc/httpAuth/app/rest/", "/tc"),
        ("/login.html", ""),
    ] {
        setup.deploy("TEAMCITY_URL", &format!("https://ci.example.com{path}"));
        let (error_type, message) = setup.invoke_failing(&event("direct")).await;
        assert_eq!(error_type, "ConfigurationError");
        let remedy = format!("write https://ci.example.com{base} without ");
        assert!(message.contains(&remedy), "{message}");
    }
}

#[tokio::test]
async fn a_token_may_be_pasted_with_its_scheme() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_TOKEN", &format!("Bearer {TOKEN}"));
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_reported_at_once() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_TOKEN", "ey\nJ");
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(
        message.contains("gave up after attempt 1") && message.contains("TEAMCITY_TOKEN"),
        "{message}"
    );
    assert!(!message.contains("ey"), "{message}");
}

#[tokio::test]
async fn a_request_to_the_wrong_node_is_retried() {
    let setup = Setup::new().await;
    let post = Match::path("POST", "/");
    setup
        .teamcity
        .faults
        .inject(post.clone(), teamcity::wrong_node(), 2);
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
    assert_eq!(setup.teamcity.faults.count(&post), 3);

    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(post, teamcity::wrong_node(), usize::MAX);
    setup.deploy_with_timeout(Duration::from_secs(2));
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    check_message(
        &message,
        &["This TeamCity node is not allowed to perform this action."],
    );
}
