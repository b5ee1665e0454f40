//! The message about a build, in Slack's Block Kit.
//!
//! Slack refuses a message of which one text is too long, so every text is cut to Slack's limit here, after it was
//! escaped. All foreign texts come masked, are escaped and `verbatim`: they can neither call anybody nor become links.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::build::Build;
use crate::console;
use crate::initiator;
use crate::locale::{Label, Locale, emoji};
use crate::log_tail::LogTail;
use crate::mention::Mention;
use crate::moment;
use crate::mrkdwn::{code, code_block, escaped_within, link, within};
use crate::verdict::Verdict;

/// Of a header block.
const HEADER: usize = 150;
/// Of a section's text.
const SECTION: usize = 3000;
/// Of what CodeBuild says about a failure: it is a sentence, or a command of many lines.
const CONTEXT: usize = 1500;
/// Of one value: names that are longer are cut. Slack takes 2,000.
const VALUE: usize = 300;
/// Of the text of notifications. Slack takes 40,000 when it is posted, but only 4,000 when it is changed.
const FALLBACK: usize = 700;

/// A message as Slack gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// For notifications, and where blocks are not shown.
    pub text: String,
    /// What people see.
    pub blocks: Vec<Value>,
}

/// How it is said.
#[derive(Clone, Debug)]
pub struct Voice {
    /// In which language.
    pub locale: Locale,
    /// Times are said in this zone.
    pub zone: TimeZone,
}

/// What was found out about a build beyond its event.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What its end means.
    pub verdict: Option<Verdict>,
    /// The commit that CodeBuild found for a branch.
    pub commit: Option<String>,
    /// The end of its log.
    pub log_tail: LogTail,
}

/// Writes the message.
pub fn render(build: &Build, findings: &Findings, mention: Option<&Mention>, voice: &Voice) -> Message {
    let text = fallback(build, findings, voice);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": escaped_within(&headline(build, findings, voice), HEADER), "emoji": true},
    })];
    if let Some(mention) = mention {
        // The one text that Slack may read.
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": mention.to_string()}}));
    }
    let fields: Vec<Value> = fields(build, findings, voice)
        .into_iter()
        .take(10)
        .map(mrkdwn)
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    blocks.extend(failure(build, voice).map(section));
    blocks.extend(log(build, findings, voice).map(section));
    blocks.push(json!({"type": "context", "elements": [mrkdwn(links(build, voice))]}));
    Message { text, blocks }
}

fn mrkdwn(text: String) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn section(text: String) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// `❌ web failed · still failing (3rd time)`
fn headline(build: &Build, findings: &Findings, voice: &Voice) -> String {
    let emoji = emoji(build.status, findings.verdict);
    let verdict = findings.verdict.map(|verdict| voice.locale.verdict(verdict));
    let verdict = verdict.map_or_else(String::new, |verdict| format!(" · {verdict}"));
    // The name gives way, not what happened to it.
    let status = voice.locale.status(build.status);
    let project = within(&build.project, HEADER - 70);
    format!("{emoji} {project} {status}{verdict}")
}

fn fields(build: &Build, findings: &Findings, voice: &Voice) -> Vec<String> {
    let locale = voice.locale;
    let field = |label: Label, value: String| format!("*{}*\n{value}", locale.label(label));
    let mut fields = vec![field(Label::Status, locale.status(build.status).to_owned())];
    if let Some(phase) = &build.completed_phase {
        let took = phase
            .seconds
            .filter(|seconds| *seconds > 0)
            .map(|seconds| locale.duration(seconds));
        let took = took.map_or_else(String::new, |took| format!(" ({took})"));
        let ended = locale.completed(&code(&phase.name, VALUE), phase.is_failed());
        fields.push(field(Label::Progress, format!("{ended}{took}")));
    }
    if let Some(seconds) = build.seconds() {
        fields.push(field(Label::Duration, locale.duration(seconds)));
    }
    if let Some(started) = build.started {
        fields.push(field(Label::StartedAt, moment::shown(started, &voice.zone)));
    }
    if let Some(starter) = starter(build) {
        fields.push(field(Label::StartedBy, starter));
    }
    for shown in build
        .source
        .iter()
        .flat_map(|source| source.shown(findings.commit.as_deref()))
    {
        let value = match &shown.link {
            Some(url) => link(url, &shown.name, VALUE),
            None => code(&shown.name, VALUE),
        };
        fields.push(field(Label::Source(shown.what), value));
    }
    fields
}

fn starter(build: &Build) -> Option<String> {
    let starter = initiator::understand(build.initiator.as_deref()?, &build.region)?;
    let name = match &starter.link {
        Some(url) => link(url, &starter.name, VALUE),
        None => escaped_within(&starter.name, VALUE),
    };
    Some(match starter.kind {
        Some(kind) => format!("{kind} {name}"),
        None => name,
    })
}

/// Where and why it ended badly.
fn failure(build: &Build, voice: &Voice) -> Option<String> {
    if !build.status.is_failure() {
        return None;
    }
    let phase = build.failed_phase();
    let context = phase
        .and_then(|phase| phase.context.as_ref())
        .or(build.context.as_ref());
    let title = phase.map(|phase| {
        let took = phase.seconds.map(|seconds| voice.locale.duration(seconds));
        let took = took.map_or_else(String::new, |took| format!(" ({took})"));
        format!(
            "*{}* {}{took}",
            voice.locale.failed_phase(),
            code(&phase.name, VALUE)
        )
    });
    let context = context.map(|context| code_block(context, CONTEXT));
    match (title, context) {
        (Some(title), Some(context)) => Some(format!("{title}\n{context}")),
        (title, context) => title.or(context),
    }
}

