//! The message in the body of an error. TeamCity writes JSON, XML or text, depending on the part that responds.

use roxmltree::Document;
use serde_json::Value;

/// The greatest length in characters. TeamCity's messages are shorter, and a proxy's page may be longer.
const MAX_CHARS: usize = 500;

/// Returns the body's message in one line.
pub(super) fn message(body: &str) -> String {
    let text = json(body)
        .or_else(|| xml(body))
        .unwrap_or_else(|| without_tags(body));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "no message".to_owned();
    }
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Parses `{"errors":[{"message","additionalMessage","statusText"}]}`.
fn json(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let errors = body["errors"].as_array()?.iter();
    join(errors.map(|error| describe(|field| error[field].as_str())))
}

/// Parses `<errors><error><message>…</message><additionalMessage>…</additionalMessage></error></errors>`.
fn xml(body: &str) -> Option<String> {
    let document = Document::parse(body).ok()?;
    let errors = document
        .descendants()
        .filter(|node| node.tag_name().name() == "error");
    join(errors.map(|error| {
        describe(|field| {
            let mut children = error.children();
            children.find(|node| node.tag_name().name() == field)?.text()
        })
    }))
}

fn describe<'a>(field: impl Fn(&str) -> Option<&'a str>) -> String {
    let field = |name| field(name).unwrap_or_default();
    match (field("message"), field("additionalMessage")) {
        ("", "") => field("statusText").to_owned(),
        ("", text) | (text, "") => text.to_owned(),
        (message, additional) => format!("{message} ({additional})"),
    }
}

fn join(errors: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = errors.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Removes the tags of an HTML page that is not XML.
fn without_tags(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let parts = text
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(message(body), expected);
    }

    #[test]
    fn reads_json() {
        check(
            r#"{"errors":[{"message":"No build type nor template is found by id 'X'.","additionalMessage":"","statusText":"Responding with error, status code: 404 (Not Found)."}]}"#,
            "No build type nor template is found by id 'X'.",
        );
        check(
            r#"{"errors":[{"message":"a","additionalMessage":"b"},{"message":"c"}]}"#,
            "a (b); c",
        );
        check(r#"{"errors":[{"statusText":"Not Found"}]}"#, "Not Found");
    }

    #[test]
    fn reads_xml() {
        check(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><errors><error><message>Cannot \
             &lt;process&gt; this.</message><additionalMessage>Repeat\nlater.</additionalMessage></error></errors>",
            "Cannot <process> this. (Repeat later.)",
        );
    }

    #[test]
    fn keeps_text_and_joins_its_lines() {
        check(
            "Responding with error, status code: 403 (Forbidden).\nDetails: no permission",
            "Responding with error, status code: 403 (Forbidden). Details: no permission",
        );
        check("", "no message");
        check("{}", "{}");
    }

    #[test]
    fn extracts_the_text_of_a_page() {
        check(
            "<html><br><h1>502 Bad Gateway</h1><hr>nginx</html>",
            "502 Bad Gateway nginx",
        );
    }

    #[test]
    fn shortens_a_long_body() {
        assert_eq!(message(&"가".repeat(10_000)).chars().count(), MAX_CHARS + 1);
    }
}
