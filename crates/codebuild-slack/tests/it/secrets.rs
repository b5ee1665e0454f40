//! Three dozen kinds of secrets, planted wherever a foreign text comes from, and looked for in everything that leaves.

use serde_json::{Value, json};

use crate::stage::{Stage, event, of_build};

const FORTY: &str = "Zq8v3Kx0Lm5Np7Rt2Wy4Bd6Fg1Hj9Sa3Qc5Ve7Uo";

/// As they stand in a line, and what must not leave. What is between quotes or spaces may hold anything else.
fn planted() -> Vec<(String, String)> {
    let mut number = 10;
    let mut planted = Vec::new();
    let mut plant = |between: &str, line: &dyn Fn(&str) -> String| {
        number += 1;
        let mixed = FORTY
            .chars()
            .cycle()
            .skip(number * 7)
            .take(40)
            .collect::<String>();
        let secret = format!("{}{between}{}", &mixed[..20], &mixed[20..]);
        planted.push((line(&secret), secret));
    };
    plant("", &|secret| format!("using ghp_{secret} to push"));
    plant("", &|secret| format!("github_pat_11A_{secret}"));
    plant("", &|secret| format!("glpat-{secret}"));
    plant("", &|secret| format!("posting with xoxb-1234-{secret}"));
    plant("", &|secret| format!("the cookie xoxd-{secret}"));
    plant("/", &|secret| {
        format!("curl https://hooks.slack.com/services/T00/B00/{secret}")
    });
    plant("", &|secret| format!("npm_{secret}"));
    plant("", &|secret| format!("pypi-AgEI{secret}"));
    plant("", &|secret| format!("key AIza{secret}"));
    plant("", &|secret| format!("sk_live_{secret}"));
    plant("", &|secret| format!("OPENAI sk-proj-{secret}"));
    plant("", &|secret| format!("SG.abcdefghijkl.{secret}"));
    plant("", &|secret| {
        format!("token eyJhbGciOiJIUzI1NiJ9.eyJ{secret}.{secret}")
    });
    plant("", &|secret| {
        format!("sealed eyJhbGciOiJkaXIifQ..{secret}.{secret}.{secret}")
    });
    plant("/", &|secret| {
        format!("docker login -u AWS -p eyJwYXlsb2FkIjoi{secret}== host")
    });
    plant("/#@", &|secret| {
        format!("git clone https://bot:{secret}@github.com/acme/web.git")
    });
    plant("", &|secret| format!("Authorization: Bearer {secret}"));
    plant(" ", &|secret| format!("authorization: SSWS {secret}"));
    plant("; id=", &|secret| format!("Cookie: theme={secret}"));
    plant("&;,)/#", &|secret| format!("DB_PASSWORD={secret} make migrate"));
    plant("&;,)/# ", &|secret| {
        format!(r#"{{"client_secret": "{secret}", "id": 1}}"#)
    });
    plant("&;,)/# ", &|secret| {
        format!(r#"{{\"password\": \"{secret}\", \"id\": 1}}"#)
    });
    plant(" ", &|secret| {
        format!(r#"{{"name": "DB_PASSWORD", "value": "{secret}"}}"#)
    });
    plant("/", &|secret| format!("aws_secret_access_key = {secret}"));
    plant("/", &|secret| {
        format!("aws configure set aws_secret_access_key {secret}")
    });
    plant("", &|secret| format!("deploy --api-token {secret} --now"));
    plant(" &;", &|secret| format!("deploy --password '{secret}' --now"));
    plant("#", &|secret| format!("curl -u me:{secret} https://example.com"));
    plant("%2F", &|secret| {
        format!("https://b.s3.amazonaws.com/k?X-Amz-Security-Token={secret}&X-Amz-Date=1")
    });
    plant("", &|secret| {
        format!("DefaultEndpointsProtocol=https;AccountKey={secret};x")
    });
    plant(" and ", &|secret| format!("{OF_THE_ENVIRONMENT} {secret}"));
    plant("\n", &|secret| {
        format!("-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----")
    });
    plant("\n#12 0.3 ", &|secret| {
        format!("#12 0.3 {secret}\n#12 0.3 -----END RSA PRIVATE KEY-----")
    });
    plant("", &|secret| {
        format!("CREDENTIALS\tASIAQW7ER5TY3UI1OP2A\t2026-11-01T02:00:00Z\t{secret}")
    });
    // Of fewer characters than the others have.
    planted.push((
        "AWS key AKIAQW7ER5TY3UI1OP2A".to_owned(),
        "QW7ER5TY3UI1OP2A".to_owned(),
    ));
    planted.push((
        "\u{1b}[31mPASS\u{200b}WORD\u{1b}[0m=coloured-Kx0Lm5Np7".to_owned(),
        "coloured-Kx0Lm5Np7".to_owned(),
    ));
    planted
}

const OF_THE_ENVIRONMENT: &str = "echo the value of the environment:";

/// All of six characters: of a secret, no part may leave. What stands between may be anybody's, such as `; id=`.
fn pieces(secret: &str) -> Vec<&str> {
    let runs = secret.split(|character: char| !character.is_ascii_alphanumeric());
    let windows = |run| {
        let run: &str = run;
        (6..=run.len()).map(move |end| &run[end - 6..end])
    };
    runs.flat_map(windows).collect()
}

async fn write_log(stage: &Stage, group: &str, lines: &[String]) {
    let call = async |operation: &str, body: Value| {
        stage
            .moto()
            .json("logs", &format!("Logs_20140328.{operation}"), &body)
            .await
            .unwrap();
    };
    call("CreateLogGroup", json!({"logGroupName": group})).await;
    call(
        "CreateLogStream",
        json!({"logGroupName": group, "logStreamName": "1"}),
    )
    .await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let lines = lines.iter().flat_map(|line| line.lines());
    let events: Vec<Value> = lines
        .enumerate()
        .map(|(number, line)| json!({"timestamp": now - 60_000 + number as u64, "message": line}))
        .collect();
    call(
        "PutLogEvents",
        json!({"logGroupName": group, "logStreamName": "1", "logEvents": events}),
    )
    .await;
}

#[tokio::test]
async fn no_secret_leaves() {
    let planted = planted();
    assert!(planted.len() >= 36);
    let stage = Stage::table().await;
    stage
        .emulator
        .deploy(stage.with_table().variable("LOG_TAIL_LINES", "200"));
    let lines: Vec<String> = planted.iter().map(|(line, _)| line.clone()).collect();
    // All that have one line are tried in the event, wherever a foreign text stands.
    let mut sent = 0;
    for (number, (line, secret)) in planted.iter().enumerate() {
        let group = format!("/aws/codebuild/secrets-{number}");
        let mut event = of_build(event("with-environment-values"), "secrets", &number.to_string());
        let detail = &mut event["detail"];
        detail["current-phase-context"] = json!(format!("[{line}]"));
        let more = &mut detail["additional-information"];
        more["logs"] = json!({"group-name": group, "stream-name": "1"});
        more["phases"][5]["phase-context"] = json!([format!("COMMAND_EXECUTION_ERROR: {line}")]);
        // Each is to be known by itself.
        more["environment"]["environment-variables"] = match line.starts_with(OF_THE_ENVIRONMENT) {
            true => json!([{"name": "X", "type": "PLAINTEXT", "value": secret}]),
            false => json!([]),
        };
        if line.lines().count() == 1 && !line.starts_with(OF_THE_ENVIRONMENT) {
            more["initiator"] = json!(line);
            more["source-version"] = json!(line);
        }
        // Some lines each, so that none is cut off.
        let around = [
            vec!["before".to_owned()],
            lines[number..(number + 1).min(lines.len())].to_vec(),
        ]
        .concat();
        write_log(&stage, &group, &around).await;
        stage.answer(&event).await;
        sent += 1;
    }
    assert_eq!(stage.slack.messages().len(), sent);

    let mut leaves = stage.slack.traffic().bodies;
    leaves.extend(stage.items().await.iter().map(ToString::to_string));
    leaves.push(stage.logs());
    leaves.extend(
        stage
            .emulator
            .invocations()
            .iter()
            .map(|invocation| format!("{:?}", invocation.outcome)),
    );
    for (line, secret) in &planted {
        for leaf in &leaves {
            for piece in pieces(secret) {
                assert!(!leaf.contains(piece), "{piece} of {line:?} has left in: {leaf}");
            }
        }
    }
    for message in stage.slack.messages() {
        let blocks = message.blocks.to_string();
        assert!(blocks.contains("***") && blocks.contains("before"), "{blocks}");
    }
}

#[tokio::test]
async fn values_of_the_environment_do_not_leave() {
    let stage = Stage::table().await;
    stage.answer(&event("with-environment-values")).await;
    let message = stage.message();
    let blocks = message.blocks.to_string();
    assert!(blocks.contains("./login *** ***"), "{blocks}");
    for value in ["hunter2", "correct horse", "prod/api:token", "/prod/license"] {
        assert!(
            !blocks.contains(value) && !message.text.contains(value),
            "{value}"
        );
        assert!(!stage.items().await[0].to_string().contains(value), "{value}");
    }
}
