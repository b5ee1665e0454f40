//! Events: control plane calls that CloudTrail recorded, sweeps, reports and restorations.

use std::collections::BTreeSet;

use lambda_core::invalid_event::InvalidEvent;
use lambda_core::invoke::LAST_HOP;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cursor::Cursor;
use crate::restoration::{self, Restoration};
use crate::stage::ApiType;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    ControlPlaneCall(ControlPlaneCall),
    Sweep(Sweep),
    /// Lists the log groups that never expire.
    Report,
    /// Sets former values again.
    Restore(Vec<Restoration>),
}

/// A call that CloudTrail recorded and that may leave a stage without logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ControlPlaneCall {
    pub(crate) api: ApiRef,
    pub(crate) target: CallTarget,
    pub(crate) origin: Origin,
}

/// The account, the Region and the caller of a call, as far as the event has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    /// Name of the role that the caller has assumed.
    pub(crate) role: Option<String>,
    /// Name of the caller's session. Lambda names the sessions of a function after it.
    pub(crate) session: Option<String>,
    /// True if a service made the call for the caller: CloudFormation, which deploys with the caller's role.
    pub(crate) is_through_service: bool,
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
    /// All stages of the API: quick create and imports make them without an event of their own.
    Api,
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
    /// Log groups of owners' choice that stages name, as far as earlier invocations have read them.
    pub(crate) named_groups: BTreeSet<String>,
}

const EXPECTED: &str = r#"expected CloudTrail's CreateStage, UpdateStage, CreateDeployment, CreateApi, ImportApi, ImportRestApi or DeleteAccessLogSettings of apigateway.amazonaws.com, or {"sweep":true} with "cursor" and "hop", or a schedule's event, or {"report":true}, or {"restore":[changes]}"#;

/// Calls after which a stage may lack logs.
const CALLS: [&str; 7] = [
    "CreateApi",
    "CreateDeployment",
    "CreateStage",
    "DeleteAccessLogSettings",
    "ImportApi",
    "ImportRestApi",
    "UpdateStage",
];

