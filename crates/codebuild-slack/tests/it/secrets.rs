//! Three dozen kinds of secrets, planted in every foreign text and searched in every output.

use serde_json::{Value, json};

use crate::setup::{Setup, event, of_build};

const FORTY: &str = "Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5Ve7Uo";

/// Lines with a secret of forty letters and digits in the place of `SECRET`. The first text of a pair stands in the middle
/// of the secret, with the special characters that its place allows.
const LINES: [(&str, &str); 34] = [
    ("", "using ghp_SECRET to push"),
    ("", "github_pat_11A_SECRET"),
    ("", "glpat-SECRET"),
    ("", "posting with xoxb-1234-SECRET"),
    ("", "the cookie xoxd-SECRET"),
    ("/", "curl https://hooks.slack.com/services/T00/B00/SECRET"),
    ("", "npm_SECRET"),
    ("", "pypi-AgEISECRET"),
    ("", "key AIzaSECRET"),
    ("", "sk_live_SECRET"),
    ("", "OPENAI sk-proj-SECRET"),
    ("", "SG.abcdefghijkl.SECRET"),
    ("", "token eyJhbGciOiJIUzI1NiJ9.eyJSECRET.SECRET"),
    ("", "sealed eyJhbGciOiJkaXIifQ..SECRET.SECRET.SECRET"),
    ("/", "docker login -u AWS -p eyJwYXlsb2FkIjoiSECRET== host"),
    ("/#@", "git clone https://bot:SECRET@github.com/acme/web.git"),
    ("", "Authorization: Bearer SECRET"),
    (" ", "authorization: SSWS SECRET"),
    ("; id=", "Cookie: theme=SECRET"),
    ("&;,)/#", "DB_PASSWORD=SECRET make migrate"),
    ("&;,)/# ", r#"{"client_secret": "SECRET", "id": 1}"#),
    ("&;,)/# ", r#"{\"password\": \"SECRET\", \"id\": 1}"#),
    (" ", r#"{"name": "DB_PASSWORD", "value": "SECRET"}"#),
    ("/", "aws_secret_access_key = SECRET"),
    ("/", "aws configure set aws_secret_access_key SECRET"),
    ("", "deploy --api-token SECRET --now"),
    (" &;", "deploy --password 'SECRET' --now"),
    ("#", "curl -u me:SECRET https://example.com"),
    (
        "%2F",
        "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=SECRET&X-Amz-Date=1",
    ),
    ("", "DefaultEndpointsProtocol=https;AccountKey=SECRET;x"),
    (" and ", "echo the value of the environment: SECRET"),
    (
        "\n",
        "-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----",
    ),
    (
        "\n#12 0.3 ",
        "#12 0.3 SECRET\n#12 0.3 -----END RSA PRIVATE KEY-----",
    ),
    (
        "",
        "CREDENTIALS\tASIAQW7ER5TY3UI1OP2A\t2026-11-01T02:00:00Z\tSECRET",
    ),
];

/// Creates the lines, each with the secret in it.
fn lines_with_secrets() -> Vec<(String, String)> {
    let lines = LINES.iter().zip(11..).map(|((separator, line), number)| {
        let letters: String = FORTY.chars().cycle().skip(number * 7).take(40).collect();
        let secret = format!("{}{separator}{}", &letters[..20], &letters[20..]);
        (line.replace("SECRET", &secret), secret)
    });
    let short = [
        ("AWS key AKIAQW7ER5TY3UI1OP2A", "QW7ER5TY3UI1OP2A"),
        (
            "\u{1b}[31mPASS\u{200b}WORD\u{1b}[0m=coloured-Kx0Lm5Np7",
            "coloured-Kx0Lm5Np7",
        ),
    ];
    let short = short.map(|(line, secret)| (line.to_owned(), secret.to_owned()));
    lines.chain(short).collect()
}

const OF_THE_ENVIRONMENT: &str = "echo the value of the environment:";

/// Splits a secret into all pieces of six characters, none of which may leave. Separators such as `; id=` may.
fn pieces(secret: &str) -> Vec<&str> {
    let runs = secret.split(|character: char| !character.is_ascii_alphanumeric());
    let windows = |run| {
        let run: &str = run;
        (6..=run.len()).map(move |end| &run[end - 6..end])
    };
    runs.flat_map(windows).collect()
}

#[tokio::test]
async fn no_output_contains_a_secret() {
    let lines = lines_with_secrets();
    assert!(lines.len() >= 36);
    let setup = Setup::table().await;
    setup
        .emulator
        .deploy(setup.table_function().variable("LOG_TAIL_LINES", "200"));
    for (number, (line, secret)) in lines.iter().enumerate() {
        let group = format!("/aws/codebuild/secrets-{number}");
        // Few lines in each log, so that none is cut off.
        setup
            .write_log(&group, &["before".to_owned(), line.clone()])
            .await;
        let event = event_with_secret(line, secret, &group);
        setup
            .response(&of_build(event, "secrets", &number.to_string()))
            .await;
    }
    let messages = setup.slack.messages();
    assert_eq!(messages.len(), lines.len());
    for message in messages {
        let blocks = message.blocks.to_string();
        assert!(blocks.contains("***") && blocks.contains("before"), "{blocks}");
    }
    let outputs = outputs(&setup).await;
    for (line, secret) in &lines {
        for output in &outputs {
            for piece in pieces(secret) {
                assert!(!output.contains(piece), "{piece} of {line:?} is in: {output}");
            }
        }
    }
}

/// Plants the line in every foreign text of an event. Each secret must be recognized by itself, so only the secret of an
/// environment variable is in the environment.
fn event_with_secret(line: &str, secret: &str, log_group: &str) -> Value {
    let is_of_environment = line.starts_with(OF_THE_ENVIRONMENT);
    let mut event = event("with-environment-values");
    let detail = &mut event["detail"];
    detail["current-phase-context"] = json!(format!("[{line}]"));
    let more = &mut detail["additional-information"];
    more["logs"] = json!({"group-name": log_group, "stream-name": "1"});
    more["phases"][5]["phase-context"] = json!([format!("COMMAND_EXECUTION_ERROR: {line}")]);
    more["environment"]["environment-variables"] = match is_of_environment {
        true => json!([{"name": "X", "type": "PLAINTEXT", "value": secret}]),
        false => json!([]),
    };
    if line.lines().count() == 1 && !is_of_environment {
        more["initiator"] = json!(line);
        more["source-version"] = json!(line);
    }
    event
}

/// Collects everything that leaves the function: requests to Slack, items of the table, logs and responses.
async fn outputs(setup: &Setup) -> Vec<String> {
    let requests = setup.slack.faults.seen();
    let mut outputs: Vec<String> = requests.iter().map(|request| request.text()).collect();
    outputs.extend(setup.items().await.iter().map(ToString::to_string));
    outputs.push(setup.logs());
    let invocations = setup.emulator.invocations();
    outputs.extend(
        invocations
            .iter()
            .map(|invocation| format!("{:?}", invocation.outcome)),
    );
    outputs
}

#[tokio::test]
async fn no_output_contains_values_of_the_environment() {
    let setup = Setup::table().await;
    setup.response(&event("with-environment-values")).await;
    let message = setup.message();
    let blocks = message.blocks.to_string();
    assert!(blocks.contains("./login *** ***"), "{blocks}");
    for value in ["hunter2", "correct horse", "prod/api:token", "/prod/license"] {
        assert!(
            !blocks.contains(value) && !message.text.contains(value),
            "{value}"
        );
        assert!(!setup.items().await[0].to_string().contains(value), "{value}");
    }
}
