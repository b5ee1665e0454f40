//! The message in the body of an error. TeamCity writes JSON, XML or text, depending on the part that responds; proxies and
//! servlet containers write pages.

use lambda_core::credentials;
use roxmltree::Document;
use serde_json::Value;

use super::page;

/// The greatest length in characters. TeamCity's messages are shorter, and a proxy's page may be longer.
const MAX_CHARS: usize = 500;

/// The body of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorBody {
    /// The message in one line.
    pub(super) message: String,
    /// True if the REST API wrote it, and no proxy or servlet container.
    pub(super) is_rest: bool,
}

/// Reads the message of a body in any format.
pub(super) fn read(body: &str) -> ErrorBody {
    let structured = json(body).or_else(|| xml(body));
    let is_rest = structured.is_some() || TEXTS_OF_REST.iter().any(|text| body.starts_with(text));
    let text = structured.unwrap_or_else(|| match is_page(body) {
        true => page::text(body),
        false => body.to_owned(),
    });
    let line = credentials::hidden(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = match line.char_indices().nth(MAX_CHARS) {
        _ if line.is_empty() => "no message".to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    };
    ErrorBody { message, is_rest }
}

/// The beginnings of errors that the REST API writes as text, of old and new versions.
const TEXTS_OF_REST: [&str; 2] = [
    "Responding with error",
    "Error has occurred during request processing",
];

/// Reports whether the body is HTML.
pub(super) fn is_page(body: &str) -> bool {
    body.trim_start_matches('\u{feff}').trim_start().starts_with('<')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(read(body).message, expected);
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
    fn knows_the_rest_api_from_other_servers() {
        assert!(read(r#"{"errors":[{"message":"a"}]}"#).is_rest);
        assert!(read("Responding with error, status code: 404 (Not Found).\nDetails: a").is_rest);
        assert!(!read("404 page not found").is_rest);
        assert!(!read("<html><h1>Not Found</h1></html>").is_rest);
        assert!(!read("").is_rest);
    }

    #[test]
    fn shortens_a_long_body() {
        assert_eq!(read(&"가".repeat(10_000)).message.chars().count(), MAX_CHARS + 1);
    }
}
