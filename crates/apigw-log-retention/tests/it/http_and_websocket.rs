//! HTTP and WebSocket APIs; moto does not implement their `UpdateStage`.

use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::setup::{Setup, changed, event};

const ARN: &str = "arn:aws:logs:ap-northeast-2:123456789012:log-group:";

#[tokio::test]
async fn the_default_stage_of_an_http_api_gets_an_access_log_in_a_validly_named_group() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("HTTP", "f6g7h8i9j0", "$default");
    let function = Setup::new(&aws, &[]).await;
    let event = event("http-create-stage", "f6g7h8i9j0", "$default");
    let response = function.invoke(&event).await;
    assert_eq!(
        changed(&response),
        ["access_log.destination", "access_log.format"]
    );
    let group = "/aws/vendedlogs/apigateway/f6g7h8i9j0/default";
    let expected = json!([{"name": group, "created": true, "retention": {"from": null, "to": 30}}]);
    assert_eq!(response["log_groups"], expected);
    assert_eq!(
        (&response["stages"][0]["api_type"], &response["continued"]),
        (&json!("HTTP"), &json!(false))
    );
    let stage = aws.stage("f6g7h8i9j0", "$default");
    assert_eq!(
        stage["accessLogSettings"]["destinationArn"],
        format!("{ARN}{group}")
    );
    assert_eq!(
        stage["defaultRouteSettings"],
        json!({"detailedMetricsEnabled": false})
    );
    assert_eq!(
        aws.state(|state| state.log_groups.clone())
            .into_iter()
            .collect::<Vec<_>>(),
        [(group.to_owned(), Some(30))]
    );
    aws.take_writes();
    let again = function.invoke(&event).await;
    assert_eq!(changed(&again), [""; 0]);
    assert_eq!(aws.take_writes(), [""; 0], "a second run writes nothing");
    assert_eq!(again["log_groups"][0]["retention"], json!({"from": 30, "to": 30}));
}

#[tokio::test]
async fn a_stage_of_a_websocket_api_gets_both_logs_and_keeps_its_throttling() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("WEBSOCKET", "f6g7h8i9j0", "production");
    let function = Setup::new(&aws, &[]).await;
    let event = event("websocket-create-stage", "f6g7h8i9j0", "production");
    let response = function.invoke(&event).await;
    let all = ["access_log.destination", "access_log.format", "execution.level"];
    assert_eq!(changed(&response), all);
    let expected = json!({
        "loggingLevel": "INFO", "dataTraceEnabled": false, "detailedMetricsEnabled": false,
        "throttlingBurstLimit": 50, "throttlingRateLimit": 25.0,
    });
    assert_eq!(
        aws.stage("f6g7h8i9j0", "production")["defaultRouteSettings"],
        expected
    );
    assert_eq!(
        aws.log_group("/aws/apigateway/f6g7h8i9j0/production"),
        Some(Some(30))
    );
    assert_eq!(
        aws.log_group("/aws/vendedlogs/apigateway/f6g7h8i9j0/production"),
        Some(Some(30))
    );
    let created: Vec<String> = aws.state(|state| state.created_by_api_gateway.clone());
    assert_eq!(
        created, [""; 0],
        "the groups existed before logging was turned on"
    );
    aws.take_writes();
    function.invoke(&event).await;
    assert_eq!(aws.take_writes(), [""; 0], "a second run writes nothing");
}

#[tokio::test]
async fn log_groups_get_a_retention_before_logging_is_turned_on() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let function = Setup::new(&aws, &[]).await;
    function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    let access = "/aws/vendedlogs/apigateway/a1b2c3d4e5/prod";
    let execution = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    let expected = [
        format!("CreateLogGroup {access}"),
        format!("PutRetentionPolicy {access}"),
        format!("CreateLogGroup {execution}"),
        format!("PutRetentionPolicy {execution}"),
        "PATCH /restapis/a1b2c3d4e5/stages/prod".to_owned(),
    ];
    assert_eq!(aws.take_writes(), expected);
    assert!(aws.state(|state| state.created_by_api_gateway.is_empty()));
}

#[tokio::test]
async fn skips_a_managed_stage() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("HTTP", "f6g7h8i9j0", "$default");
    aws.set_stage("f6g7h8i9j0", "$default", "/apiGatewayManaged", json!(true));
    let function = Setup::new(&aws, &[]).await;
    let response = function
        .invoke(&event("http-create-stage", "f6g7h8i9j0", "$default"))
        .await;
    assert_eq!(response["stages"][0]["skipped"], "managed");
    assert_eq!(
        aws.stage("f6g7h8i9j0", "$default").get("accessLogSettings"),
        None::<&Value>
    );
}

#[tokio::test]
async fn looks_up_the_stage_of_a_v2_deployment() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("HTTP", "f6g7h8i9j0", "dev");
    aws.add_stage("HTTP", "f6g7h8i9j0", "other");
    aws.set_stage("f6g7h8i9j0", "other", "/deploymentId", json!("x"));
    let function = Setup::new(&aws, &[]).await;
    let mut event = event("rest-create-deployment-no-stage", "", "");
    event["detail"]["requestParameters"] = json!({"apiId": "f6g7h8i9j0"});
    event["detail"]["responseElements"] = json!({"deploymentId": "d1e2f3"});
    let response = function.invoke(&event).await;
    assert_eq!(response["stages"].as_array().unwrap().len(), 1);
    assert_eq!(response["stages"][0]["stage"], "dev");
    assert_eq!(changed(&response).len(), 2);
}

