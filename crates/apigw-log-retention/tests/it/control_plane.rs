//! A stand-in for API Gateway, API Gateway V2 and CloudWatch Logs that refuses what AWS refuses.
//!
//! moto takes any retention, group name, log level and patch path, knows no `UpdateStage` of V2, and does not
//! ask for the account's role. What is held to here is in the API references of the three services.

mod account;
mod logs;
mod rest;
mod v2;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;

/// What it holds.
#[derive(Default)]
pub struct State {
    pub apis: BTreeMap<String, Api>,
    /// Retention by name.
    pub groups: BTreeMap<String, Option<u64>>,
    /// Groups that API Gateway had to make by itself, which never expire.
    pub made_by_api_gateway: Vec<String>,
    pub role: Option<String>,
    /// How many updates after the role was set do not know it yet.
    pub role_travels: usize,
    /// Whether access logs of REST APIs come without a role.
    pub access_logs_need_no_role: bool,
    /// The next requests whose text contains this are refused so.
    pub refusals: VecDeque<(String, Refusal)>,
    /// So many updates of REST stages are accepted and then lost.
    pub lost_updates: usize,
    /// A group that somebody else makes at the very moment in which we do.
    pub race_for: Option<String>,
    /// Of so many requests, one is throttled by chance.
    pub throttled: Option<(u32, fastrand::Rng)>,
    pub seen: Vec<Seen>,
}

pub struct Api {
    pub protocol: &'static str,
    pub name: String,
    pub tags: Value,
    pub stages: BTreeMap<String, Value>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    /// `PATCH /restapis/a/stages/b` or `PutRetentionPolicy /group`.
    pub what: String,
    pub is_write: bool,
    pub was_throttled: bool,
}

/// An error as AWS tells it.
#[derive(Clone)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

pub fn refusal(status: u16, code: &'static str, message: &str) -> Refusal {
    Refusal {
        status,
        code,
        message: message.to_owned(),
    }
}

type Answer = Result<Value, Refusal>;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct ControlPlane {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl ControlPlane {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            role: Some("arn:aws:iam::123456789012:role/apigateway-logs".to_owned()),
            ..State::default()
        }));
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                connection.set_nodelay(true).unwrap();
                let state = Arc::clone(&served);
                let service = service_fn(move |request| serve(Arc::clone(&state), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
            }
        });
        Self { endpoint, state }
    }

    /// Looks at it, or changes it.
    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// Adds a stage without any logs, and its API.
    pub fn add_stage(&self, protocol: &'static str, api_id: &str, stage: &str) {
        self.state(|state| {
            let api = state.apis.entry(api_id.to_owned()).or_insert_with(|| Api {
                protocol,
                name: format!("{api_id}-name"),
                tags: json!({}),
                stages: BTreeMap::new(),
            });
            let mut made = json!({"stageName": stage, "deploymentId": "d1e2f3"});
            match protocol {
                "REST" => made["methodSettings"] = json!({}),
                "HTTP" => made["defaultRouteSettings"] = json!({"detailedMetricsEnabled": false}),
                _ => {
                    made["defaultRouteSettings"] = json!({
                        "dataTraceEnabled": false, "detailedMetricsEnabled": false, "loggingLevel": "OFF",
                        "throttlingBurstLimit": 50, "throttlingRateLimit": 25.0,
                    });
                }
            }
            api.stages.insert(stage.to_owned(), made);
        });
    }

    /// The stage as API Gateway would tell it.
    pub fn stage(&self, api_id: &str, stage: &str) -> Value {
        self.state(|state| state.apis[api_id].stages[stage].clone())
    }

    pub fn set_stage(&self, api_id: &str, stage: &str, pointer: &str, value: Value) {
        self.state(|state| {
            let stage = state.apis.get_mut(api_id).unwrap().stages.get_mut(stage).unwrap();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            stage.pointer_mut(parent).unwrap()[key] = value;
        });
    }

    pub fn group(&self, name: &str) -> Option<Option<u64>> {
        self.state(|state| state.groups.get(name).copied())
    }

    /// The next request whose text contains this is refused.
    pub fn refuse(&self, containing: &str, refusal: Refusal) {
        self.state(|state| state.refusals.push_back((containing.to_owned(), refusal)));
    }

    /// What was written since the last time this was asked.
    pub fn take_writes(&self) -> Vec<String> {
        let seen = self.state(|state| std::mem::take(&mut state.seen));
        seen.into_iter()
            .filter(|seen| seen.is_write)
            .map(|seen| seen.what)
            .collect()
    }
}

