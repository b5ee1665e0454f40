//! Ten thousand uploads, with faults, duplicates and eight environments.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local_stack::{Fault, Function, Match};
use serde_json::Value;
use stand_ins::teamcity::{self, Build};

use crate::setup::{Setup, record, records, sqs_message};

const SEED: u64 = 20_261_101;
const UPLOADS: usize = 10_000;
/// Environments that poll the queue.
const ENVIRONMENTS: usize = 8;
/// Messages in one batch.
const BATCH: usize = 10;
/// The greatest distance between the two deliveries of a message, short enough for them to overlap.
const MAX_DISTANCE: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_upload_has_one_build_despite_faults() {
    let setup = Setup::with(|settings| settings.time_in_queue = Duration::from_secs(1)).await;
    let faults = [
        teamcity::starting_up(),
        teamcity::conflict(),
        Fault::LoseResponse,
        Fault::DelayResponse(Duration::from_millis(100)),
    ];
    let shares = faults.map(|fault| (0.05, fault));
    setup.teamcity.faults.inject_randomly(Match::any(), SEED, shares);
    setup.emulator.deploy(Function {
        concurrency: ENVIRONMENTS,
        ..setup.function()
    });
    let queue = Mutex::new(messages());
    let delivered = queue.lock().unwrap().len();
    let began = Instant::now();
    join_all((0..ENVIRONMENTS).map(|_| read(&setup, &queue))).await;
    let took = began.elapsed();

    println!("{UPLOADS} uploads in {delivered} messages took {took:.1?}");
    let requests = setup.teamcity.faults.seen();
    let faulty = requests.iter().filter(|request| request.fault.is_some()).count();
    println!("{} requests, {faulty} of them with a fault", requests.len());
    check_builds(&setup.teamcity.builds());
    assert_eq!(setup.metric("DuplicateStarted").await, 0.0);
}

fn check_builds(builds: &[Build]) {
    let mut builds_of = BTreeMap::new();
    for build in builds.iter().filter(|build| build.cancelled.is_none()) {
        *builds_of.entry(&build.properties["eventKey"]).or_insert(0) += 1;
    }
    let doubled = builds_of.values().filter(|count| **count > 1).count();
    let waited: Vec<Duration> = builds.iter().filter_map(|build| build.cancelled_after).collect();
    let longest = waited.iter().max().copied().unwrap_or_default();
    println!(
        "{} duplicates cancelled, after {longest:.2?} at most; {doubled} had started",
        waited.len()
    );
    assert_eq!(builds_of.len(), UPLOADS, "no upload is lost");
    assert_eq!(doubled, 0, "one build per upload");
}

/// Returns a message for every upload, out of order and every tenth twice.
fn messages() -> VecDeque<Value> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut placed: Vec<(usize, usize)> = (0..UPLOADS)
        .map(|upload| (random.usize(..UPLOADS), upload))
        .collect();
    let again: Vec<_> = placed.iter().filter(|_| random.u8(..10) == 0).copied().collect();
    placed.extend(
        again
            .into_iter()
            .map(|(place, upload)| (place + random.usize(..MAX_DISTANCE), upload)),
    );
    placed.sort_unstable();
    let message = |(number, (_, upload)): (usize, (usize, usize))| {
        let body = records([record(&format!("in/{upload}.csv"), &format!("{upload:016X}"))]);
        sqs_message(&format!("message-{number}"), &body)
    };
    placed.into_iter().enumerate().map(message).collect()
}

/// Invokes the function with batches until the queue is empty. Failed messages return to its end.
async fn read(setup: &Setup, queue: &Mutex<VecDeque<Value>>) {
    loop {
        let batch: Vec<Value> = {
            let mut queue = queue.lock().unwrap();
            let count = queue.len().min(BATCH);
            queue.drain(..count).collect()
        };
        if batch.is_empty() {
            return;
        }
        let response = setup.invoke(&records(batch.clone())).await;
        let failed = response["batchItemFailures"].as_array().unwrap();
        let is_failed = |message: &Value| {
            failed
                .iter()
                .any(|failure| failure["itemIdentifier"] == message["messageId"])
        };
        queue.lock().unwrap().extend(batch.into_iter().filter(is_failed));
    }
}
