//! Invoke API, which `aws-sdk-lambda` and `cargo lambda invoke` call.
//! Source: "Invoke" in the Lambda API Reference.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::{HeaderMap, Request};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

use super::decision::{Decision, InvokeCall, Refusal};
use super::delivery::{self, Accepted, Ended, Pending, Slot};
use super::environment::{Environment, signer};
use super::invocation::InvocationType;
use super::state::Shared;
use crate::background;
use crate::http::{Response, response};

const LARGEST_EVENT: usize = 1_048_576;
const LARGEST_REQUEST: usize = 6_291_456;

/// Error of the API, in the shape that the SDKs read.
#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    error_type: String,
    message: String,
}

impl ApiError {
    fn new(status: u16, error_type: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            error_type: error_type.to_owned(),
            message: message.into(),
        }
    }
}

/// Responds to a call; `None` closes the connection.
pub(super) async fn invoke(shared: &Arc<Shared>, request: &Request<Bytes>, name: &str) -> Option<Response> {
    let request_id = Uuid::new_v4().to_string();
    match respond(shared, request, name, &request_id).await {
        Ok(Some(mut response)) => {
            let id = request_id.parse().expect("a UUID is a header value");
            response.headers_mut().insert("x-amzn-requestid", id);
            Some(response)
        }
        Ok(None) => None,
        Err(error) => Some(error_response(&error, &request_id)),
    }
}

async fn respond(
    shared: &Arc<Shared>,
    request: &Request<Bytes>,
    name: &str,
    request_id: &str,
) -> Result<Option<Response>, ApiError> {
    let function = function_name(name);
    if delivery::deployed(shared, &function).is_none() {
        let message = format!("Function not found: {}", super::environment::arn(&function));
        return Err(ApiError::new(404, "ResourceNotFoundException", message));
    }
    let invocation_type =
        match header(request.headers(), "x-amz-invocation-type").unwrap_or("RequestResponse") {
            "RequestResponse" => InvocationType::RequestResponse,
            "Event" => InvocationType::Event,
            "DryRun" => return Ok(Some(empty(204))),
            other => {
                let message = format!("{other} is not one of Event, RequestResponse, DryRun");
                return Err(ApiError::new(400, "InvalidParameterValueException", message));
            }
        };
    let payload = payload(request.body(), invocation_type)?;
    let accepted = Accepted {
        request_id: request_id.to_owned(),
        function,
        payload,
        client_context: client_context(request.headers()),
        // The SDK inside a function forwards it, so that Lambda can count the hops of a chain.
        trace_id: header(request.headers(), "x-amzn-trace-id")
            .map_or_else(delivery::new_trace_id, str::to_owned),
        invocation_type,
    };
    let caller = header(request.headers(), "authorization")
        .and_then(signer)
        .map(str::to_owned);
    decide(shared, accepted, caller).await
}

/// Lets the test decide over the call, and applies the decision.
async fn decide(
    shared: &Arc<Shared>,
    accepted: Accepted,
    caller: Option<String>,
) -> Result<Option<Response>, ApiError> {
    let caller = caller.and_then(|id| shared.environment(&id));
    let (decider, number) = shared.change(|state| {
        state.calls += 1;
        (state.decider.clone(), state.calls)
    });
    let call = InvokeCall {
        number,
        function: accepted.function.clone(),
        payload: serde_json::from_slice(&accepted.payload).unwrap_or(Value::Null),
        invocation_type: accepted.invocation_type,
        caller: caller
            .as_ref()
            .map(|environment| environment.function.name.clone()),
        caller_request_id: caller
            .as_ref()
            .and_then(|environment| environment.current_request()),
    };
    let decision = decider.decide(&call);
    if matches!(decision, Decision::KillCallerBefore) {
        kill(caller.as_deref());
        return Ok(None);
    }
    let kills = matches!(decision, Decision::KillCallerAfter);
    let response = apply(shared, accepted, decision).await;
    if kills {
        kill(caller.as_deref());
    }
    response
}

fn kill(caller: Option<&Environment>) {
    if let Some(environment) = caller {
        environment.process.kill();
    }
}

async fn apply(
    shared: &Arc<Shared>,
    accepted: Accepted,
    decision: Decision,
) -> Result<Option<Response>, ApiError> {
    let is_event = accepted.invocation_type == InvocationType::Event;
    match decision {
        Decision::Deliver => {}
        Decision::DeliverTwice => also_deliver(shared, accepted.clone()),
        Decision::DeliverTwiceAsTwoRequests => {
            let mut second = accepted.clone();
            second.request_id = Uuid::new_v4().to_string();
            also_deliver(shared, second);
        }
        Decision::Drop => return Ok(is_event.then(|| empty(202))),
        Decision::LoseResponse | Decision::KillCallerAfter => {
            carry_out(shared, accepted).await?;
            return Ok(None);
        }
        Decision::Refuse(Refusal::Closed) | Decision::KillCallerBefore => return Ok(None),
        Decision::Refuse(refusal) => return Err(refusal_error(refusal)),
        Decision::Hold if is_event => {
            hold(shared, accepted);
            return Ok(Some(empty(202)));
        }
        Decision::Hold => released(shared).await,
    }
    carry_out(shared, accepted).await.map(Some)
}

