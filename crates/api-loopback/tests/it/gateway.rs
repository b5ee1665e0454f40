//! Requests over HTTP, through a stage made from `infra/api-loopback/openapi.yaml`.

use std::process::{Command, Output};

use local_stack::ApiGateway;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::setup::{NAME, Setup};

struct Api {
    _function: Setup,
    gateway: ApiGateway,
    client: Client,
}

impl Api {
    async fn new(stage_name: &str) -> Self {
        let function = Setup::new().await;
        Self {
            gateway: function.api(stage_name).await,
            _function: function,
            client: Client::new(),
        }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.client
            .request(method, format!("{}{path}", self.gateway.url()))
    }
}

/// Sends a request and returns its JSON, after a check of its status and headers.
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
async fn the_non_proxy_method_passes_body_query_and_headers() {
    let api = Api::new("dev").await;
    let words = "it's \"서울\" \\ 🏙️ / $input";
    let encoded = utf8_percent_encode(words, NON_ALPHANUMERIC);
    let request = api
        .request("POST", &format!("/echo?words={encoded}&word's=1&get=2"))
        .header("X-Words", "it's \"quoted\" \\ $x")
        .header("User-Agent", "o'browser \"1.0\"")
        .header("Authorization", "Bearer never-to-be-echoed")
        .header("Content-Type", "application/json; charset=utf-8")
        .body(json!({"words": words}).to_string());
    let response = json_of(request, 200).await;
    let event = &response["event"];
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
    assert_eq!(response["context"]["functionName"], NAME);
}

#[tokio::test]
async fn each_stage_has_its_own_name_and_variables() {
    let api = Api::new("prod").await;
    let response = json_of(api.request("GET", "/echo?page=2"), 200).await;
    assert_eq!(response["event"]["context"]["stage"], "prod");
    assert_eq!(response["event"]["stage-variables"], json!({"stage": "prod"}));
    assert_eq!(response["event"]["body-json"], json!({}));
}

#[tokio::test]
async fn the_proxy_route_passes_api_gateways_own_event() {
    let api = Api::new("dev").await;
    let response = json_of(api.request("PATCH", "/proxy/a/b?c=d").body("it's 한국어"), 200).await;
    let event = &response["event"];
    assert_eq!(event["httpMethod"], "PATCH");
    assert_eq!(event["resource"], "/proxy/{proxy+}");
    assert_eq!(event["pathParameters"], json!({"proxy": "a/b"}));
    assert_eq!(event["requestContext"]["stage"], "dev");
    assert_eq!(event["body"], "it's 한국어");
    let png = api
        .request("POST", "/proxy")
        .header("Content-Type", "image/png")
        .body(vec![0x89, 0x50, 0x4e]);
    let event = json_of(png, 200).await["event"].clone();
    assert_eq!(event["body"], "iVBO");
    assert_eq!(event["isBase64Encoded"], true);
}

#[tokio::test]
async fn both_integrations_return_the_requested_status() {
    let api = Api::new("dev").await;
    for path in ["/echo", "/proxy"] {
        for status in [204, 302, 404, 418, 503] {
            let response = api
                .client
                .request(
                    Method::GET,
                    format!("{}{path}?status={status}", api.gateway.url()),
                )
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), status, "{path}");
            check_headers(&response);
        }
        let response = json_of(api.request("GET", &format!("{path}?status=600")), 400).await;
        assert_eq!(response["status"], 400);
        assert!(
            response["message"].as_str().unwrap().contains("from 200 to 599"),
            "{response}"
        );
    }
}

#[tokio::test]
async fn browsers_may_read_the_gateways_own_errors() {
    let api = Api::new("dev").await;
    let text = api
        .request("POST", "/echo")
        .header("Content-Type", "text/plain")
        .body("a");
    let response = json_of(text, 415).await;
    assert_eq!(response["message"], "Unsupported Media Type");
    for broken in ["{'a': 1}", "", "{\"a\": \"it's"] {
        let request = api
            .request("POST", "/echo")
            .header("Content-Type", "application/json")
            .body(broken);
        let response = json_of(request, 400).await;
        assert_eq!(response["message"], "Invalid request body");
    }
    json_of(api.request("DELETE", "/echo"), 403).await;
    json_of(api.request("GET", "/nowhere"), 403).await;
}

