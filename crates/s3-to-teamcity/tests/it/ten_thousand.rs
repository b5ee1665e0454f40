//! Ten thousand uploads on a bad day.

use futures_util::future::join_all;
use local_stack::Function;
use serde_json::Value;
use stand_ins::teamcity::Weather;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::stage::{Stage, record, records, sqs_message};

const SEED: u64 = 20_261_101;
const UPLOADS: usize = 10_000;
/// As many environments read the queue.
const ENVIRONMENTS: usize = 8;
/// As many messages does SQS hand out at once.
const BATCH: usize = 10;
/// How far from each other the two deliveries of a message are, at most: near enough to be under way at the
/// same moment.
const NEAR: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_upload_gets_one_build_on_a_bad_day() {
    let stage = Stage::with(|settings| {
        settings.time_in_queue = Duration::from_secs(1);
        settings.weather = Some(Weather {
            seed: SEED,
            share: 0.2,
            slow: Duration::from_millis(100),
        });
    })
    .await;
    stage.emulator.deploy(Function {
        concurrency: ENVIRONMENTS,
        ..stage.function()
    });
    let queue = Mutex::new(messages());
    let delivered = queue.lock().unwrap().len();
    let began = Instant::now();
    join_all((0..ENVIRONMENTS).map(|_| read(&stage, &queue))).await;
    let took = began.elapsed();

    let builds = stage.teamcity.builds();
    let wanted = builds.iter().filter(|build| build.cancelled.is_none());
    let mut builds_of = BTreeMap::new();
    for build in wanted {
        *builds_of.entry(&build.properties["eventKey"]).or_insert(0) += 1;
    }
    let doubled = builds_of.values().filter(|count| **count > 1).count();
    let waited: Vec<Duration> = builds.iter().filter_map(|build| build.cancelled_after).collect();
    let longest = waited.iter().max().copied().unwrap_or_default();
    let traffic = stage.teamcity.traffic();
    let requests = traffic.look_ups + traffic.posts + traffic.cancels;
    println!("{UPLOADS} uploads in {delivered} messages took {took:.1?}");
    println!("{requests} requests, of which {} went wrong", traffic.went_wrong);
    println!(
        "{} duplicates cancelled, after {longest:.2?} at most; {doubled} had started",
        waited.len()
    );
    assert_eq!(builds_of.len(), UPLOADS, "nothing is lost");
    assert_eq!(doubled, 0, "one build per upload");
    assert_eq!(stage.metric("DuplicateStarted").await, 0.0);
}

/// Every upload's message, every tenth twice, out of order.
fn messages() -> VecDeque<Value> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut placed: Vec<(usize, usize)> = (0..UPLOADS)
        .map(|upload| (random.usize(..UPLOADS), upload))
        .collect();
    let again: Vec<_> = placed.iter().filter(|_| random.u8(..10) == 0).copied().collect();
    placed.extend(
        again
            .into_iter()
            .map(|(place, upload)| (place + random.usize(..NEAR), upload)),
    );
    placed.sort_unstable();
    let message = |(number, (_, upload)): (usize, (usize, usize))| {
        let body = records([record(&format!("in/{upload}.csv"), &format!("{upload:016X}"))]);
        sqs_message(&format!("message-{number}"), &body)
    };
    placed.into_iter().enumerate().map(message).collect()
}

/// Hands batches to the function until the queue is empty; what fails goes back to its end.
async fn read(stage: &Stage, queue: &Mutex<VecDeque<Value>>) {
    loop {
        let batch: Vec<Value> = {
            let mut queue = queue.lock().unwrap();
            let count = queue.len().min(BATCH);
            queue.drain(..count).collect()
        };
        if batch.is_empty() {
            return;
        }
        let answer = stage.answer(&records(batch.clone())).await;
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let is_failed = |message: &Value| {
            failed
                .iter()
                .any(|failure| failure["itemIdentifier"] == message["messageId"])
        };
        queue.lock().unwrap().extend(batch.into_iter().filter(is_failed));
    }
}
