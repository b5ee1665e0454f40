//! A thousand builds on a bad day.

use futures_util::future::join_all;
use local_stack::Function;
use serde_json::{Value, json};
use stand_ins::slack::Weather;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::stage::{NAME, Stage, event, of_build};

const SEED: u64 = 20_261_101;
const BUILDS: usize = 1000;
/// Many: those that wait for the leases of the dead must not keep the others from working.
const ENVIRONMENTS: usize = 40;
/// How far an event may be from its place.
const NEAR: usize = 40;
/// Environments die while the first events are under way, so that the leases that they leave run out meanwhile.
const KILLS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_build_ends_with_one_message_that_says_how_it_ended() {
    let stage = Stage::table().await;
    stage.slack.change(|settings| {
        settings.weather = Some(Weather {
            seed: SEED,
            too_many: 0.03,
            server_errors: 0.03,
            lost_answers: 0.02,
        });
    });
    stage.slack.limit(0, 1);
    stage.emulator.deploy(Function {
        // A killed one is still there when its successor is asked for.
        concurrency: ENVIRONMENTS + KILLS,
        ..stage.with_table()
    });
    let events = events();
    let sent = events.len();
    let began = Instant::now();
    let (attempts, failed, killed, seen_at_death) = deliver(&stage, events).await;
    let took = began.elapsed();

    // What Slack shows, by build.
    let mut messages: BTreeMap<String, Vec<stand_ins::slack::Message>> = BTreeMap::new();
    for message in stage.slack.messages() {
        messages
            .entry(build_of(&message.blocks))
            .or_default()
            .push(message);
    }
    let items = stage.items().await;
    let recorded: BTreeSet<&str> = items.iter().filter_map(|item| item["ts"]["S"].as_str()).collect();
    let (mut doubled, mut in_doubt) = (0, 0);
    for number in 0..BUILDS {
        let of_build = messages
            .get(&number.to_string())
            .unwrap_or_else(|| panic!("build {number} has no message"));
        let counted: Vec<_> = of_build
            .iter()
            .filter(|message| recorded.contains(message.ts.as_str()))
            .collect();
        assert_eq!(counted.len(), 1, "build {number}: {of_build:?}");
        assert!(
            counted[0].text.contains(end_of(number).1),
            "build {number}: {}",
            counted[0].text
        );
        doubled += of_build.len() - 1;
        for extra in of_build
            .iter()
            .filter(|message| !recorded.contains(message.ts.as_str()))
        {
            in_doubt += usize::from(extra.is_in_doubt);
            assert!(
                extra.is_in_doubt || seen_at_death.contains(&extra.ts),
                "build {number} has a second message that nothing explains: {of_build:?}"
            );
        }
    }
    let traffic = stage.slack.traffic();
    println!(
        "{BUILDS} builds, {sent} events in {attempts} attempts, of which {failed} failed, took {took:.1?}"
    );
    println!(
        "{} posts and {} updates; answered 429: {}, 500: {}",
        traffic.posts, traffic.updates, traffic.too_many, traffic.server_errors
    );
    println!(
        "answers lost: {} of posts, {} of updates; environments killed: {killed}",
        traffic.lost_posts, traffic.lost_updates
    );
    println!(
        "builds with a second message: {doubled}, of which {in_doubt} because the first post's answer was lost"
    );
    assert_eq!(in_doubt, traffic.lost_posts, "only a lost answer doubles");
}

fn end_of(number: usize) -> (&'static str, &'static str) {
    [
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("stopped", "stopped"),
        ("timed-out", "timed out"),
    ][number % 4]
}

/// Every build's start and end, every third one's phases, a fifth of all twice, out of order.
fn events() -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut placed: Vec<(usize, Value)> = Vec::new();
    let cases = ["in-progress", "phase-change"].map(event);
    for number in 0..BUILDS {
        let [started, phase] = &cases;
        let mut course = vec![started.clone(), event(end_of(number).0)];
        if number % 3 == 0 {
            course.insert(1, phase.clone());
        }
        for event in course {
            let mut event = of_build(event, &format!("project-{}", number % 7), &number.to_string());
            event["detail"]["additional-information"]["build-number"] = json!(number);
            let place = number * 3;
            placed.push((place + random.usize(..NEAR), event.clone()));
            if random.u8(..5) == 0 {
                placed.push((place + random.usize(..NEAR), event));
            }
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, event)| event).collect()
}

/// Works the events off, in so many environments as Lambda has, and each up to three times, as Lambda tries. Tells how
/// many attempts there were, how many of them failed, and how many environments were killed; and
/// which messages of their builds Slack had when they died.
async fn deliver(stage: &Stage, events: Vec<Value>) -> (usize, usize, usize, BTreeSet<String>) {
    let queue = Mutex::new(VecDeque::from(events));
    let (attempts, failed, killed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let work = async || {
        loop {
            let Some(event) = queue.lock().unwrap().pop_front() else {
                return;
            };
            let mut outcomes = Vec::new();
            loop {
                attempts.fetch_add(1, Ordering::Relaxed);
                let outcome = stage.send(&event).await;
                if outcome.is_answer() {
                    break;
                }
                failed.fetch_add(1, Ordering::Relaxed);
                outcomes.push(outcome);
                assert!(outcomes.len() < 3, "Lambda would have given up: {outcomes:?}");
            }
        }
    };
    let mut seen_at_death = BTreeSet::new();
    let kill = async {
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut dead = BTreeSet::new();
        while killed.load(Ordering::Relaxed) < KILLS && !queue.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(random.u64(50..250))).await;
            // One of those that have begun last: the older ones wait for the leases of the dead.
            let begun = stage.emulator.invocations_of(NAME);
            let one = begun.iter().rev().nth(random.usize(..6));
            // No build twice: three deaths of one event are the end of it.
            let build = |one: &local_stack::Invocation| {
                one.payload["detail"]["build-id"].as_str().unwrap().to_owned()
            };
            let Some(one) = one.filter(|one| dead.insert(build(one))) else {
                continue;
            };
            killed.fetch_add(stage.emulator.kill(&one.request_id), Ordering::Relaxed);
            // What was under way arrives; nobody else posts before the lease is over.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let number = build(one);
            let number = number.rsplit(':').next().unwrap();
            let messages = stage.slack.messages().into_iter();
            let of_build = messages.filter(|message| build_of(&message.blocks) == number);
            seen_at_death.extend(of_build.map(|message| message.ts));
        }
    };
    futures_util::future::join(kill, join_all((0..ENVIRONMENTS).map(|_| work()))).await;
    (
        attempts.into_inner(),
        failed.into_inner(),
        killed.into_inner(),
        seen_at_death,
    )
}

/// By the link to the build's page.
fn build_of(blocks: &Value) -> String {
    let blocks = blocks.to_string();
    let (_, rest) = blocks
        .split_once("%3A")
        .unwrap_or_else(|| panic!("no link in {blocks}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}
