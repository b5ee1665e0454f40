//! A Region with 2,000 stages, on a day on which the control plane is busy.

use apigw_log_retention::config::Config;
use apigw_log_retention::handler::ApigwLogRetention;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider};
use lambda_core::deadline::Deadline;
use lambda_core::invocation::Invocation;
use lambda_core::run::Handler;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::control_plane::{ControlPlane, Seen};
use crate::surroundings::{Deployed, NAME};

const APIS: usize = 20;
const STAGES: usize = 100;
/// So many of the 2,000 have no logs; of the others everything is right.
const WITHOUT_LOGS: usize = 6;

/// REST and HTTP APIs in turn; the stages without logs are spread over them.
fn fill(aws: &ControlPlane, function_ran: &ControlPlane) {
    let right = |protocol: &str, id: &str, stage: &str| {
        let mut right = function_ran.stage(if protocol == "REST" { "rest" } else { "http" }, "dev");
        let group = format!("/aws/vendedlogs/apigateway/{id}/{stage}");
        right["stageName"] = json!(stage);
        right["accessLogSettings"]["destinationArn"] = json!(format!(
            "arn:aws:logs:ap-northeast-2:123456789012:log-group:{group}"
        ));
        (right, group)
    };
    for at in 0..APIS * STAGES {
        let (api, stage) = (at / STAGES, at % STAGES);
        let protocol = if api % 2 == 0 { "REST" } else { "HTTP" };
        let (id, stage) = (format!("api{api:07}"), format!("stage-{stage}"));
        aws.add_stage(protocol, &id, &stage);
        if at % (APIS * STAGES / WITHOUT_LOGS) == 50 {
            continue;
        }
        let (settings, group) = right(protocol, &id, &stage);
        aws.state(|state| {
            state
                .apis
                .get_mut(&id)
                .unwrap()
                .stages
                .insert(stage.clone(), settings);
            state.groups.insert(group, Some(30));
            if protocol == "REST" {
                state
                    .groups
                    .insert(format!("API-Gateway-Execution-Logs_{id}/{stage}"), Some(30));
            }
        });
    }
}

/// What the function makes of a stage, to fill a Region with it; and the memory that it took for it.
async fn example() -> (ControlPlane, u64) {
    let aws = ControlPlane::start().await;
    aws.add_stage("REST", "rest", "dev");
    aws.add_stage("HTTP", "http", "dev");
    let function = Deployed::at(&aws, &[]).await;
    function.answer(&json!({"sweep": true})).await;
    let peak = function.emulator.peak_memory(NAME).unwrap_or_default();
    (aws, peak)
}