async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().clone();
    let path = percent_decoded(request.uri().path());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let target = request
        .headers()
        .get("x-amz-target")
        .map(|target| target.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = state
        .lock()
        .unwrap()
        .answer(&method, &path, &query, target.as_deref(), &body);
    let (status, code, body) = match answer {
        Ok(body) => (200, None, body),
        Err(refusal) => {
            let body = json!({"__type": refusal.code, "message": refusal.message});
            (refusal.status, Some(refusal.code), body)
        }
    };
    let mut response = Response::builder().status(status);
    if let Some(code) = code {
        response = response.header("x-amzn-errortype", code);
    }
    Ok(response.body(Full::new(Bytes::from(body.to_string()))).unwrap())
}

impl State {
    fn answer(
        &mut self,
        method: &Method,
        path: &str,
        query: &str,
        target: Option<&str>,
        body: &Value,
    ) -> Answer {
        let operation = target.and_then(|target| target.strip_prefix("Logs_20140328."));
        let what = match operation {
            Some(operation) => format!(
                "{operation} {}",
                body["logGroupName"].as_str().unwrap_or_default()
            ),
            None => format!("{method} {path}"),
        };
        let refused = self
            .refusals
            .iter()
            .position(|(containing, _)| what.contains(containing.as_str()));
        let refused = refused
            .and_then(|at| self.refusals.remove(at))
            .map(|(_, refusal)| refusal);
        let throttled = self
            .throttled
            .as_mut()
            .is_some_and(|(of, chance)| chance.u32(..*of) == 0);
        self.seen.push(Seen {
            at: Instant::now(),
            is_write: method != Method::GET
                && operation.is_none_or(|operation| !operation.starts_with("Describe")),
            what,
            was_throttled: throttled,
        });
        if let Some(refusal) = refused {
            return Err(refusal);
        }
        if throttled {
            return Err(match operation {
                Some(_) => refusal(400, "ThrottlingException", "Rate exceeded"),
                None => refusal(429, "TooManyRequestsException", "Too Many Requests"),
            });
        }
        if let Some(operation) = operation {
            return self.logs(operation, body);
        }
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["account"]) => Ok(json!({"cloudwatchRoleArn": self.role})),
            ("PATCH", ["account"]) => self.update_account(body),
            ("GET", ["restapis"]) => Ok(self.apis(true, query)),
            ("GET", ["v2", "apis"]) => Ok(self.apis(false, query)),
            ("GET", ["restapis", id]) => self.api(id, true),
            ("GET", ["v2", "apis", id]) => self.api(id, false),
            ("GET", ["restapis", id, "stages"]) => Ok(json!({"item": self.stages(id, true)?})),
            ("GET", ["v2", "apis", id, "stages"]) => Ok(json!({"items": self.stages(id, false)?})),
            ("GET", ["restapis", id, "stages", stage]) => self.stage(id, stage, true).cloned(),
            ("GET", ["v2", "apis", id, "stages", stage]) => self.stage(id, stage, false).cloned(),
            ("PATCH", ["restapis", id, "stages", stage]) => self.update_rest_stage(id, stage, body),
            ("PATCH", ["v2", "apis", id, "stages", stage]) => self.update_v2_stage(id, stage, body),
            _ => Err(refusal(
                403,
                "MissingAuthenticationTokenException",
                "no such operation",
            )),
        }
    }

    /// A page: of REST APIs as many as are asked for, of the others 25.
    fn apis(&self, rest: bool, query: &str) -> Value {
        let value = |name: &str| {
            let values = query.split('&').filter_map(|pair| pair.split_once('='));
            values
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let (limit, from) = if rest {
            (
                value("limit").map_or(25, |limit| limit.parse().unwrap()),
                value("position"),
            )
        } else {
            (25, value("nextToken"))
        };
        let from: usize = from.map_or(0, |from| from.parse().unwrap());
        let of_kind: Vec<Value> = self
            .apis
            .iter()
            .filter(|(_, api)| (api.protocol == "REST") == rest)
            .map(|(id, api)| api.to_json(id))
            .collect();
        let next = (from + limit < of_kind.len()).then(|| (from + limit).to_string());
        let page: Vec<&Value> = of_kind.iter().skip(from).take(limit).collect();
        match rest {
            true => json!({"item": page, "position": next}),
            false => json!({"items": page, "nextToken": next}),
        }
    }

    fn api(&self, id: &str, rest: bool) -> Answer {
        self.known_api(id, rest).map(|api| api.to_json(id))
    }

    fn known_api(&self, id: &str, rest: bool) -> Result<&Api, Refusal> {
        let api = self.apis.get(id).filter(|api| (api.protocol == "REST") == rest);
        api.ok_or_else(|| refusal(404, "NotFoundException", "Invalid API identifier specified"))
    }

    fn stages(&self, id: &str, rest: bool) -> Result<Vec<&Value>, Refusal> {
        // Last first: nobody promises an order.
        Ok(self.known_api(id, rest)?.stages.values().rev().collect())
    }

    fn stage(&self, id: &str, stage: &str, rest: bool) -> Result<&Value, Refusal> {
        let stage = self.known_api(id, rest)?.stages.get(stage);
        stage.ok_or_else(|| refusal(404, "NotFoundException", "Invalid stage identifier specified"))
    }

    /// What API Gateway asks for before it logs.
    fn check_logging(
        &self,
        kind: &str,
        destination: Option<&str>,
        format: Option<&str>,
    ) -> Result<(), Refusal> {
        let bad = |message: &str| Err(refusal(400, "BadRequestException", message));
        if let Some(arn) = destination {
            let name = arn.strip_prefix("arn:aws:logs:ap-northeast-2:123456789012:log-group:");
            if !name.is_some_and(|name| self.groups.contains_key(name)) {
                return bad(&format!("Invalid ARN specified in the request: {arn}"));
            }
        }
        if let Some(format) = format {
            let longest = if kind == "REST" { 3072 } else { 1024 };
            if format.contains('\n') || format.len() > longest || !format.contains("$context.requestId") {
                return bad(
                    "Access Log format must be single line, new line character is allowed only at end",
                );
            }
        }
        Ok(())
    }

    /// Whether the role is there, and known everywhere.
    fn check_role(&mut self) -> Result<(), Refusal> {
        if self.role.is_none() || self.role_travels > 0 {
            self.role_travels = self.role_travels.saturating_sub(1);
            return Err(refusal(
                400,
                "BadRequestException",
                "CloudWatch Logs role ARN must be set in account settings to enable logging",
            ));
        }
        Ok(())
    }

    /// API Gateway writes there from now on, and makes the group where there is none.
    fn write_execution_log(&mut self, group: String) {
        if !self.groups.contains_key(&group) {
            self.groups.insert(group.clone(), None);
            self.made_by_api_gateway.push(group);
        }
    }
}

impl Api {
    fn to_json(&self, id: &str) -> Value {
        match self.protocol {
            "REST" => json!({"id": id, "name": self.name, "tags": self.tags}),
            protocol => json!({"apiId": id, "name": self.name, "tags": self.tags, "protocolType": protocol}),
        }
    }
}

fn percent_decoded(path: &str) -> String {
    path.replace("%24", "$")
}
