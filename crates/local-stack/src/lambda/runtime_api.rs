//! Runtime API, below a path of each environment's own.
//! Source: "Using the Lambda runtime API for custom runtimes" in the Lambda Developer Guide.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::delivery::LARGEST_RESPONSE;
use super::environment::{Environment, Next, Reply, arn};
use super::state::Shared;
use crate::http::{Response, response};

/// Responds to a request; `path` follows `/{environment}/2018-06-01/runtime/`.
pub(super) async fn serve(
    shared: &Shared,
    environment: &Arc<Environment>,
    request: &Request<Bytes>,
    path: &[&str],
) -> Response {
    match (request.method(), path) {
        (&Method::GET, ["invocation", "next"]) => next(environment.next().await, &environment.function.name),
        (&Method::POST, ["invocation", id, "response"]) => {
            let name = &environment.function.name;
            if shared.change(|state| state.is_killed_at_response(name)) {
                environment.process.kill();
                return accepted(false);
            }
            respond(environment, id, request.body())
        }
        (&Method::POST, ["invocation", id, "error"]) => {
            accepted(environment.reply(id, Reply::Error(request.body().clone())))
        }
        (&Method::POST, ["init", "error"]) => {
            environment.fail_init(serde_json::from_slice(request.body()).unwrap_or(Value::Null));
            accepted(true)
        }
        _ => json_response(
            404,
            json!({"errorType": "NotFound", "errorMessage": "this path of the Runtime API is not emulated"}),
        ),
    }
}

fn respond(environment: &Environment, id: &str, body: &Bytes) -> Response {
    if body.len() <= LARGEST_RESPONSE {
        return accepted(environment.reply(id, Reply::Response(body.clone())));
    }
    let error = json!({
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": format!(
            "Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
        ),
    });
    environment.reply(id, Reply::Error(Bytes::from(error.to_string())));
    json_response(413, error)
}

fn next(next: Next, function: &str) -> Response {
    let mut headers = vec![
        ("lambda-runtime-aws-request-id", next.request_id),
        ("lambda-runtime-deadline-ms", next.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", arn(function)),
        ("lambda-runtime-trace-id", next.trace_id),
        ("content-type", "application/json".to_owned()),
    ];
    headers.extend(
        next.client_context
            .map(|context| ("lambda-runtime-client-context", context)),
    );
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    response(200, &headers, next.payload)
}

fn accepted(known: bool) -> Response {
    if known {
        json_response(202, json!({"status": "OK"}))
    } else {
        json_response(
            400,
            json!({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}),
        )
    }
}

fn json_response(status: u16, body: Value) -> Response {
    response(status, &[], body.to_string())
}
