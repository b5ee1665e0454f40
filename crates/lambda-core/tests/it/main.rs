//! Secrets in an emulated Secrets Manager.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use aws_config::SdkConfig;
use lambda_core::secrets::{SecretSource, Secrets};
use lambda_core::variables::Variables;
use local_stack::Moto;
use serde_json::json;

async fn sdk(moto: &Moto) -> SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("ap-northeast-2")
        .endpoint_url(moto.endpoint())
        .test_credentials()
        .load()
        .await
}

fn source(name: &str, value: &str) -> SecretSource {
    let variables: Variables = [(name, value)].into_iter().collect();
    variables.required_secret("TOKEN").unwrap()
}

#[tokio::test]
async fn reads_a_secret_once_and_again_after_it_is_rejected() {
    let moto = Moto::start().await.unwrap();
    moto.put_secret("token", "old").await.unwrap();
    let secrets = Secrets::new(&sdk(&moto).await);
    let token = source("TOKEN_SECRET", "token");
    let old = secrets.read(&token).await.unwrap();
    assert_eq!(old.expose(), "old");
    assert!(
        secrets.refresh(&token, &old).await.unwrap().is_none(),
        "the secret has not changed"
    );
    moto.put_secret("token", "new").await.unwrap();
    assert_eq!(
        secrets.read(&token).await.unwrap().expose(),
        "old",
        "the cached value"
    );
    assert_eq!(
        secrets.refresh(&token, &old).await.unwrap().unwrap().expose(),
        "new"
    );
    assert_eq!(secrets.read(&token).await.unwrap().expose(), "new");
}

#[tokio::test]
async fn selects_a_key_of_a_json_secret() {
    let moto = Moto::start().await.unwrap();
    moto.put_secret("teamcity", r#"{"token": "t-1", "number": 7}"#)
        .await
        .unwrap();
    let secrets = Secrets::new(&sdk(&moto).await);
    assert_eq!(
        secrets
            .read(&source("TOKEN_SECRET", "teamcity#token"))
            .await
            .unwrap()
            .expose(),
        "t-1"
    );
    let described = json!({"SecretId": "teamcity"});
    let described = moto
        .json("secretsmanager", "secretsmanager.DescribeSecret", &described)
        .await
        .unwrap();
    let by_arn = format!("{}#number", described["ARN"].as_str().unwrap());
    assert_eq!(
        secrets
            .read(&source("TOKEN_SECRET", &by_arn))
            .await
            .unwrap()
            .expose(),
        "7"
    );
}

#[tokio::test]
async fn a_missing_secret_is_named_with_awss_error_code() {
    let moto = Moto::start().await.unwrap();
    let secrets = Secrets::new(&sdk(&moto).await);
    let error = secrets
        .read(&source("TOKEN_SECRET", "nowhere"))
        .await
        .unwrap_err();
    let message = format!("{error:#}");
    assert!(message.contains("could not read the secret nowhere"), "{message}");
    assert!(message.contains("ResourceNotFoundException"), "{message}");
}

#[tokio::test]
async fn a_secret_in_a_variable_is_never_refreshed() {
    let moto = Moto::start().await.unwrap();
    let secrets = Secrets::new(&sdk(&moto).await);
    let token = source("TOKEN", "value");
    let value = secrets.read(&token).await.unwrap();
    assert_eq!(value.expose(), "value");
    assert!(secrets.refresh(&token, &value).await.unwrap().is_none());
}