impl Origin {
    fn of(event: &Map<String, Value>) -> Self {
        let detail = &event["detail"];
        let field = |name: &str| event.get(name).and_then(text);
        let identity = &detail["userIdentity"];
        // arn:aws:sts::123456789012:assumed-role/ROLE/SESSION
        let arn = text(&identity["arn"]).unwrap_or_default();
        let assumed = arn
            .split_once(":assumed-role/")
            .and_then(|(_, name)| name.split_once('/'));
        Self {
            account: field("account").or_else(|| text(&detail["recipientAccountId"])),
            region: field("region").or_else(|| text(&detail["awsRegion"])),
            role: assumed
                .map(|(role, _)| role.to_owned())
                .or_else(|| text(&identity["sessionContext"]["sessionIssuer"]["userName"])),
            session: assumed.map(|(_, session)| session.to_owned()),
            is_through_service: identity["invokedBy"].is_string(),
        }
    }
}

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
        if fields.contains_key("report") {
            return match *event == json!({"report": true}) {
                true => Ok(Self::Report),
                false => Err(InvalidEvent::new(r#"expected exactly {"report":true}"#)),
            };
        }
        if let Some(changes) = fields.get("restore") {
            return match fields.len() {
                1 => restoration::parse(changes).map(Self::Restore),
                _ => Err(InvalidEvent::new(r#"expected no other field than "restore""#)),
            };
        }
        if let Some(detail) = fields
            .get("detail")
            .filter(|detail| detail["eventSource"].is_string())
        {
            return parse_control_plane_call(detail, Origin::of(fields)).map(Self::ControlPlaneCall);
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
            named_groups: BTreeSet::new(),
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
            ("named_groups", value) => {
                sweep.named_groups = BTreeSet::deserialize(value)
                    .map_err(|_| InvalidEvent::new(r#"expected "named_groups" to be a list of texts"#))?;
            }
            // A misspelled field would change the event's meaning unnoticed.
            _ => {
                return Err(InvalidEvent::new(
                    r#"expected no other fields than "sweep", "cursor", "hop" and "named_groups""#,
                ));
            }
        }
    }
    Ok(sweep)
}

fn parse_control_plane_call(detail: &Value, origin: Origin) -> Result<ControlPlaneCall, InvalidEvent> {
    let name = detail["eventName"].as_str().unwrap_or_default();
    if !CALLS.contains(&name) || detail["eventSource"] != "apigateway.amazonaws.com" {
        return Err(InvalidEvent::new(EXPECTED));
    }
    let failed = detail["errorCode"].is_string();
    let (api, stage) = match api_and_stage(detail) {
        Some(found) => found,
        None if failed => (ApiRef::V2(String::new()), None),
        None => {
            return Err(InvalidEvent::new(
                r#"expected "restApiId" or "apiId" in the request parameters of CloudTrail's event"#,
            ));
        }
    };
    let target = match (stage, name) {
        (stage, _) if failed => CallTarget::FailedCall(stage),
        (Some(stage), _) => CallTarget::Stage(stage),
        (None, "CreateApi" | "ImportApi" | "ImportRestApi") => CallTarget::Api,
        (None, "CreateDeployment") => {
            let response = &detail["responseElements"];
            CallTarget::Deployment(text(&response["id"]).or_else(|| text(&response["deploymentId"])))
        }
        (None, _) => {
            return Err(InvalidEvent::new(format!(
                r#"expected "stageName" in the request parameters of {name}"#
            )));
        }
    };
    Ok(ControlPlaneCall { api, target, origin })
}

/// Finds the API and the stage, if there is one, in a call. REST APIs have the name of a new stage in an object of its
/// own, everything else is beside the API's id. The id of a new API is in the response.
fn api_and_stage(detail: &Value) -> Option<(ApiRef, Option<String>)> {
    let (parameters, response) = (&detail["requestParameters"], &detail["responseElements"]);
    let stage = [
        &parameters["createStageInput"]["stageName"],
        &parameters["createDeploymentInput"]["stageName"],
        &parameters["stageName"],
    ];
    let stage = stage.into_iter().find_map(text);
    if let Some(id) = text(&parameters["restApiId"]) {
        return Some((ApiRef::Rest(id), stage));
    }
    if let Some(id) = text(&parameters["apiId"]) {
        return Some((ApiRef::V2(id), stage));
    }
    match detail["eventName"].as_str() {
        Some("CreateApi" | "ImportApi") => Some((ApiRef::V2(text(&response["apiId"])?), None)),
        Some("ImportRestApi") => Some((ApiRef::Rest(text(&response["id"])?), None)),
        _ => None,
    }
}

/// Returns a text that is not empty. The console deploys to the stage `""` and creates the stage a second later.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Phase;

    fn fixture(case: &str) -> Value {
        local_stack::event("apigw-log-retention", case)
    }

    #[track_caller]
    fn check(event: &Value, api: ApiRef, target: CallTarget) {
        let Event::ControlPlaneCall(call) = Event::parse(event).expect("a good event") else {
            panic!("expected a call")
        };
        assert_eq!((call.api, call.target), (api, target));
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
    fn an_update_targets_its_stage() {
        check(&fixture("rest-update-stage"), rest(), stage("prod"));
        check(&fixture("http-update-stage"), v2(), stage("$default"));
        check(&fixture("http-delete-access-log"), v2(), stage("$default"));
    }

    #[test]
    fn quick_create_and_imports_target_all_stages_of_the_new_api() {
        check(&fixture("http-quick-create"), v2(), CallTarget::Api);
        check(&fixture("http-import"), v2(), CallTarget::Api);
        check(&fixture("rest-import"), rest(), CallTarget::Api);
    }

    #[test]
    fn finds_account_region_and_caller_of_a_call() {
        let Ok(Event::ControlPlaneCall(call)) = Event::parse(&fixture("own-update-stage")) else {
            panic!("expected a call")
        };
        let expected = Origin {
            account: Some("123456789012".to_owned()),
            region: Some("ap-northeast-2".to_owned()),
            role: Some("nightshift-apigw-log-retention-prod-FunctionRole-1ABCDEFGHIJKL".to_owned()),
            session: Some("nightshift-apigw-log-retention-prod".to_owned()),
            is_through_service: false,
        };
        assert_eq!(call.origin, expected);
    }

    #[test]
    fn a_report_and_a_restoration_have_no_other_field() {
        assert_eq!(
            Event::parse(&fixture("report")).expect("a good event"),
            Event::Report
        );
        assert!(
            matches!(Event::parse(&fixture("restore")), Ok(Event::Restore(changes)) if changes.len() == 3)
        );
        check_invalid(json!({"report": 1}), r#"exactly {"report":true}"#);
        check_invalid(json!({"restore": [], "a": 1}), "no other field");
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
        let event = json!({"sweep": true, "cursor": cursor, "hop": 3, "named_groups": ["/c"]});
        let expected = Sweep {
            cursor: Cursor::after(Phase::V2, "a", "b"),
            hop: 3,
            named_groups: BTreeSet::from(["/c".to_owned()]),
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
