//! CodeBuild's API, as far as it describes builds and batches of builds.
//!
//! The API reference is followed: at most a hundred ids in a request, each `project:uuid`, and ids that it does not know are
//! listed as such. The description of a batch has the states of its members and no durations; those are in the
//! descriptions of the builds. A batch ends on its own, after its last build.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use bytes::Bytes;
use hyper::Request;
use local_stack::faults::{Fault, Faults};
use local_stack::http::{self, Response, Server, response};
use local_stack::moto::{ACCOUNT, REGION};
use serde_json::{Value, json};

/// Maximum number of ids in a request.
const IDS: usize = 100;
/// Start of every batch and build, in seconds since 1970.
const START: f64 = 1_793_494_923.0;

/// Running API. Clones share it; it stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct CodeBuild {
    /// Faults to inject into requests.
    pub faults: Faults,
    state: Arc<Mutex<State>>,
    server: Arc<Server>,
}

#[derive(Debug, Default)]
struct State {
    builds: BTreeMap<String, Value>,
    batches: BTreeMap<String, Value>,
}

/// Code and message of an error.
type Refusal = (&'static str, String);

/// Returns a fault that refuses the permission.
pub fn denied(operation: &str) -> Fault {
    let message = format!("User: nightshift is not authorized to perform: codebuild:{operation}");
    Fault::respond(400, body("AccessDeniedException", &message))
}

/// Returns the ARN of a batch.
pub fn batch_arn(id: &str) -> String {
    format!("arn:aws:codebuild:{REGION}:{ACCOUNT}:build-batch/{id}")
}

/// Returns the ARN of the build with an identifier in a batch.
pub fn member_arn(batch_id: &str, identifier: &str) -> String {
    format!("arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{batch_id}-{identifier}")
}

impl CodeBuild {
    /// Starts an API without builds, on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let faults = Faults::default();
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        let server = http::serve_with_faults(&faults, move |request| {
            let served = Arc::clone(&served);
            async move { Some(respond(&served, &request)) }
        });
        Ok(Self {
            server: Arc::new(server.await?),
            faults,
            state,
        })
    }

    /// Returns the address for `AWS_ENDPOINT_URL_CODEBUILD`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Adds builds and batches as the API describes them, `{"builds": […], "buildBatches": […]}`.
    pub fn add(&self, described: &Value) {
        self.state(|state| {
            for (name, all) in [
                ("builds", &mut state.builds),
                ("buildBatches", &mut state.batches),
            ] {
                let described = described[name].as_array().into_iter().flatten();
                all.extend(described.map(|item| (text(&item["id"]), item.clone())));
            }
        });
    }

    /// Starts a batch of builds of `project`, with these identifiers. None of them has started.
    pub fn start_batch(&self, id: &str, number: u64, identifiers: &[&str]) {
        let groups = identifiers.iter();
        let groups = groups
            .map(|identifier| json!({"identifier": identifier, "ignoreFailure": false, "dependsOn": []}));
        let batch = json!({"id": id, "arn": batch_arn(id), "projectName": project(id), "buildBatchNumber": number,
            "buildBatchStatus": "IN_PROGRESS", "complete": false, "startTime": START, "sourceVersion": "main",
            "source": {"type": "GITHUB", "location": "https://github.com/acme/web.git"},
            "environment": environment(None), "buildGroups": groups.collect::<Vec<_>>()});
        self.state(|state| state.batches.insert(id.to_owned(), batch));
    }

    /// Sets the status of the build with this identifier. A status after `IN_PROGRESS` stays.
    ///
    /// # Panics
    /// If there is no such batch or identifier.
    pub fn set_member(&self, batch_id: &str, identifier: &str, status: &str) {
        self.state(|state| {
            let batch = state.batches.get_mut(batch_id).expect("an existing batch");
            let groups = batch["buildGroups"].as_array_mut().into_iter().flatten();
            let mut groups = groups.filter(|group| group["identifier"] == identifier);
            let group = groups.next().expect("an existing identifier");
            let current = &mut group["currentBuildSummary"];
            if current["buildStatus"].is_string() && current["buildStatus"] != "IN_PROGRESS" {
                return;
            }
            let arn = member_arn(batch_id, identifier);
            *current = json!({"arn": arn, "buildStatus": status, "requestedOn": START});
            let id = text(&arn.split_once("build/").map(|(_, id)| id).into());
            let end = (status != "IN_PROGRESS").then_some(START + 63.0);
            let build = json!({"id": id, "arn": arn, "projectName": project(batch_id), "buildStatus": status,
                "buildBatchArn": batch_arn(batch_id), "startTime": START, "endTime": end,
                "environment": environment(Some(identifier)), "phases": [{"phaseType": "BUILD",
                "phaseStatus": status, "durationInSeconds": 63}]});
            state.builds.insert(id, build);
        });
    }

    /// Starts the build with this identifier again, and opens the batch.
    ///
    /// # Panics
    /// If there is no such batch or identifier.
    pub fn retry_member(&self, batch_id: &str, identifier: &str) {
        self.state(|state| {
            let batch = state.batches.get_mut(batch_id).expect("an existing batch");
            batch["buildBatchStatus"] = json!("IN_PROGRESS");
            let groups = batch["buildGroups"].as_array_mut().into_iter().flatten();
            let mut groups = groups.filter(|group| group["identifier"] == identifier);
            let group = groups.next().expect("an existing identifier");
            let prior = group["currentBuildSummary"].take();
            let mut priors = group["priorBuildSummaryList"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            priors.push(prior);
            group["priorBuildSummaryList"] = json!(priors);
        });
        self.set_member(batch_id, identifier, "IN_PROGRESS");
    }

    /// Ends a batch.
    ///
    /// # Panics
    /// If there is no such batch.
    pub fn end_batch(&self, id: &str, status: &str) {
        self.state(|state| {
            let batch = state.batches.get_mut(id).expect("an existing batch");
            batch["buildBatchStatus"] = json!(status);
            batch["complete"] = json!(true);
            batch["endTime"] = json!(START + 90.0);
        });
    }

    /// Returns the description of a batch.
    ///
    /// # Panics
    /// If there is no such batch.
    pub fn batch(&self, id: &str) -> Value {
        self.state(|state| state.batches[id].clone())
    }

    /// Deletes all batches, as CodeBuild does after a year.
    pub fn delete_batches(&self) {
        self.state(|state| state.batches.clear());
    }

    fn state<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        access(&mut self.state.lock().expect("no holder panics"))
    }
}

