//! The message about a build, in Slack's Block Kit.
//!
//! Slack rejects the whole message if one text is too long, so every text is escaped here and then cut to Slack's limit.
//! All foreign texts are masked, escaped and `verbatim`: they can neither mention anybody nor become links.

pub(crate) mod console;
pub(crate) mod failed_tests;
pub(crate) mod log_tail;
mod members;
pub(crate) mod mention;
mod mrkdwn;
pub(crate) mod plain_text;
mod source_item;
mod wording;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_core::locale::Locale;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::failed_tests::TestReport;
use self::log_tail::LogTail;
use self::mention::Mention;
use self::mrkdwn::{code, code_block, escaped_ends_within, escaped_within, length, link, within};
use self::source_item::SourceItem;
use crate::event::build::{Build, Logs};
use crate::event::commit::Author;
use crate::event::initiator::Initiator;
use crate::history::verdict::Verdict;

/// Slack's limit for a header block.
const HEADER: usize = 150;
/// Slack's limit for all texts of a message is 13,200.
const MESSAGE: usize = 13_000;
/// Slack's limit for the text of a section.
const SECTION: usize = 3000;
/// Limit for CodeBuild's message about a failure, which is a sentence or a command of many lines.
const CONTEXT: usize = 1500;
/// Limit for the identifier of a build in its batch.
const MEMBER: usize = 40;
/// Limit for one value, such as a name. Slack accepts 2,000.
const VALUE: usize = 300;
/// Limit for the notification text. Slack accepts 40,000 in a post, but only 4,000 in an update.
const FALLBACK: usize = 700;
/// Length in the notification text that CodeBuild's message about a failure has at least.
const CONTEXT_IN_FALLBACK: usize = 200;

/// A message as Slack receives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The text of notifications, and of clients without blocks.
    pub(crate) text: String,
    pub(crate) blocks: Vec<Value>,
}

/// A reply in the thread of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) message: Message,
    /// Shows the reply in the channel too if `true`.
    pub(crate) is_broadcast: bool,
}

/// The language and time zone of a message.
#[derive(Clone, Debug)]
pub(crate) struct Localization {
    pub(crate) locale: Locale,
    pub(crate) time_zone: TimeZone,
}

/// Details about a build that its event lacks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) verdict: Option<Verdict>,
    /// Commit that CodeBuild resolved for a branch.
    pub(crate) commit: Option<String>,
    /// Reference of a push, if the project exports it and the event lacks it.
    pub(crate) head_ref: Option<String>,
    /// Author of the commit, if the project exports it and the event lacks it.
    pub(crate) author: Option<Author>,
    /// First line of the commit message, if the project exports it and the event lacks it.
    pub(crate) commit_message: Option<String>,
    pub(crate) log_tail: LogTail,
    /// The location of the log, if the event lacks it.
    pub(crate) logs: Option<Logs>,
    /// Reports with failed tests.
    pub(crate) reports: Vec<TestReport>,
}

impl Details {
    pub(crate) fn author<'d>(&'d self, build: &'d Build) -> Option<&'d Author> {
        build.author.as_ref().or(self.author.as_ref())
    }
}

/// Renders the message about a build.
pub(crate) fn render(
    build: &Build,
    details: &Details,
    mentions: &[Mention],
    localization: &Localization,
) -> Message {
    let locale = localization.locale;
    let headline = escaped_within(&headline(build, details, locale), HEADER);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": headline, "emoji": true},
    })];
    blocks.extend(mention_section(mentions));
    let fields = fields(build, details, localization).into_iter().take(10);
    let fields: Vec<Value> = fields.map(mrkdwn).collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let failure = failure(build, locale).map(section);
    let tests = failed_tests::render(build, &details.reports, locale).map(section);
    let log = log(build, details, locale).map(section);
    let links = json!({"type": "context", "elements": [mrkdwn(links(build, details, locale))]});
    let end: Vec<Value> = failure
        .into_iter()
        .chain(tests)
        .chain(log)
        .chain([links])
        .collect();
    let used: usize = blocks.iter().chain(&end).map(text_length).sum();
    let members = members::render(build, MESSAGE.saturating_sub(used), locale);
    blocks.extend(members.into_iter().map(section));
    blocks.extend(end);
    Message {
        text: fallback(build, details, locale),
        blocks,
    }
}

