//! TeamCity's own words in the body of an error: JSON, XML or text, depending on who in TeamCity answers.

use roxmltree::Document;
use serde_json::Value;

/// More than any message of TeamCity has; a proxy's page may be longer.
const LONGEST: usize = 500;

/// What the body says, in one line.
pub fn message(body: &str) -> String {
    let text = json(body)
        .or_else(|| xml(body))
        .unwrap_or_else(|| without_tags(body));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "without a word".to_owned();
    }
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `{"errors":[{"message","additionalMessage","statusText"}]}`
fn json(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let errors = body["errors"].as_array()?.iter();
    let field = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
    join(errors.map(|error| {
        (
            field(error, "message"),
            field(error, "additionalMessage"),
            field(error, "statusText"),
        )
    }))
}

/// `<errors><error><message>…</message><additionalMessage>…</additionalMessage></error></errors>`
fn xml(body: &str) -> Option<String> {
    let document = Document::parse(body).ok()?;
    let errors = document
        .descendants()
        .filter(|node| node.tag_name().name() == "error");
    let field = |error: roxmltree::Node, name: &str| {
        let found = error.children().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    join(errors.map(|error| {
        (
            field(error, "message"),
            field(error, "additionalMessage"),
            field(error, "statusText"),
        )
    }))
}

fn join(errors: impl Iterator<Item = (String, String, String)>) -> Option<String> {
    let texts =
        errors.map(
            |(message, additional, status)| match (message.is_empty(), additional.is_empty()) {
                (false, false) => format!("{message} ({additional})"),
                (false, true) => message,
                (true, false) => additional,
                (true, true) => status,
            },
        );
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A page for people, in HTML that is no XML.
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
    fn takes_text_as_it_is_in_one_line() {
        check(
            "Responding with error, status code: 403 (Forbidden).\nDetails: no permission",
            "Responding with error, status code: 403 (Forbidden). Details: no permission",
        );
        check("", "without a word");
        check("{}", "{}");
    }

    #[test]
    fn takes_the_words_of_a_page() {
        check(
            "<html><br><h1>502 Bad Gateway</h1><hr>nginx</html>",
            "502 Bad Gateway nginx",
        );
    }

    #[test]
    fn is_not_longer_than_a_message() {
        assert_eq!(message(&"가".repeat(10_000)).chars().count(), LONGEST + 1);
    }
}