/// The most requests that arrived within such a time, wherever it begins.
fn most_within(time: Duration, seen: &[Seen]) -> usize {
    let from = |first: &Seen| {
        let within = |seen: &&Seen| seen.at >= first.at && seen.at - first.at < time;
        seen.iter().filter(within).count()
    };
    seen.iter().map(from).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_brought_into_order_once_at_no_more_than_four_requests_a_second() {
    let (example, peak_of_two) = example().await;
    let aws = ControlPlane::start().await;
    fill(&aws, &example);
    aws.state(|state| {
        state
            .groups
            .insert("API-Gateway-Execution-Logs_gone/prod".to_owned(), None);
        state.throttled = Some((10, fastrand::Rng::with_seed(20_261_120)));
    });
    let function = Deployed::with(&aws.endpoint, &[], |function| local_stack::Function {
        timeout: Duration::from_secs(300),
        ..function
    })
    .await;
    let began = std::time::Instant::now();
    let answer = function.answer(&json!({"sweep": true})).await;
    let took = began.elapsed();

    let counts = json!({
        "found": 2000, "changed": WITHOUT_LOGS, "left": 2000 - WITHOUT_LOGS, "skipped": 0, "failed": 0,
    });
    assert_eq!(
        (&answer["counts"], &answer["continued"]),
        (&counts, &json!(false))
    );
    let in_order = |stage: &serde_json::Value| stage["accessLogSettings"]["format"].is_string();
    aws.state(|state| {
        let stages = state.apis.values().flat_map(|api| api.stages.values());
        assert_eq!(stages.filter(|stage| in_order(stage)).count(), 2000);
        assert!(state.groups.values().all(|days| *days == Some(30)));
        assert_eq!(state.made_by_api_gateway, [""; 0]);
    });

    let seen = aws.state(|state| std::mem::take(&mut state.seen));
    let mut writes: BTreeMap<&str, usize> = BTreeMap::new();
    for write in seen.iter().filter(|seen| seen.is_write && !seen.was_throttled) {
        *writes.entry(&write.what).or_default() += 1;
    }
    assert!(
        writes.values().all(|times| *times == 1),
        "nothing twice: {writes:?}"
    );
    let patches = writes.keys().filter(|what| what.starts_with("PATCH")).count();
    assert_eq!(patches, WITHOUT_LOGS);

    let throttled = seen.iter().filter(|seen| seen.was_throttled).count();
    assert!(throttled >= 5, "{throttled} of {} were throttled", seen.len());
    let most = most_within(Duration::from_secs(1), &seen);
    // On a busy machine, requests that were sent apart may arrive together: five seconds even that out.
    let most_in_five = most_within(Duration::from_secs(5), &seen);
    let mean = seen.len() as f64 / took.as_secs_f64();
    let peak = function.emulator.peak_memory(NAME).unwrap_or_default();
    #[expect(clippy::print_stdout, reason = "the figures of the test")]
    {
        println!(
            "{} requests ({throttled} throttled) in {:.1} s: {mean:.2} a second, at most {most} in any second; memory {} KiB, {} KiB with two stages",
            seen.len(),
            took.as_secs_f64(),
            peak / 1024,
            peak_of_two / 1024,
        );
    }
    assert!(
        most_in_five <= 20 && mean <= 4.0,
        "{most_in_five} in five seconds, {mean} in the mean"
    );
    assert!(
        peak < peak_of_two + 4 * 1024 * 1024,
        "{peak} bytes, and {peak_of_two} with two stages"
    );
}

/// Two thousand stages without any logs would take over an hour at a sweep's pace; here it is another pace, and
/// the same work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_stages_without_logs_all_get_them_once() {
    let aws = ControlPlane::start().await;
    for at in 0..2000 {
        let protocol = ["REST", "HTTP", "WEBSOCKET", "HTTP"][at % 4];
        aws.add_stage(
            protocol,
            &format!("{}{:03}", &protocol[..1], at / 40),
            &format!("stage-{at}"),
        );
    }
    aws.state(|state| state.throttled = Some((500, fastrand::Rng::with_seed(20_261_120))));
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-2"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .endpoint_url(&aws.endpoint)
        .build();
    let config = Config::from_variables(&Vec::<(String, String)>::new().into_iter().collect()).unwrap();
    let function = ApigwLogRetention::new(config, &sdk).with_sweep_interval(Duration::ZERO);
    let invocation = Invocation {
        request_id: "1".to_owned(),
        function_arn: "arn:aws:lambda:ap-northeast-2:123456789012:function:apigw-log-retention".to_owned(),
        function_name: NAME.to_owned(),
        deadline: Deadline::after(Duration::from_secs(900)),
        context: Default::default(),
    };
    let answer = function.handle(json!({"sweep": true}), invocation).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(
        answer["counts"],
        json!({"found": 2000, "changed": 2000, "left": 0, "skipped": 0, "failed": 0})
    );
    // 500 REST and 500 WebSocket stages with two groups each, 1,000 HTTP stages with one.
    assert_eq!(answer["log_groups"].as_array().unwrap().len(), 3000);
    aws.state(|state| {
        assert_eq!(state.groups.len(), 3000);
        assert!(state.groups.values().all(|days| *days == Some(30)));
        assert_eq!(state.made_by_api_gateway, [""; 0]);
        let mut writes: BTreeMap<&str, usize> = BTreeMap::new();
        for write in state
            .seen
            .iter()
            .filter(|seen| seen.is_write && !seen.was_throttled)
        {
            *writes.entry(&write.what).or_default() += 1;
        }
        assert_eq!(
            (writes.len(), writes.values().max()),
            (2000 + 2 * 3000, Some(&1)),
            "each once"
        );
        assert!(state.seen.iter().any(|seen| seen.was_throttled));
    });
}
