//! A stage of a REST API of API Gateway, made from `infra/openapi.yaml`, in front of a function in the emulator.
//!
//! What is emulated is what that file uses: routes, validation, content types, mapping templates (by a real Velocity
//! engine, in Python), integrations of the types `aws`, `aws_proxy` and `mock`, gateway responses.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    Emulator,
    process::{Process, Spec},
    venv,
};

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// A running stage; it ends when dropped.
#[derive(Debug)]
pub struct ApiGateway {
    url: String,
    _process: Process,
}

impl ApiGateway {
    /// Starts the stage `stage` of `infra/openapi.yaml` on 127.0.0.1 and a free port, with `function` behind it.
    pub async fn start(
        emulator: &Emulator,
        function: &str,
        stage: &str,
        stage_variables: &Value,
    ) -> Result<Self> {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (tell, mut address) = watch::channel(None);
        let kept = Arc::clone(&log);
        let process = Spec::new(venv::program("python")?)
            .arg(program().display().to_string())
            .args(["serve", &definition_path().display().to_string(), stage])
            .args([
                emulator.endpoint(),
                function.to_owned(),
                stage_variables.to_string(),
            ])
            .spawn(move |line| {
                if let Some((_, address)) = line.split_once("Running on ") {
                    tell.send_replace(Some(address.trim().to_owned()));
                }
                kept.lock().expect("no holder panics").push(line);
            })?;
        let log_so_far = || log.lock().expect("no holder panics").join("\n");
        let address = tokio::select! {
            biased;
            Ok(address) = address.wait_for(Option::is_some) => address.clone().unwrap_or_default(),
            status = process.ended() => bail!("the API's stage ended ({status}):\n{}", log_so_far()),
            () = tokio::time::sleep(STARTS_WITHIN) => bail!("the API's stage did not start:\n{}", log_so_far()),
        };
        Ok(Self {
            url: format!("{address}/{stage}"),
            _process: process,
        })
    }

    /// Its address, with the stage: `http://127.0.0.1:port/dev`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// `infra/openapi.yaml` as JSON, with the intrinsic functions as they stand there.
pub fn definition() -> Result<Value> {
    let output = Command::new(venv::program("python")?)
        .arg(program())
        .arg("json")
        .arg(definition_path())
        .output()
        .context("could not start Python")?;
    ensure!(
        output.status.success(),
        "could not read {}: {}",
        definition_path().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("it was turned into something else than JSON")
}

/// What API Gateway hands to the mapping template of a request.
#[derive(Clone, Debug, Default)]
pub struct TemplateInput {
    /// The request's body; empty where it has none.
    pub body: String,
    /// Names and values of the path's parameters.
    pub path: Vec<(String, String)>,
    /// Names and values of the query's parameters.
    pub querystring: Vec<(String, String)>,
    /// Names and values of the headers.
    pub header: Vec<(String, String)>,
    /// Names and values of the stage's variables.
    pub stage_variables: Vec<(String, String)>,
    /// `$context`.
    pub context: Value,
}

/// Renders `template` with each of `inputs`, in one process.
pub fn render(template: &str, inputs: &[TemplateInput]) -> Result<Vec<String>> {
    let mut python = Command::new(venv::program("python")?)
        .arg(program())
        .arg("render")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start Python")?;
    let cases: String = inputs
        .iter()
        .map(|input| input.case(template).to_string() + "\n")
        .collect();
    let mut stdin = python.stdin.take().context("it has no standard input")?;
    // In a thread of its own: while we write, Python waits for us to read.
    let writer = std::thread::spawn(move || stdin.write_all(cases.as_bytes()));
    let output = python.wait_with_output().context("Python ended early")?;
    writer.join().ok().context("the writer panicked")??;
    let lines = String::from_utf8(output.stdout)?;
    let rendered: Vec<String> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line)?;
            let text = line["rendered"].as_str();
            Ok(text
                .with_context(|| format!("not rendered: {}", line["error"]))?
                .to_owned())
        })
        .collect::<Result<_>>()?;
    ensure!(
        rendered.len() == inputs.len(),
        "the templates' engine stopped after {} of {}",
        rendered.len(),
        inputs.len()
    );
    Ok(rendered)
}

impl TemplateInput {
    fn case(&self, template: &str) -> Value {
        let map = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect::<Value>()
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

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api_gateway/api_gateway.py")
}

fn definition_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/openapi.yaml")
}
