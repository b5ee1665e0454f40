//! Invoke API, through the SDK and cargo-lambda.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use local_stack::{Decision, Function, LambdaEmulator};
use serde_json::{Value, json};

use crate::support::{SOON, emulator, probe};

fn client(emulator: &LambdaEmulator) -> Client {
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-2"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn an_event_is_accepted_before_it_is_delivered() {
    let emulator = emulator().await;
    let response = client(&emulator)
        .invoke()
        .function_name("probe")
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(r#"{"sleep_ms":600000}"#))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status_code(), 202);
    emulator.wait_until_running("probe", SOON).await.unwrap();
    assert!(emulator.invocations()[0].outcome.is_none());
}

#[tokio::test]
async fn a_function_is_invoked_by_name_qualifier_and_arn() {
    let emulator = emulator().await;
    for name in [
        "probe",
        "probe:live",
        "123456789012:function:probe",
        &emulator.arn("probe"),
    ] {
        let response = client(&emulator)
            .invoke()
            .function_name(name)
            .payload(Blob::new("{}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status_code(), 200, "{name}");
        assert_eq!(response.function_error(), None);
        let response: Value = serde_json::from_slice(response.payload().unwrap().as_ref()).unwrap();
        assert_eq!(response["function"], "probe");
    }
}

#[tokio::test]
async fn an_error_of_the_function_is_a_200_with_a_header() {
    let emulator = emulator().await;
    let response = client(&emulator)
        .invoke()
        .function_name("probe")
        .payload(Blob::new(r#"{"do":"fail"}"#))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status_code(), 200);
    assert_eq!(response.function_error(), Some("Unhandled"));
    let error: Value = serde_json::from_slice(response.payload().unwrap().as_ref()).unwrap();
    assert_eq!(error["errorMessage"], "requested failure");
}

#[tokio::test]
async fn a_timeout_has_the_message_of_lambda() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        timeout: std::time::Duration::from_secs(1),
        ..probe("probe")
    });
    let response = client(&emulator)
        .invoke()
        .function_name("probe")
        .payload(Blob::new(r#"{"sleep_ms":600000}"#))
        .send()
        .await
        .unwrap();
    let error: Value = serde_json::from_slice(response.payload().unwrap().as_ref()).unwrap();
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("Task timed out after 1.00 seconds"),
        "{error}"
    );
}

#[tokio::test]
async fn a_dry_run_invokes_nothing() {
    let emulator = emulator().await;
    let response = client(&emulator)
        .invoke()
        .function_name("probe")
        .invocation_type(InvocationType::DryRun)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status_code(), 204);
    assert!(emulator.invocations().is_empty());
}

#[tokio::test]
async fn an_unknown_function_is_a_resource_not_found_exception() {
    let emulator = emulator().await;
    let error = client(&emulator)
        .invoke()
        .function_name("other")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = error.into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert!(error.message().unwrap().contains("function:other"));
}

#[tokio::test]
async fn a_request_is_throttled_while_all_environments_are_busy_and_an_event_is_not() {
    let emulator = emulator().await;
    emulator.deploy(Function {
        concurrency: 1,
        ..probe("probe")
    });
    emulator
        .invoke_event("probe", &json!({"sleep_ms": 600_000}))
        .unwrap();
    emulator.wait_until_running("probe", SOON).await.unwrap();

    let error = client(&emulator)
        .invoke()
        .function_name("probe")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    assert!(error.into_service_error().is_too_many_requests_exception());

    let event = client(&emulator)
        .invoke()
        .function_name("probe")
        .invocation_type(InvocationType::Event);
    assert_eq!(event.send().await.unwrap().status_code(), 202);
}

#[tokio::test]
async fn a_payload_may_be_one_megabyte_for_an_event_and_six_for_a_request() {
    let emulator = emulator().await;
    let send = async |bytes: usize, invocation_type: InvocationType| {
        let payload = format!("\"{}\"", "x".repeat(bytes - 2));
        let request = client(&emulator)
            .invoke()
            .function_name("probe")
            .invocation_type(invocation_type);
        request.payload(Blob::new(payload)).send().await
    };
    assert_eq!(
        send(1_048_576, InvocationType::Event)
            .await
            .unwrap()
            .status_code(),
        202
    );
    assert_eq!(
        send(1_048_577, InvocationType::RequestResponse)
            .await
            .unwrap()
            .status_code(),
        200
    );
    for (bytes, invocation_type) in [
        (1_048_577, InvocationType::Event),
        (6_291_457, InvocationType::RequestResponse),
    ] {
        let error = send(bytes, invocation_type).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 413);
        assert!(error.into_service_error().is_request_too_large_exception());
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let emulator = emulator().await;
    let error = client(&emulator)
        .invoke()
        .function_name("probe")
        .payload(Blob::new("{"))
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_invalid_request_content_exception());
}

#[tokio::test]
async fn a_function_invokes_another_and_is_known_as_its_caller() {
    let emulator = emulator().await;
    emulator.deploy(probe("other"));
    let (sender, receiver) = std::sync::mpsc::channel();
    emulator.on_invoke(move |call| {
        sender.send(call.clone()).unwrap();
        Decision::Deliver
    });
    let response = emulator
        .invoke("probe", &json!({"invoke": "other", "with": {"task": 7}}))
        .await
        .unwrap();
    assert_eq!(response.into_response().unwrap(), json!({"invoked": 202}));
    emulator.wait_until_idle(SOON).await.unwrap();

    let call = receiver.recv().unwrap();
    assert_eq!(call.caller.as_deref(), Some("probe"));
    assert_eq!(
        call.caller_request_id.as_ref(),
        Some(&emulator.invocations_of("probe")[0].request_id)
    );
    assert_eq!(call.payload, json!({"task": 7}));
    assert_eq!(emulator.invocations_of("other")[0].payload, json!({"task": 7}));
}

#[tokio::test]
async fn cargo_lambda_invokes_functions() {
    let emulator = emulator().await;
    let cargo_lambda = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/cargo-lambda");
    let port = emulator.port().to_string();
    let output = tokio::process::Command::new(cargo_lambda)
        .args([
            "lambda",
            "invoke",
            "--invoke-address",
            "127.0.0.1",
            "--invoke-port",
            &port,
        ])
        .args(["--data-ascii", "{}", "probe"])
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("\"function\""),
        "{output:?}"
    );
}