fn project(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}

fn environment(identifier: Option<&str>) -> Value {
    let variables = identifier.map(
        |identifier| json!({"name": "CODEBUILD_BATCH_BUILD_IDENTIFIER", "value": identifier, "type": "PLAINTEXT"}),
    );
    json!({"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": variables.into_iter().collect::<Vec<_>>()})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn respond(state: &Mutex<State>, request: &Request<Bytes>) -> Response {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()).unwrap_or_default();
    let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let state = state.lock().expect("no holder panics");
    let outcome = match target.strip_prefix("CodeBuild_20161006.") {
        Some("BatchGetBuilds") => read(&state.builds, &input, ["builds", "buildsNotFound"]),
        Some("BatchGetBuildBatches") => {
            read(&state.batches, &input, ["buildBatches", "buildBatchesNotFound"])
        }
        Some("ListBuildsForProject") => list(&state.builds, &input, "buildNumber"),
        Some("ListBuildBatchesForProject") => list(&state.batches, &input, "buildBatchNumber"),
        _ => Err(("UnknownOperationException", target.to_owned())),
    };
    match outcome {
        Ok(output) => response(200, &[], output.to_string()),
        Err((code, message)) => response(400, &[("x-amzn-errortype", code)], body(code, &message)),
    }
}

fn body(code: &str, message: &str) -> String {
    json!({"__type": code, "message": message}).to_string()
}

