//! HTTP and WebSocket APIs, whose `UpdateStage` moto does not know.

use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::surroundings::{Deployed, changed, event};

const ARN: &str = "arn:aws:logs:ap-northeast-2:123456789012:log-group:";

#[tokio::test]
async fn an_http_apis_default_stage_gets_an_access_log_in_a_group_that_logs_takes() {
    let aws = ControlPlane::start().await;
    aws.add_stage("HTTP", "f6g7h8i9j0", "$default");
    let function = Deployed::at(&aws, &[]).await;
    let event = event("http-create-stage", "f6g7h8i9j0", "$default");
    let answer = function.answer(&event).await;
    assert_eq!(changed(&answer), ["access_log.destination", "access_log.format"]);
    let group = "/aws/vendedlogs/apigateway/f6g7h8i9j0/default";
    let told = json!([{"name": group, "created": true, "retention": {"from": null, "to": 30}}]);
    assert_eq!(answer["log_groups"], told);
    assert_eq!(
        (&answer["stages"][0]["api_type"], &answer["continued"]),
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
        aws.state(|state| state.groups.clone())
            .into_iter()
            .collect::<Vec<_>>(),
        [(group.to_owned(), Some(30))]
    );
    aws.take_writes();
    let again = function.answer(&event).await;
    assert_eq!(changed(&again), [""; 0]);
    assert_eq!(aws.take_writes(), [""; 0], "a second time, nothing is written");
    assert_eq!(again["log_groups"][0]["retention"], json!({"from": 30, "to": 30}));
}

#[tokio::test]
async fn a_websocket_apis_stage_gets_both_logs_and_keeps_its_throttling() {
    let aws = ControlPlane::start().await;
    aws.add_stage("WEBSOCKET", "f6g7h8i9j0", "production");
    let function = Deployed::at(&aws, &[]).await;
    let event = event("websocket-create-stage", "f6g7h8i9j0", "production");
    let answer = function.answer(&event).await;
    let all = [
        "access_log.destination",
        "access_log.format",
        "execution.level",
        "metrics",
    ];
    assert_eq!(changed(&answer), all);
    let expected = json!({
        "loggingLevel": "INFO", "dataTraceEnabled": false, "detailedMetricsEnabled": true,
        "throttlingBurstLimit": 50, "throttlingRateLimit": 25.0,
    });
    assert_eq!(
        aws.stage("f6g7h8i9j0", "production")["defaultRouteSettings"],
        expected
    );
    assert_eq!(aws.group("/aws/apigateway/f6g7h8i9j0/production"), Some(Some(30)));
    assert_eq!(
        aws.group("/aws/vendedlogs/apigateway/f6g7h8i9j0/production"),
        Some(Some(30))
    );
    let made: Vec<String> = aws.state(|state| state.made_by_api_gateway.clone());
    assert_eq!(
        made, [""; 0],
        "the groups were there before logging was turned on"
    );
    aws.take_writes();
    function.answer(&event).await;
    assert_eq!(aws.take_writes(), [""; 0], "a second time, nothing is written");
}

#[tokio::test]
async fn the_groups_are_made_and_given_an_end_before_logging_is_turned_on() {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    let function = Deployed::at(&aws, &[]).await;
    function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
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
    assert!(aws.state(|state| state.made_by_api_gateway.is_empty()));
}

#[tokio::test]
async fn a_stage_that_api_gateway_manages_is_left_to_it() {
    let aws = ControlPlane::start().await;
    aws.add_stage("HTTP", "f6g7h8i9j0", "$default");
    aws.set_stage("f6g7h8i9j0", "$default", "/apiGatewayManaged", json!(true));
    let function = Deployed::at(&aws, &[]).await;
    let answer = function
        .answer(&event("http-create-stage", "f6g7h8i9j0", "$default"))
        .await;
    assert_eq!(answer["stages"][0]["skipped"], "managed");
    assert_eq!(
        aws.stage("f6g7h8i9j0", "$default").get("accessLogSettings"),
        None::<&Value>
    );
}

#[tokio::test]
async fn a_v2_deployment_is_looked_up() {
    let aws = ControlPlane::start().await;
    aws.add_stage("HTTP", "f6g7h8i9j0", "dev");
    aws.add_stage("HTTP", "f6g7h8i9j0", "other");
    aws.set_stage("f6g7h8i9j0", "other", "/deploymentId", json!("x"));
    let function = Deployed::at(&aws, &[]).await;
    let mut event = event("rest-create-deployment-no-stage", "", "");
    event["detail"]["requestParameters"] = json!({"apiId": "f6g7h8i9j0"});
    event["detail"]["responseElements"] = json!({"deploymentId": "d1e2f3"});
    let answer = function.answer(&event).await;
    assert_eq!(answer["stages"].as_array().unwrap().len(), 1);
    assert_eq!(answer["stages"][0]["stage"], "dev");
    assert_eq!(changed(&answer).len(), 2);
}

#[tokio::test]
async fn a_stage_that_is_gone_is_skipped() {
    let aws = ControlPlane::start().await;
    let function = Deployed::at(&aws, &[]).await;
    let gone = function
        .answer(&event("http-create-stage", "f6g7h8i9j0", "$default"))
        .await;
    let expected = json!([{
        "api_id": "f6g7h8i9j0", "api_type": null, "stage": "$default", "changes": [], "skipped": "gone",
    }]);
    assert_eq!(gone["stages"], expected);
    aws.add_stage("REST", "a1b2c3d4e5", "dev");
    let gone = function
        .answer(&event("rest-create-stage", "a1b2c3d4e5", "prod"))
        .await;
    assert_eq!(gone["stages"][0]["skipped"], "gone");
    assert_eq!(aws.take_writes(), [""; 0]);
}
