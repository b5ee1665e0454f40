//! Builds: CodeBuild's events reach `codebuild-slack`, which keeps one message about each build in Slack.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use local_stack::{FaultProxy, Function, LambdaEmulator, MessagesTable, Moto, event, function_binary};
use serde_json::{Value, json};
use stand_ins::Slack;
use stand_ins::slack::Settings;

use crate::canary;
use crate::check;
use crate::disturbance::{self, Side};
use crate::part::Part;
use crate::plan::{BUILDS, FunctionPlan};

pub(crate) const FUNCTION: &str = "codebuild-slack";
/// Events of a build: its start and its end.
const EVENTS: usize = 2;
/// Duration of a lease.
const LEASE_MS: u64 = 75_000;

/// Fixture of an end, and its words in the message.
const ENDS: [(&str, &str); 4] = [
    ("succeeded", "succeeded"),
    ("failed", "failed"),
    ("stopped", "stopped"),
    ("timed-out", "timed out"),
];

/// The function, its table, and its workspace.
pub(crate) struct BuildsRun {
    pub emulator: LambdaEmulator,
    pub slack: Slack,
    pub moto: Moto,
    pub table: MessagesTable,
    deaths: Mutex<Vec<Death>>,
    /// Number of environments killed at any time.
    pub kills: usize,
}

/// Death of an environment at work.
#[derive(Debug, Clone)]
pub(crate) struct Death {
    pub build_id: String,
    request_id: String,
    at_ms: u64,
}

pub(crate) async fn run(plan: &FunctionPlan, moto: &Moto) -> Result<Part> {
    let mut run = BuildsRun::new(moto).await?;
    let dynamodb = FaultProxy::start_serial(moto.endpoint()).await?;
    run.deploy(&dynamodb)?;
    let part = run.disturb(plan, &dynamodb).await;
    run.emulator.shutdown().await;
    part
}

/// Name of a build's project, by which its message is found.
pub(crate) fn project(number: usize) -> String {
    format!("soak-{number}")
}

/// Words of a build's end in its message.
pub(crate) fn end_of(number: usize) -> &'static str {
    ENDS[number % ENDS.len()].1
}

impl BuildsRun {
    async fn new(moto: &Moto) -> Result<Self> {
        let table = MessagesTable::create(moto, format!("messages-{}", fastrand::u64(..))).await?;
        let settings = Settings {
            token: canary::SLACK_TOKEN.to_owned(),
            pace: Duration::ZERO,
            ..Settings::default()
        };
        Ok(Self {
            emulator: LambdaEmulator::start().await?,
            slack: Slack::start(settings).await?,
            moto: moto.clone(),
            table,
            deaths: Mutex::default(),
            kills: 0,
        })
    }

