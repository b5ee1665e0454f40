//! Events: control plane calls that CloudTrail recorded, and sweeps.

use lambda_core::invalid_event::InvalidEvent;
use lambda_core::invoke::LAST_HOP;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cursor::Cursor;
use crate::stage::ApiType;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    ControlPlaneCall(ControlPlaneCall),
    Sweep(Sweep),
}

/// A call of `CreateStage` or `CreateDeployment` that CloudTrail recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ControlPlaneCall {
    pub(crate) api: ApiRef,
    pub(crate) target: CallTarget,
}

/// An API's id, which CloudTrail names `restApiId` for a REST API and `apiId` for an HTTP or WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiRef {
    Rest(String),
    V2(String),
}

/// Stages that a call created or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallTarget {
    /// The stage of this name.
    Stage(String),
    /// All stages with the deployment of this id; the event names no stage. Without an id they cannot be looked up.
    Deployment(Option<String>),
    /// None, because the call failed. Holds the stage that the call named.
    FailedCall(Option<String>),
}

/// A sweep over all stages and log groups of the Region, or the rest of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// Position at which this invocation begins.
    pub(crate) cursor: Cursor,
    /// Number of earlier invocations in the same sweep.
    pub(crate) hop: u32,
}

const EXPECTED: &str = r#"expected CloudTrail's CreateStage or CreateDeployment of apigateway.amazonaws.com, or {"sweep":true} with "cursor" and "hop", or a schedule's event"#;

impl ApiRef {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Rest(id) | Self::V2(id) => id,
        }
    }

    /// Returns the API's type if the event implies it. Events of HTTP and WebSocket APIs look alike.
    pub(crate) fn api_type(&self) -> Option<ApiType> {
        match self {
            Self::Rest(_) => Some(ApiType::Rest),
            Self::V2(_) => None,
        }
    }
}

impl Event {
    /// Parses an event of CloudTrail, an event of a schedule (of a rule or of EventBridge Scheduler, or the input
    /// `{"time": …}`), or `{"sweep":true}`.
    pub(crate) fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        let Value::Object(fields) = event else {
            return Err(InvalidEvent::new(EXPECTED));
        };
        if fields.contains_key("sweep") {
            return parse_sweep(fields).map(Self::Sweep);
        }
        if let Some(detail) = fields
            .get("detail")
            .filter(|detail| detail["eventSource"].is_string())
        {
            return parse_control_plane_call(detail).map(Self::ControlPlaneCall);
        }
        let source = fields.get("source").and_then(Value::as_str);
        let is_schedule_input = fields.len() == 1 && fields.get("time").is_some_and(Value::is_string);
        match source {
            Some("aws.events" | "aws.scheduler") => Ok(Self::Sweep(Sweep::from_start())),
            None if is_schedule_input => Ok(Self::Sweep(Sweep::from_start())),
            _ => Err(InvalidEvent::new(EXPECTED)),
        }
    }
}

impl Sweep {
    fn from_start() -> Self {
        Self {
            cursor: Cursor::start(),
            hop: 0,
        }
    }
}