/// Returns the length of all texts of a block.
fn text_length(block: &Value) -> usize {
    let fields = block["fields"].as_array().into_iter().flatten();
    let elements = block["elements"].as_array().into_iter().flatten();
    let texts = [&block["text"]].into_iter().chain(fields).chain(elements);
    texts.filter_map(|text| text["text"].as_str()).map(length).sum()
}

/// Renders the reply about a failed build: the mentions, the failed phase with the reason, and the commit.
pub(crate) fn render_reply(
    build: &Build,
    details: &Details,
    mentions: &[Mention],
    locale: Locale,
) -> Message {
    let mut blocks: Vec<Value> = mention_section(mentions).into_iter().collect();
    let headline = escaped_within(&headline(build, details, locale), HEADER);
    blocks.push(section(format!("*{headline}*")));
    blocks.extend(failure(build, locale).map(section));
    let commit: Vec<Value> = commit_fields(build, details, locale)
        .into_iter()
        .map(mrkdwn)
        .collect();
    if !commit.is_empty() {
        blocks.push(json!({"type": "section", "fields": commit}));
    }
    Message {
        text: fallback(build, details, locale),
        blocks,
    }
}

/// Returns the section with the mentions, the only text that Slack parses.
fn mention_section(mentions: &[Mention]) -> Option<Value> {
    let texts: Vec<String> = mentions.iter().map(ToString::to_string).collect();
    (!texts.is_empty())
        .then(|| json!({"type": "section", "text": {"type": "mrkdwn", "text": texts.join(" ")}}))
}

/// Returns the author and the first line of the commit message.
fn commit_fields(build: &Build, details: &Details, locale: Locale) -> Vec<String> {
    let author = details.author(build).and_then(|author| author.name.as_ref());
    let author = author.map(|name| (locale.pick("작성자", "Author"), name));
    let message = build.commit_message.as_ref().or(details.commit_message.as_ref());
    let message = message.map(|message| (locale.pick("커밋 메시지", "Commit message"), message));
    let fields = [author, message].into_iter().flatten();
    fields
        .map(|(label, value)| format!("*{label}*\n{}", escaped_within(value, VALUE)))
        .collect()
}

fn mrkdwn(text: String) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn section(text: String) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// Returns a headline such as `❌ web failed · still failing (3rd time)`, for a batch `❌ web batch failed`, for a member of
/// one `❌ web (node20) failed`.
fn headline(build: &Build, details: &Details, locale: Locale) -> String {
    let emoji = wording::emoji(build.status, details.verdict);
    let verdict = details.verdict.map(|verdict| wording::verdict(locale, verdict));
    let verdict = verdict.map_or_else(String::new, |verdict| format!(" · {verdict}"));
    // The names are cut, so that the status always fits.
    let member = build.batch_identifier.as_ref();
    let batch = if build.is_batch() {
        locale.pick(" 배치", " batch")
    } else {
        ""
    };
    let member = member.map_or_else(
        || batch.to_owned(),
        |member| format!(" ({})", within(member, MEMBER)),
    );
    let project = within(&build.project, HEADER - 70 - length(&member));
    format!(
        "{emoji} {project}{member} {}{verdict}",
        wording::status(locale, build.status)
    )
}

fn fields(build: &Build, details: &Details, localization: &Localization) -> Vec<String> {
    let locale = localization.locale;
    let field = |label: &str, value: String| format!("*{label}*\n{value}");
    let status = wording::status(locale, build.status).to_owned();
    let mut fields = vec![field(locale.pick("상태", "Status"), status)];
    if let Some(phase) = &build.completed_phase {
        let duration = in_parentheses(phase.seconds.filter(|seconds| *seconds > 0), locale);
        let result = wording::completed_phase(locale, &code(&phase.name, VALUE), phase.is_failed());
        fields.push(field(
            locale.pick("진행 단계", "Progress"),
            format!("{result}{duration}"),
        ));
    }
    if let Some(seconds) = build.seconds() {
        let duration = wording::duration(locale, seconds);
        fields.push(field(locale.pick("소요 시간", "Duration"), duration));
    }
    if let Some(started) = build.started {
        let started = local_time(started, &localization.time_zone);
        fields.push(field(locale.pick("시작 시각", "Started at"), started));
    }
    if let Some(initiator) = &build.initiator {
        let initiator = initiator_text(initiator, &build.region);
        fields.push(field(locale.pick("시작한 주체", "Started by"), initiator));
    }
    for item in source_items(build, details) {
        let value = match &item.url {
            Some(url) => link(url, &item.name, VALUE),
            None => code(&item.name, VALUE),
        };
        fields.push(field(wording::source_item(locale, item.kind), value));
    }
    fields.extend(commit_fields(build, details, locale));
    fields
}

