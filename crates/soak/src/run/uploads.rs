//! Uploads: their events reach `s3-to-teamcity`, which queues builds in TeamCity.

use std::time::{Duration, Instant};

use anyhow::Result;
use local_stack::{Function, LambdaEmulator, event, function_binary};
use serde_json::{Value, json};
use stand_ins::TeamCity;
use stand_ins::teamcity::Settings;

use crate::canary;
use crate::check;
use crate::disturbance::{self, Side};
use crate::part::Part;
use crate::plan::FunctionPlan;

pub(crate) const FUNCTION: &str = "s3-to-teamcity";
/// Time that builds of coalescing uploads wait for an agent.
pub(crate) const TIME_IN_QUEUE: Duration = Duration::from_secs(1);
const BUILD_TYPE: &str = "Nightly_Import";
/// Every such upload is an event of EventBridge, the others are notifications of S3.
const EVENTBRIDGE: usize = 3;

/// Uploads of one kind, and the server that builds them.
pub(crate) struct UploadsRun {
    pub emulator: LambdaEmulator,
    pub teamcity: TeamCity,
    pub began: Instant,
    /// Key and moment of each upload.
    pub uploads: Vec<(String, Instant)>,
}

/// Sends uploads each of which has a build of its own.
pub(crate) async fn run(plan: &FunctionPlan) -> Result<Part> {
    let routes = json!([{"prefix": "in/", "build_type": BUILD_TYPE, "properties": {"env.KEY": "{key}"}}]);
    let settings = Settings {
        merges: false,
        ..settings()
    };
    let key = |number: usize| format!("in/{number}.csv");
    let run = UploadsRun::new(plan, settings, &routes, key).await?;
    let mut part = run.disturb(plan).await?;
    part.checks.extend(check::uploads::check(&run));
    run.emulator.shutdown().await;
    Ok(part)
}

/// Sends uploads that may share builds: each needs one that starts after it.
pub(crate) async fn run_coalesced(plan: &FunctionPlan) -> Result<Part> {
    let routes = json!([
        {"key": "co/{branch}/{rest*}", "branch": "{branch}", "build_type": BUILD_TYPE, "coalesce": true},
    ]);
    let settings = Settings {
        time_in_queue: TIME_IN_QUEUE,
        time_running: TIME_IN_QUEUE,
        ..settings()
    };
    let key = |number: usize| format!("co/branch-{}/{number}.csv", number % 3);
    let run = UploadsRun::new(plan, settings, &routes, key).await?;
    let mut part = run.disturb(plan).await?;
    part.checks.extend(check::coalesced::check(&run));
    run.emulator.shutdown().await;
    Ok(part)
}

fn settings() -> Settings {
    Settings {
        token: canary::TEAMCITY_TOKEN.to_owned(),
        build_types: vec![BUILD_TYPE.to_owned()],
        ..Settings::default()
    }
}

impl UploadsRun {
    async fn new(
        plan: &FunctionPlan,
        settings: Settings,
        routes: &Value,
        key: impl Fn(usize) -> String,
    ) -> Result<Self> {
        let emulator = LambdaEmulator::start().await?;
        let teamcity = TeamCity::start(settings).await?;
        emulator.deploy(
            Function::new(FUNCTION, function_binary(FUNCTION)?)
                .variable("TEAMCITY_URL", teamcity.url())
                .variable("TEAMCITY_TOKEN", canary::TEAMCITY_TOKEN)
                .variable("TEAMCITY_TIMEOUT_MS", "2000")
                .variable("BUILD_ROUTES", routes.to_string())
                .variable("UNKNOWN_PASSWORD", canary::VARIABLE),
        );
        let began = Instant::now();
        let uploads = plan.deliveries.iter().enumerate();
        let uploads = uploads.map(|(number, delivery)| {
            let at = began + Duration::from_millis(delivery.at_ms);
            (key(number), at)
        });
        Ok(Self {
            uploads: uploads.collect(),
            emulator,
            teamcity,
            began,
        })
    }

    async fn disturb(&self, plan: &FunctionPlan) -> Result<Part> {
        let mut part = Part::default();
        let Self {
            emulator, teamcity, ..
        } = self;
        // Longer than the time-out of a request.
        disturbance::inject(
            &teamcity.faults,
            Side::TeamCity,
            &plan.answers,
            Duration::from_millis(2_500),
        );
        let event = |number, is_late| self.event(number, is_late);
        let killed =
            disturbance::disturb(emulator, FUNCTION, plan, self.began, event, async |_: &str| {}).await?;
        emulator.wait_until_idle(disturbance::STUCK_AFTER).await?;
        teamcity.faults.clear();
        disturbance::resume(emulator, FUNCTION, plan, event)?;
        let redriven = disturbance::redrive(emulator).await?;
        part.add_disturbances(emulator, FUNCTION, plan, &killed, redriven);
        part.tally.add_answers("TeamCity", &teamcity.faults);
        part.outputs
            .add("TeamCity's builds", format!("{:?}", teamcity.builds()));
        Ok(part)
    }

    fn event(&self, number: usize, is_late: bool) -> Value {
        let (key, _) = &self.uploads[number];
        let sequencer = format!("{number:016X}");
        if number.is_multiple_of(EVENTBRIDGE) {
            let mut event = event(FUNCTION, "eventbridge");
            if is_late {
                event["time"] = json!("2026-11-02T01:02:03Z");
            }
            event["detail"]["object"]["key"] = json!(key);
            event["detail"]["object"]["sequencer"] = json!(sequencer);
            event["detail"]["requester"] = json!(canary::EVENT);
            return event;
        }
        let mut event = event(FUNCTION, "direct");
        let record = &mut event["Records"][0];
        if is_late {
            record["eventTime"] = json!("2026-11-02T01:02:03.456Z");
        }
        record["s3"]["object"]["key"] = json!(key);
        record["s3"]["object"]["sequencer"] = json!(sequencer);
        record["userIdentity"]["principalId"] = json!(canary::EVENT);
        record["responseElements"]["x-amz-id-2"] = json!(canary::EVENT);
        event
    }
}
