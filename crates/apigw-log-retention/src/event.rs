//! What wakes the function.

use lambda_core::invalid_event::InvalidEvent;
use lambda_core::invoke::LAST_HOP;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cursor::Cursor;
use crate::stage::ApiKind;

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// CloudTrail tells of a call to API Gateway.
    Call(Call),
    /// Look after everything.
    Sweep(Sweep),
}

/// `CreateStage` or `CreateDeployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Of which API.
    pub api: ApiRef,
    /// What the call made.
    pub made: Made,
}

/// An API as CloudTrail names it: that of a REST API is `restApiId`, that of the others `apiId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiRef {
    /// A REST API.
    Rest(String),
    /// An HTTP or WebSocket API.
    V2(String),
}

/// What a call has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A stage, or a deployment that this stage shows.
    Stage(String),
    /// A deployment; the event names no stage. Without its id it cannot be looked up.
    Deployment(Option<String>),
    /// Nothing: the call was refused. The stage that it named.
    Nothing(Option<String>),
}

/// A sweep, or the rest of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Where to go on.
    pub cursor: Cursor,
    /// How many invocations went before.
    pub hop: u32,
}

const EXPECTED: &str = r#"expected CloudTrail's CreateStage or CreateDeployment of apigateway.amazonaws.com, or {"sweep":true} with "cursor" and "hop", or a schedule's event"#;

impl ApiRef {
    /// API Gateway's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Rest(id) | Self::V2(id) => id,
        }
    }

    /// The kind, as far as the event tells: HTTP and WebSocket APIs look alike.
    pub fn kind(&self) -> Option<ApiKind> {
        match self {
            Self::Rest(_) => Some(ApiKind::Rest),
            Self::V2(_) => None,
        }
    }
}

impl Event {
    /// Understands CloudTrail's event, a schedule's (a rule's, a Scheduler's, or its `{"time": …}` as input),
    /// and `{"sweep":true}`.
    ///
    /// # Errors
    /// [`InvalidEvent`], which says what was expected.
    pub fn parse(event: &Value) -> Result<Self, InvalidEvent> {
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
            return parse_call(detail).map(Self::Call);
        }
        let source = fields.get("source").and_then(Value::as_str);
        let is_schedules_input = fields.len() == 1 && fields.get("time").is_some_and(Value::is_string);
        match source {
            Some("aws.events" | "aws.scheduler") => Ok(Self::Sweep(Sweep::whole())),
            None if is_schedules_input => Ok(Self::Sweep(Sweep::whole())),
            _ => Err(InvalidEvent::new(EXPECTED)),
        }
    }
}

impl Sweep {
    fn whole() -> Self {
        Self {
            cursor: Cursor::start(),
            hop: 0,
        }
    }
}

fn parse_sweep(fields: &Map<String, Value>) -> Result<Sweep, InvalidEvent> {
    let mut sweep = Sweep::whole();
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
            // A typing error would change what the event means.
            _ => {
                return Err(InvalidEvent::new(
                    r#"expected nothing beside "sweep", "cursor" and "hop""#,
                ));
            }
        }
    }
    Ok(sweep)
}

fn parse_call(detail: &Value) -> Result<Call, InvalidEvent> {
    let name = detail["eventName"].as_str();
    if detail["eventSource"] != "apigateway.amazonaws.com"
        || !matches!(name, Some("CreateStage" | "CreateDeployment"))
    {
        return Err(InvalidEvent::new(EXPECTED));
    }
    let parameters = &detail["requestParameters"];
    // The stage stands in an object of its own for REST APIs, and beside the API's id for the others.
    let (api, stage) = match (text(&parameters["restApiId"]), text(&parameters["apiId"])) {
        (Some(id), _) => {
            let input = match name {
                Some("CreateStage") => &parameters["createStageInput"],
                _ => &parameters["createDeploymentInput"],
            };
            (ApiRef::Rest(id), text(&input["stageName"]))
        }
        (None, Some(id)) => (ApiRef::V2(id), text(&parameters["stageName"])),
        (None, None) if detail["errorCode"].is_string() => (ApiRef::V2(String::new()), None),
        (None, None) => {
            return Err(InvalidEvent::new(
                r#"expected "restApiId" or "apiId" in the request parameters of CloudTrail's event"#,
            ));
        }
    };
    let made = match (stage, name) {
        (stage, _) if detail["errorCode"].is_string() => Made::Nothing(stage),
        // The console sends an empty name where it makes the stage a second later.
        (Some(stage), _) => Made::Stage(stage),
        (None, Some("CreateDeployment")) => {
            let answer = &detail["responseElements"];
            Made::Deployment(text(&answer["id"]).or_else(|| text(&answer["deploymentId"])))
        }
        (None, _) => {
            return Err(InvalidEvent::new(
                r#"expected "stageName" in the request parameters of CreateStage"#,
            ));
        }
    };
    Ok(Call { api, made })
}

