//! Regions with many stages, a control plane that throttles, and the pace of a sweep.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use local_stack::Function;
use serde_json::{Value, json};
use stand_ins::control_plane::{ControlPlane, ReceivedRequest, log_group_arn};

use crate::setup::{NAME, Setup, fast_sweep};

const SEED: u64 = 20_261_120;

/// Stages of a Region: REST and HTTP APIs in turn.
struct Region {
    apis: usize,
    stages_per_api: usize,
    /// Stages without logs, spread over the APIs. All others need no change.
    without_logs: usize,
}

impl Region {
    fn stages(&self) -> usize {
        self.apis * self.stages_per_api
    }

    /// Starts a control plane with these stages. Those that need no change are copies of the stages in `examples`.
    async fn start(&self, examples: &ControlPlane) -> ControlPlane {
        let aws = ControlPlane::start().await.unwrap();
        let every = self.stages() / self.without_logs;
        for at in 0..self.stages() {
            let (api, stage) = (at / self.stages_per_api, at % self.stages_per_api);
            let protocol = if api % 2 == 0 { "REST" } else { "HTTP" };
            let (id, stage) = (format!("api{api:07}"), format!("stage-{stage}"));
            aws.add_stage(protocol, &id, &stage);
            if at % every != every / 7 {
                add_logs(&aws, protocol, &id, &stage, examples);
            }
        }
        aws
    }
}

fn add_logs(aws: &ControlPlane, protocol: &str, id: &str, stage: &str, examples: &ControlPlane) {
    let mut settings = examples.stage(&protocol.to_lowercase(), "dev");
    let group = format!("/aws/vendedlogs/apigateway/{id}/{stage}");
    settings["stageName"] = json!(stage);
    settings["accessLogSettings"]["destinationArn"] = json!(log_group_arn(&group));
    aws.state(|state| {
        let stages = &mut state.apis.get_mut(id).unwrap().stages;
        stages.insert(stage.to_owned(), settings);
        state.log_groups.insert(group, Some(30));
        if protocol == "REST" {
            let group = format!("API-Gateway-Execution-Logs_{id}/{stage}");
            state.log_groups.insert(group, Some(30));
        }
    });
}

/// Lets the function set up a REST and an HTTP stage, and returns their control plane and the function's peak memory.
pub(crate) async fn examples() -> (ControlPlane, u64) {
    let aws = ControlPlane::start().await.unwrap();
    aws.add_stage("REST", "rest", "dev");
    aws.add_stage("HTTP", "http", "dev");
    let function = Setup::fast(&aws, &[]).await;
    function.invoke(&json!({"sweep": true})).await;
    let peak = function.emulator.peak_memory(NAME).unwrap_or_default();
    (aws, peak)
}

pub(crate) fn five_minutes(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(300),
        ..function
    }
}

/// Counts the writes that were not throttled, by operation.
fn writes(received: &[ReceivedRequest]) -> BTreeMap<&str, usize> {
    let mut writes = BTreeMap::new();
    for write in received
        .iter()
        .filter(|request| request.is_write && !request.was_throttled)
    {
        *writes.entry(write.operation.as_str()).or_default() += 1;
    }
    writes
}

