//! A thousand builds on a bad day.

use local_stack::slack::Weather;
use local_stack::{Function, Outcome};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::stage::{NAME, PATIENCE, Stage, event, of_build};

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
        concurrency: ENVIRONMENTS,
        ..stage.with_table()
    });
    let events = events();
    let began = Instant::now();
    let killed = deliver(&stage, &events).await;
    stage.emulator.idle(PATIENCE).await.unwrap();
    let took = began.elapsed();

    // What Slack shows, by build.
    let mut messages: BTreeMap<String, Vec<local_stack::slack::Message>> = BTreeMap::new();
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
        in_doubt += of_build
            .iter()
            .filter(|message| message.is_in_doubt && !recorded.contains(message.ts.as_str()))
            .count();
    }
    let traffic = stage.slack.traffic();
    let attempts = stage.emulator.invocations_of(NAME);
    let failed = attempts
        .iter()
        .filter(|attempt| !attempt.outcome.as_ref().is_some_and(Outcome::is_answer))
        .count();
    println!(
        "{BUILDS} builds, {} events in {} attempts, of which {failed} failed, took {took:.1?}",
        events.len(),
        attempts.len()
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
    assert_eq!(stage.emulator.dead_letters(), Vec::<String>::new());
    assert_eq!(in_doubt, traffic.lost_posts, "only a lost answer doubles");
    assert!(
        doubled - in_doubt <= killed,
        "one message too many for each that died between Slack and record, at most"
    );
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

/// Hands the events over as fast as they are worked off, and kills who works on the first of them.
async fn deliver(stage: &Stage, events: &[Value]) -> usize {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut killed = 0;
    for (number, event) in events.iter().enumerate() {
        stage.emulator.invoke_event(NAME, event).unwrap();
        // Not more than are under way at once, so that the order is the one that was drawn.
        while stage.emulator.environments_of(NAME) == ENVIRONMENTS
            && pending(stage, number + 1) > ENVIRONMENTS
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if number > 50 && number % 8 == 0 && killed < KILLS {
            tokio::time::sleep(Duration::from_millis(random.u64(..20))).await;
            if let Ok(request) = stage.emulator.working(NAME, PATIENCE).await {
                killed += stage.emulator.kill(&request);
            }
        }
    }
    killed
}

/// Of the events so far, those that have not come to their end.
fn pending(stage: &Stage, sent: usize) -> usize {
    let attempts = stage.emulator.invocations_of(NAME);
    let done = attempts
        .iter()
        .filter(|attempt| attempt.outcome.as_ref().is_some_and(Outcome::is_answer))
        .count();
    sent.saturating_sub(done)
}

/// By the link to the build's page.
fn build_of(blocks: &Value) -> String {
    let blocks = blocks.to_string();
    let (_, rest) = blocks
        .split_once("%3A")
        .unwrap_or_else(|| panic!("no link in {blocks}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}
