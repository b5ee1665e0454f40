//! REST APIs, the account's role and log groups in moto; what came of it is read with boto3, and with
//! the public command-line client where it is installed: neither shares a line with the SDK that the function
//! uses.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::{BehaviorVersion, Config, Credentials, Region};
use local_stack::{Fault, FaultProxy, Match, Moto};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

use crate::surroundings::{Deployed, NAME, PATIENCE, changed, event};

const ROLE: &str = "arn:aws:iam::123456789012:role/apigateway-logs";

/// A moto of its own for each test, because a sweep sees everything, and a proxy that counts.
struct Aws {
    moto: Moto,
    proxy: FaultProxy,
    rest: Client,
    api_id: String,
}

impl Aws {
    async fn with_stages(stages: &[&str]) -> Self {
        let moto = Moto::start().await.unwrap();
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

    /// Without a method there is nothing to deploy.
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

    async fn function(&self, variables: &[(&str, &str)]) -> Deployed {
        Deployed::with(&self.proxy.endpoint(), variables, |function| function).await
    }

    /// The function's requests that write.
    fn writes(&self) -> Vec<String> {
        let seen = self.proxy.seen().into_iter();
        let writes = seen.filter(|request| match &request.action {
            Some(action) => !action.contains(".Describe"),
            None => request.method != "GET",
        });
        writes
            .map(|write| format!("{} {}", write.method, write.action.unwrap_or(write.path)))
            .collect()
    }

    /// The state as boto3 tells it: the stage, the groups' retentions and the account's role.
    fn read_with_boto3(&self, stage: &str) -> Value {
        let script = "import boto3, json, sys
api, stage = sys.argv[1:]
rest, logs = boto3.client('apigateway'), boto3.client('logs')
told = rest.get_stage(restApiId=api, stageName=stage)
groups = logs.get_paginator('describe_log_groups').paginate().search('logGroups')
print(json.dumps({
    'access': told.get('accessLogSettings'), 'methods': told.get('methodSettings'),
    'groups': {group['logGroupName']: group.get('retentionInDays') for group in groups},
    'role': rest.get_account().get('cloudwatchRoleArn'),
}))";
        self.run("python", &["-c", script, &self.api_id, stage])
    }

    /// What the public command-line client answers.
    fn ask_cli(&self, arguments: &[&str]) -> Value {
        self.run("aws", arguments)
    }

    /// What a program of the virtual environment prints, as JSON.
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
async fn a_new_stage_gets_its_logs_and_boto3_and_the_aws_command_read_them_back() {
    let aws = Aws::with_stages(&["prod"]).await;
    aws.set_role().await;
    let function = aws.function(&[("RETENTION_DAYS", "90")]).await;
    let created = event("rest-create-stage", &aws.api_id, "prod");
    let answer = function.answer(&created).await;
    let all = [
        "access_log.destination",
        "access_log.format",
        "execution.level",
        "metrics",
    ];
    assert_eq!(changed(&answer), all);
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
        (&json!("INFO"), &json!(false), &json!(true))
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
    let told = aws.ask_cli(&stage);
    assert_eq!(told["accessLogSettings"]["destinationArn"], arn);
    assert_eq!(told["methodSettings"]["*/*"]["loggingLevel"], "INFO");
    let told = aws.ask_cli(&["logs", "describe-log-groups", "--log-group-name-prefix", &access]);
    assert_eq!(told["logGroups"][0]["retentionInDays"], 90);
    let writes = aws.writes();
    assert_eq!(writes.len(), 5, "{writes:?}");
    let again = function.answer(&created).await;
    assert_eq!(changed(&again), [""; 0]);
    assert_eq!(aws.writes(), writes, "a second time, nothing is written");
}

#[tokio::test]
async fn a_deployments_stage_is_named_or_looked_up_or_there_is_none() {
    let aws = Aws::with_stages(&["prod"]).await;
    aws.set_role().await;
    let function = aws.function(&[]).await;
    // The console's way: a deployment for the stage "", then the stage.
    let deployment = aws.deploy(None).await;
    let mut deployed = event("rest-create-deployment-no-stage", &aws.api_id, "");
    deployed["detail"]["responseElements"]["id"] = json!(deployment);
    let answer = function.answer(&deployed).await;
    assert_eq!(
        (&answer["stages"][0]["skipped"], &answer["stages"][0]["stage"]),
        (&json!("no_stage"), &json!(null))
    );
    let create = aws.rest.create_stage().rest_api_id(&aws.api_id).stage_name("dev");
    create.deployment_id(&deployment).send().await.unwrap();
    let answer = function.answer(&deployed).await;
    assert_eq!(answer["stages"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&answer["stages"][0]["stage"], changed(&answer).len()),
        (&json!("dev"), 4)
    );
    let named = function
        .answer(&event("rest-create-deployment", &aws.api_id, "prod"))
        .await;
    assert_eq!(
        (&named["stages"][0]["stage"], changed(&named).len()),
        (&json!("prod"), 4)
    );
}

#[tokio::test]
async fn a_failed_call_is_skipped_without_a_request() {
    let aws = Aws::with_stages(&["prod"]).await;
    let function = aws.function(&[]).await;
    let answer = function.answer(&event("failed-call", &aws.api_id, "prod")).await;
    let expected = json!([{
        "api_id": aws.api_id, "api_type": "REST", "stage": "prod", "changes": [], "skipped": "failed_call",
    }]);
    assert_eq!(answer["stages"], expected);
    assert!(aws.proxy.seen().is_empty());
}

#[tokio::test]
async fn a_sweep_sets_the_role_and_brings_all_stages_into_order() {
    let aws = Aws::with_stages(&["dev", "prod"]).await;
    let vanished = "API-Gateway-Execution-Logs_zzzzzzzzzz/old";
    let group = json!({"logGroupName": vanished});
    aws.moto
        .json("logs", "Logs_20140328.CreateLogGroup", &group)
        .await
        .unwrap();
    let function = aws.function(&[("CLOUDWATCH_ROLE_ARN", ROLE)]).await;
    let answer = function.answer(&json!({"sweep": true})).await;
    assert_eq!(
        answer["counts"],
        json!({"found": 2, "changed": 2, "left": 0, "skipped": 0, "failed": 0})
    );
    let read = aws.read_with_boto3("dev");
    assert_eq!(read["role"], ROLE);
    assert_eq!(
        (
            &read["groups"][vanished],
            read["groups"].as_object().unwrap().len()
        ),
        (&json!(30), 5)
    );
    let writes = aws.writes();
    function.answer(&json!({"sweep": true})).await;
    assert_eq!(aws.writes(), writes, "a second time, nothing is written");
}

#[tokio::test]
async fn a_missing_role_is_told() {
    let aws = Aws::with_stages(&["prod"]).await;
    let function = aws.function(&[]).await;
    let (error_type, message) = function
        .error(&event("rest-create-stage", &aws.api_id, "prod"))
        .await;
    assert_eq!(error_type, "CloudWatchRoleMissing");
    assert!(message.contains("ap-northeast-2"), "{message}");
    assert!(aws.read_with_boto3("prod")["access"]["destinationArn"].is_string());
}

#[tokio::test]
async fn an_environment_killed_between_groups_and_settings_leaves_the_rest_to_the_next_attempt() {
    let aws = Aws::with_stages(&["prod"]).await;
    aws.set_role().await;
    let function = aws.function(&[]).await;
    aws.proxy
        .inject(Match::path("PATCH", "/restapis"), Fault::Hold, 1);
    let created = event("rest-create-stage", &aws.api_id, "prod");
    function.emulator.invoke_event(NAME, &created).unwrap();
    aws.proxy.held(PATIENCE).await.unwrap();
    let read = aws.read_with_boto3("prod");
    let (access, execution) = aws.groups("prod");
    assert_eq!(
        (&read["access"], &read["groups"]),
        (&json!(null), &json!({access: 30, execution: 30}))
    );
    assert_eq!(function.emulator.kill(NAME), 1);
    function.emulator.idle(PATIENCE).await.unwrap();
    assert!(aws.read_with_boto3("prod")["access"]["format"].is_string());
    assert_eq!(aws.writes().len(), 6, "the groups were not made again");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let aws = Aws::with_stages(&["prod"]).await;
    aws.set_role().await;
    let function = aws.function(&[]).await;
    for request in [
        "Logs_20140328.CreateLogGroup",
        "Logs_20140328.PutRetentionPolicy",
        "accessLogSettings",
    ] {
        aws.proxy.inject(Match::containing(request), Fault::LoseAnswer, 1);
    }
    let answer = function
        .answer(&event("rest-create-stage", &aws.api_id, "prod"))
        .await;
    assert_eq!(changed(&answer).len(), 4);
    let (access, execution) = aws.groups("prod");
    assert_eq!(
        aws.read_with_boto3("prod")["groups"],
        json!({access: 30, execution: 30})
    );
}
