//! Stages: CloudTrail's events reach `apigw-log-retention`, which gives each stage its logs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use local_stack::{Function, LambdaEmulator, event, function_binary};
use serde_json::{Value, json};
use stand_ins::control_plane::ControlPlane;

use crate::canary;
use crate::check;
use crate::disturbance::{self, Side};
use crate::part::Part;
use crate::plan::{FunctionPlan, STAGES};

pub(crate) const FUNCTION: &str = "apigw-log-retention";
const PROTOCOLS: [(&str, &str); 3] = [
    ("REST", "rest-create-stage"),
    ("HTTP", "http-create-stage"),
    ("WEBSOCKET", "websocket-create-stage"),
];

/// Account with stages, and the function.
struct StagesRun {
    emulator: LambdaEmulator,
    aws: ControlPlane,
}

/// Settings of all stages, and the retention of all log groups.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub stages: BTreeMap<String, Value>,
    pub log_groups: BTreeMap<String, Option<u64>>,
}

/// Returns the settings after a run without disturbances.
pub(crate) async fn clean() -> Result<Settings> {
    let run = StagesRun::new().await?;
    let plan = FunctionPlan::quiet(STAGES);
    disturbance::deliver(&run.emulator, FUNCTION, &plan, Instant::now(), stage_event).await?;
    run.emulator.wait_until_idle(disturbance::STUCK_AFTER).await?;
    let settings = run.settings();
    run.emulator.shutdown().await;
    Ok(settings)
}

pub(crate) async fn run(plan: &FunctionPlan, clean: &Settings) -> Result<Part> {
    let mut part = Part::default();
    let run = StagesRun::new().await?;
    let StagesRun { emulator, aws } = &run;
    disturbance::inject(
        &aws.faults,
        Side::AwsJson,
        &plan.answers,
        Duration::from_millis(300),
    );
    let began = Instant::now();
    let killed =
        disturbance::disturb(emulator, FUNCTION, plan, began, stage_event, async |_: &str| {}).await?;
    emulator.wait_until_idle(disturbance::STUCK_AFTER).await?;
    aws.faults.clear();
    let redriven = disturbance::redrive(emulator).await?;
    // The nightly sweep finds the stages whose events were dropped.
    emulator.invoke_event(FUNCTION, &json!({"sweep": true}))?;
    disturbance::redrive(emulator).await?;
    let settled = settings(aws);
    part.checks.extend(check::stages::check(&settled, clean));
    part.add_disturbances(emulator, FUNCTION, plan, &killed, redriven);
    part.tally.add_answers("API Gateway, Logs, IAM", &aws.faults);
    part.outputs
        .add("the log groups", format!("{:?}", settled.log_groups));
    run.emulator.shutdown().await;
    Ok(part)
}

impl StagesRun {
    async fn new() -> Result<Self> {
        let aws = ControlPlane::start().await?;
        for number in 0..STAGES {
            let (protocol, api_id, stage) = place(number);
            aws.add_stage(protocol, &api_id, &stage);
        }
        let emulator = LambdaEmulator::start().await?;
        emulator.deploy(
            Function::new(FUNCTION, function_binary(FUNCTION)?)
                .variable("AWS_ENDPOINT_URL", aws.endpoint())
                .variable("UNKNOWN_PASSWORD", canary::VARIABLE),
        );
        Ok(Self { emulator, aws })
    }

    fn settings(&self) -> Settings {
        settings(&self.aws)
    }
}

fn settings(aws: &ControlPlane) -> Settings {
    aws.state(|state| {
        let stages = state.apis.iter().flat_map(|(id, api)| {
            let of_api = api.stages.iter();
            of_api.map(move |(name, stage)| (format!("{id}/{name}"), stage.clone()))
        });
        Settings {
            stages: stages.collect(),
            log_groups: state.log_groups.clone(),
        }
    })
}

/// Protocol, API and name of a stage: three stages for each API.
fn place(number: usize) -> (&'static str, String, String) {
    let api = number / 3;
    let (protocol, _) = PROTOCOLS[api % PROTOCOLS.len()];
    (protocol, format!("api{api:07}"), format!("stage-{}", number % 3))
}

fn stage_event(number: usize, is_late: bool) -> Value {
    let (_, api_id, stage) = place(number);
    let (_, case) = PROTOCOLS[number / 3 % PROTOCOLS.len()];
    let mut event = event(FUNCTION, case);
    if is_late {
        event["time"] = json!("2026-11-21T05:56:53Z");
        event["detail"]["eventTime"] = json!("2026-11-21T05:56:53Z");
    }
    let detail = &mut event["detail"];
    detail["userAgent"] = json!(canary::EVENT);
    let parameters = &mut detail["requestParameters"];
    parameters["variables"] = json!({"password": canary::EVENT});
    for (pointer, value) in [
        ("/restApiId", &api_id),
        ("/apiId", &api_id),
        ("/stageName", &stage),
        ("/createStageInput/stageName", &stage),
    ] {
        if let Some(place) = parameters.pointer_mut(pointer) {
            *place = json!(value);
        }
    }
    event
}
