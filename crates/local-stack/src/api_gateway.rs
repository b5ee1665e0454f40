//! Stage of a REST API of API Gateway, made from `infra/api-loopback/openapi.yaml`, in front of an emulated function.
//!
//! The emulation covers that file: routes, body validation, content types, mapping templates (by a Velocity engine, in
//! Python), integrations of the types `aws`, `aws_proxy` and `mock`, gateway responses.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::process::{Server, Spec};
use crate::{LambdaEmulator, venv};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api_gateway/api_gateway.py");
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Running stage. It ends when dropped.
#[derive(Debug)]
pub struct ApiGateway {
    url: String,
    _server: Server,
}

impl ApiGateway {
    /// Starts the stage `stage` of `infra/api-loopback/openapi.yaml` on 127.0.0.1 and a free port, in front of `function`.
    pub async fn start(
        emulator: &LambdaEmulator,
        function: &str,
        stage: &str,
        stage_variables: &Value,
    ) -> Result<Self> {
        let endpoint = emulator.endpoint();
        let variables = stage_variables.to_string();
        let server = Spec::new(venv::program("python")?)
            .args([PROGRAM, "serve", &definition_path(), stage])
            .args([endpoint.as_str(), function, &variables])
            .start_server("Running on ", STARTS_WITHIN)
            .await
            .context("could not start the API's stage")?;
        Ok(Self {
            url: format!("{}/{stage}", server.address),
            _server: server,
        })
    }

    /// URL with the stage: `http://127.0.0.1:port/dev`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Reads `infra/api-loopback/openapi.yaml` as JSON. CloudFormation's intrinsic functions stay unresolved.
pub fn definition() -> Result<Value> {
    let path = definition_path();
    let json = venv::python(&[PROGRAM, "json", &path], String::new())
        .with_context(|| format!("could not read {path}"))?;
    Ok(serde_json::from_str(&json)?)
}

/// Input of a request's mapping template.
#[derive(Clone, Debug, Default)]
pub struct TemplateInput {
    /// Body; may be empty.
    pub body: String,
    /// Path parameters: names and values.
    pub path: Vec<(String, String)>,
    /// Query parameters: names and values.
    pub querystring: Vec<(String, String)>,
    /// Headers: names and values.
    pub header: Vec<(String, String)>,
    /// Stage variables: names and values.
    pub stage_variables: Vec<(String, String)>,
    /// `$context`.
    pub context: Value,
}

/// Renders `template` with each of `inputs`, in one process.
pub fn render(template: &str, inputs: &[TemplateInput]) -> Result<Vec<String>> {
    let lines: String = inputs
        .iter()
        .map(|input| input.case(template).to_string() + "\n")
        .collect();
    let output = venv::python(&[PROGRAM, "render"], lines)?;
    let rendered = output
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<String>, _>>()?;
    ensure!(
        rendered.len() == inputs.len(),
        "the Velocity engine stopped after {} of {} inputs",
        rendered.len(),
        inputs.len()
    );
    Ok(rendered)
}

impl TemplateInput {
    fn case(&self, template: &str) -> Value {
        let map = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), json!(value)));
            pairs.collect::<Value>()
        };
        json!({
            "template": template,
            "request": {
                "body": self.body,
                "path": map(&self.path),
                "querystring": map(&self.querystring),
                "header": map(&self.header),
                "stage_variables": map(&self.stage_variables),
            },
            "context": self.context,
        })
    }
}

fn definition_path() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/api-loopback/openapi.yaml");
    path.display().to_string()
}
