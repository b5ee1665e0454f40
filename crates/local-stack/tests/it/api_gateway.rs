//! Behaviour of mapping templates that must equal API Gateway's.

use local_stack::api_gateway::{TemplateInput, render};
use serde_json::json;

#[track_caller]
fn check(template: &str, value: &str, expected: &str) {
    let input = TemplateInput {
        body: json!({"body": value}).to_string(),
        querystring: vec![("x".to_owned(), value.to_owned())],
        context: json!({"stage": "dev"}),
        ..TemplateInput::default()
    };
    assert_eq!(render(template, &[input]).unwrap(), [expected], "{template}");
}

const ESCAPED: &str = "$util.escapeJavaScript($input.params('x'))";

/// The first two examples are from the documentation of Apache Commons' `StringEscapeUtils.escapeEcmaScript`.
#[test]
fn escapes_as_apache_commons_does() {
    check(
        ESCAPED,
        "He didn't say, \"Stop!\"",
        "He didn\\'t say, \\\"Stop!\\\"",
    );
    check(ESCAPED, "a/b </script>", "a\\/b <\\/script>");
    check(
        ESCAPED,
        "\\ \u{8}\t\n\u{c}\r \u{0}\u{1f}",
        "\\\\ \\b\\t\\n\\f\\r \\u0000\\u001F",
    );
    // DEL is the last unescaped character; a character beyond 16 bits is two units.
    check(
        ESCAPED,
        "~\u{7f}\u{80}é가🏙",
        "~\u{7f}\\u0080\\u00E9\\uAC00\\uD83C\\uDFD9",
    );
}

/// In the pattern `\\'` the first backslash escapes the second, as in Java; Velocity's literals know no escapes.
#[test]
fn replace_all_unescapes_the_apostrophe_only() {
    let unescaped = format!("{ESCAPED}.replaceAll(\"\\\\'\",\"'\")");
    check(&unescaped, "it's", "it's");
    check(&unescaped, "\\'", "\\\\'");
    check(&unescaped, "\\\\''", "\\\\\\\\''");
}

#[test]
fn a_missing_value_is_an_empty_text() {
    check("[$context.authorizer.principalId]", "", "[]");
    check("[$input.params('y')]", "", "[]");
    check("#set($x = \"$!context.nothing.here\")[$x]", "", "[]");
    check("[$context.stage]", "", "[dev]");
}

#[test]
fn a_json_body_is_unchanged() {
    check(
        "$input.json('$')",
        "it's \"가\" \\",
        "{\"body\":\"it's \\\"가\\\" \\\\\"}",
    );
    check("$input.json('$.body')", "가", "\"가\"");
    check("$input.path('$.body')", "가", "가");
}

/// A map's methods come before its keys.
#[test]
fn a_parameter_may_be_named_like_a_method() {
    let input = TemplateInput {
        querystring: ["get", "keySet", "size"]
            .map(|name| (name.to_owned(), format!("={name}")))
            .into(),
        context: json!({}),
        ..TemplateInput::default()
    };
    let template = "#set($query = $input.params().get('querystring'))\
                    #foreach($name in $query.keySet())$query.get($name)#end";
    assert_eq!(render(template, &[input]).unwrap(), ["=get=keySet=size"]);
}
