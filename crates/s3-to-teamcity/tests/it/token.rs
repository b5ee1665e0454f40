//! The access token in a variable or in Secrets Manager, and its rotation.

use local_stack::{Fault, FaultProxy, Function, Match, Moto};
use serde_json::json;

use crate::setup::{Setup, TOKEN, event, record, records};

/// Starts Secrets Manager with the token in the secret `teamcity`.
async fn secrets_manager() -> Moto {
    let moto = Moto::start().await.unwrap();
    put_token(&moto, TOKEN).await;
    moto
}

async fn put_token(moto: &Moto, token: &str) {
    let secret = json!({"token": token}).to_string();
    moto.put_secret("teamcity", &secret).await.unwrap();
}

/// Returns the function with its token in `secret`.
fn function_with_secret(setup: &Setup, moto: &Moto, secret: &str) -> Function {
    let mut function = setup.function().variables(moto.environment());
    function.environment.remove("TEAMCITY_TOKEN");
    function.variable("TEAMCITY_TOKEN_SECRET", secret)
}

fn upload_of(key: &str) -> serde_json::Value {
    records([record(key, "0A")])
}

#[tokio::test]
async fn a_token_in_secrets_manager_is_read_again_after_teamcity_rejects_it() {
    let setup = Setup::new().await;
    let moto = secrets_manager().await;
    let proxy = FaultProxy::start(moto.endpoint()).await.unwrap();
    let function = function_with_secret(&setup, &moto, "teamcity#token");
    setup
        .emulator
        .deploy(function.variable("AWS_ENDPOINT_URL", proxy.endpoint()));
    setup.invoke(&upload_of("before")).await;

    let fresh = format!("{TOKEN}-2");
    put_token(&moto, &fresh).await;
    setup.teamcity.change(|settings| settings.token = fresh.clone());
    // Eight concurrent requests of a warm environment are rejected; one of them reads the secret again.
    setup
        .invoke(&records((0..8).map(|n| record(&n.to_string(), "0A"))))
        .await;
    assert_eq!(setup.teamcity.builds().len(), 9);
    let reads: Vec<_> = proxy
        .faults
        .seen()
        .into_iter()
        .filter_map(|request| request.action)
        .collect();
    assert_eq!(reads, ["secretsmanager.GetSecretValue"; 2]);
}

#[tokio::test]
async fn a_wrong_token_is_reported_after_one_attempt() {
    let setup = Setup::new().await;
    let moto = secrets_manager().await;
    setup
        .emulator
        .deploy(function_with_secret(&setup, &moto, "teamcity#token"));
    setup
        .teamcity
        .change(|settings| settings.token = "another".to_owned());
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(
        message
            .contains("gave up after attempt 1: TeamCity responded with status 401 (the token is not valid)"),
        "{message}"
    );
    assert!(message.contains("Authentication required"), "{message}");

    setup.deploy("TEAMCITY_TOKEN", TOKEN);
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(
        message.contains("TeamCity responded with status 401"),
        "{message}"
    );
}

#[tokio::test]
async fn a_missing_secret_is_named() {
    let setup = Setup::new().await;
    let moto = secrets_manager().await;
    setup
        .emulator
        .deploy(function_with_secret(&setup, &moto, "nowhere"));
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(message.contains("could not read the secret nowhere"), "{message}");
}

#[tokio::test]
async fn a_token_that_the_server_echoes_is_masked() {
    check_echo(
        403,
        &format!("no permission for {TOKEN}"),
        "no permission for ***",
    )
    .await;
}

/// The first 500 characters of a body are kept.
#[tokio::test]
async fn no_piece_of_a_token_remains_where_a_long_body_is_cut() {
    let before = "x".repeat(490);
    check_echo(403, &format!("{before}{TOKEN}"), "x***").await;
}

#[tokio::test]
async fn a_token_in_unexpected_json_is_masked() {
    check_echo(200, &format!("\"Bearer {TOKEN}\""), "Bearer ***").await;
}

/// Lets TeamCity respond with this body, and checks that the function's error has `expected` and nothing of the token.
async fn check_echo(status: u16, body: &str, expected: &str) {
    let setup = Setup::new().await;
    setup
        .teamcity
        .faults
        .inject(Match::any(), Fault::respond(status, body), 1);
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(message.contains(expected), "{message}");
    assert!(!message.contains(&TOKEN[..4]), "{message}");
}
