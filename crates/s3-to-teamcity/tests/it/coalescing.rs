//! Routes whose builds serve many uploads: each upload is seen by a build that starts after it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local_stack::{Fault, Function, Match};
use serde_json::{Value, json};
use stand_ins::teamcity::{self, Build, Permission, State};

use crate::setup::{BUILD_TYPE, NAME, PATIENCE, Setup, counts, event, record, records};

const LOOK_UP: &str = "/app/rest/builds";
const QUEUE: &str = "/app/rest/buildQueue";

async fn setup() -> Setup {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([{"build_type": BUILD_TYPE, "coalesce": true}]));
    setup
}

fn upload(number: usize) -> Value {
    records([record(&format!("in/{number}.csv"), &format!("{number:016X}"))])
}

/// Lets every queued build start now.
fn start_builds(setup: &Setup) {
    setup
        .teamcity
        .change(|settings| settings.time_in_queue = Duration::ZERO);
}

#[tokio::test]
async fn uploads_share_the_build_that_waits() {
    let setup = setup().await;
    assert_eq!(counts(&setup.invoke(&upload(1)).await), (1, 0));
    for number in 2..6 {
        assert_eq!(counts(&setup.invoke(&upload(number)).await), (0, 1));
    }
    let builds = setup.teamcity.builds();
    assert_eq!(builds.len(), 1);
    assert!(
        builds[0].tags.len() == 1 && builds[0].tags[0].starts_with("s3c-"),
        "{:?}",
        builds[0].tags
    );
    assert_eq!(
        json!(builds[0].properties),
        json!({"eventBucket": "nightshift-inbox"})
    );
}

#[tokio::test]
async fn uploads_of_one_event_share_a_build() {
    let setup = setup().await;
    let response = setup.invoke(&event("two-records")).await;
    assert_eq!(counts(&response), (1, 1));
    assert_eq!(
        response["queued"][0]["build_id"],
        response["known"][0]["build_id"]
    );
}

#[tokio::test]
async fn a_build_that_runs_does_not_serve_a_later_upload() {
    let setup = setup().await;
    setup.invoke(&upload(1)).await;
    start_builds(&setup);
    assert_eq!(counts(&setup.invoke(&upload(2)).await), (1, 0));
    assert_eq!(setup.teamcity.builds().len(), 2);
}

#[tokio::test]
async fn other_branches_and_properties_have_builds_of_their_own() {
    let setup = Setup::new().await;
    setup.deploy_routes(
        &json!([{"key": "{branch}/{name}.csv", "build_type": BUILD_TYPE, "branch": "{branch}",
                                 "properties": {"env.FOLDER": "{branch}"}, "coalesce": true}]),
    );
    let upload = |key: &str, sequencer: &str| records([record(key, sequencer)]);
    assert_eq!(counts(&setup.invoke(&upload("main/a.csv", "0A")).await), (1, 0));
    assert_eq!(counts(&setup.invoke(&upload("next/a.csv", "0A")).await), (1, 0));
    assert_eq!(counts(&setup.invoke(&upload("main/b.csv", "0A")).await), (0, 1));
}

/// The build waits while TeamCity looks it up, and starts before the response arrives: it starts after the upload.
#[tokio::test]
async fn a_build_that_starts_between_look_up_and_response_serves_the_upload() {
    let setup = setup().await;
    setup.invoke(&upload(1)).await;
    let late = Fault::DelayResponse(Duration::from_millis(300));
    setup.teamcity.faults.inject(Match::path("GET", LOOK_UP), late, 1);
    let uploaded = Instant::now();
    let seen = setup.teamcity.faults.seen().len();
    let second = upload(2);
    let start = async {
        while setup.teamcity.faults.seen().len() == seen {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The look-up has found the build in the queue; its response is on the way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        start_builds(&setup);
        started
    };
    let (response, started) = tokio::join!(setup.invoke(&second), start);
    assert_eq!(counts(&response), (0, 1));
    assert!(started > uploaded, "it starts after the upload");
    assert_eq!(setup.teamcity.builds()[0].state, State::Running);
}

/// The build starts before TeamCity looks it up, although the request was sent before.
#[tokio::test]
async fn a_build_that_starts_before_the_look_up_does_not_serve_the_upload() {
    let setup = setup().await;
    setup.invoke(&upload(1)).await;
    setup
        .teamcity
        .faults
        .inject(Match::path("GET", LOOK_UP), Fault::Hold, 1);
    let second = upload(2);
    let start = async {
        setup.teamcity.faults.wait_until_held(PATIENCE).await.unwrap();
        start_builds(&setup);
        setup.teamcity.faults.release();
    };
    let (response, ()) = tokio::join!(setup.invoke(&second), start);
    assert_eq!(counts(&response), (1, 0));
    assert_eq!(setup.teamcity.builds().len(), 2);
}

/// The response to the request is lost, and the build starts before the next look-up: a second one is harmless.
#[tokio::test]
async fn a_build_that_starts_after_a_lost_response_is_followed_by_another() {
    let setup = setup().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::LoseResponse, 1);
    setup
        .teamcity
        .change(|settings| settings.time_in_queue = Duration::ZERO);
    assert_eq!(counts(&setup.invoke(&upload(1)).await), (1, 0));
    assert_eq!(setup.teamcity.uncancelled_builds().len(), 2);

    let setup = self::setup().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::LoseResponse, 1);
    assert_eq!(
        counts(&setup.invoke(&upload(1)).await),
        (1, 0),
        "the build waits, the look-up finds it"
    );
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn two_builds_that_were_queued_at_once_are_both_left_alone() {
    let setup = setup().await;
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", QUEUE), Fault::Hold, 2);
    let release = async {
        let held = || {
            setup
                .teamcity
                .faults
                .seen()
                .iter()
                .filter(|seen| seen.fault == Some(Fault::Hold))
                .count()
        };
        while held() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        setup.teamcity.faults.release();
    };
    let (one, two) = (upload(1), upload(2));
    let (first, second, ()) = tokio::join!(setup.invoke(&one), setup.invoke(&two), release);
    assert_eq!((counts(&first), counts(&second)), ((1, 0), (1, 0)));
    assert_eq!(setup.teamcity.uncancelled_builds().len(), 2);
    assert_eq!(counts(&setup.invoke(&upload(3)).await), (0, 1));
    assert_eq!(
        setup
            .teamcity
            .faults
            .count(&Match::path("POST", &format!("{QUEUE}/"))),
        0,
        "none is cancelled"
    );
}

