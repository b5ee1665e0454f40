//! The message as text, for services that accept Slack's webhooks and show no blocks, such as Mattermost and Rocket.Chat.
//!
//! Both read Markdown with Slack's links. A text outside of code keeps its escaped `<`, so that it cannot mention anybody
//! in Slack's markup, and an `@` is separated from the word after it.

use serde_json::Value;

use super::mrkdwn::length;

/// Maximum length. Rocket.Chat accepts 5,000 by default.
const LIMIT: usize = 4900;
const FENCE: &str = "```";

/// Converts the blocks of a message. If the text is too long, the last blocks of code are left out.
pub(crate) fn of_blocks(blocks: &[Value]) -> String {
    let mut parts: Vec<String> = blocks.iter().flat_map(parts).collect();
    while parts.iter().map(|part| length(part) + 1).sum::<usize>() > LIMIT {
        let Some(last) = parts.iter().rposition(|part| part.contains(FENCE)) else {
            break;
        };
        parts.remove(last);
    }
    parts.join("\n")
}

/// Converts the texts of one block, each to a part of its own.
fn parts(block: &Value) -> Vec<String> {
    let fields = block["fields"].as_array().into_iter().flatten();
    let fields = fields.filter_map(|field| Some(labelled(field["text"].as_str()?)));
    let elements = block["elements"].as_array().into_iter().flatten();
    let texts = [&block["text"]].into_iter().chain(elements);
    let texts = texts.filter_map(|text| {
        let is_foreign = text["type"] == "plain_text" || text["verbatim"] == true;
        let text = text["text"].as_str()?;
        match is_foreign {
            true => Some(without_bold_title(text)),
            false => mention(text),
        }
    });
    let texts = texts.map(|text| converted(&text)).collect::<Vec<_>>();
    fields.map(|field| converted(&field)).chain(texts).collect()
}

/// Converts `*Branch*\nmain` to `Branch: main`.
fn labelled(field: &str) -> String {
    let label = field.strip_prefix('*').and_then(|field| field.split_once("*\n"));
    label.map_or_else(|| field.to_owned(), |(label, value)| format!("{label}: {value}"))
}

/// Removes the asterisks of a title. Each service has another mark for bold.
fn without_bold_title(text: &str) -> String {
    let title = text.strip_prefix('*').and_then(|text| text.split_once('*'));
    title.map_or_else(|| text.to_owned(), |(title, rest)| format!("{title}{rest}"))
}

/// Converts a mention of a whole channel. Ids of Slack's members mean nothing to another service.
fn mention(markup: &str) -> Option<String> {
    let word = match markup {
        "<!here>" => "@here",
        "<!channel>" => "@channel",
        "<!everyone>" => "@all",
        _ => return None,
    };
    Some(word.to_owned())
}

/// Restores the characters of code, and separates each `@` outside of it. Every second part is code.
fn converted(text: &str) -> String {
    if ["@here", "@channel", "@all"].contains(&text) {
        return text.to_owned();
    }
    let parts = text
        .split(FENCE)
        .enumerate()
        .map(|(index, part)| match index % 2 {
            0 => without_mentions(part),
            _ => part
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
        });
    parts.collect::<Vec<_>>().join(FENCE)
}

/// Separates each `@` from its word, except in the address of a link.
fn without_mentions(text: &str) -> String {
    let mut is_address = false;
    let mut converted = String::new();
    for character in text.chars() {
        match character {
            '<' => is_address = true,
            '|' | '>' => is_address = false,
            _ => {}
        }
        converted.push(character);
        if character == '@' && !is_address {
            converted.push('\u{200b}');
        }
    }
    converted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verbatim(text: &str) -> Value {
        json!({"type": "mrkdwn", "text": text, "verbatim": true})
    }

    fn blocks(log: &str) -> Vec<Value> {
        vec![
            json!({"type": "header", "text": {"type": "plain_text", "text": "❌ web failed", "emoji": true}}),
            json!({"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}),
            json!({"type": "section", "fields": [verbatim("*Status*\nfailed"), verbatim("*Started by*\n@channel &lt;!all&gt;")]}),
            json!({"type": "section", "text": verbatim(&format!("*The last 2 lines of the log*\n```\n{log}\n```"))}),
            json!({"type": "context", "elements": [verbatim("<https://a@b/?c=1&amp;d=2|Logs> · ap-northeast-2")]}),
        ]
    }

    #[test]
    fn reads_well_without_blocks() {
        assert_eq!(
            of_blocks(&blocks("a &lt; b &amp;&amp; c\n@team")),
            "❌ web failed\n@here\nStatus: failed\nStarted by: @\u{200b}channel &lt;!all&gt;\n\
             The last 2 lines of the log\n```\na < b && c\n@team\n```\n\
             <https://a@b/?c=1&amp;d=2|Logs> · ap-northeast-2"
        );
    }

    #[test]
    fn a_long_text_loses_its_log_and_keeps_its_links() {
        let text = of_blocks(&blocks(&"x".repeat(5000)));
        assert!(length(&text) <= LIMIT, "{}", length(&text));
        assert!(text.ends_with("Logs> · ap-northeast-2"), "{text}");
    }
}
