//! A thousand builds and fifty batches, half of them with a reply in the thread of their message, with failing requests,
//! crashes, duplicate events and events out of order.

mod batches;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use local_stack::{Fault, Function, Match};
use serde_json::{Value, json};
use stand_ins::CodeBuild;
use stand_ins::slack::{Message, rate_limited};

use self::batches::BATCHES;
use crate::setup::{NAME, Setup, event, of_build};

const SEED: u64 = 20_261_101;
const BUILDS: usize = 1000;
/// Number of environments: those that wait for a lease of a dead one must not occupy all of them.
const ENVIRONMENTS: usize = 40;
/// Maximum distance of an event from its place in the order.
const DISPLACEMENT: usize = 40;
/// Number of environments to kill while the first events are processed.
const KILLS: usize = 12;
/// Time after which the lease of a killed environment runs out. A real lease takes a minute.
const LEASE_REST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_build_ends_with_one_message_about_its_end_and_one_reply_to_a_failure() {
    let setup = Setup::table().await;
    let codebuild = CodeBuild::start().await.unwrap();
    setup.slack.faults.inject_randomly(
        Match::any(),
        SEED,
        [
            (0.03, rate_limited(1)),
            (0.03, Fault::respond(500, "rollup_error")),
            (0.02, Fault::LoseResponse),
        ],
    );
    setup.emulator.deploy(Function {
        // A killed environment still counts while its successor starts.
        concurrency: ENVIRONMENTS + KILLS,
        ..setup
            .table_function()
            .variable("AWS_ENDPOINT_URL_CODEBUILD", codebuild.endpoint())
            .variable("SLACK_ROUTES", r#"[{"project": "*", "thread": true}]"#)
    });
    let events = events(batches::start(&codebuild));
    let sent = events.len();
    let began = Instant::now();
    let delivery = deliver(&setup, &codebuild, events).await;
    batches::end_late_batches(&setup, &codebuild).await;
    println!(
        "{BUILDS} builds, {BATCHES} batches, {sent} events, {} attempts, {} of them failed, in {:.1?}",
        delivery.attempts,
        delivery.failed,
        began.elapsed()
    );
    print_traffic(&setup);
    let all = setup.slack.messages();
    let (replies, messages): (Vec<_>, Vec<_>) = all.into_iter().partition(|message| message.thread.is_some());
    let items = setup.items().await;
    let is_unfinished = |item: &&Value| item.get("state").is_some() || item.get("reply").is_some();
    assert_eq!(items.iter().find(is_unfinished), None);
    let recorded: BTreeSet<&str> = items.iter().filter_map(|item| item["ts"]["S"].as_str()).collect();
    let second_replies = check_replies(&messages, &replies, &recorded, &delivery.seen_at_death);
    let (second_messages, in_doubt) = check_messages(messages, &recorded, &delivery.seen_at_death);
    println!(
        "{} replies to {} failed builds and batches, {second_replies} of them a second reply because of a lost response or a killed \
         environment",
        replies.len(),
        (BUILDS + BATCHES) / 2
    );
    println!(
        "environments killed: {}; builds with a second message: {second_messages}, {in_doubt} of them because the \
         response to the first post was lost",
        delivery.killed
    );
}

fn print_traffic(setup: &Setup) {
    let faults = &setup.slack.faults;
    let requests = |method: &str| faults.count(&Match::path("POST", &format!("/api/chat.{method}")));
    println!(
        "{} posts and {} updates; responses 429: {}, 500: {}",
        requests("postMessage"),
        requests("update"),
        faults.count_status(429),
        faults.count_status(500)
    );
}

/// Checks that every build has one recorded message about its end, and that each second message has a known cause.
/// Returns the number of second messages, and of those whose response was lost.
fn check_messages(
    all: Vec<Message>,
    recorded: &BTreeSet<&str>,
    seen_at_death: &BTreeSet<String>,
) -> (usize, usize) {
    let posts_in_doubt = all.iter().filter(|message| message.response_was_lost).count();
    let mut by_build: BTreeMap<String, Vec<Message>> = BTreeMap::new();
    for message in all {
        let build = build_of(&message.blocks);
        by_build.entry(build).or_default().push(message);
    }
    let (mut second_messages, mut in_doubt) = (0, 0);
    for number in 0..BUILDS + BATCHES {
        let messages = by_build.get(&number.to_string());
        let messages = messages.unwrap_or_else(|| panic!("build {number} has no message"));
        let (current, second): (Vec<_>, Vec<_>) = messages
            .iter()
            .partition(|message| recorded.contains(message.ts.as_str()));
        // Two posts without a response end the attempts: no copy is recorded then, and each shows the end.
        let lost = second.iter().filter(|message| message.response_was_lost).count();
        assert!(
            current.len() == 1 || (current.is_empty() && lost >= 2),
            "build {number}: {messages:?}"
        );
        let text = &current.first().or(second.last()).expect("a message").text;
        assert!(text.contains(end_of(number).1), "build {number}: {text}");
        second_messages += second.len();
        for message in second {
            in_doubt += usize::from(message.response_was_lost);
            assert!(
                message.response_was_lost || seen_at_death.contains(&message.ts),
                "build {number} has an unexplained second message: {messages:?}"
            );
        }
    }
    assert_eq!(
        in_doubt, posts_in_doubt,
        "only a lost response causes a second message"
    );
    (second_messages, in_doubt)
}

/// Checks that the recorded message of every failed build has one reply, that no other message has one, and that each
/// second reply has a known cause. Returns the number of second replies.
fn check_replies(
    messages: &[Message],
    replies: &[Message],
    recorded: &BTreeSet<&str>,
    seen_at_death: &BTreeSet<String>,
) -> usize {
    let mut by_message: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for reply in replies {
        by_message
            .entry(reply.thread.as_deref().unwrap())
            .or_default()
            .push(reply);
    }
    let mut second_replies = 0;
    for message in messages {
        let replies = by_message.remove(message.ts.as_str()).unwrap_or_default();
        let number: usize = build_of(&message.blocks).parse().unwrap();
        if number.is_multiple_of(2) || !recorded.contains(message.ts.as_str()) {
            assert!(replies.is_empty(), "build {number}: {replies:?}");
            continue;
        }
        let is_explained = |reply: &&&Message| reply.response_was_lost || seen_at_death.contains(&reply.ts);
        let explained = replies.iter().filter(is_explained).count();
        assert!(
            !replies.is_empty() && replies.len() <= explained + 1,
            "build {number}: {replies:?}"
        );
        second_replies += replies.len() - 1;
    }
    assert!(by_message.is_empty(), "{by_message:?}");
    second_replies
}

fn end_of(number: usize) -> (&'static str, &'static str) {
    [
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("stopped", "stopped"),
        ("timed-out", "timed out"),
    ][number % 4]
}

/// Creates the events of all builds out of order: starts, ends, phases of every third build, those of batches, and a fifth
/// of all twice.
fn events(of_batches: Vec<(usize, Value)>) -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut ordered = of_batches;
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
            ordered.push((number * 3, event));
        }
    }
    let mut placed: Vec<(usize, Value)> = Vec::new();
    for (place, event) in ordered {
        placed.push((place + random.usize(..DISPLACEMENT), event.clone()));
        if random.u8(..5) == 0 {
            placed.push((place + random.usize(..DISPLACEMENT), event));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, event)| event).collect()
}