fn log(build: &Build, findings: &Findings, voice: &Voice) -> Option<String> {
    if findings.log_tail.is_empty() || !build.status.is_failure() {
        return None;
    }
    let (block, lines) = findings.log_tail.code_block(SECTION - 100);
    Some(format!("*{}*\n{block}", voice.locale.last_lines(lines)))
}

fn links(build: &Build, voice: &Voice) -> String {
    let page = console::build(&build.region, &build.account, &build.project, build.short_id());
    let mut links = vec![link(&page, &voice.locale.build(build.number), VALUE)];
    if let Some(url) = log_link(build) {
        links.insert(0, link(&url, voice.locale.logs(), VALUE));
    }
    links.push(escaped_within(&build.region, 100));
    links.join(" · ")
}

/// The page that the event names; otherwise that of the stream.
fn log_link(build: &Build) -> Option<String> {
    let logs = build.logs.as_ref()?;
    let stream = logs
        .stream
        .as_ref()
        .map(|(group, stream)| console::log(&build.region, group, stream));
    logs.link.clone().or(stream)
}

/// The whole in one line.
fn fallback(build: &Build, findings: &Findings, voice: &Voice) -> String {
    let mut text = headline(build, findings, voice);
    if let Some(seconds) = build.seconds() {
        text = format!("{text} {}", voice.locale.after(&voice.locale.duration(seconds)));
    }
    let shown = build
        .source
        .iter()
        .flat_map(|source| source.shown(findings.commit.as_deref()));
    let shown: Vec<String> = shown.map(|shown| shown.name).collect();
    if !shown.is_empty() {
        text = format!("{text} · {}", shown.join(" "));
    }
    if let Some(phase) = build.failed_phase().filter(|_| build.status.is_failure()) {
        let why = phase.context.as_deref();
        let why = why.map_or_else(String::new, |why| format!(": {}", why.replace('\n', " ")));
        text = format!("{text} · {}{why}", phase.name);
    }
    escaped_within(&text, FALLBACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::build;
    use crate::mask::Mask;
    use crate::mrkdwn::length;
    use crate::phase::Phase;
    use crate::source::Source;
    use crate::status::Status;

    fn voice(locale: Locale) -> Voice {
        Voice {
            locale,
            zone: TimeZone::get("Asia/Seoul").expect("it is bundled"),
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
    fn the_headline_says_what_happened_in_both_languages() {
        let findings = Findings {
            verdict: Some(Verdict::StillFailing { times: 3 }),
            ..Findings::default()
        };
        let korean = render(&failed("x"), &findings, None, &voice(Locale::Korean));
        assert_eq!(texts(&korean)[0], "❌ web 실패 · 계속 실패 중 (3회째)");
        let english = render(&failed("x"), &findings, None, &voice(Locale::English));
        assert_eq!(texts(&english)[0], "❌ web failed · still failing (3rd time)");
    }

    #[test]
    fn nothing_foreign_is_markup() {
        let build = Build {
            project: "<!channel>".to_owned(),
            initiator: Some("<@U123>".to_owned()),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: Some("https://github.com/a/b|c>".to_owned()),
                version: Some("x`*y*`<!here>|".to_owned()),
            }),
            ..failed("``` <!everyone> & ```")
        };
        let message = render(&build, &Findings::default(), None, &voice(Locale::English));
        for text in texts(&message).into_iter().chain([message.text.clone()]) {
            for call in ["<!", "<@"] {
                assert!(!text.contains(call), "{text}");
            }
        }
        let verbatim = message
            .blocks
            .iter()
            .flat_map(|block| block["fields"].as_array().into_iter().flatten());
        assert!(verbatim.into_iter().all(|text| text["verbatim"] == true));
    }

    #[test]
    fn only_a_mention_calls_somebody() {
        let mention = Mention::parse("@here").expect("a mention");
        let message = render(
            &failed("x"),
            &Findings::default(),
            Some(&mention),
            &voice(Locale::English),
        );
        assert_eq!(
            texts(&message)
                .iter()
                .filter(|text| text.contains("<!here>"))
                .count(),
            1
        );
    }

    #[test]
    fn whatever_comes_is_within_slacks_limits() {
        let long = "<&가🦀`\n".repeat(5_000);
        let build = Build {
            project: long.clone(),
            initiator: Some(long.clone()),
            source: Some(Source {
                kind: "GITHUB".to_owned(),
                location: Some("https://github.com/a/b".to_owned()),
                version: Some(format!("refs/heads/{}", "가".repeat(250))),
            }),
            ..failed(&long)
        };
        let findings = Findings {
            log_tail: LogTail::of(&long, 500, &Mask::default()),
            ..Findings::default()
        };
        let message = render(&build, &findings, None, &voice(Locale::Korean));
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
    fn a_build_of_which_nothing_is_known_has_a_good_message() {
        let build = Build {
            status: Status::Succeeded,
            ..build()
        };
        let message = render(&build, &Findings::default(), None, &voice(Locale::English));
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
}
