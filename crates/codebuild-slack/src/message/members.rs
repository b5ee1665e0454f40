//! The builds of a batch, one line each.

use lambda_core::locale::Locale;

use super::mrkdwn::{code, length, link};
use super::{SECTION, console, wording};
use crate::event::batch::Member;
use crate::event::build::Build;
use crate::event::status::Status;

/// Limit for all lines together.
const ALL: usize = 4500;
/// Limit for an identifier.
const IDENTIFIER: usize = 100;
/// Length that the count of the other builds has at most.
const REST: usize = 150;

/// Renders the title and the lines as texts of sections, in `room` characters. If they are too long, first the links of
/// successful builds are left out, then the last lines, which are only counted.
pub(super) fn render(batch: &Build, room: usize, locale: Locale) -> Vec<String> {
    let members = batch.members.iter().filter(|member| !member.is_preparation());
    let mut members: Vec<&Member> = members.collect();
    if members.is_empty() {
        return Vec::new();
    }
    // Failures first: they are never left out for successes.
    members.sort_by_key(|member| order(member));
    let title = format!(
        "*{}* {}",
        wording::builds(locale),
        counts(batch, &members, locale)
    );
    let room = room.saturating_sub(length(&title) + 1).min(ALL);
    let lines = |links_success: bool| -> Vec<String> {
        let lines = members
            .iter()
            .map(|member| line(batch, member, links_success, locale));
        lines.collect()
    };
    let mut lines = Some(lines(true))
        .filter(|lines| total(lines) <= room)
        .unwrap_or_else(|| lines(false));
    if total(&lines) > room {
        lines.truncate(fitting(&lines, room.saturating_sub(REST)));
    }
    let rest = &members[lines.len()..];
    let rest =
        (!rest.is_empty()).then(|| wording::other_builds(locale, rest.len(), &counts(batch, rest, locale)));
    sections(std::iter::once(title).chain(lines).chain(rest))
}

/// Returns the number of the first lines that fit into `room`.
fn fitting(lines: &[String], room: usize) -> usize {
    let mut left = room;
    let fits = |line: &&String| {
        let rest = left.checked_sub(length(line) + 1);
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    lines.iter().take_while(fits).count()
}

fn total(lines: &[String]) -> usize {
    lines.iter().map(|line| length(line) + 1).sum()
}

/// Joins lines to texts within the limit of a section.
fn sections(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in lines {
        match sections.last_mut() {
            Some(last) if length(last) + length(&line) < SECTION => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => sections.push(line),
        }
    }
    sections
}

fn order(member: &Member) -> u8 {
    match member.status {
        _ if member.fails_batch() => 0,
        Some(Status::Succeeded) => 4,
        Some(Status::InProgress) => 2,
        Some(_) => 1,
        None => 3,
    }
}

/// Returns the numbers of members by state, such as `1 failed, 2 succeeded`.
fn counts(batch: &Build, members: &[&Member], locale: Locale) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for member in members {
        let state = state(batch, member, locale);
        match counts.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }
    let counts = counts.into_iter();
    let counts = counts.map(|(state, count)| wording::count(locale, state, count));
    counts.collect::<Vec<_>>().join(", ")
}

/// Returns the state of a build. One without a status never starts once the batch has ended.
fn state(batch: &Build, member: &Member, locale: Locale) -> &'static str {
    match member.status {
        Some(status) => wording::status(locale, status),
        None => wording::not_started(locale, batch.status.is_final()),
    }
}

/// Returns a line such as `❌ node18 failed (1 min 3 s)`, with a link to the build's page.
fn line(batch: &Build, member: &Member, links_success: bool, locale: Locale) -> String {
    let emoji = member.status.map_or("⏸️", |status| wording::emoji(status, None));
    let page = member.arn.as_deref().map(|arn| {
        let id = arn.rsplit_once('/').map_or(arn, |(_, id)| id);
        console::build(&batch.region, &batch.account, &batch.project, id)
    });
    let is_linked = links_success || member.status != Some(Status::Succeeded);
    let name = match page.filter(|_| is_linked) {
        Some(page) => link(&page, &member.identifier, IDENTIFIER),
        None => code(&member.identifier, IDENTIFIER),
    };
    let seconds = member.build.as_ref().and_then(Build::seconds);
    let duration = super::in_parentheses(seconds.filter(|_| member.has_ended()), locale);
    let is_ignored = member.ignores_failure && member.status.is_some_and(Status::is_failure);
    let ignored = if is_ignored { wording::ignored(locale) } else { "" };
    format!(
        "{emoji} {name} {}{ignored}{duration}",
        state(batch, member, locale)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::batch::tests::{batch, member};

    #[track_caller]
    fn check(batch: &Build, locale: Locale, expected: &[&str]) {
        let text = render(batch, 13_000, locale).join("\n");
        let lines = text.lines().map(|line| match line.split_once("<https://") {
            Some((head, rest)) => {
                let (_, rest) = rest.split_once('|').expect("a label");
                format!("{head}{}", rest.replacen('>', "", 1))
            }
            None => line.to_owned(),
        });
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn failures_come_first_and_a_build_that_never_started_is_named() {
        let mut lint = member("lint", Status::TimedOut);
        lint.ignores_failure = true;
        let mut deploy = member("deploy", None);
        deploy.arn = None;
        let members = vec![
            member("DOWNLOAD_SOURCE", Status::Succeeded),
            member("node20", Status::Succeeded),
            deploy,
            lint,
            member("node18", Status::Failed),
            member("node22", Status::InProgress),
        ];
        let running = batch(Status::InProgress, members.clone());
        check(
            &running,
            Locale::English,
            &[
                "*Builds* 1 failed, 1 timed out, 1 in progress, 1 not started, 1 succeeded",
                "❌ node18 failed",
                "⌛ lint timed out, ignored",
                "🔄 node22 in progress",
                "⏸️ `deploy` not started",
                "✅ node20 succeeded",
            ],
        );
        let failed = batch(Status::Failed, members[1..5].to_vec());
        check(
            &failed,
            Locale::Korean,
            &[
                "*빌드* 실패 1개, 시간 초과 1개, 실행되지 않음 1개, 성공 1개",
                "❌ node18 실패",
                "⌛ lint 시간 초과, 무시됨",
                "⏸️ `deploy` 실행되지 않음",
                "✅ node20 성공",
            ],
        );
        assert_eq!(
            render(&batch(Status::Failed, Vec::new()), 13_000, Locale::English),
            [""; 0]
        );
    }

    #[test]
    fn lines_that_do_not_fit_are_counted() {
        let mut members: Vec<Member> = (0..300)
            .map(|number| member(&format!("<node>{number}"), Status::Succeeded))
            .collect();
        members.push(member("last", Status::Failed));
        let texts = render(&batch(Status::Failed, members), 13_000, Locale::English);
        assert!(texts.iter().all(|text| length(text) <= SECTION), "{texts:?}");
        assert!(texts.iter().map(|text| length(text)).sum::<usize>() < ALL + 200);
        let text = texts.join("\n");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "*Builds* 1 failed, 300 succeeded");
        assert!(lines[1].starts_with("❌ <https://") && lines[1].ends_with("|last> failed"));
        assert_eq!(lines[2], "✅ `&lt;node&gt;0` succeeded");
        let shown = lines.len() - 3;
        let rest = 300 - shown;
        assert_eq!(
            lines.last(),
            Some(&format!("… and {rest} more: {rest} succeeded").as_str())
        );
    }
}
