//! The passthrough template: a Velocity engine renders it, and the function echoes the result.

use local_stack::api_gateway::{TemplateInput, definition, render};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::setup::Setup;

/// Template that the console makes.
const CONSOLE: &str = include_str!("console-passthrough.vtl");
const CASES: usize = 300;

/// Returns the template of a method of `/echo`.
fn template(method: &str) -> String {
    let integration = &definition().unwrap()["paths"]["/echo"][method]["x-amazon-apigateway-integration"];
    integration["requestTemplates"]["application/json"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn object(pairs: &[(String, String)]) -> Value {
    let pairs = pairs.iter().map(|(name, value)| (name.clone(), json!(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// Returns the event that the function must receive for this request.
fn expected(input: &TemplateInput) -> Value {
    let context = &input.context;
    let text = |pointer: &str| context.pointer(pointer).cloned().unwrap_or_else(|| json!(""));
    json!({
        "body-json": match input.body.as_str() {
            "" => json!({}),
            body => serde_json::from_str(body).unwrap(),
        },
        "params": {
            "path": object(&input.path),
            "querystring": object(&input.querystring),
            "header": object(&input.header),
        },
        "stage-variables": object(&input.stage_variables),
        "context": {
            "account-id": text("/identity/accountId"),
            "api-id": text("/apiId"),
            "api-key": text("/identity/apiKey"),
            "authorizer-principal-id": text("/authorizer/principalId"),
            "caller": text("/identity/caller"),
            "cognito-authentication-provider": text("/identity/cognitoAuthenticationProvider"),
            "cognito-authentication-type": text("/identity/cognitoAuthenticationType"),
            "cognito-identity-id": text("/identity/cognitoIdentityId"),
            "cognito-identity-pool-id": text("/identity/cognitoIdentityPoolId"),
            "http-method": text("/httpMethod"),
            "stage": text("/stage"),
            "source-ip": text("/identity/sourceIp"),
            "user": text("/identity/user"),
            "user-agent": text("/identity/userAgent"),
            "user-arn": text("/identity/userArn"),
            "request-id": text("/requestId"),
            "resource-id": text("/resourceId"),
            "resource-path": text("/resourcePath"),
        },
    })
}

/// Renders the template for each input, compares the event, and lets the function echo it.
async fn check(inputs: &[TemplateInput]) {
    // Without masking: random names may be those of secrets.
    let function = Setup::with(|function| function.variable("ECHO_SECRETS", "true")).await;
    let rendered = render(&template("post"), inputs).unwrap();
    for (input, text) in inputs.iter().zip(rendered) {
        let event: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
        assert_eq!(event, expected(input), "{text}");
        assert_eq!(function.invoke(&event).await["event"], event);
    }
}

fn request(words: &str) -> TemplateInput {
    TemplateInput {
        body: json!({"words": words, "list": [words, null, 1.5]}).to_string(),
        path: pairs(&[("proxy", words)]),
        querystring: pairs(&[("words", words), (words, "as a name")]),
        header: pairs(&[("X-Words", words), ("get", words)]),
        stage_variables: pairs(&[("greeting", words)]),
        context: json!({
            "apiId": "a1b2c3",
            "httpMethod": "POST",
            "stage": "dev",
            "requestId": "3a1f6c52",
            "resourcePath": "/echo",
            "authorizer": {"principalId": words},
            "identity": {"sourceIp": "203.0.113.7", "userAgent": words},
        }),
    }
}

const HOSTILE: [&str; 16] = [
    "it's",
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "\\\\'\\",
    "a/b </script>",
    "line\nline\r\nline\ttab\u{8}\u{c}",
    "\u{0}\u{1}\u{1f}\u{7f}\u{85}\u{2028}\u{2029}",
    "안녕하세요, 공용부 냉난방기",
    "é ü ß ﬁ",
    "🏙️ 👩‍👩‍👧‍👦 \u{10ffff}",
    "$input.json('$') #set($a = 1) ## no comment #* *# ${x}",
    "{\"json\": \"in 'it'\"}",
    "",
];

#[tokio::test]
async fn passes_quotes_apostrophes_backslashes_newlines_korean_and_emoji() {
    check(&HOSTILE.map(request)).await;
}

#[tokio::test]
async fn passes_an_empty_request() {
    check(&[TemplateInput {
        context: json!({}),
        ..TemplateInput::default()
    }])
    .await;
}

/// Generates texts with characters that are special in JSON, JavaScript, regular expressions or Velocity, and others.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => proptest::sample::select("'\"\\/$#{}!?&=.*+()[]<>|^ -_,:".chars().collect::<Vec<_>>()),
        2 => any::<char>(),
        2 => proptest::char::range('가', '힣'),
        1 => proptest::char::range('\u{0}', '\u{1f}'),
        1 => proptest::char::range('\u{1f300}', '\u{1faff}'),
        2 => proptest::char::range('a', 'z'),
    ];
    vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

fn named() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map(text(), text(), 0..5).prop_map(|pairs| pairs.into_iter().collect())
}

fn body() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text().prop_map(Value::String),
        any::<i64>().prop_map(|number| json!(number)),
        Just(json!(null)),
        Just(json!(true)),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    value.prop_map(|value| value.to_string())
}

fn any_request() -> impl Strategy<Value = TemplateInput> {
    (body(), named(), named(), named(), named(), text(), text()).prop_map(
        |(body, path, querystring, header, stage_variables, user_agent, principal)| TemplateInput {
            body,
            path,
            querystring,
            header,
            stage_variables,
            context: json!({
                "httpMethod": "POST",
                "stage": "prod",
                "authorizer": {"principalId": principal},
                "identity": {"userAgent": user_agent},
            }),
        },
    )
}

/// Deterministic: each run has the same cases.
#[tokio::test]
async fn passes_any_text_in_any_place() {
    let mut runner = TestRunner::deterministic();
    let request = any_request();
    let inputs: Vec<TemplateInput> = (0..CASES)
        .map(|_| request.new_tree(&mut runner).unwrap().current())
        .collect();
    check(&inputs).await;
}

#[test]
fn the_consoles_own_template_breaks_on_an_apostrophe() {
    let is_json = |input: TemplateInput| {
        let rendered = render(CONSOLE, &[input]).unwrap();
        serde_json::from_str::<Value>(&rendered[0]).is_ok()
    };
    let header = |value| TemplateInput {
        header: pairs(&[("X-Words", value)]),
        context: json!({}),
        ..TemplateInput::default()
    };
    assert!(is_json(header("its")));
    assert!(is_json(header("안녕 \"quoted\" \\ 🏙️")));
    assert!(!is_json(header("it's")));
    // It does not escape names and the context at all.
    let user_agent = |value: &str| TemplateInput {
        context: json!({"identity": {"userAgent": value}}),
        ..TemplateInput::default()
    };
    assert!(is_json(user_agent("curl/8.5.0")));
    assert!(!is_json(user_agent("a \"browser\"")));
    let name = TemplateInput {
        querystring: pairs(&[("a\"b", "c")]),
        context: json!({}),
        ..TemplateInput::default()
    };
    assert!(!is_json(name));
}

#[test]
fn both_methods_of_the_echo_have_the_same_template_and_answers() {
    let paths = &definition().unwrap()["paths"]["/echo"];
    assert_eq!(
        paths["get"]["x-amazon-apigateway-integration"],
        paths["post"]["x-amazon-apigateway-integration"]
    );
    assert_eq!(paths["get"]["responses"], paths["post"]["responses"]);
}
