//! Settings that an owner has chosen stay.

use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::setup::{Setup, changed, event};

const OWN_GROUP: &str = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/owners/place";

/// Starts a control plane with a stage that has other settings, chosen by its owner.
async fn with_owner_settings() -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
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
        state.log_groups.insert("/owners/place".to_owned(), None);
        state
            .log_groups
            .insert("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), Some(365));
    });
    aws
}

fn create_stage() -> Value {
    event("rest-create-stage", "a1b2c3d4e5", "prod")
}

#[tokio::test]
async fn owner_settings_stay() {
    let aws = with_owner_settings().await;
    let function = Setup::new(&aws, &[]).await;
    let response = function.invoke(&create_stage()).await;
    assert_eq!(changed(&response), [""; 0]);
    // Nobody chose that the own group never expires.
    assert_eq!(aws.take_writes(), ["PutRetentionPolicy /owners/place"]);
    let groups = json!([
        {"name": "/owners/place", "created": false, "retention": {"from": null, "to": 30}},
        {
            "name": "API-Gateway-Execution-Logs_a1b2c3d4e5/prod", "created": false,
            "retention": {"from": 365, "to": 365},
        },
    ]);
    assert_eq!(response["log_groups"], groups);
}

#[tokio::test]
async fn a_rule_protects_an_owners_group_without_a_retention() {
    for variables in [
        ("RETENTION_RULES", r#"[{"stage":"prod","days":null}]"#),
        ("RETENTION_RULES", r#"[{"stage":"prod","days":"never"}]"#),
        ("LOG_GROUP_RULES", r#"[{"group":"/owners/*","days":"never"}]"#),
        (
            "LOG_GROUP_RULES",
            r#"[{"group":"/owners/place","days":null},{"group":"*","days":7}]"#,
        ),
    ] {
        let aws = with_owner_settings().await;
        let function = Setup::fast(&aws, &[variables]).await;
        function.invoke(&create_stage()).await;
        function.invoke(&json!({"sweep": true})).await;
        assert_eq!(aws.log_group("/owners/place"), Some(None), "{variables:?}");
    }
}

#[tokio::test]
async fn rules_leave_the_groups_of_a_stage_without_a_retention() {
    for days in ["null", "\"never\""] {
        let aws = ControlPlane::start().await.unwrap();
        aws.add_stage("REST", "a1b2c3d4e5", "prod");
        let rules = format!(r#"[{{"stage":"pro*","days":{days},"metrics":true}}]"#);
        let function = Setup::fast(&aws, &[("RETENTION_RULES", &rules)]).await;
        let response = function.invoke(&create_stage()).await;
        assert_eq!(changed(&response).len(), 4, "with metrics");
        function.invoke(&json!({"sweep": true})).await;
        assert!(
            aws.state(|state| state.log_groups.len() == 2 && state.log_groups.values().all(Option::is_none))
        );
    }
}

#[tokio::test]
async fn canary_log_groups_get_a_retention() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let groups = [
        "API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary",
        "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod/Canary",
        "API-Gateway-Execution-Logs_gone/prod/Canary",
    ];
    aws.state(|state| {
        state
            .log_groups
            .extend(groups.map(|name| (name.to_owned(), None)))
    });
    let function = Setup::fast(&aws, &[]).await;
    function.invoke(&create_stage()).await;
    assert_eq!(
        groups.map(|name| aws.log_group(name).unwrap()),
        [Some(30), Some(30), None]
    );
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.log_group(groups[2]), Some(Some(30)));
}

#[tokio::test]
async fn a_stage_with_a_canary_gets_its_log_groups_in_advance() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.set_stage(
        "a1b2c3d4e5",
        "prod",
        "/canarySettings",
        json!({"percentTraffic": 10.0}),
    );
    Setup::new(&aws, &[]).await.invoke(&create_stage()).await;
    assert_eq!(
        aws.log_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"),
        Some(Some(30))
    );
    assert_eq!(
        aws.log_group("/aws/vendedlogs/apigateway/a1b2c3d4e5/prod/Canary"),
        Some(Some(30))
    );
}

#[tokio::test]
async fn a_group_under_an_account_policy_is_skipped_every_night() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let function = Setup::fast(&aws, &[("LOG_GROUP_RULES", r#"[{"group":"*","days":7}]"#)]).await;
    function.invoke(&create_stage()).await;
    let execution = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    aws.state(|state| {
        for name in [execution, "/aws/lambda/a"] {
            state.log_groups.insert(name.to_owned(), None);
            state.account_policies.insert(name.to_owned(), None);
        }
    });
    aws.take_writes();
    let skipped = |name: &str| json!({"name": name, "created": false, "retention": {"from": null, "to": null}, "skipped": "account_policy"});
    for _ in 0..2 {
        let swept = function.invoke(&json!({"sweep": true})).await;
        assert!(
            swept["log_groups"]
                .as_array()
                .unwrap()
                .contains(&skipped(execution)),
            "{swept}"
        );
        assert!(
            swept["log_groups"]
                .as_array()
                .unwrap()
                .contains(&skipped("/aws/lambda/a")),
            "{swept}"
        );
    }
    assert_eq!(aws.take_writes(), [""; 0]);
    let report = function.invoke(&json!({"report": true})).await;
    assert_eq!(report, json!({"never_expiring": [], "total_usd_at_most": 0.0}));
}

#[tokio::test]
async fn enforce_changes_owner_settings() {
    let aws = with_owner_settings().await;
    let function = Setup::new(&aws, &[("ENFORCE", "true")]).await;
    let response = function.invoke(&create_stage()).await;
    let all = [
        "access_log.destination",
        "access_log.format",
        "execution.level",
        "data_trace",
        "metrics",
    ];
    assert_eq!(changed(&response), all);
    assert_eq!(response["stages"][0]["changes"][0]["from"], OWN_GROUP);
    assert_eq!(
        aws.log_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"),
        Some(Some(30))
    );
    assert_eq!(
        aws.log_group("/owners/place"),
        Some(None),
        "no stage names it now"
    );
    let stage = aws.stage("a1b2c3d4e5", "prod");
    assert_eq!(stage["methodSettings"]["*/*"]["dataTraceEnabled"], false);
    assert_eq!(stage["methodSettings"]["*/*"]["throttlingBurstLimit"], 5);
    aws.take_writes();
    function.invoke(&create_stage()).await;
    assert_eq!(aws.take_writes(), [""; 0]);
}

#[tokio::test]
async fn a_skip_tag_on_stage_or_api_excludes_it() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.set_stage("a1b2c3d4e5", "prod", "/tags", json!({"nightshift:skip": ""}));
    aws.add_stage("WEBSOCKET", "f6g7h8i9j0", "dev");
    aws.state(|state| {
        state.apis.get_mut("f6g7h8i9j0").unwrap().tags = json!({"nightshift:skip": "true"});
        state
            .log_groups
            .insert("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), None);
        state
            .log_groups
            .insert("/aws/apigateway/f6g7h8i9j0/dev".to_owned(), None);
    });
    let function = Setup::fast(&aws, &[]).await;
    let response = function.invoke(&create_stage()).await;
    assert_eq!(response["stages"][0]["skipped"], "skip_tag");
    let swept = function.invoke(&json!({"sweep": true})).await;
    let counts = json!({"found": 2, "changed": 0, "left": 0, "skipped": 2, "failed": 0});
    assert_eq!(swept["counts"], counts);
    assert_eq!(aws.take_writes(), [""; 0]);
    let other = Setup::fast(&aws, &[("SKIP_TAG", "ours:skip")]).await;
    assert_eq!(changed(&other.invoke(&create_stage()).await).len(), 3);
}

#[tokio::test]
async fn rules_match_stage_and_api() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.add_stage("REST", "b1b2c3d4e5", "prod");
    let rules = r#"[
        {"stage": "prod", "api": "a1b2c3d4e5-*", "days": 365, "execution_level": "ERROR", "data_trace": true},
        {"stage": "p*", "days": 7}
    ]"#;
    let function = Setup::new(&aws, &[("RETENTION_RULES", rules)]).await;
    function.invoke(&create_stage()).await;
    function
        .invoke(&event("rest-create-stage", "b1b2c3d4e5", "prod"))
        .await;
    assert_eq!(
        aws.log_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"),
        Some(Some(365))
    );
    assert_eq!(
        aws.log_group("/aws/vendedlogs/apigateway/b1b2c3d4e5/prod"),
        Some(Some(7))
    );
    let settings = &aws.stage("a1b2c3d4e5", "prod")["methodSettings"]["*/*"];
    assert_eq!(
        (&settings["loggingLevel"], &settings["dataTraceEnabled"]),
        (&json!("ERROR"), &json!(true))
    );
}

#[tokio::test]
async fn a_dry_run_reports_changes_and_writes_nothing() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws.state(|state| {
        state.role = None;
        state
            .log_groups
            .insert("API-Gateway-Execution-Logs_gone/dev".to_owned(), None);
    });
    let function = Setup::fast(
        &aws,
        &[
            ("DRY_RUN", "true"),
            ("CLOUDWATCH_ROLE_ARN", "arn:aws:iam::1:role/x"),
        ],
    )
    .await;
    let one = function.invoke(&create_stage()).await;
    let all = function.invoke(&json!({"sweep": true})).await;
    for response in [&one, &all] {
        assert_eq!(changed(response).len(), 3);
        let to = &response["stages"][0]["changes"][0]["to"];
        let group = "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod";
        assert_eq!(
            *to,
            format!("arn:aws:logs:ap-northeast-2:123456789012:log-group:{group}")
        );
        let expected = json!({"name": group, "created": true, "retention": {"from": null, "to": 30}});
        assert_eq!(response["log_groups"][0], expected);
    }
    assert_eq!(
        all["log_groups"][2]["name"],
        "API-Gateway-Execution-Logs_gone/dev"
    );
    assert_eq!(aws.take_writes(), [""; 0]);
}
