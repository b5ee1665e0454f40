//! Requests over HTTP, through a stage made from `infra/openapi.yaml`.

use local_stack::ApiGateway;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::process::{Command, Output};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{NAME, Stage};

struct Api {
    _stage: Stage,
    gateway: ApiGateway,
    client: Client,
}

impl Api {
    async fn new(stage_name: &str) -> Self {
        let stage = Stage::new().await;
        Self {
            gateway: stage.api(stage_name).await,
            _stage: stage,
            client: Client::new(),
        }
    }

    fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.client
            .request(method, format!("{}{path}", self.gateway.url()))
    }
}

/// With this status, for browsers of every origin, and kept by nobody.
async fn json_of(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    check_headers(&response);
    let found = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn check_headers(response: &Response) {
    for (name, expected) in [
        ("access-control-allow-origin", "*"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        let found = response.headers().get(name);
        assert_eq!(
            found.map(|value| value.as_bytes()),
            Some(expected.as_bytes()),
            "{name}: {response:?}"
        );
    }
}

#[tokio::test]
async fn the_non_proxy_method_passes_everything_through() {
    let api = Api::new("dev").await;
    let words = "it's \"서울\" \\ 🏙️ / $input";
    let encoded = utf8_percent_encode(words, NON_ALPHANUMERIC);
    let request = api
        .ask("POST", &format!("/echo?words={encoded}&word's=1&get=2"))
        .header("X-Words", "it's \"quoted\" \\ $x")
        .header("User-Agent", "o'browser \"1.0\"")
        .header("Authorization", "Bearer never-to-be-echoed")
        .header("Content-Type", "application/json; charset=utf-8")
        .body(json!({"words": words}).to_string());
    let answer = json_of(request, 200).await;
    let event = &answer["event"];
    assert_eq!(event["body-json"], json!({"words": words}));
    assert_eq!(
        event["params"]["querystring"],
        json!({"words": words, "word's": "1", "get": "2"})
    );
    let headers = &event["params"]["header"];
    assert_eq!(headers["x-words"], "it's \"quoted\" \\ $x");
    assert_eq!(headers["authorization"], "***");
    assert_eq!(event["context"]["user-agent"], "o'browser \"1.0\"");
    assert_eq!(event["context"]["http-method"], "POST");
    assert_eq!(event["context"]["resource-path"], "/echo");
    assert_eq!(event["context"]["stage"], "dev");
    assert_eq!(event["stage-variables"], json!({"stage": "dev"}));
    assert_eq!(answer["context"]["functionName"], NAME);
}

#[tokio::test]
async fn each_stage_is_its_own() {
    let api = Api::new("prod").await;
    let answer = json_of(api.ask("GET", "/echo?page=2"), 200).await;
    assert_eq!(answer["event"]["context"]["stage"], "prod");
    assert_eq!(answer["event"]["stage-variables"], json!({"stage": "prod"}));
    assert_eq!(answer["event"]["body-json"], json!({}));
}

#[tokio::test]
async fn the_proxy_route_has_gateways_own_event() {
    let api = Api::new("dev").await;
    let answer = json_of(api.ask("PATCH", "/proxy/a/b?c=d").body("it's 한국어"), 200).await;
    let event = &answer["event"];
    assert_eq!(event["httpMethod"], "PATCH");
    assert_eq!(event["resource"], "/proxy/{proxy+}");
    assert_eq!(event["pathParameters"], json!({"proxy": "a/b"}));
    assert_eq!(event["requestContext"]["stage"], "dev");
    assert_eq!(event["body"], "it's 한국어");
    let png = api
        .ask("POST", "/proxy")
        .header("Content-Type", "image/png")
        .body(vec![0x89, 0x50, 0x4e]);
    let event = json_of(png, 200).await["event"].clone();
    assert_eq!(event["body"], "iVBO");
    assert_eq!(event["isBase64Encoded"], true);
}

#[tokio::test]
async fn a_status_is_the_answers_through_either_integration() {
    let api = Api::new("dev").await;
    for path in ["/echo", "/proxy"] {
        for status in [204, 302, 404, 418, 503] {
            let answer = api
                .client
                .request(
                    Method::GET,
                    format!("{}{path}?status={status}", api.gateway.url()),
                )
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{path}");
            check_headers(&answer);
        }
        let answer = json_of(api.ask("GET", &format!("{path}?status=600")), 400).await;
        assert_eq!(answer["status"], 400);
        assert!(
            answer["message"].as_str().unwrap().contains("from 200 to 599"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_browsers_may_read() {
    let api = Api::new("dev").await;
    let text = api
        .ask("POST", "/echo")
        .header("Content-Type", "text/plain")
        .body("a");
    let answer = json_of(text, 415).await;
    assert_eq!(answer["message"], "Unsupported Media Type");
    for broken in ["{'a': 1}", "", "{\"a\": \"it's"] {
        let request = api
            .ask("POST", "/echo")
            .header("Content-Type", "application/json")
            .body(broken);
        let answer = json_of(request, 400).await;
        assert_eq!(answer["message"], "Invalid request body");
    }
    json_of(api.ask("DELETE", "/echo"), 403).await;
    json_of(api.ask("GET", "/nowhere"), 403).await;
}

/// Killed at its deadline, or crashed: Lambda's words are not for everybody.
#[tokio::test]
async fn a_function_that_fails_is_a_502() {
    let stage = Stage::with(|mut function| {
        function.binary = "/bin/false".into();
        function
    })
    .await;
    let gateway = stage.api("dev").await;
    for path in ["echo", "proxy"] {
        let response = reqwest::get(format!("{}/{path}", gateway.url())).await.unwrap();
        check_headers(&response);
        assert_eq!(response.status(), 502, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("exit status"), "{text}");
    }
}

#[tokio::test]
async fn preflights_are_answered() {
    let api = Api::new("dev").await;
    for (path, status) in [("/echo", 204), ("/proxy", 200), ("/proxy/a", 200)] {
        let request = api
            .ask("OPTIONS", path)
            .header("Origin", "https://app.example.com")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        check_headers(&response);
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        assert!(header("access-control-allow-methods").contains("POST"), "{path}");
        assert_eq!(header("access-control-allow-headers"), "*,Authorization");
    }
}

/// With less patience than after a deployment.
fn smoke(url: &str, patience_s: u32) -> Output {
    Command::new("make")
        .env("SMOKE_PATIENCE_S", patience_s.to_string())
        .args(["--no-print-directory", "smoke", &format!("URL={url}")])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_passes_where_all_is_well() {
    let api = Api::new("dev").await;
    let output = smoke(api.gateway.url(), 1);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("works") && !said.contains("not at first"), "{said}");
}

/// One that has not said yet that nobody keeps its answers.
const OF_AN_OLDER_STAGE: &str =
    "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n{}";

/// The address of something in front of the stage that gives the first connections these answers, whatever they
/// ask; it hangs up on those whose answer is empty.
async fn in_front_of(gateway: &ApiGateway, first: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap().to_string();
    let (_, rest) = gateway.url().split_once("://").unwrap();
    let (behind, stage) = rest.split_once('/').unwrap();
    let url = format!("http://{front}/{stage}");
    let behind = behind.to_owned();
    tokio::spawn(async move {
        let mut first = first.iter();
        while let Ok((mut caller, _)) = listener.accept().await {
            if let Some(answer) = first.next() {
                // The smoke test's requests are small, and come at once.
                let asked = caller.read(&mut [0; 4096]).await;
                assert!(asked.is_ok_and(|bytes| bytes > 0));
                caller.write_all(answer.as_bytes()).await.ok();
                continue;
            }
            let mut stage = TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut stage).await.ok() });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_waits_for_a_stage_that_is_not_there_yet_or_throttled() {
    let api = Api::new("dev").await;
    let front = in_front_of(
        &api.gateway,
        &[
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
            "",
            OF_AN_OLDER_STAGE,
        ],
    )
    .await;
    let output = smoke(&front, 30);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("not at first") && said.contains("found 403"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_sees_an_answer_that_may_be_cached() {
    let api = Api::new("dev").await;
    let front = in_front_of(&api.gateway, &[OF_AN_OLDER_STAGE]).await;
    let said = said(&smoke(&front, 0));
    assert!(
        said.contains("the header Cache-Control: expected 'no-store'") && said.contains("1 of 8 checks"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_says_what_is_wrong() {
    let stage = Stage::with(|function| function.variable("ECHO_SECRETS", "true")).await;
    let gateway = stage.api("dev").await;
    let output = smoke(gateway.url(), 1);
    assert!(!output.status.success());
    let said_of = said(&output);
    assert!(
        said_of.contains("echoes the value of Authorization") && said_of.contains("1 of 8 checks"),
        "{said_of}"
    );
    let nobody = said(&smoke("http://127.0.0.1:1/dev", 1));
    assert!(
        nobody.contains("no answer") && nobody.contains("8 of 8"),
        "{nobody}"
    );
    let nothing = said(&smoke("dev", 1));
    assert!(nothing.contains("expected the address of a stage"), "{nothing}");
}
