//! What the tests share: the function deployed in front of either world, and events.

use local_stack::{Emulator, Function, Outcome, function_binary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::control_plane::ControlPlane;

pub const NAME: &str = "apigw-log-retention";
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The function, with an emulator of its own.
pub struct Deployed {
    pub emulator: Emulator,
}

impl Deployed {
    /// In front of the stand-in.
    pub async fn at(control_plane: &ControlPlane, variables: &[(&str, &str)]) -> Self {
        Self::with(&control_plane.endpoint, variables, |function| function).await
    }

    /// In front of any endpoint, changed by `change`.
    pub async fn with(
        endpoint: &str,
        variables: &[(&str, &str)],
        change: impl FnOnce(Function) -> Function,
    ) -> Self {
        let emulator = Emulator::start().await.unwrap();
        let given = BTreeMap::from([
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "ap-northeast-2"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]);
        let binary = tokio::task::spawn_blocking(|| function_binary(NAME))
            .await
            .unwrap()
            .unwrap();
        let mut function = Function::new(NAME, binary);
        for (name, value) in given.into_iter().chain(variables.iter().copied()) {
            function = function.variable(name, value);
        }
        emulator.deploy(change(function));
        Self { emulator }
    }

    pub async fn answer(&self, event: &Value) -> Value {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        outcome
            .answer()
            .unwrap_or_else(|error| panic!("{error}\n{}", self.emulator.logs(NAME).join("\n")))
    }

    /// Type and message.
    pub async fn error(&self, event: &Value) -> (String, String) {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        let (Outcome::Error(error) | Outcome::InitFailed(error)) = outcome else {
            panic!("expected an error, got {outcome:?}")
        };
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    /// The values of a metric, one for each event.
    pub fn metric(&self, name: &str) -> Vec<f64> {
        let lines = self.emulator.logs(NAME).into_iter();
        lines
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?[name].as_f64())
            .collect()
    }
}

/// A recorded event, for another API and stage.
pub fn event(case: &str, api_id: &str, stage: &str) -> Value {
    let path = format!("{}/../../events/{NAME}/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let parameters = &mut event["detail"]["requestParameters"];
    for (pointer, value) in [
        ("/restApiId", api_id),
        ("/apiId", api_id),
        ("/stageName", stage),
        ("/createStageInput/stageName", stage),
        ("/createDeploymentInput/stageName", stage),
    ] {
        if let Some(place) = parameters.pointer_mut(pointer) {
            *place = value.into();
        }
    }
    event
}

/// The settings that an answer names as changed, of its first stage.
pub fn changed(answer: &Value) -> Vec<&str> {
    let changes = answer["stages"][0]["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change["setting"].as_str().unwrap())
        .collect()
}
