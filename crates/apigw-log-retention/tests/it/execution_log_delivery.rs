//! Delivery of execution logs, which moto does not implement.

use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::setup::{Setup, changed, event};

const GROUP: &str = "/aws/vendedlogs/apigateway-execution/a1b2c3d4e5/prod";

fn create_stage() -> Value {
    event("rest-create-stage", "a1b2c3d4e5", "prod")
}

async fn with_stage() -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "a1b2c3d4e5", "prod");
    aws
}

#[tokio::test]
async fn an_execution_log_goes_to_a_log_group_of_its_own_after_logging_is_on() {
    let aws = with_stage().await;
    let function = Setup::fast(&aws, &[("EXECUTION_LOG_DELIVERY", "log-group")]).await;
    let response = function.invoke(&create_stage()).await;
    assert_eq!(
        changed(&response),
        [
            "access_log.destination",
            "access_log.format",
            "execution.level",
            "execution.delivery"
        ]
    );
    assert_eq!(aws.log_group(GROUP), Some(Some(30)));
    let writes = aws.take_writes();
    let at = |part: &str| writes.iter().position(|write| write.contains(part)).unwrap();
    assert!(at("PATCH") < at("PutDeliverySource") && at("PutDeliveryDestination") < at("CreateDelivery"));
    assert!(at("PutRetentionPolicy /aws/vendedlogs/apigateway-execution") < at("CreateDelivery"));
    aws.state(|state| {
        let source = &state.deliveries.sources[0];
        let arn = "arn:aws:apigateway:ap-northeast-2:123456789012:/restapis/a1b2c3d4e5/stages/prod";
        assert_eq!(
            (&source["resourceArns"], &source["logType"]),
            (&json!([arn]), &json!("EXECUTION_LOGS"))
        );
        assert_eq!(state.deliveries.deliveries.len(), 1);
    });
    for again in [create_stage(), json!({"sweep": true})] {
        function.invoke(&again).await;
        assert_eq!(aws.take_writes(), [""; 0], "a second run writes nothing");
    }
}

#[tokio::test]
async fn all_stages_share_a_bucket() {
    let aws = with_stage().await;
    aws.add_stage("REST", "a1b2c3d4e5", &"s".repeat(120));
    aws.add_stage("HTTP", "f6g7h8i9j0", "dev");
    aws.add_stage("WEBSOCKET", "w1", "dev");
    let function = Setup::fast(
        &aws,
        &[("EXECUTION_LOG_DELIVERY", "arn:aws:s3:::logs.example.com")],
    )
    .await;
    function.invoke(&json!({"sweep": true})).await;
    aws.state(|state| {
        let deliveries = &state.deliveries;
        assert_eq!(
            (deliveries.sources.len(), deliveries.destinations.len()),
            (2, 1),
            "REST stages only"
        );
        assert_eq!(deliveries.deliveries.len(), 2);
    });
}

#[tokio::test]
async fn an_owners_delivery_stays() {
    let aws = with_stage().await;
    aws.state(|state| {
        let arn = "arn:aws:apigateway:ap-northeast-2:123456789012:/restapis/a1b2c3d4e5/stages/prod";
        state
            .deliveries
            .sources
            .push(json!({"name": "own", "logType": "EXECUTION_LOGS", "resourceArns": [arn]}));
        state
            .deliveries
            .deliveries
            .push(json!({"id": "d1", "deliverySourceName": "own", "deliveryDestinationArn": "x"}));
    });
    let function = Setup::new(&aws, &[("EXECUTION_LOG_DELIVERY", "log-group")]).await;
    assert_eq!(changed(&function.invoke(&create_stage()).await).len(), 3);
    assert_eq!(aws.state(|state| state.deliveries.deliveries.len()), 1);
}

#[tokio::test]
async fn a_dry_run_and_a_stage_without_execution_log_deliver_nothing() {
    let aws = with_stage().await;
    let dry = Setup::new(
        &aws,
        &[("EXECUTION_LOG_DELIVERY", "log-group"), ("DRY_RUN", "true")],
    )
    .await;
    let response = dry.invoke(&create_stage()).await;
    assert_eq!(changed(&response).last(), Some(&"execution.delivery"));
    assert_eq!(aws.take_writes(), [""; 0]);
    let variables = [
        ("EXECUTION_LOG_DELIVERY", "log-group"),
        ("EXECUTION_LOG_LEVEL", "OFF"),
    ];
    let off = Setup::new(&aws, &variables).await;
    assert_eq!(
        changed(&off.invoke(&create_stage()).await),
        ["access_log.destination", "access_log.format"]
    );
    assert_eq!(aws.state(|state| state.deliveries.sources.len()), 0);
}