/// Accepts an event in any case; any other call needs a free environment now. As in AWS.
async fn carry_out(shared: &Arc<Shared>, accepted: Accepted) -> Result<Response, ApiError> {
    let pending = Pending::new(shared, &accepted);
    match accepted.invocation_type {
        InvocationType::Event => {
            delivery::deliver(shared, accepted, pending);
            Ok(empty(202))
        }
        InvocationType::RequestResponse => {
            let slot = Slot::try_acquire(shared, &accepted.function)
                .ok_or_else(|| refusal_error(Refusal::Throttled))?;
            let shared = Arc::clone(shared);
            let request_id = accepted.request_id.clone();
            // In a task of its own: a function continues when its caller leaves.
            let ended = background::spawn(async move {
                let (_pending, _slot) = (pending, slot);
                delivery::run(&shared, &accepted, 1).await
            })
            .await
            .map_err(|error| ApiError::new(500, "ServiceException", error.to_string()))?;
            Ok(response_to_caller(&ended, &request_id))
        }
    }
}

fn also_deliver(shared: &Arc<Shared>, accepted: Accepted) {
    if accepted.invocation_type == InvocationType::Event {
        let pending = Pending::new(shared, &accepted);
        delivery::deliver(shared, accepted, pending);
    }
}

fn hold(shared: &Arc<Shared>, accepted: Accepted) {
    let pending = Pending::new(shared, &accepted);
    let (shared, released) = (Arc::clone(shared), released(shared));
    background::spawn(async move {
        released.await;
        delivery::deliver(&shared, accepted, pending);
    });
}

fn released(shared: &Arc<Shared>) -> impl Future<Output = ()> + Send + use<> {
    let shared = Arc::clone(shared);
    // Counted now, not at the first poll: a release right after the call must not be missed.
    let releases = shared.read().releases;
    async move {
        shared
            .wait_for(|state| (state.releases > releases).then_some(()))
            .await
    }
}

fn response_to_caller(ended: &Ended, request_id: &str) -> Response {
    let error = ended.outcome.error_body(request_id);
    let body = match &error {
        None => ended.body.clone(),
        Some(error) => Bytes::from(error.to_string()),
    };
    let mut headers = vec![
        ("content-type", "application/json"),
        ("x-amz-executed-version", "$LATEST"),
    ];
    if error.is_some() {
        headers.push(("x-amz-function-error", "Unhandled"));
    }
    response(200, &headers, body)
}

fn payload(body: &Bytes, invocation_type: InvocationType) -> Result<Bytes, ApiError> {
    let limit = match invocation_type {
        InvocationType::Event => LARGEST_EVENT,
        InvocationType::RequestResponse => LARGEST_REQUEST,
    };
    if body.len() > limit {
        let message = format!(
            "{} byte payload is too large for the {invocation_type:?} invocation type (limit {limit} bytes)",
            body.len()
        );
        return Err(ApiError::new(413, "RequestTooLargeException", message));
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<&serde_json::value::RawValue>(body) {
        Ok(_) => Ok(body.clone()),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(ApiError::new(400, "InvalidRequestContentException", message))
        }
    }
}

/// Returns the bare name. Lambda also takes it with a qualifier, with an account, or as an ARN:
/// `…function:name[:qualifier]`.
pub(super) fn function_name(name: &str) -> String {
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let name = name
        .rsplit_once("function:")
        .map_or(name.as_str(), |(_, name)| name);
    name.split(':').next().unwrap_or_default().to_owned()
}

fn refusal_error(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Throttled => ApiError::new(429, "TooManyRequestsException", "Rate Exceeded."),
        Refusal::ServiceError => ApiError::new(500, "ServiceException", "Internal server error"),
        Refusal::Other(status, error_type, message) => ApiError {
            status,
            error_type,
            message,
        },
        Refusal::Closed => ApiError::new(500, "ServiceException", "the connection is closed"),
    }
}

fn error_response(error: &ApiError, request_id: &str) -> Response {
    let origin = if error.status < 500 { "User" } else { "Service" };
    // Lambda writes `Message` for some errors and `message` for others; the SDKs read either.
    let body = json!({"Type": origin, "Message": error.message, "message": error.message});
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-errortype", &error.error_type),
        ("x-amzn-requestid", request_id),
    ];
    response(error.status, &headers, body.to_string())
}

fn empty(status: u16) -> Response {
    response(status, &[], "")
}

fn client_context(headers: &HeaderMap) -> Option<String> {
    let encoded = header(headers, "x-amz-client-context")?;
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn accepts_a_function_name_in_every_form_of_lambda() {
        for form in [
            "stat-prep",
            "stat-prep:live",
            "123456789012:function:stat-prep",
            "arn:aws:lambda:ap-northeast-2:123456789012:function:stat-prep:live",
            "arn%3Aaws%3Alambda%3Aap-northeast-2%3A123456789012%3Afunction%3Astat-prep",
        ] {
            assert_eq!(function_name(form), "stat-prep", "{form}");
        }
    }
}
