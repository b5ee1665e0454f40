//! Requests reach an API, and are answered with what the function received: `api-loopback`.

use std::time::Instant;

use anyhow::{Context, Result};
use local_stack::{ApiGateway, Emulator, Function, function_binary};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{
    record::{self, Entry},
    scene::Scene,
    screen::heading,
    show,
};

const FUNCTION: &str = "api-loopback";
const STAGE: &str = "dev";
/// What breaks the passthrough template that the console makes.
const WORDS: &str = "공용부 'A동' \\ \"냉난방기\" 🏙️";
const SECRET: &str = "Bearer not-for-the-demo";

/// Sends the requests, and shows them with what the mapping template makes of them.
pub async fn play() -> Result<Scene> {
    let emulator = Emulator::start().await?;
    emulator.deploy(Function::new(FUNCTION, function_binary(FUNCTION)?));
    let gateway = ApiGateway::start(&emulator, FUNCTION, STAGE, &json!({"stage": STAGE})).await?;
    let client = Client::new();
    let url = |path: &str| format!("{}{path}", gateway.url());
    let requests = [
        (
            "A request through the passthrough template of a non-proxy integration",
            client
                .post(url("/echo?page=2"))
                .header("content-type", "application/json")
                .header("authorization", SECRET)
                .header("x-words", "it's \"quoted\"")
                .body(json!({"words": WORDS}).to_string()),
        ),
        (
            "One that asks for an error, to see what the gateway makes of it",
            client.get(url("/echo?status=503")),
        ),
        (
            "One through the proxy integration",
            client
                .put(url("/proxy/orders/42"))
                .header("cookie", SECRET)
                .body(WORDS),
        ),
    ];
    let mut entries = Vec::new();
    for (title, request) in requests {
        heading(title);
        let entry = send(&emulator, request).await?;
        show::entry(FUNCTION, &entry);
        entries.push(entry);
    }
    let check = ("API echo", everything_came_back(&entries));
    emulator.shutdown().await;
    Ok(Scene {
        function: FUNCTION,
        entries,
        check,
    })
}

/// The event is what the gateway made of the request; what is received, the client received.
async fn send(emulator: &Emulator, request: RequestBuilder) -> Result<Entry> {
    let request = request.build().context("the demo's own request is wrong")?;
    let name = format!("{} {}", request.method(), request.url().path());
    let began = Instant::now();
    let answer = Client::new().execute(request).await?;
    let took = began.elapsed();
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let invocation = emulator.invocations_of(FUNCTION).pop();
    let invocation = invocation.with_context(|| format!("{name} did not reach the function: {body}"))?;
    Ok(Entry {
        event: invocation.payload,
        result: record::result(invocation.outcome.as_ref()),
        received: json!({"http": {"request": name, "status": status, "body": body}}),
        took,
    })
}

fn everything_came_back(entries: &[Entry]) -> Result<String, String> {
    let answers: Vec<&Value> = entries.iter().map(|entry| &entry.received["http"]).collect();
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["status"]).collect();
    if statuses != [200, 503, 200] {
        return Err(format!("the answers' statuses are {statuses:?}"));
    }
    let (echo, proxy) = (&answers[0]["body"]["event"], &answers[2]["body"]["event"]);
    let found = [
        (&echo["body-json"]["words"], WORDS),
        (&proxy["body"], WORDS),
        (&echo["params"]["header"]["x-words"], "it's \"quoted\""),
        (&echo["context"]["stage"], STAGE),
        (&echo["params"]["header"]["authorization"], "***"),
        (&proxy["headers"]["cookie"], "***"),
    ];
    for (found, expected) in found {
        if found != expected {
            return Err(format!("{found} came back instead of {expected:?}"));
        }
    }
    if answers.iter().any(|answer| answer.to_string().contains(SECRET)) {
        return Err("a secret came back".to_owned());
    }
    Ok("Korean, quotes and apostrophes came through the mapping template; no secret came back".to_owned())
}