/// A text that says something.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Phase;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        let path = format!(
            "{}/../../events/apigw-log-retention/{case}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).expect("a fixture is JSON")
    }

    #[track_caller]
    fn check(event: &Value, api: ApiRef, made: Made) {
        let parsed = Event::parse(event).expect("a good event");
        assert_eq!(parsed, Event::Call(Call { api, made }));
    }

    fn rest() -> ApiRef {
        ApiRef::Rest("a1b2c3d4e5".to_owned())
    }

    fn v2() -> ApiRef {
        ApiRef::V2("f6g7h8i9j0".to_owned())
    }

    fn stage(name: &str) -> Made {
        Made::Stage(name.to_owned())
    }

    #[test]
    fn finds_the_stage_where_each_kind_of_api_has_it() {
        check(&fixture("rest-create-stage"), rest(), stage("prod"));
        check(&fixture("rest-create-deployment"), rest(), stage("prod"));
        check(&fixture("http-create-stage"), v2(), stage("$default"));
        check(&fixture("websocket-create-stage"), v2(), stage("production"));
    }

    #[test]
    fn a_deployment_may_name_no_stage_in_two_ways() {
        let deployment = || Made::Deployment(Some("d1e2f3".to_owned()));
        let mut event = fixture("rest-create-deployment-no-stage");
        check(&event, rest(), deployment());
        event["detail"]["requestParameters"]["createDeploymentInput"] = json!({});
        check(&event, rest(), deployment());
        event["detail"]["requestParameters"] = json!({"apiId": "f6g7h8i9j0"});
        event["detail"]["responseElements"] = json!({"deploymentId": "d1e2f3"});
        check(&event, v2(), deployment());
        event["detail"]["responseElements"] = Value::Null;
        check(&event, v2(), Made::Deployment(None));
    }

    #[test]
    fn a_failed_call_made_nothing() {
        let mut event = fixture("failed-call");
        check(&event, rest(), Made::Nothing(Some("prod".to_owned())));
        event["detail"]["requestParameters"] = Value::Null;
        check(&event, ApiRef::V2(String::new()), Made::Nothing(None));
    }

    #[test]
    fn a_schedules_event_is_a_sweep() {
        let whole = Event::Sweep(Sweep::whole());
        let scheduler = json!({"source": "aws.scheduler", "time": "2026-11-20T18:00:00Z", "detail": "{}"});
        let input = json!({"time": "2026-11-20T18:00:00Z"});
        for event in [fixture("sweep"), fixture("scheduled"), scheduler, input] {
            assert_eq!(Event::parse(&event).expect("a good event"), whole);
        }
    }

    #[test]
    fn a_sweep_goes_on_at_its_cursor() {
        let cursor = json!({"phase": "v2", "api_id": "a", "stage": "b"});
        let event = json!({"sweep": true, "cursor": cursor, "hop": 3});
        let expected = Sweep {
            cursor: Cursor::at(Phase::V2, "a", "b"),
            hop: 3,
        };
        assert_eq!(
            Event::parse(&event).expect("a good event"),
            Event::Sweep(expected)
        );
    }

    #[track_caller]
    fn refuses(event: Value, because: &str) {
        let error = Event::parse(&event).expect_err("a bad event").to_string();
        assert!(error.contains(because), "{error}");
    }

    #[test]
    fn refuses_what_it_does_not_understand_and_says_what_it_expects() {
        for nothing in [
            json!({}),
            json!([]),
            json!("sweep"),
            json!({"time": 5}),
            json!({"source": "aws.s3"}),
        ] {
            refuses(nothing, "expected CloudTrail's CreateStage");
        }
        refuses(json!({"sweep": "true"}), r#"expected "sweep" to be true"#);
        refuses(json!({"sweep": true, "hop": 11}), "from 0 to 10");
        refuses(
            json!({"sweep": true, "cursor": {"phase": "soap"}}),
            "rest|v2|log_groups",
        );
        refuses(json!({"sweep": true, "curser": {}}), "nothing beside");
        let mut other = fixture("rest-create-stage");
        other["detail"]["eventName"] = json!("DeleteStage");
        refuses(other, "expected CloudTrail's CreateStage");
        let mut nameless = fixture("rest-create-stage");
        nameless["detail"]["requestParameters"]["createStageInput"] = json!({});
        refuses(nameless, "stageName");
        let mut without_api = fixture("http-create-stage");
        without_api["detail"]["requestParameters"] = json!({});
        refuses(without_api, r#""restApiId" or "apiId""#);
    }
}
