//! REST APIs, the account's role and log groups in moto. boto3 and the AWS command-line client read the result: neither
//! shares code with the SDK of the function.

use std::path::Path;
use std::process::Command;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::{BehaviorVersion, Config, Credentials, Region};
use local_stack::{Fault, FaultProxy, Match, Moto};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::setup::{NAME, PATIENCE, Setup, changed, event, fast_sweep};

const ROLE: &str = "arn:aws:iam::123456789012:role/apigateway-logs";

/// An API in moto, and a proxy that records the requests of one test.
struct Aws {
    moto: Moto,
    proxy: FaultProxy,
    rest: Client,
    api_id: String,
}

impl Aws {
    /// Creates an API in an account that other tests use too, with a CloudWatch role.
    async fn shared(stages: &[&str]) -> Self {
        static MOTO: OnceCell<Moto> = OnceCell::const_new();
        let start = async || Moto::start().await.unwrap();
        let aws = Self::in_account(MOTO.get_or_init(start).await.clone(), stages).await;
        aws.set_role().await;
        aws
    }

    /// Creates an API in an account of its own, without a CloudWatch role.
    async fn alone(stages: &[&str]) -> Self {
        Self::in_account(Moto::start().await.unwrap(), stages).await
    }

    async fn in_account(moto: Moto, stages: &[&str]) -> Self {
        let proxy = FaultProxy::start(moto.endpoint()).await.unwrap();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(moto.endpoint())
            .build();
        let rest = Client::from_conf(config);
        let api = rest.create_rest_api().name("billing").send().await.unwrap();
        let aws = Self {
            api_id: api.id.unwrap(),
            moto,
            proxy,
            rest,
        };
        aws.add_method().await;
        for stage in stages {
            let deployment = aws.deploy(None).await;
            let create = aws
                .rest
                .create_stage()
                .rest_api_id(&aws.api_id)
                .stage_name(*stage);
            create.deployment_id(deployment).send().await.unwrap();
        }
        aws
    }

    /// Adds a method, without which API Gateway deploys nothing.
    async fn add_method(&self) {
        let resources = self
            .rest
            .get_resources()
            .rest_api_id(&self.api_id)
            .send()
            .await
            .unwrap();
        let root = resources.items()[0].id().unwrap();
        let method = self.rest.put_method().rest_api_id(&self.api_id).resource_id(root);
        method
            .http_method("GET")
            .authorization_type("NONE")
            .send()
            .await
            .unwrap();
        let integration = self
            .rest
            .put_integration()
            .rest_api_id(&self.api_id)
            .resource_id(root);
        let mock = integration
            .http_method("GET")
            .r#type(aws_sdk_apigateway::types::IntegrationType::Mock);
        mock.request_templates("application/json", "{}")
            .send()
            .await
            .unwrap();
    }

    async fn deploy(&self, stage: Option<&str>) -> String {
        let deployment = self.rest.create_deployment().rest_api_id(&self.api_id);
        deployment
            .set_stage_name(stage.map(str::to_owned))
            .send()
            .await
            .unwrap()
            .id
            .unwrap()
    }

    async fn set_role(&self) {
        let role = aws_sdk_apigateway::types::PatchOperation::builder()
            .op(aws_sdk_apigateway::types::Op::Replace)
            .path("/cloudwatchRoleArn")
            .value(ROLE);
        self.rest
            .update_account()
            .patch_operations(role.build())
            .send()
            .await
            .unwrap();
    }

    async fn function(&self, variables: &[(&str, &str)]) -> Setup {
        Setup::with(&self.proxy.endpoint(), variables, fast_sweep).await
    }

    /// Lists the function's requests that write.
    fn writes(&self) -> Vec<String> {
        let seen = self.proxy.faults.seen().into_iter();
        let writes = seen.filter(|request| match &request.action {
            Some(action) => !action.contains(".Describe") && action != "GetRole",
            None => request.method != "GET" && request.path != "/",
        });
        writes
            .map(|write| format!("{} {}", write.method, write.action.unwrap_or(write.path)))
            .collect()
    }

