//! `api-loopback`: requests reach an API, whose responses contain the event that the function received.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use local_stack::{ApiGateway, LambdaEmulator};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{FunctionDemo, deploy};
use crate::invocation_record::{InvocationRecord, result};
use crate::month::checks::CheckResult;
use crate::output::heading;

pub(super) const FUNCTION: &str = "api-loopback";
const STAGE: &str = "dev";
/// Text that breaks the passthrough template which the API Gateway console creates.
const TEXT: &str = "공용부 'A동' \\ \"냉난방기\" 🏙️";
const CREDENTIALS: &str = "Bearer not-for-the-demo";

pub(super) async fn run() -> Result<FunctionDemo> {
    let emulator = deploy(FUNCTION, []).await?;
    let gateway = ApiGateway::start(&emulator, FUNCTION, STAGE, &json!({"stage": STAGE})).await?;
    let mut records = Vec::new();
    for (title, request) in requests(gateway.url()) {
        heading(title);
        let record = send(&emulator, request).await?;
        record.print();
        records.push(record);
    }
    emulator.shutdown().await;
    Ok(FunctionDemo {
        function: FUNCTION,
        check: everything_came_back(&records),
        records,
    })
}

fn requests(url: &str) -> [(&'static str, RequestBuilder); 3] {
    let client = Client::new();
    [
        (
            "POST through a non-proxy integration with a passthrough mapping template",
            client
                .post(format!("{url}/echo?page=2"))
                .header("content-type", "application/json")
                .header("authorization", CREDENTIALS)
                .header("x-words", "it's \"quoted\"")
                .body(json!({"words": TEXT}).to_string()),
        ),
        (
            "GET that asks for an error: the gateway maps it to status 503",
            client.get(format!("{url}/echo?status=503")),
        ),
        (
            "PUT through the proxy integration",
            client
                .put(format!("{url}/proxy/orders/42"))
                .header("cookie", CREDENTIALS)
                .body(TEXT),
        ),
    ]
}

/// Sends a request. The record has the event that the gateway made of it, and the response to the client as effect.
async fn send(emulator: &LambdaEmulator, request: RequestBuilder) -> Result<InvocationRecord> {
    let request = request.build().context("could not build the request")?;
    let name = format!("{} {}", request.method(), request.url().path());
    let began = Instant::now();
    let response = Client::new().execute(request).await?;
    let duration = began.elapsed();
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let invocation = emulator.invocations_of(FUNCTION).pop();
    let invocation = invocation.with_context(|| format!("{name} did not reach the function: {body}"))?;
    Ok(InvocationRecord {
        function: FUNCTION,
        result: result(invocation.outcome.as_ref()),
        event: invocation.payload,
        duration,
        effects: vec![format!("HTTP: the client of {name} received status {status}")],
        received: json!({"http": {"request": name, "status": status, "body": body}}),
    })
}

fn everything_came_back(records: &[InvocationRecord]) -> CheckResult {
    let responses: Vec<&Value> = records.iter().map(|record| &record.received["http"]).collect();
    let statuses: Vec<&Value> = responses.iter().map(|response| &response["status"]).collect();
    ensure!(
        statuses == [200, 503, 200],
        "the statuses are {statuses:?} instead of [200, 503, 200]"
    );
    let (echo, proxy) = (&responses[0]["body"]["event"], &responses[2]["body"]["event"]);
    let fields = [
        (&echo["body-json"]["words"], TEXT),
        (&proxy["body"], TEXT),
        (&echo["params"]["header"]["x-words"], "it's \"quoted\""),
        (&echo["context"]["stage"], STAGE),
        (&echo["params"]["header"]["authorization"], "***"),
        (&proxy["headers"]["cookie"], "***"),
    ];
    for (found, expected) in fields {
        ensure!(found == expected, "{found} came back instead of {expected:?}");
    }
    let leaks = |response: &&Value| response.to_string().contains(CREDENTIALS);
    ensure!(
        !responses.iter().any(leaks),
        "a response contains the request's credentials"
    );
    Ok(
        "Korean text, quotes and apostrophes survived the mapping template; credentials were masked"
            .to_owned(),
    )
}
