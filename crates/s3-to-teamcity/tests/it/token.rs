//! The access token: where it comes from, and what happens when it is changed.

use local_stack::{Fault, FaultProxy, Match, Moto};
use serde_json::json;

use crate::stage::{Stage, TOKEN, event, record, records};

/// The function with its token in Secrets Manager.
async fn with_secret(stage: &Stage) -> Moto {
    let moto = Moto::start().await.unwrap();
    moto.put_secret("teamcity", &json!({"token": TOKEN}).to_string())
        .await
        .unwrap();
    let mut function = stage.function().variables(moto.environment());
    function.environment.remove("TEAMCITY_TOKEN");
    stage
        .emulator
        .deploy(function.variable("TEAMCITY_TOKEN_SECRET", "teamcity#token"));
    moto
}

fn event_of(key: &str) -> serde_json::Value {
    records([record(key, "0A")])
}

#[tokio::test]
async fn comes_from_secrets_manager_and_is_read_again_when_teamcity_refuses_it() {
    let stage = Stage::new().await;
    let moto = with_secret(&stage).await;
    let proxy = FaultProxy::start(moto.endpoint()).await.unwrap();
    let mut function = stage.function().variables(moto.environment());
    function.environment.remove("TEAMCITY_TOKEN");
    stage.emulator.deploy(
        function
            .variable("TEAMCITY_TOKEN_SECRET", "teamcity#token")
            .variable("AWS_ENDPOINT_URL", proxy.endpoint()),
    );
    stage.answer(&event_of("before")).await;

    let fresh = format!("{TOKEN}-2");
    moto.put_secret("teamcity", &json!({"token": fresh}).to_string())
        .await
        .unwrap();
    stage.teamcity.change(|settings| settings.token = fresh.clone());
    // Many are refused at once, in an environment that is warm; one of them reads the secret again.
    stage
        .answer(&records((0..8).map(|n| record(&n.to_string(), "0A"))))
        .await;
    assert_eq!(stage.teamcity.builds().len(), 9);
    let reads: Vec<_> = proxy
        .seen()
        .into_iter()
        .filter_map(|request| request.action)
        .collect();
    assert_eq!(reads, ["secretsmanager.GetSecretValue"; 2]);
}

#[tokio::test]
async fn that_is_wrong_for_good_is_an_error_at_once() {
    let stage = Stage::new().await;
    let _moto = with_secret(&stage).await;
    stage
        .teamcity
        .change(|settings| settings.token = "another".to_owned());
    let (_, message) = stage.error(&event("direct")).await;
    assert!(
        message.contains("tried once: TeamCity answered 401 (the token is not valid)"),
        "{message}"
    );
    assert!(message.contains("Authentication required"), "{message}");

    stage.deploy("TEAMCITY_TOKEN", TOKEN);
    let (_, message) = stage.error(&event("direct")).await;
    assert!(message.contains("TeamCity answered 401"), "{message}");
}

#[tokio::test]
async fn in_a_secret_that_is_not_there_is_named() {
    let stage = Stage::new().await;
    let moto = with_secret(&stage).await;
    let mut function = stage.function().variables(moto.environment());
    function.environment.remove("TEAMCITY_TOKEN");
    stage
        .emulator
        .deploy(function.variable("TEAMCITY_TOKEN_SECRET", "nowhere"));
    let (_, message) = stage.error(&event("direct")).await;
    assert!(message.contains("could not read the secret nowhere"), "{message}");
}

#[tokio::test]
async fn is_not_told_by_a_server_that_repeats_what_it_was_sent() {
    let stage = Stage::new().await;
    let proxy = FaultProxy::start(&stage.teamcity.url()).await.unwrap();
    stage.deploy("TEAMCITY_URL", &proxy.endpoint());
    proxy.inject(
        Match::any(),
        Fault::Status(403, format!("no permission for {TOKEN}")),
        1,
    );
    let (_, message) = stage.error(&event("direct")).await;
    assert!(message.contains("no permission for ***"), "{message}");
}