    fn deploy(&self, dynamodb: &FaultProxy) -> Result<()> {
        let mut function = Function::new(FUNCTION, function_binary(FUNCTION)?)
            .variables(self.moto.environment())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint())
            .variable("MESSAGES_TABLE", &self.table.name)
            .variable("SLACK_BOT_TOKEN", canary::SLACK_TOKEN)
            .variable("SLACK_CHANNEL", "#builds")
            .variable("SLACK_API_URL", self.slack.api_url())
            .variable("COMPARE_WITH_PREVIOUS", "false")
            .variable("LOCALE", "en")
            .variable("UNKNOWN_PASSWORD", canary::VARIABLE);
        function.timeout = Duration::from_secs(90);
        function.concurrency = 20;
        self.emulator.deploy(function);
        Ok(())
    }

    async fn disturb(&mut self, plan: &FunctionPlan, dynamodb: &FaultProxy) -> Result<Part> {
        let mut part = Part::default();
        let slow = Duration::from_millis(500);
        disturbance::inject(&self.slack.faults, Side::Slack, &plan.answers, slow);
        disturbance::inject(&dynamodb.faults, Side::AwsJson, &plan.answers, slow);
        let note_kill = async |id: &str| self.note_kill(id);
        let began = Instant::now();
        let killed =
            disturbance::disturb(&self.emulator, FUNCTION, plan, began, build_event, note_kill).await?;
        self.wait_until_idle().await?;
        self.kills = killed.len() + self.emulator.killed_responses_of(FUNCTION);
        let lost = self.slack.faults.seen();
        self.slack.faults.clear();
        dynamodb.faults.clear();
        disturbance::resume(&self.emulator, FUNCTION, plan, build_event)?;
        let redriven = disturbance::redrive_after(&self.emulator, || self.wait_until_idle()).await?;
        part.checks.extend(check::builds::check(self, &lost).await?);
        part.add_disturbances(&self.emulator, FUNCTION, plan, &killed, redriven);
        part.tally.add_answers("Slack", &self.slack.faults);
        part.tally.add_answers("DynamoDB", &dynamodb.faults);
        part.outputs
            .add("Slack's messages", format!("{:?}", self.slack.messages()));
        Ok(part)
    }

    /// Notes the build of a killed environment.
    fn note_kill(&self, request_id: &str) {
        let invocations = self.emulator.invocations_of(FUNCTION);
        let killed = invocations.iter().find(|one| one.request_id == request_id);
        let build_id = killed.and_then(|one| one.payload["detail"]["build-id"].as_str());
        self.deaths().extend(build_id.map(|build_id| Death {
            build_id: build_id.to_owned(),
            request_id: request_id.to_owned(),
            at_ms: now_ms(),
        }));
    }

    pub(crate) fn deaths(&self) -> MutexGuard<'_, Vec<Death>> {
        self.deaths.lock().expect("no holder panics")
    }

    /// Waits for the end of all invocations. The leases of dead environments run out meanwhile.
    async fn wait_until_idle(&self) -> Result<()> {
        tokio::select! {
            idle = self.emulator.wait_until_idle(disturbance::STUCK_AFTER) => idle,
            never = self.expire_leases() => never,
        }
    }

    async fn expire_leases(&self) -> Result<()> {
        loop {
            for item in self.table.items().await? {
                if let (Some(build_id), Some(owner), Some(until)) = (
                    item["build_id"]["S"].as_str(),
                    item["lease_owner"]["S"].as_str(),
                    item["lease_until"]["N"].as_str(),
                ) && self.is_dead(owner, until.parse()?)
                {
                    self.expire_lease(build_id, owner).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Reports whether the invocation that took a lease has ended without releasing it. A retry of a killed request has
    /// the same request id, and takes a later lease.
    fn is_dead(&self, owner: &str, until_ms: u64) -> bool {
        let is_owner = |request_id: &str| owner.starts_with(request_id);
        let invocations = self.emulator.invocations_of(FUNCTION);
        let mut running = invocations.iter().filter(|one| one.outcome.is_none());
        let died = self
            .deaths()
            .iter()
            .any(|death| is_owner(&death.request_id) && until_ms <= death.at_ms + LEASE_MS);
        died || !running.any(|one| is_owner(&one.request_id))
    }

    async fn expire_lease(&self, build_id: &str, owner: &str) {
        let update = json!({"TableName": self.table.name, "Key": {"build_id": {"S": build_id}},
            "UpdateExpression": "SET lease_until = :now",
            "ConditionExpression": "lease_owner = :owner",
            "ExpressionAttributeValues": {":now": {"N": now_ms().to_string()}, ":owner": {"S": owner}}});
        // Fails if another environment, or none, holds the lease by now.
        let update = self
            .moto
            .json("dynamodb", "DynamoDB_20120810.UpdateItem", &update);
        update.await.ok();
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs() * 1000 + u64::from(now.subsec_millis())
}

/// Event of a build: the even numbers are starts, the odd ones ends.
fn build_event(number: usize, is_late: bool) -> Value {
    let build = number / EVENTS % BUILDS;
    let case = match number % EVENTS {
        0 => "in-progress",
        _ => ENDS[build % ENDS.len()].0,
    };
    let mut event = event(FUNCTION, case);
    if is_late {
        event["time"] = json!("2026-11-02T01:04:19Z");
    }
    event["unknown"] = json!(canary::EVENT);
    let project = project(build);
    let detail = &mut event["detail"];
    detail["build-id"] = json!(format!(
        "arn:aws:codebuild:ap-northeast-2:123456789012:build/{project}:{build}"
    ));
    detail["project-name"] = json!(project);
    let more = &mut detail["additional-information"];
    more["build-number"] = json!(build);
    more["source"]["location"] = json!(format!(
        "https://builder:{}@github.com/acme/web.git",
        canary::SOURCE_PASSWORD
    ));
    more["environment"]["environment-variables"] =
        json!([{"name": "DEPLOY_TOKEN", "type": "PLAINTEXT", "value": canary::BUILD_VARIABLE}]);
    for phase in more["phases"].as_array_mut().into_iter().flatten() {
        if phase["phase-status"] == "FAILED" {
            phase["phase-context"] = json!([format!(
                "COMMAND_EXECUTION_ERROR: Error while executing command: deploy --with {}. Reason: exit status 1",
                canary::BUILD_VARIABLE
            )]);
        }
    }
    event
}
