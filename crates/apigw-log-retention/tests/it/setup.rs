//! The function, deployed in the emulator in front of a control plane, and its events.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use local_stack::{Function, LambdaEmulator, Outcome, function_binary};
use serde_json::Value;
use stand_ins::control_plane::ControlPlane;

pub(crate) const NAME: &str = "apigw-log-retention";
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The function, with an emulator of its own.
pub(crate) struct Setup {
    pub(crate) emulator: LambdaEmulator,
}

impl Setup {
    /// Deploys the function in front of the stand-in.
    pub(crate) async fn new(control_plane: &ControlPlane, variables: &[(&str, &str)]) -> Self {
        Self::with(&control_plane.endpoint(), variables, |function| function).await
    }

    /// Deploys the function in front of the stand-in, with sweeps that do not pause between requests.
    pub(crate) async fn fast(control_plane: &ControlPlane, variables: &[(&str, &str)]) -> Self {
        Self::with(&control_plane.endpoint(), variables, fast_sweep).await
    }

    /// Deploys the function in front of any endpoint, after `change`.
    pub(crate) async fn with(
        endpoint: &str,
        variables: &[(&str, &str)],
        change: impl FnOnce(Function) -> Function,
    ) -> Self {
        let emulator = LambdaEmulator::start().await.unwrap();
        let aws = BTreeMap::from([
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
        for (name, value) in aws.into_iter().chain(variables.iter().copied()) {
            function = function.variable(name, value);
        }
        emulator.deploy(change(function));
        Self { emulator }
    }

    /// Invokes the function and returns its response.
    pub(crate) async fn invoke(&self, event: &Value) -> Value {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        outcome
            .into_response()
            .unwrap_or_else(|error| panic!("{error}\n{}", self.emulator.logs(NAME).join("\n")))
    }

    /// Invokes the function and returns its error: type and message.
    pub(crate) async fn error(&self, event: &Value) -> (String, String) {
        let outcome = self.emulator.invoke(NAME, event).await.unwrap();
        let (Outcome::Error(error) | Outcome::InitFailed(error)) = outcome else {
            panic!("expected an error, got {outcome:?}")
        };
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    /// Returns the function's log.
    pub(crate) fn log(&self) -> String {
        self.emulator.logs(NAME).join("\n")
    }

    /// Returns the values of a metric, one for each invocation.
    pub(crate) fn metric(&self, name: &str) -> Vec<f64> {
        let lines = self.emulator.logs(NAME).into_iter();
        lines
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?[name].as_f64())
            .collect()
    }
}

/// Replaces the program by the example `fast_sweep`, which cargo builds along with the tests.
pub(crate) fn fast_sweep(function: Function) -> Function {
    let target = function.binary.parent().map(Path::to_owned).unwrap();
    Function {
        binary: target.join("examples/fast_sweep"),
        ..function
    }
}

/// Returns the event `case`, changed to another API and stage.
pub(crate) fn event(case: &str, api_id: &str, stage: &str) -> Value {
    let mut event = local_stack::event(NAME, case);
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

/// Lists the settings that a response reports as changed, for its first stage.
pub(crate) fn changed(response: &Value) -> Vec<&str> {
    let changes = response["stages"][0]["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change["setting"].as_str().unwrap())
        .collect()
}