#[derive(Default)]
struct Delivery {
    attempts: usize,
    failed: usize,
    killed: usize,
    /// Ids of the messages about the builds of killed environments, at the time of their death.
    seen_at_death: BTreeSet<String>,
}

/// Delivers the events to all environments, each up to three times as Lambda does, and kills some environments.
async fn deliver(setup: &Setup, codebuild: &CodeBuild, events: Vec<Value>) -> Delivery {
    let queue = Mutex::new(VecDeque::from(events));
    let (attempts, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = async || {
        loop {
            let Some(event) = queue.lock().unwrap().pop_front() else {
                return;
            };
            batches::reach(codebuild, &event);
            let mut failures = Vec::new();
            loop {
                attempts.fetch_add(1, Ordering::Relaxed);
                let outcome = setup.invoke(&event).await;
                if outcome.is_response() {
                    break;
                }
                failed.fetch_add(1, Ordering::Relaxed);
                failures.push(outcome);
                assert!(failures.len() < 3, "Lambda would give up: {failures:?}");
            }
        }
    };
    let is_done = || queue.lock().unwrap().is_empty();
    let (killed, _) = join(kill(setup, is_done), join_all((0..ENVIRONMENTS).map(|_| work()))).await;
    Delivery {
        attempts: attempts.into_inner(),
        failed: failed.into_inner(),
        ..killed
    }
}

/// Kills environments at random times, until there are [`KILLS`] or all events are taken.
async fn kill(setup: &Setup, is_done: impl Fn() -> bool) -> Delivery {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut delivery = Delivery::default();
    let mut builds = BTreeSet::new();
    while delivery.killed < KILLS && !is_done() {
        tokio::time::sleep(Duration::from_millis(random.u64(50..250))).await;
        // One of the latest invocations: older ones may only wait for a lease.
        let begun = setup.emulator.invocations_of(NAME);
        let Some(victim) = begun.iter().rev().nth(random.usize(..6)) else {
            continue;
        };
        // No build twice: after three crashes, Lambda gives up the event.
        let build_id = victim.payload["detail"]["build-id"].as_str().unwrap();
        if !builds.insert(build_id.to_owned()) {
            continue;
        }
        delivery.killed += setup.emulator.kill(&victim.request_id);
        // A request that was sent arrives now. No other environment posts before the lease runs out.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let name = build_id.rsplit(':').next().unwrap();
        // A member's name begins with the number of its batch.
        let number = name.split('-').next().unwrap();
        let messages = setup.slack.messages();
        let (replies, messages): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| message.thread.is_some());
        let of_build = messages
            .into_iter()
            .filter(|message| build_of(&message.blocks) == number);
        let own: Vec<String> = of_build.map(|message| message.ts).collect();
        let is_own = |reply: &Message| reply.thread.as_ref().is_some_and(|thread| own.contains(thread));
        let replies = replies.into_iter().filter(is_own).map(|reply| reply.ts);
        delivery.seen_at_death.extend(replies);
        delivery.seen_at_death.extend(own);
        setup
            .shorten_lease(
                &batches::record_id(&victim.payload),
                &victim.request_id,
                LEASE_REST,
            )
            .await;
    }
    delivery
}

/// Reads the build's number from the link to its page.
fn build_of(blocks: &Value) -> String {
    let blocks = blocks.to_string();
    let (_, rest) = blocks
        .split_once("%3A")
        .unwrap_or_else(|| panic!("no link in {blocks}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}