#[tokio::test]
async fn skips_a_deleted_stage() {
    let aws = ControlPlane::start().await.unwrap();
    let function = Setup::new(&aws, &[]).await;
    let gone = function
        .invoke(&event("http-create-stage", "f6g7h8i9j0", "$default"))
        .await;
    let expected = json!([{
        "api_id": "f6g7h8i9j0", "api_type": null, "stage": "$default", "changes": [], "skipped": "gone",
    }]);
    assert_eq!(gone["stages"], expected);
    aws.add_stage("REST", "a1b2c3d4e5", "dev");
    let gone = function
        .invoke(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(gone["stages"][0]["skipped"], "gone");
    assert_eq!(aws.take_writes(), [""; 0]);
}

/// Returns the format's fields in the order of their names.
fn fields(stage: &Value) -> Vec<String> {
    let format = stage["accessLogSettings"]["format"].as_str().unwrap();
    let line: Value = serde_json::from_str(format).unwrap();
    line.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn each_api_type_gets_a_format_of_its_own() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "r1", "prod");
    aws.add_stage("HTTP", "h1", "$default");
    aws.add_stage("WEBSOCKET", "w1", "prod");
    Setup::fast(&aws, &[]).await.invoke(&json!({"sweep": true})).await;
    let has =
        |api: &str, stage: &str, field: &str| fields(&aws.stage(api, stage)).contains(&field.to_owned());
    assert!(has("r1", "prod", "resourcePath") && !has("r1", "prod", "routeKey"));
    assert!(has("h1", "$default", "routeKey") && has("h1", "$default", "path"));
    assert!(!has("h1", "$default", "resourcePath"));
    for field in ["eventType", "routeKey", "connectionId"] {
        assert!(has("w1", "prod", field), "{field}");
    }
    assert!(!has("w1", "prod", "httpMethod"));
}

#[tokio::test]
async fn detailed_metrics_work_for_http_apis_too() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("HTTP", "f6g7h8i9j0", "dev");
    let function = Setup::new(&aws, &[("DETAILED_METRICS", "true")]).await;
    let event = event("http-create-stage", "f6g7h8i9j0", "dev");
    let response = function.invoke(&event).await;
    assert_eq!(
        changed(&response),
        ["access_log.destination", "access_log.format", "metrics"]
    );
    let route = &aws.stage("f6g7h8i9j0", "dev")["defaultRouteSettings"];
    assert_eq!(*route, json!({"detailedMetricsEnabled": true}));
}

#[tokio::test]
async fn quick_create_imports_and_updates_trigger_the_function() {
    for case in [
        "http-quick-create",
        "http-import",
        "http-update-stage",
        "http-delete-access-log",
    ] {
        let aws = ControlPlane::start().await.unwrap();
        aws.add_stage("HTTP", "f6g7h8i9j0", "$default");
        let function = Setup::new(&aws, &[]).await;
        let response = function
            .invoke(&local_stack::event("apigw-log-retention", case))
            .await;
        assert_eq!(changed(&response).len(), 2, "{case}");
    }
    for case in ["rest-import", "rest-update-stage"] {
        let aws = ControlPlane::start().await.unwrap();
        aws.add_stage("REST", "a1b2c3d4e5", "prod");
        let function = Setup::new(&aws, &[]).await;
        let response = function
            .invoke(&local_stack::event("apigw-log-retention", case))
            .await;
        assert_eq!(changed(&response).len(), 3, "{case}");
    }
    // A new API without stages, such as a WebSocket API.
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("WEBSOCKET", "f6g7h8i9j0", "gone");
    aws.state(|state| state.apis.get_mut("f6g7h8i9j0").unwrap().stages.clear());
    let function = Setup::new(&aws, &[]).await;
    let event = local_stack::event("apigw-log-retention", "http-quick-create");
    assert_eq!(function.invoke(&event).await["stages"][0]["skipped"], "no_stage");
}

#[tokio::test]
async fn skips_calls_of_other_accounts_and_regions_and_its_own() {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let function = Setup::new(&aws, &[]).await;
    let fixture = |case| local_stack::event("apigw-log-retention", case);
    let mut other_region = fixture("rest-create-stage");
    other_region["region"] = json!("us-east-1");
    let mut own_session = fixture("rest-update-stage");
    own_session["detail"]["userIdentity"]["arn"] =
        json!("arn:aws:sts::123456789012:assumed-role/some-role/apigw-log-retention");
    for (event, reason) in [
        (fixture("other-account"), "foreign"),
        (other_region, "foreign"),
        (fixture("own-update-stage"), "ours"),
        (own_session, "ours"),
    ] {
        let response = function.invoke(&event).await;
        assert_eq!(response["stages"][0]["skipped"], reason, "{response}");
    }
    assert!(aws.state(|state| state.received.is_empty()));
    // A deployment through CloudFormation is no call of ours, whatever its role is called.
    let mut deployed = fixture("own-update-stage");
    let identity = &mut deployed["detail"]["userIdentity"];
    identity["arn"] = json!("arn:aws:sts::123456789012:assumed-role/nightshift-github-dev/GitHubActions");
    identity["invokedBy"] = json!("cloudformation.amazonaws.com");
    assert_eq!(changed(&function.invoke(&deployed).await).len(), 3);
}