#[tokio::test]
async fn a_task_of_batch_operations_shares_the_build_that_waits_too() {
    let setup = setup().await;
    setup.invoke(&upload(1)).await;
    let response = setup.invoke(&event("batch-operations-2.0")).await;
    assert_eq!(response["results"][0]["resultString"], "known: build 1001");
    start_builds(&setup);
    let response = setup.invoke(&event("batch-operations-2.0")).await;
    assert_eq!(
        response["results"][0]["resultString"], "build 1002",
        "a running build serves no later task"
    );
}

#[tokio::test]
async fn a_coalescing_build_that_may_not_move_to_the_top_counts_nevertheless() {
    let setup = Setup::with(|settings| {
        settings
            .permissions
            .retain(|own| *own != Permission::ReorderBuilds)
    })
    .await;
    setup.deploy_routes(&json!([{"build_type": BUILD_TYPE, "coalesce": true, "queue_at_top": true}]));
    assert_eq!(counts(&setup.invoke(&upload(1)).await), (1, 0));
    assert_eq!(counts(&setup.invoke(&upload(2)).await), (0, 1));
    assert_eq!(setup.teamcity.builds().len(), 1);
}

const SEED: u64 = 20_261_127;
const UPLOADS: usize = 10_000;
const UPLOADS_PER_EVENT: usize = 10;
const ENVIRONMENTS: usize = 8;
const TIME_IN_QUEUE: Duration = Duration::from_millis(700);

/// Ten thousand uploads in events of ten, with faults and eight environments. An event that fails is sent again, as AWS
/// does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_starts_after_each_of_ten_thousand_uploads() {
    let setup = Setup::with(|settings| settings.time_in_queue = TIME_IN_QUEUE).await;
    let faults = [
        teamcity::starting_up(),
        teamcity::conflict(),
        Fault::LoseResponse,
        Fault::DelayResponse(Duration::from_millis(100)),
    ];
    let shares = faults.map(|fault| (0.05, fault));
    setup.teamcity.faults.inject_randomly(Match::any(), SEED, shares);
    let routes = json!([{"build_type": BUILD_TYPE, "coalesce": true}]);
    setup.emulator.deploy(Function {
        concurrency: ENVIRONMENTS,
        ..setup.function_with_routes(&routes)
    });
    let next = Mutex::new(0..UPLOADS / UPLOADS_PER_EVENT);
    let began = Instant::now();
    let served: Vec<(Instant, u64)> = join_all((0..ENVIRONMENTS).map(|_| send_uploads(&setup, &next)))
        .await
        .into_iter()
        .flatten()
        .collect();
    let builds = setup.teamcity.builds();
    println!(
        "{UPLOADS} uploads, {} builds in {:.1?}, {} requests",
        builds.len(),
        began.elapsed(),
        setup.teamcity.faults.seen().len()
    );
    check_served(&served, &builds);
    assert!(builds.len() * 20 < UPLOADS, "far fewer builds than uploads");
}

/// Checks that the build named for each upload started after it.
fn check_served(served: &[(Instant, u64)], builds: &[Build]) {
    assert_eq!(served.len(), UPLOADS, "every upload names a build");
    let starts: BTreeMap<u64, Instant> = builds
        .iter()
        .map(|build| (build.id, build.starts_at(TIME_IN_QUEUE)))
        .collect();
    assert!(
        builds.iter().all(|build| build.cancelled.is_none()),
        "no build is cancelled"
    );
    let late = served
        .iter()
        .filter(|(uploaded, build)| starts[build] <= *uploaded)
        .count();
    assert_eq!(late, 0, "every upload is seen by a build that starts after it");
}

/// Sends events until none is left. Returns the time of each upload and the build that serves it.
async fn send_uploads(setup: &Setup, next: &Mutex<std::ops::Range<usize>>) -> Vec<(Instant, u64)> {
    let mut served = Vec::new();
    loop {
        let Some(number) = next.lock().unwrap().next() else {
            return served;
        };
        let first = number * UPLOADS_PER_EVENT;
        let uploads = first..first + UPLOADS_PER_EVENT;
        let event =
            records(uploads.map(|upload| record(&format!("in/{upload}.csv"), &format!("{upload:016X}"))));
        let uploaded = Instant::now();
        let response = loop {
            let outcome = setup.emulator.invoke(NAME, &event).await.unwrap();
            if outcome.is_response() {
                break outcome.into_response().unwrap();
            }
        };
        for list in ["queued", "known"] {
            let builds = response[list].as_array().unwrap().iter();
            served.extend(builds.map(|build| (uploaded, build["build_id"].as_u64().unwrap())));
        }
    }
}