fn parse_sweep(fields: &Map<String, Value>) -> Result<Sweep, InvalidEvent> {
    let mut sweep = Sweep::from_start();
    for (field, value) in fields {
        match (field.as_str(), value) {
            ("sweep", Value::Bool(true)) => {}
            ("sweep", _) => return Err(InvalidEvent::new(r#"expected "sweep" to be true"#)),
            ("cursor", value) => {
                sweep.cursor = Cursor::deserialize(value).map_err(|_| {
                    InvalidEvent::new(
                        r#"expected "cursor" to be {"phase":"rest|v2|log_groups","api_id","stage"}"#,
                    )
                })?;
            }
            ("hop", value) => {
                let hop = value.as_u64().and_then(|hop| u32::try_from(hop).ok());
                sweep.hop = hop.filter(|hop| *hop <= LAST_HOP).ok_or_else(|| {
                    InvalidEvent::new(format!(r#"expected "hop" to be a number from 0 to {LAST_HOP}"#))
                })?;
            }
            // A misspelled field would change the event's meaning unnoticed.
            _ => {
                return Err(InvalidEvent::new(
                    r#"expected no other fields than "sweep", "cursor" and "hop""#,
                ));
            }
        }
    }
    Ok(sweep)
}

fn parse_control_plane_call(detail: &Value) -> Result<ControlPlaneCall, InvalidEvent> {
    let is_create_stage = match detail["eventName"].as_str() {
        Some("CreateStage") => true,
        Some("CreateDeployment") => false,
        _ => return Err(InvalidEvent::new(EXPECTED)),
    };
    if detail["eventSource"] != "apigateway.amazonaws.com" {
        return Err(InvalidEvent::new(EXPECTED));
    }
    let failed = detail["errorCode"].is_string();
    let (api, stage) = match api_and_stage(&detail["requestParameters"], is_create_stage) {
        Some(found) => found,
        None if failed => (ApiRef::V2(String::new()), None),
        None => {
            return Err(InvalidEvent::new(
                r#"expected "restApiId" or "apiId" in the request parameters of CloudTrail's event"#,
            ));
        }
    };
    let target = match stage {
        stage if failed => CallTarget::FailedCall(stage),
        Some(stage) => CallTarget::Stage(stage),
        None if is_create_stage => {
            return Err(InvalidEvent::new(
                r#"expected "stageName" in the request parameters of CreateStage"#,
            ));
        }
        None => {
            let response = &detail["responseElements"];
            CallTarget::Deployment(text(&response["id"]).or_else(|| text(&response["deploymentId"])))
        }
    };
    Ok(ControlPlaneCall { api, target })
}

/// Finds the API and the stage, if there is one, in the parameters of a call. REST APIs have the stage's name in an object
/// of its own, HTTP and WebSocket APIs beside the API's id.
fn api_and_stage(parameters: &Value, is_create_stage: bool) -> Option<(ApiRef, Option<String>)> {
    if let Some(id) = text(&parameters["restApiId"]) {
        let input = match is_create_stage {
            true => &parameters["createStageInput"],
            false => &parameters["createDeploymentInput"],
        };
        return Some((ApiRef::Rest(id), text(&input["stageName"])));
    }
    let id = text(&parameters["apiId"])?;
    Some((ApiRef::V2(id), text(&parameters["stageName"])))
}

/// Returns a text that is not empty. The console deploys to the stage `""` and creates the stage a second later.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Phase;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        local_stack::event("apigw-log-retention", case)
    }

    #[track_caller]
    fn check(event: &Value, api: ApiRef, target: CallTarget) {
        let parsed = Event::parse(event).expect("a good event");
        assert_eq!(parsed, Event::ControlPlaneCall(ControlPlaneCall { api, target }));
    }

    fn rest() -> ApiRef {
        ApiRef::Rest("a1b2c3d4e5".to_owned())
    }

    fn v2() -> ApiRef {
        ApiRef::V2("f6g7h8i9j0".to_owned())
    }

    fn stage(name: &str) -> CallTarget {
        CallTarget::Stage(name.to_owned())
    }

    #[test]
    fn finds_the_stage_in_the_parameters_of_each_api_type() {
        check(&fixture("rest-create-stage"), rest(), stage("prod"));
        check(&fixture("rest-create-deployment"), rest(), stage("prod"));
        check(&fixture("http-create-stage"), v2(), stage("$default"));
        check(&fixture("websocket-create-stage"), v2(), stage("production"));
    }

    #[test]
    fn a_deployment_without_a_stage_targets_the_stages_that_show_it() {
        let deployment = || CallTarget::Deployment(Some("d1e2f3".to_owned()));
        let mut event = fixture("rest-create-deployment-no-stage");
        check(&event, rest(), deployment());
        event["detail"]["requestParameters"]["createDeploymentInput"] = json!({});
        check(&event, rest(), deployment());
        event["detail"]["requestParameters"] = json!({"apiId": "f6g7h8i9j0"});
        event["detail"]["responseElements"] = json!({"deploymentId": "d1e2f3"});
        check(&event, v2(), deployment());
        event["detail"]["responseElements"] = Value::Null;
        check(&event, v2(), CallTarget::Deployment(None));
    }

    #[test]
    fn a_failed_call_has_no_target() {
        let mut event = fixture("failed-call");
        check(&event, rest(), CallTarget::FailedCall(Some("prod".to_owned())));
        event["detail"]["requestParameters"] = Value::Null;
        check(&event, ApiRef::V2(String::new()), CallTarget::FailedCall(None));
    }

    #[test]
    fn a_schedules_event_is_a_sweep() {
        let expected = Event::Sweep(Sweep::from_start());
        let scheduler = json!({"source": "aws.scheduler", "time": "2026-11-20T18:00:00Z", "detail": "{}"});
        let input = json!({"time": "2026-11-20T18:00:00Z"});
        for event in [fixture("sweep"), fixture("scheduled"), scheduler, input] {
            assert_eq!(Event::parse(&event).expect("a good event"), expected);
        }
    }

    #[test]
    fn a_sweep_continues_at_its_cursor() {
        let cursor = json!({"phase": "v2", "api_id": "a", "stage": "b"});
        let event = json!({"sweep": true, "cursor": cursor, "hop": 3});
        let expected = Sweep {
            cursor: Cursor::after(Phase::V2, "a", "b"),
            hop: 3,
        };
        assert_eq!(
            Event::parse(&event).expect("a good event"),
            Event::Sweep(expected)
        );
    }

    #[track_caller]
    fn check_invalid(event: Value, expected: &str) {
        let error = Event::parse(&event).expect_err("a bad event").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn rejects_unknown_events_and_reports_the_expected_form() {
        for unknown in [
            json!({}),
            json!([]),
            json!("sweep"),
            json!({"time": 5}),
            json!({"source": "aws.s3"}),
        ] {
            check_invalid(unknown, "expected CloudTrail's CreateStage");
        }
        check_invalid(json!({"sweep": "true"}), r#"expected "sweep" to be true"#);
        check_invalid(json!({"sweep": true, "hop": 11}), "from 0 to 10");
        check_invalid(
            json!({"sweep": true, "cursor": {"phase": "soap"}}),
            "rest|v2|log_groups",
        );
        check_invalid(json!({"sweep": true, "curser": {}}), "no other fields");
        let mut other = fixture("rest-create-stage");
        other["detail"]["eventName"] = json!("DeleteStage");
        check_invalid(other, "expected CloudTrail's CreateStage");
        let mut nameless = fixture("rest-create-stage");
        nameless["detail"]["requestParameters"]["createStageInput"] = json!({});
        check_invalid(nameless, "stageName");
        let mut without_api = fixture("http-create-stage");
        without_api["detail"]["requestParameters"] = json!({});
        check_invalid(without_api, r#""restApiId" or "apiId""#);
    }
}
