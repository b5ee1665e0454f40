//! Each build has one message about its end, and each exception a known cause.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use local_stack::Fault;
use local_stack::faults::SeenRequest;
use stand_ins::slack::Message;

use crate::part::{Check, metric};
use crate::plan::BUILDS;
use crate::run::builds::{BuildsRun, Death, FUNCTION, end_of, project};

/// Checks messages and metrics against the posts that Slack received.
pub(crate) async fn check(run: &BuildsRun, seen: &[SeenRequest]) -> Result<Vec<Check>> {
    let items = run.table.items().await?;
    let recorded = items.iter().filter_map(|item| item["ts"]["S"].as_str());
    let recorded: BTreeSet<&str> = recorded.collect();
    Ok(vec![
        (
            "one message per build",
            one_message_per_build(run, &recorded, seen),
        ),
        ("PostsInDoubt", posts_in_doubt(run, seen)),
    ])
}

fn one_message_per_build(run: &BuildsRun, recorded: &BTreeSet<&str>, seen: &[SeenRequest]) -> Result<String> {
    let mut of_build = BTreeMap::<usize, Vec<Message>>::new();
    for message in run.slack.messages() {
        let number = number_of(&message)?;
        of_build.entry(number).or_default().push(message);
    }
    let deaths = run.deaths().clone();
    let (mut second, mut none) = (0, 0);
    for number in 0..BUILDS {
        let project = project(number);
        let messages = of_build.get(&number).map_or(&[][..], Vec::as_slice);
        let name = format!("{project} ");
        let lost = posts_in_doubt_of(seen)
            .filter(|post| post.text().contains(&name))
            .count();
        // A post is counted before it is sent: an environment that dies then has used an attempt.
        let of_build = |death: &&Death| death.build_id.ends_with(&format!(":{number}"));
        let killed = deaths.iter().filter(of_build).count();
        let (current, others): (Vec<_>, Vec<_>) = messages
            .iter()
            .partition(|message| recorded.contains(message.ts.as_str()));
        ensure!(
            current.len() == 1 || (current.is_empty() && lost + killed >= 2),
            "{project} has {} recorded messages, {lost} posts with a lost answer, and {killed} environments were killed: {messages:?}",
            current.len()
        );
        let Some(shown) = current.first().or(others.last()) else {
            none += 1;
            continue;
        };
        let text = &shown.text;
        ensure!(
            text.contains(end_of(number)),
            "{project} shows {text:?} at its end"
        );
        for message in &others {
            ensure!(
                message.response_was_lost || killed > 0,
                "{project} has a second message without a cause: {messages:?}"
            );
        }
        second += others.len();
    }
    Ok(format!(
        "{} builds show their end, {none} have no message after two lost answers or deaths; {second} more messages, each \
         because its answer was lost or its sender killed",
        BUILDS - none
    ))
}

/// Reads the number of the project from a message.
fn number_of(message: &Message) -> Result<usize> {
    let (_, rest) = message
        .text
        .split_once("soak-")
        .with_context(|| format!("no project in {:?}", message.text))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Ok(digits.parse()?)
}

/// The metric counts each post whose answer was lost or 5xx. A killed environment takes its count with it, and the posts
/// of killed environments can end the attempts.
fn posts_in_doubt(run: &BuildsRun, seen: &[SeenRequest]) -> Result<String> {
    let in_doubt = posts_in_doubt_of(seen).count();
    let counted = metric(&run.emulator, FUNCTION, "PostsInDoubt");
    let kills = run.kills;
    ensure!(
        counted + 2 * kills >= in_doubt && counted <= in_doubt + kills,
        "the metric counts {counted}, Slack lost {in_doubt} answers, {kills} environments were killed"
    );
    Ok(format!(
        "the metric counts {counted} of {in_doubt} lost answers; {kills} environments were killed meanwhile"
    ))
}

/// Posts whose answer was lost, or 5xx.
fn posts_in_doubt_of(seen: &[SeenRequest]) -> impl Iterator<Item = &SeenRequest> {
    let is_in_doubt = |fault: &Option<Fault>| {
        matches!(
            fault,
            Some(
                Fault::LoseResponse
                    | Fault::HalfResponse
                    | Fault::Refuse
                    | Fault::Respond { status: 500.., .. }
            )
        )
    };
    seen.iter()
        .filter(|request| request.path.starts_with("/api/chat.postMessage"))
        .filter(move |request| is_in_doubt(&request.fault))
}