/// Formats a time such as `2017-09-02 01:12:29 KST`.
fn local_time(timestamp: Timestamp, time_zone: &TimeZone) -> String {
    timestamp
        .to_zoned(time_zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

fn initiator_text(initiator: &Initiator, region: &str) -> String {
    let name = |name: &str| escaped_within(name, VALUE);
    match initiator {
        Initiator::Pipeline(pipeline) => {
            let page = console::pipeline(region, pipeline);
            format!("CodePipeline {}", link(&page, pipeline, VALUE))
        }
        Initiator::Rule(rule) => format!("EventBridge {}", name(rule)),
        Initiator::Webhook(host) => format!("{host} webhook"),
        Initiator::Identity(identity) => name(identity),
    }
}

fn source_items(build: &Build, details: &Details) -> Vec<SourceItem> {
    let head_ref = build.head_ref.as_ref().or(details.head_ref.as_ref());
    let head_ref = head_ref.map(|head_ref| build.mask.apply_to_name(head_ref));
    let source = build.source.as_ref();
    source
        .map(|source| source_item::items(source, details.commit.as_deref(), head_ref.as_deref()))
        .unwrap_or_default()
}

fn in_parentheses(seconds: Option<u64>, locale: Locale) -> String {
    seconds.map_or_else(String::new, |seconds| {
        format!(" ({})", wording::duration(locale, seconds))
    })
}

/// Describes the failed phase and CodeBuild's message about it; of a batch, those of the first build that failed it.
fn failure(build: &Build, locale: Locale) -> Option<String> {
    if !build.status.is_failure() {
        return None;
    }
    if let Some(member) = build.failed_member() {
        let identifier = member.batch_identifier.as_deref().unwrap_or_default();
        return failure(member, locale).map(|failure| format!("{} · {failure}", code(identifier, VALUE)));
    }
    let phase = build.failed_phase();
    let context = phase
        .and_then(|phase| phase.context.as_ref())
        .or(build.context.as_ref());
    let title = phase.map(|phase| {
        let label = locale.pick("실패한 단계", "Failed in");
        let duration = in_parentheses(phase.seconds, locale);
        format!("*{label}* {}{duration}", code(&phase.name, VALUE))
    });
    let context = context.map(|context| code_block(context, CONTEXT));
    match (title, context) {
        (Some(title), Some(context)) => Some(format!("{title}\n{context}")),
        (title, context) => title.or(context),
    }
}

fn log(build: &Build, details: &Details, locale: Locale) -> Option<String> {
    if details.log_tail.is_empty() || !build.status.is_failure() {
        return None;
    }
    let (block, lines) = details.log_tail.code_block(SECTION - 100);
    Some(format!("*{}*\n{block}", wording::last_lines(locale, lines)))
}

fn links(build: &Build, details: &Details, locale: Locale) -> String {
    let (region, account) = (&build.region, &build.account);
    let page = match build.is_batch() {
        false => console::build(region, account, &build.project, build.short_id()),
        true => console::batch(region, account, &build.project, build.short_id()),
    };
    let label = wording::build(locale, build.is_batch(), build.number);
    let mut links = vec![link(&page, &label, VALUE)];
    if let Some((url, is_in_s3)) = log_url(build, details) {
        links.insert(0, link(&url, wording::log(locale, is_in_s3), VALUE));
    }
    links.push(escaped_within(&build.region, 100));
    links.join(" · ")
}

/// Returns the log page that the event names, otherwise the page of the log stream, otherwise that of the object in S3;
/// and whether it is the latter. A link to another partition's console is the last choice: the user cannot sign in there.
fn log_url(build: &Build, details: &Details) -> Option<(String, bool)> {
    let logs = build.logs.as_ref().or(details.logs.as_ref())?;
    let region = &build.region;
    let stream = logs.stream.as_ref();
    let stream = stream.map(|(group, stream)| console::log(region, group, stream));
    let object = logs.object.as_ref();
    let object = object.map(|(bucket, key)| console::object(region, bucket, key));
    let is_here = |link: &&String| console::is_in_partition(region, link);
    let link = logs.link.as_ref().filter(is_here).cloned();
    let in_cloudwatch = link.or(stream).or(logs.link.clone()).map(|url| (url, false));
    let in_s3 = || object.or(logs.object_link.clone()).map(|url| (url, true));
    in_cloudwatch.or_else(in_s3)
}

/// Returns the whole message in one line.
fn fallback(build: &Build, details: &Details, locale: Locale) -> String {
    let mut text = headline(build, details, locale);
    if let Some(seconds) = build.seconds() {
        text = format!(
            "{text} {}",
            wording::after(locale, &wording::duration(locale, seconds))
        );
    }
    let items: Vec<String> = source_items(build, details)
        .into_iter()
        .map(|item| item.name)
        .collect();
    if !items.is_empty() {
        text = format!("{text} · {}", items.join(" "));
    }
    let member = build.failed_member().filter(|_| build.status.is_failure());
    if let Some(identifier) = member.and_then(|member| member.batch_identifier.as_ref()) {
        text = format!("{text} · {identifier}");
    }
    let phase = member.unwrap_or(build).failed_phase();
    if let Some(phase) = phase.filter(|_| build.status.is_failure()) {
        text = format!("{text} · {}", phase.name);
        if let Some(context) = &phase.context {
            let head = escaped_within(&format!("{text}: "), FALLBACK - CONTEXT_IN_FALLBACK);
            let context = context.replace('\n', " ");
            let left = FALLBACK - length(&head);
            return head + &escaped_ends_within(&context, left);
        }
    }
    escaped_within(&text, FALLBACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::batch;
    use crate::event::build::tests::build;
    use crate::event::phase::Phase;
    use crate::event::source::Source;
    use crate::event::status::Status;
    use crate::mask::Mask;
    use crate::message::failed_tests::FailedTest;
    use crate::message::mrkdwn::length;

    fn seoul() -> TimeZone {
        TimeZone::get("Asia/Seoul").expect("jiff bundles the time zone database")
    }

    fn localization(locale: Locale) -> Localization {
        Localization {
            locale,
            time_zone: seoul(),
        }
    }

    fn failed(context: &str) -> Build {
        Build {
            status: Status::Failed,
            phases: vec![Phase {
                name: "BUILD".to_owned(),
                status: Some("FAILED".to_owned()),
                seconds: Some(63),
                context: Some(context.to_owned()),
            }],
            ..build()
        }
    }

    fn texts(message: &Message) -> Vec<String> {
        let mut texts = Vec::new();
        for block in &message.blocks {
            let fields = block["fields"].as_array().into_iter().flatten();
            let elements = block["elements"].as_array().into_iter().flatten();
            let all = fields.chain(elements).chain([&block["text"]]);
            texts.extend(all.filter_map(|text| text["text"].as_str()).map(str::to_owned));
        }
        texts
    }

    #[test]
    fn the_headline_states_the_outcome_in_both_languages() {
        let details = Details {
            verdict: Some(Verdict::StillFailing { times: 3 }),
            ..Details::default()
        };
        let korean = render(&failed("x"), &details, &[], &localization(Locale::Korean));
        assert_eq!(texts(&korean)[0], "❌ web 실패 · 계속 실패 중 (3회째)");
        let english = render(&failed("x"), &details, &[], &localization(Locale::English));
        assert_eq!(texts(&english)[0], "❌ web failed · still failing (3rd time)");
    }

    #[test]
    fn foreign_text_is_never_markup() {
        let build = Build {
            project: "<!channel>".to_owned(),
            initiator: Initiator::parse("<@U123>"),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: Some("https://github.com/a/b|c>".to_owned()),
                version: Some("x`*y*`<!here>|".to_owned()),
            }),
            ..failed("``` <!everyone> & ```")
        };
        let message = render(&build, &Details::default(), &[], &localization(Locale::English));
        for text in texts(&message).into_iter().chain([message.text.clone()]) {
            for mention in ["<!", "<@"] {
                assert!(!text.contains(mention), "{text}");
            }
        }
        let verbatim = message
            .blocks
            .iter()
            .flat_map(|block| block["fields"].as_array().into_iter().flatten());
        assert!(verbatim.into_iter().all(|text| text["verbatim"] == true));
    }

    #[test]
    fn only_the_routes_mention_reaches_slack() {
        let mention = Mention::parse("@here").expect("a mention");
        let message = render(
            &failed("x"),
            &Details::default(),
            &[mention],
            &localization(Locale::English),
        );
        assert_eq!(
            texts(&message)
                .iter()
                .filter(|text| text.contains("<!here>"))
                .count(),
            1
        );
    }

    fn long_report(text: &str) -> TestReport {
        let test = FailedTest {
            name: text.to_owned(),
            message: Some(text.to_owned()),
        };
        TestReport {
            // The longest name of a report group.
            arn: format!(
                "arn:aws:codebuild:eu-west-1:123456789012:report/{}:1a2b",
                "g".repeat(128)
            ),
            failures: 1000,
            tests: vec![test; 9],
        }
    }

    #[test]
    fn every_text_is_within_slacks_limits() {
        let long = "<&가🦀`\n".repeat(5_000);
        let build = Build {
            project: long.clone(),
            initiator: Initiator::parse(&long),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: Some("https://github.com/a/b".to_owned()),
                version: Some(format!("refs/heads/{}", "가".repeat(250))),
            }),
            ..failed(&long)
        };
        let details = Details {
            log_tail: LogTail::of(&long, 500, &Mask::default()),
            reports: vec![long_report(&long); 9],
            ..Details::default()
        };
        let message = render(&build, &details, &[], &localization(Locale::Korean));
        assert!(length(&message.text) <= FALLBACK);
        assert!(message.blocks.len() <= 50);
        assert!(length(&texts(&message)[0]) <= HEADER);
        for block in &message.blocks {
            for field in block["fields"].as_array().into_iter().flatten() {
                let text = field["text"].as_str().expect("a text");
                assert!(length(text) <= 2000, "{} {text}", length(text));
            }
        }
        for text in texts(&message) {
            assert!(length(&text) <= SECTION, "{}", length(&text));
        }
    }

    #[test]
    fn the_members_of_a_batch_leave_room_for_the_rest() {
        let long = "error: <&가`\n".repeat(5_000);
        let members: Vec<_> = (0..100)
            .map(|number| batch::tests::member(&format!("node{number}"), Status::Failed))
            .collect();
        let member = Build {
            id: members[0].arn.clone().expect("it has one"),
            ..failed(&long)
        };
        let mut build = batch::tests::batch(Status::Failed, members);
        build.add_builds(vec![member]);
        let details = Details {
            log_tail: LogTail::of(&long, 500, &Mask::default()),
            reports: vec![long_report(&long); 9],
            ..Details::default()
        };
        let message = render(&build, &details, &[], &localization(Locale::English));
        let all: usize = message.blocks.iter().map(text_length).sum();
        assert!((10_000..=MESSAGE).contains(&all), "{all}");
        let texts = texts(&message);
        assert!(texts.iter().all(|text| length(text) <= SECTION));
        let failed = texts
            .iter()
            .find(|text| text.starts_with("`node0` · *Failed in*"));
        assert!(failed.is_some_and(|text| text.contains("error: ")), "{texts:?}");
    }

    #[test]
    fn a_build_without_optional_fields_has_a_complete_message() {
        let build = Build {
            status: Status::Succeeded,
            ..build()
        };
        let message = render(&build, &Details::default(), &[], &localization(Locale::English));
        assert_eq!(message.text, "✅ web succeeded");
        let page = "https://ap-northeast-2.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/web/build/web%3A8745a7a9/?region=ap-northeast-2";
        assert_eq!(
            texts(&message),
            [
                "✅ web succeeded".to_owned(),
                "*Status*\nsucceeded".to_owned(),
                format!("<{page}|Build> · ap-northeast-2")
            ]
        );
    }

    #[test]
    fn times_are_shown_in_the_configured_time_zone() {
        let timestamp: Timestamp = "2017-09-01T16:12:29Z".parse().expect("a good instant");
        assert_eq!(local_time(timestamp, &seoul()), "2017-09-02 01:12:29 KST");
    }
}
