//! Batches among the thousand builds: their events, their progress in CodeBuild, and their ends without an event.

use std::time::Duration;

use serde_json::Value;
use stand_ins::CodeBuild;
use stand_ins::codebuild::{batch_arn, member_arn};

use super::{BUILDS, end_of};
use crate::batch::member_event;
use crate::setup::{Setup, age, reconcile_outcome};

/// Number of batches. Their numbers follow those of the builds.
pub(super) const BATCHES: usize = 50;
const MEMBERS: [&str; 4] = ["a", "b", "c", "d"];
/// Distance between two batches in the order of events.
const DISTANCE: usize = 60;
/// Every fifth batch ends only when no event follows.
const LATE: usize = 5;

fn id(number: usize) -> String {
    format!("web:{number}")
}

/// Returns the end of a batch and of its first member, in CodeBuild's words.
fn status(number: usize) -> &'static str {
    match end_of(number).0 {
        "succeeded" => "SUCCEEDED",
        "failed" => "FAILED",
        "stopped" => "STOPPED",
        _ => "TIMED_OUT",
    }
}

/// Starts all batches, and returns the events of their members with their places in the order.
pub(super) fn start(codebuild: &CodeBuild) -> Vec<(usize, Value)> {
    let mut events = Vec::new();
    for batch in 0..BATCHES {
        let number = BUILDS + batch;
        codebuild.start_batch(&id(number), number as u64, &MEMBERS);
        for (index, member) in MEMBERS.into_iter().enumerate() {
            let arn = member_arn(&id(number), member);
            let end = if index == 0 { status(number) } else { "SUCCEEDED" };
            let place = batch * DISTANCE + index * 4;
            events.push((place, member_event(&arn, member, "IN_PROGRESS")));
            events.push((place + 20, member_event(&arn, member, end)));
        }
    }
    events
}

/// Returns the number of the batch and the identifier of the member, if the event is one of a member.
fn member(event: &Value) -> Option<(usize, String)> {
    let build_id = event["detail"]["build-id"].as_str()?;
    let (number, identifier) = build_id.rsplit_once(':')?.1.split_once('-')?;
    Some((number.parse().ok()?, identifier.to_owned()))
}

/// Returns the key of the record that an event changes.
pub(super) fn record_id(event: &Value) -> String {
    match member(event) {
        Some((number, _)) => batch_arn(&id(number)),
        None => event["detail"]["build-id"].as_str().unwrap().to_owned(),
    }
}

/// Lets CodeBuild know what an event reports before it is delivered. Most batches end a second after their last member.
pub(super) fn reach(codebuild: &CodeBuild, event: &Value) {
    let Some((number, identifier)) = member(event) else {
        return;
    };
    let status_of_event = event["detail"]["build-status"].as_str().unwrap();
    codebuild.set_member(&id(number), &identifier, status_of_event);
    if has_ended(&codebuild.batch(&id(number))) && number % LATE != 0 {
        let codebuild = codebuild.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            codebuild.end_batch(&id(number), status(number));
        });
    }
}

fn has_ended(batch: &Value) -> bool {
    let mut groups = batch["buildGroups"].as_array().into_iter().flatten();
    groups.all(|group| {
        let status = group["currentBuildSummary"]["buildStatus"].as_str();
        status.is_some_and(|status| status != "IN_PROGRESS")
    })
}

/// Ends the other batches and completes their messages, in at most five runs: a run fails if Slack refuses a message.
pub(super) async fn end_late_batches(setup: &Setup, codebuild: &CodeBuild) {
    for number in BUILDS..BUILDS + BATCHES {
        codebuild.end_batch(&id(number), status(number));
    }
    for _ in 0..5 {
        let items = setup.items().await;
        let unfinished = items.iter().filter(|item| item.get("state").is_some());
        let ids: Vec<&str> = unfinished
            .map(|item| item["build_id"]["S"].as_str().unwrap())
            .collect();
        if ids.is_empty() {
            return;
        }
        println!("{} messages without an end are reconciled", ids.len());
        for id in ids {
            age(setup, id, 31).await;
        }
        reconcile_outcome(setup).await;
    }
}
