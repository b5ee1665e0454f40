//! What an owner has chosen is his.

use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::surroundings::{Deployed, changed, event};

const OWN_GROUP: &str = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/owners/place";

/// A stage with which its owner has done something else.
async fn owned() -> ControlPlane {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let own = json!({"destinationArn": OWN_GROUP, "format": "$context.requestId"});
    aws.set_stage("a1b2c3d4e5", "prod", "/accessLogSettings", own);
    let settings = json!({
        "loggingLevel": "ERROR", "dataTraceEnabled": true, "metricsEnabled": true, "throttlingBurstLimit": 5,
        "throttlingRateLimit": 5.0, "cachingEnabled": false, "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": false, "requireAuthorizationForCacheControl": true,
    });
    aws.set_stage("a1b2c3d4e5", "prod", "/methodSettings", json!({"*/*": settings}));
    aws.state(|state| {
        state.groups.insert("/owners/place".to_owned(), None);
        state
            .groups
            .insert("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), Some(365));
    });
    aws
}

fn created() -> Value {
    event("rest-create-stage", "a1b2c3d4e5", "prod")
}

#[tokio::test]
async fn is_left_alone() {
    let aws = owned().await;
    let function = Deployed::at(&aws, &[]).await;
    let answer = function.answer(&created()).await;
    assert_eq!(changed(&answer), [""; 0]);
    assert_eq!(aws.take_writes(), [""; 0]);
    let kept = json!([{
        "name": "API-Gateway-Execution-Logs_a1b2c3d4e5/prod", "created": false,
        "retention": {"from": 365, "to": 365},
    }]);
    assert_eq!(answer["log_groups"], kept);
}

#[tokio::test]
async fn is_changed_under_enforce() {
    let aws = owned().await;
    let function = Deployed::at(&aws, &[("ENFORCE", "true")]).await;
    let answer = function.answer(&created()).await;
    let all = [
        "access_log.destination",
        "access_log.format",
        "execution.level",
        "data_trace",
    ];
    assert_eq!(changed(&answer), all);
    assert_eq!(answer["stages"][0]["changes"][0]["from"], OWN_GROUP);
    assert_eq!(
        aws.group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"),
        Some(Some(30))
    );
    assert_eq!(aws.group("/owners/place"), Some(None));
    let stage = aws.stage("a1b2c3d4e5", "prod");
    assert_eq!(stage["methodSettings"]["*/*"]["dataTraceEnabled"], false);
    assert_eq!(stage["methodSettings"]["*/*"]["throttlingBurstLimit"], 5);
    aws.take_writes();
    function.answer(&created()).await;
    assert_eq!(aws.take_writes(), [""; 0]);
}

#[tokio::test]
async fn a_tag_on_stage_or_api_keeps_us_away() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.set_stage("a1b2c3d4e5", "prod", "/tags", json!({"nightshift:skip": ""}));
    aws.add_stage("WEBSOCKET", "f6g7h8i9j0", "dev");
    aws.state(|state| {
        state.apis.get_mut("f6g7h8i9j0").unwrap().tags = json!({"nightshift:skip": "true"});
        state
            .groups
            .insert("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), None);
        state
            .groups
            .insert("/aws/apigateway/f6g7h8i9j0/dev".to_owned(), None);
    });
    let function = Deployed::at(&aws, &[]).await;
    let answer = function.answer(&created()).await;
    assert_eq!(answer["stages"][0]["skipped"], "skip_tag");
    let swept = function.answer(&json!({"sweep": true})).await;
    let counts = json!({"found": 2, "changed": 0, "left": 0, "skipped": 2, "failed": 0});
    assert_eq!(swept["counts"], counts);
    assert_eq!(aws.take_writes(), [""; 0]);
    let other = Deployed::at(&aws, &[("SKIP_TAG", "ours:skip")]).await;
    assert_eq!(changed(&other.answer(&created()).await).len(), 4);
}

#[tokio::test]
async fn rules_choose_by_stage_and_api() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.add_stage("REST", "b1b2c3d4e5", "prod");
    let rules = r#"[
        {"stage": "prod", "api": "a1b2c3d4e5-*", "days": 365, "execution_level": "ERROR", "data_trace": true},
        {"stage": "p*", "days": 7}
    ]"#;
    let function = Deployed::at(&aws, &[("RETENTION_RULES", rules)]).await;
    function.answer(&created()).await;
    function
        .answer(&event("rest-create-stage", "b1b2c3d4e5", "prod"))
        .await;
    assert_eq!(
        aws.group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"),
        Some(Some(365))
    );
    assert_eq!(
        aws.group("/aws/vendedlogs/apigateway/b1b2c3d4e5/prod"),
        Some(Some(7))
    );
    let settings = &aws.stage("a1b2c3d4e5", "prod")["methodSettings"]["*/*"];
    assert_eq!(
        (&settings["loggingLevel"], &settings["dataTraceEnabled"]),
        (&json!("ERROR"), &json!(true))
    );
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| {
        state.role = None;
        state
            .groups
            .insert("API-Gateway-Execution-Logs_gone/dev".to_owned(), None);
    });
    let function = Deployed::at(
        &aws,
        &[
            ("DRY_RUN", "true"),
            ("CLOUDWATCH_ROLE_ARN", "arn:aws:iam::1:role/x"),
        ],
    )
    .await;
    let one = function.answer(&created()).await;
    let all = function.answer(&json!({"sweep": true})).await;
    for answer in [&one, &all] {
        assert_eq!(changed(answer).len(), 4);
        let to = &answer["stages"][0]["changes"][0]["to"];
        let group = "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod";
        assert_eq!(
            *to,
            format!("arn:aws:logs:ap-northeast-2:123456789012:log-group:{group}")
        );
        let told = json!({"name": group, "created": true, "retention": {"from": null, "to": 30}});
        assert_eq!(answer["log_groups"][0], told);
    }
    assert_eq!(
        all["log_groups"][2]["name"],
        "API-Gateway-Execution-Logs_gone/dev"
    );
    assert_eq!(aws.take_writes(), [""; 0]);
}