/// Lambda's message about a crash or a timeout must not reach the caller.
#[tokio::test]
async fn a_failed_function_is_a_502() {
    let function = Setup::with(|mut function| {
        function.binary = "/bin/false".into();
        function
    })
    .await;
    let gateway = function.api("dev").await;
    for path in ["echo", "proxy"] {
        let response = reqwest::get(format!("{}/{path}", gateway.url())).await.unwrap();
        check_headers(&response);
        assert_eq!(response.status(), 502, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("exit status"), "{text}");
    }
}

#[tokio::test]
async fn responds_to_preflights() {
    let api = Api::new("dev").await;
    for (path, status) in [("/echo", 204), ("/proxy", 200), ("/proxy/a", 200)] {
        let request = api
            .request("OPTIONS", path)
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

/// Runs the smoke test, with less patience than after a deployment.
fn smoke(url: &str, patience_s: u32) -> Output {
    Command::new("make")
        .env("SMOKE_PATIENCE_S", patience_s.to_string())
        .args(["--no-print-directory", "smoke", &format!("URL={url}")])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_passes() {
    let api = Api::new("dev").await;
    let output = smoke(api.gateway.url(), 1);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("works") && !text.contains("not at first"), "{text}");
}

/// Response of an older deployment, without `Cache-Control`.
const OLDER_RESPONSE: &str =
    "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n{}";

/// Starts a proxy in front of the stage and returns its address. The first connections get these responses instead of the
/// stage's; an empty one closes the connection.
async fn proxy(gateway: &ApiGateway, first: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap().to_string();
    let (_, rest) = gateway.url().split_once("://").unwrap();
    let (behind, stage) = rest.split_once('/').unwrap();
    let url = format!("http://{front}/{stage}");
    let behind = behind.to_owned();
    tokio::spawn(async move {
        let mut first = first.iter();
        while let Ok((mut caller, _)) = listener.accept().await {
            if let Some(response) = first.next() {
                // The smoke test's requests are small and arrive in one piece.
                let read = caller.read(&mut [0; 4096]).await;
                assert!(read.is_ok_and(|bytes| bytes > 0));
                caller.write_all(response.as_bytes()).await.ok();
                continue;
            }
            let mut stage = TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut caller, &mut stage).await.ok() });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_waits_for_a_stage_that_is_missing_or_throttled() {
    let api = Api::new("dev").await;
    let front = proxy(
        &api.gateway,
        &[
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
            "",
            OLDER_RESPONSE,
        ],
    )
    .await;
    let output = smoke(&front, 30);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("not at first") && text.contains("found 403"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_reports_a_response_that_may_be_cached() {
    let api = Api::new("dev").await;
    let front = proxy(&api.gateway, &[OLDER_RESPONSE]).await;
    let text = text(&smoke(&front, 0));
    assert!(
        text.contains("the header Cache-Control: expected 'no-store'") && text.contains("1 of 8 checks"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_reports_failed_checks() {
    let function = Setup::with(|function| function.variable("ECHO_SECRETS", "true")).await;
    let gateway = function.api("dev").await;
    let output = smoke(gateway.url(), 1);
    assert!(!output.status.success());
    let with_secrets = text(&output);
    assert!(
        with_secrets.contains("echoes the value of Authorization") && with_secrets.contains("1 of 8 checks"),
        "{with_secrets}"
    );
    let unreachable = text(&smoke("http://127.0.0.1:1/dev", 1));
    assert!(
        unreachable.contains("no response") && unreachable.contains("8 of 8"),
        "{unreachable}"
    );
    let malformed = text(&smoke("dev", 1));
    assert!(malformed.contains("expected the URL of a stage"), "{malformed}");
}