fn read(all: &BTreeMap<String, Value>, input: &Value, names: [&str; 2]) -> Result<Value, Refusal> {
    let ids = input["ids"]
        .as_array()
        .filter(|ids| (1..=IDS).contains(&ids.len()));
    let ids = ids.ok_or_else(|| ("InvalidInputException", "expected 1 to 100 ids".to_owned()))?;
    let (known, unknown): (Vec<&Value>, Vec<&Value>) = ids.iter().partition(|id| all.contains_key(&text(id)));
    let known: Vec<&Value> = known.into_iter().filter_map(|id| all.get(&text(id))).collect();
    let [found, not_found] = names;
    Ok(json!({found: known, not_found: unknown}))
}

/// Lists the ids of a project, the largest number first as with `DESCENDING`.
fn list(all: &BTreeMap<String, Value>, input: &Value, number: &str) -> Result<Value, Refusal> {
    let own = all
        .values()
        .filter(|item| item["projectName"] == input["projectName"]);
    let mut own: Vec<&Value> = own.collect();
    if own.is_empty() {
        return Err((
            "ResourceNotFoundException",
            "the project does not exist".to_owned(),
        ));
    }
    own.sort_by_key(|item| std::cmp::Reverse(item[number].as_u64()));
    let first = input["nextToken"]
        .as_str()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let count = input["maxResults"].as_u64().map_or(IDS, |count| count as usize);
    let ids: Vec<&Value> = own
        .iter()
        .skip(first)
        .take(count)
        .map(|item| &item["id"])
        .collect();
    let next = first + ids.len();
    let token = (next < own.len()).then(|| next.to_string());
    Ok(json!({"ids": ids, "nextToken": token}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_after(change: impl FnOnce(&CodeBuild)) -> Arc<Mutex<State>> {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let codebuild = runtime.block_on(CodeBuild::start()).expect("a free port");
        change(&codebuild);
        Arc::clone(&codebuild.state)
    }

    #[test]
    fn describes_a_batch_and_its_builds() {
        let state = state_after(|codebuild| {
            codebuild.start_batch("web:1", 7, &["a", "b"]);
            codebuild.set_member("web:1", "a", "FAILED");
            codebuild.set_member("web:1", "a", "IN_PROGRESS");
        });
        let state = state.lock().expect("no holder panics");
        let names = ["buildBatches", "buildBatchesNotFound"];
        let output = read(&state.batches, &json!({"ids": ["web:1", "web:2"]}), names).expect("good input");
        assert_eq!(output["buildBatchesNotFound"], json!(["web:2"]));
        let groups = &output["buildBatches"][0]["buildGroups"];
        assert_eq!(
            groups[0]["currentBuildSummary"]["buildStatus"], "FAILED",
            "an end stays"
        );
        assert!(groups[1].get("currentBuildSummary").is_none());
        let output =
            read(&state.builds, &json!({"ids": ["web:1-a"]}), ["builds", "none"]).expect("good input");
        assert_eq!(output["builds"][0]["buildBatchArn"], batch_arn("web:1"));
    }

    #[test]
    fn refuses_too_many_ids_and_lists_by_page() {
        let state = state_after(|codebuild| {
            for number in 1..=3 {
                codebuild.start_batch(&format!("web:{number}"), number, &["a"]);
            }
        });
        let state = state.lock().expect("no holder panics");
        for ids in [vec!["web:1"; 101], vec![]] {
            let refusal = read(&state.batches, &json!({"ids": ids}), ["a", "b"]).expect_err("a refusal");
            assert_eq!(refusal.0, "InvalidInputException");
        }
        let page = |token: Value| {
            let input = json!({"projectName": "web", "maxResults": 2, "nextToken": token});
            list(&state.batches, &input, "buildBatchNumber").expect("good input")
        };
        assert_eq!(
            page(json!(null)),
            json!({"ids": ["web:3", "web:2"], "nextToken": "2"})
        );
        assert_eq!(page(json!("2")), json!({"ids": ["web:1"], "nextToken": null}));
    }
}