/// Checks that all stages have their logs, all log groups a retention, and that nothing was written twice. Returns the
/// requests.
#[track_caller]
fn check_swept(aws: &ControlPlane, region: &Region, response: &Value) -> Vec<ReceivedRequest> {
    let (found, changed) = (region.stages(), region.without_logs);
    let counts = json!({
        "found": found, "changed": changed, "left": found - changed, "skipped": 0, "failed": 0,
    });
    assert_eq!(
        (&response["counts"], &response["continued"]),
        (&counts, &json!(false))
    );
    aws.state(|state| {
        let stages = state.apis.values().flat_map(|api| api.stages.values());
        let with_logs = stages.filter(|stage| stage["accessLogSettings"]["format"].is_string());
        assert_eq!(with_logs.count(), found);
        assert!(state.log_groups.values().all(|days| *days == Some(30)));
        assert_eq!(state.created_by_api_gateway, [""; 0]);
    });
    let received = aws.state(|state| std::mem::take(&mut state.received));
    let writes = writes(&received);
    assert!(writes.values().all(|times| *times == 1), "{writes:?}");
    let patches = writes.keys().filter(|operation| operation.starts_with("PATCH"));
    assert_eq!(patches.count(), changed);
    received
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_stages_need_little_more_memory_than_two() {
    let (examples, peak_of_two) = examples().await;
    let region = Region {
        apis: 20,
        stages_per_api: 100,
        without_logs: 6,
    };
    let aws = region.start(&examples).await;
    let orphaned = "API-Gateway-Execution-Logs_gone/prod";
    aws.state(|state| state.log_groups.insert(orphaned.to_owned(), None));
    let function = Setup::with(&aws.endpoint(), &[], |function| {
        five_minutes(fast_sweep(function))
    })
    .await;
    let response = function.invoke(&json!({"sweep": true})).await;
    check_swept(&aws, &region, &response);
    let peak = function.emulator.peak_memory(NAME).unwrap_or_default();
    assert!(
        peak < peak_of_two + 4 * 1024 * 1024,
        "{peak} bytes, and {peak_of_two} with two stages"
    );
}

/// Returns the most requests that arrived within `time`, wherever it begins.
pub(crate) fn most_within(time: Duration, received: &[ReceivedRequest]) -> usize {
    let from = |first: &ReceivedRequest| {
        let within = |request: &&ReceivedRequest| request.at >= first.at && request.at - first.at < time;
        received.iter().filter(within).count()
    };
    received.iter().map(from).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_sends_at_most_four_requests_per_second_while_it_is_throttled() {
    let (examples, _) = examples().await;
    let region = Region {
        apis: 6,
        stages_per_api: 20,
        without_logs: 3,
    };
    let aws = region.start(&examples).await;
    aws.throttle(7, SEED);
    let function = Setup::with(&aws.endpoint(), &[], five_minutes).await;
    let began = Instant::now();
    let response = function.invoke(&json!({"sweep": true})).await;
    let duration = began.elapsed();
    let received = check_swept(&aws, &region, &response);
    let throttled = received.iter().filter(|request| request.was_throttled).count();
    assert!(throttled >= 5, "{throttled} of {} were throttled", received.len());
    // On a busy machine, requests that were sent apart may arrive together: five seconds even that out.
    let most_in_five = most_within(Duration::from_secs(5), &received);
    let mean = received.len() as f64 / duration.as_secs_f64();
    #[expect(clippy::print_stdout, reason = "the figures of the test")]
    {
        let most = most_within(Duration::from_secs(1), &received);
        println!(
            "{} requests ({throttled} throttled) in {:.1} s: {mean:.2} per second, at most {most} in any second",
            received.len(),
            duration.as_secs_f64(),
        );
    }
    assert!(
        most_in_five <= 20 && mean <= 4.0,
        "{most_in_five} in five seconds, {mean} per second on average"
    );
}

/// 120 stages without any logs, in 90 APIs: several pages of APIs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_without_logs_all_get_them_once() {
    let aws = ControlPlane::start().await.unwrap();
    for at in 0..120 {
        let protocol = ["REST", "HTTP", "WEBSOCKET", "HTTP"][at % 4];
        let api_id = format!("{}{:03}", &protocol[..1], at / 4);
        aws.add_stage(protocol, &api_id, &format!("stage-{at}"));
    }
    aws.throttle(300, SEED);
    let function = Setup::with(&aws.endpoint(), &[], |function| {
        five_minutes(fast_sweep(function))
    })
    .await;
    let response = function.invoke(&json!({"sweep": true})).await;
    assert_eq!(
        response["counts"],
        json!({"found": 120, "changed": 120, "left": 0, "skipped": 0, "failed": 0})
    );
    // 30 REST and 30 WebSocket stages with two groups each, 60 HTTP stages with one.
    assert_eq!(response["log_groups"].as_array().unwrap().len(), 180);
    aws.state(|state| {
        assert_eq!(state.log_groups.len(), 180);
        assert!(state.log_groups.values().all(|days| *days == Some(30)));
        assert_eq!(state.created_by_api_gateway, [""; 0]);
        let writes = writes(&state.received);
        assert_eq!(
            (writes.len(), writes.values().max()),
            (120 + 2 * 180, Some(&1)),
            "each once"
        );
        assert!(state.received.iter().any(|request| request.was_throttled));
    });
}