    /// Reads a stage, the retention of the API's log groups and the account's role with boto3.
    fn read_with_boto3(&self, stage: &str) -> Value {
        let script = "import boto3, json, sys
api, stage = sys.argv[1:]
rest, logs = boto3.client('apigateway'), boto3.client('logs')
described = rest.get_stage(restApiId=api, stageName=stage)
groups = logs.get_paginator('describe_log_groups').paginate().search('logGroups')
print(json.dumps({
    'access': described.get('accessLogSettings'), 'methods': described.get('methodSettings'),
    'groups': {group['logGroupName']: group.get('retentionInDays')
               for group in groups if api in group['logGroupName']},
    'role': rest.get_account().get('cloudwatchRoleArn'),
}))";
        self.run("python", &["-c", script, &self.api_id, stage])
    }

    /// Runs the AWS command-line client.
    fn aws_cli(&self, arguments: &[&str]) -> Value {
        self.run("aws", arguments)
    }

    /// Runs a program of the virtual environment and parses its output as JSON.
    fn run(&self, program: &str, arguments: &[&str]) -> Value {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin");
        let output = Command::new(programs.join(program))
            .args(arguments)
            .envs(self.moto.environment())
            .env("AWS_DEFAULT_REGION", "ap-northeast-2")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn groups(&self, stage: &str) -> (String, String) {
        let id = &self.api_id;
        (
            format!("/aws/vendedlogs/apigateway/{id}/{stage}"),
            format!("API-Gateway-Execution-Logs_{id}/{stage}"),
        )
    }
}

#[tokio::test]
async fn a_new_stage_gets_its_logs_as_boto3_and_the_aws_cli_read_them() {
    let aws = Aws::shared(&["prod"]).await;
    let function = aws.function(&[("RETENTION_DAYS", "90")]).await;
    let created = event("rest-create-stage", &aws.api_id, "prod");
    let response = function.invoke(&created).await;
    let all = ["access_log.destination", "access_log.format", "execution.level"];
    assert_eq!(changed(&response), all);
    let read = aws.read_with_boto3("prod");
    let (access, execution) = aws.groups("prod");
    let arn = format!("arn:aws:logs:ap-northeast-2:123456789012:log-group:{access}");
    assert_eq!(read["access"]["destinationArn"], arn);
    let line: Value = serde_json::from_str(read["access"]["format"].as_str().unwrap()).unwrap();
    assert_eq!(line["requestId"], "$context.requestId");
    let settings = &read["methods"]["*/*"];
    assert_eq!(
        (
            &settings["loggingLevel"],
            &settings["dataTraceEnabled"],
            &settings["metricsEnabled"]
        ),
        (&json!("INFO"), &json!(false), &json!(false))
    );
    assert_eq!(read["groups"], json!({access.clone(): 90, execution: 90}));
    let stage = [
        "apigateway",
        "get-stage",
        "--rest-api-id",
        &aws.api_id,
        "--stage-name",
        "prod",
    ];
    let read = aws.aws_cli(&stage);
    assert_eq!(read["accessLogSettings"]["destinationArn"], arn);
    assert_eq!(read["methodSettings"]["*/*"]["loggingLevel"], "INFO");
    let read = aws.aws_cli(&["logs", "describe-log-groups", "--log-group-name-prefix", &access]);
    assert_eq!(read["logGroups"][0]["retentionInDays"], 90);
    let writes = aws.writes();
    assert_eq!(writes.len(), 5, "{writes:?}");
    let again = function.invoke(&created).await;
    assert_eq!(changed(&again), [""; 0]);
    assert_eq!(aws.writes(), writes, "a second run writes nothing");
}

#[tokio::test]
async fn a_deployment_names_its_stage_or_the_function_looks_it_up() {
    let aws = Aws::shared(&["prod"]).await;
    let function = aws.function(&[]).await;
    // The console creates a deployment for the stage "", then the stage.
    let deployment = aws.deploy(None).await;
    let mut deployed = event("rest-create-deployment-no-stage", &aws.api_id, "");
    deployed["detail"]["responseElements"]["id"] = json!(deployment);
    let response = function.invoke(&deployed).await;
    assert_eq!(
        (&response["stages"][0]["skipped"], &response["stages"][0]["stage"]),
        (&json!("no_stage"), &json!(null))
    );
    let create = aws.rest.create_stage().rest_api_id(&aws.api_id).stage_name("dev");
    create.deployment_id(&deployment).send().await.unwrap();
    let response = function.invoke(&deployed).await;
    assert_eq!(response["stages"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&response["stages"][0]["stage"], changed(&response).len()),
        (&json!("dev"), 3)
    );
    let named = function
        .invoke(&event("rest-create-deployment", &aws.api_id, "prod"))
        .await;
    assert_eq!(
        (&named["stages"][0]["stage"], changed(&named).len()),
        (&json!("prod"), 3)
    );
}

#[tokio::test]
async fn skips_a_failed_call_without_a_request() {
    let aws = Aws::shared(&["prod"]).await;
    let function = aws.function(&[]).await;
    let response = function.invoke(&event("failed-call", &aws.api_id, "prod")).await;
    let expected = json!([{
        "api_id": aws.api_id, "api_type": "REST", "stage": "prod", "changes": [], "skipped": "failed_call",
    }]);
    assert_eq!(response["stages"], expected);
    assert!(aws.proxy.faults.seen().is_empty());
}

#[tokio::test]
async fn a_sweep_sets_the_role_and_the_logs_of_all_stages() {
    let aws = Aws::alone(&["dev", "prod"]).await;
    let orphaned = "API-Gateway-Execution-Logs_zzzzzzzzzz/old";
    let group = json!({"logGroupName": orphaned});
    aws.moto
        .json("logs", "Logs_20140328.CreateLogGroup", &group)
        .await
        .unwrap();
    let function = aws.function(&[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        response["counts"],
        json!({"found": 2, "changed": 2, "left": 0, "skipped": 0, "failed": 0})
    );
    let read = aws.read_with_boto3("dev");
    assert_eq!(read["role"], ROLE);
    assert_eq!(read["groups"].as_object().unwrap().len(), 4);
    let prefix = json!({"logGroupNamePrefix": orphaned});
    let groups = aws
        .moto
        .json("logs", "Logs_20140328.DescribeLogGroups", &prefix)
        .await
        .unwrap();
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 30);
    let writes = aws.writes();
    function.invoke(&json!({"sweep": true})).await;
    assert_eq!(aws.writes(), writes, "a second run writes nothing");
}

#[tokio::test]
async fn reports_a_missing_role() {
    let aws = Aws::alone(&["prod"]).await;
    let function = aws.function(&[]).await;
    let (error_type, message) = function
        .error(&event("rest-create-stage", &aws.api_id, "prod"))
        .await;
    assert_eq!(error_type, "CloudWatchRoleMissing");
    assert!(message.contains("ap-northeast-2"), "{message}");
    assert!(aws.read_with_boto3("prod")["access"]["destinationArn"].is_string());
}

#[tokio::test]
async fn the_next_attempt_completes_the_work_of_an_environment_killed_before_the_settings() {
    let aws = Aws::shared(&["prod"]).await;
    let function = aws.function(&[]).await;
    aws.proxy
        .faults
        .inject(Match::path("PATCH", "/restapis"), Fault::Hold, 1);
    let created = event("rest-create-stage", &aws.api_id, "prod");
    function.emulator.invoke_event(NAME, &created).unwrap();
    aws.proxy.faults.wait_until_held(PATIENCE).await.unwrap();
    let read = aws.read_with_boto3("prod");
    let (access, execution) = aws.groups("prod");
    assert_eq!(
        (&read["access"], &read["groups"]),
        (&json!(null), &json!({access: 30, execution: 30}))
    );
    assert_eq!(function.emulator.kill(NAME), 1);
    function.emulator.wait_until_idle(PATIENCE).await.unwrap();
    assert!(aws.read_with_boto3("prod")["access"]["format"].is_string());
    assert_eq!(aws.writes().len(), 6, "the groups were not created again");
}

#[tokio::test]
async fn repeats_a_request_after_a_lost_response() {
    let aws = Aws::shared(&["prod"]).await;
    let function = aws.function(&[]).await;
    for request in [
        "Logs_20140328.CreateLogGroup",
        "Logs_20140328.PutRetentionPolicy",
        "accessLogSettings",
    ] {
        aws.proxy
            .faults
            .inject(Match::containing(request), Fault::LoseResponse, 1);
    }
    let response = function
        .invoke(&event("rest-create-stage", &aws.api_id, "prod"))
        .await;
    assert_eq!(changed(&response).len(), 3);
    let (access, execution) = aws.groups("prod");
    assert_eq!(
        aws.read_with_boto3("prod")["groups"],
        json!({access: 30, execution: 30})
    );
}
