//! The AWS emulator `moto_server`, and the few requests with which tests set it up and look into it.
//!
//! Requests go over plain HTTP instead of through the SDK: a crate that needs no S3 must not compile it for
//! its tests. moto checks no signature; it reads service and Region from the credential scope.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    process::{Process, Spec},
    topic::Topic,
    venv,
};

/// The Region of everything local.
pub const REGION: &str = "ap-northeast-2";
/// The account of everything local, moto's default.
pub const ACCOUNT: &str = "123456789012";

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// What S3 leaves as it is in a path.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// A running `moto_server`. Clones share it; it ends with the last.
#[derive(Debug, Clone)]
pub struct Moto {
    server: Arc<Server>,
}

#[derive(Debug)]
struct Server {
    endpoint: String,
    process: Process,
    log: Arc<Mutex<Vec<String>>>,
}

impl Moto {
    /// Starts it on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (tell, mut address) = watch::channel(None);
        let kept = Arc::clone(&log);
        let process = Spec::new(venv::program("moto_server")?)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .spawn(move |line| {
                // Told by the server itself, which chose the port: so nobody else can have it.
                if let Some((_, address)) = line.split_once("Running on ") {
                    tell.send_replace(Some(address.trim().to_owned()));
                }
                kept.lock().expect("no holder panics").push(line);
            })?;
        let log_so_far = || log.lock().expect("no holder panics").join("\n");
        let endpoint = tokio::select! {
            biased;
            Ok(address) = address.wait_for(Option::is_some) => address.clone().unwrap_or_default(),
            status = process.ended() => bail!("moto_server ended ({status}):\n{}", log_so_far()),
            () = tokio::time::sleep(STARTS_WITHIN) => bail!("moto_server did not start:\n{}", log_so_far()),
        };
        Ok(Self {
            server: Arc::new(Server {
                endpoint,
                process,
                log,
            }),
        })
    }

    /// What it has written: a line for each request, and the traceback of each of its own errors.
    pub fn log(&self) -> Vec<String> {
        self.server.log.lock().expect("no holder panics").clone()
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.server.endpoint
    }

    /// The variables with which a process uses it: endpoint, Region and credentials that nobody checks.
    pub fn environment(&self) -> BTreeMap<String, String> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Makes a bucket.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let answer = self
            .request(Method::PUT, "s3", &format!("/{name}"))
            .body(place)
            .send()
            .await;
        successful(answer)
            .await
            .with_context(|| format!("could not make the bucket {name}"))?;
        Ok(())
    }

    /// Stores an object.
    pub async fn put_object(&self, bucket: &str, key: &str, content: impl Into<Vec<u8>>) -> Result<()> {
        let answer = self
            .request(Method::PUT, "s3", &object_path(bucket, key))
            .body(content.into())
            .send()
            .await;
        successful(answer)
            .await
            .with_context(|| format!("could not write s3://{bucket}/{key}"))?;
        Ok(())
    }

    /// An object's content, if there is one.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let read = async {
            let answer = self
                .request(Method::GET, "s3", &object_path(bucket, key))
                .send()
                .await?;
            if answer.status() == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            Ok(Some(successful(Ok(answer)).await?.bytes().await?.to_vec()))
        };
        let content: Result<_> = read.await;
        content.with_context(|| format!("could not read s3://{bucket}/{key}"))
    }

    /// The keys of a bucket's objects, in S3's order.
    pub async fn objects(&self, bucket: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let after = token.as_deref().map_or_else(String::new, |token| {
                format!(
                    "&continuation-token={}",
                    utf8_percent_encode(token, NON_ALPHANUMERIC)
                )
            });
            let page = self
                .request(Method::GET, "s3", &format!("/{bucket}?list-type=2{after}"))
                .send()
                .await;
            let page = successful(page)
                .await
                .with_context(|| format!("could not list s3://{bucket}"))?
                .text()
                .await?;
            let page = roxmltree::Document::parse(&page).context("a list of objects that is no XML")?;
            let texts = |name: &'static str| {
                page.descendants()
                    .filter(move |node| {
                        node.has_tag_name(("http://s3.amazonaws.com/doc/2006-03-01/", name))
                            || node.has_tag_name(name)
                    })
                    .filter_map(|node| node.text().map(str::to_owned))
            };
            keys.extend(texts("Key"));
            token = texts("NextContinuationToken").next();
            if token.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Makes a topic and subscribes a receiver to it.
    pub async fn create_topic(&self, name: &str) -> Result<Topic> {
        Topic::create(self, name)
            .await
            .with_context(|| format!("could not make the topic {name}"))
    }

    /// Makes a secret, or gives it a new value.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<()> {
        let update = json!({"SecretId": name, "SecretString": value});
        if self
            .json("secretsmanager", "secretsmanager.PutSecretValue", &update)
            .await
            .is_ok()
        {
            return Ok(());
        }
        self.json(
            "secretsmanager",
            "secretsmanager.CreateSecret",
            &json!({"Name": name, "SecretString": value}),
        )
        .await
        .with_context(|| format!("could not make the secret {name}"))?;
        Ok(())
    }

    /// Any request of a service that speaks JSON, such as `("logs", "Logs_20140328.CreateLogGroup", …)`.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let version = if service == "sqs" || service == "dynamodb" {
            "1.0"
        } else {
            "1.1"
        };
        let answer = self
            .request(Method::POST, service, "/")
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", target)
            .body(body.to_string())
            .send()
            .await;
        let text = successful(answer)
            .await
            .with_context(|| format!("{target} failed"))?
            .text()
            .await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{target} answered no JSON"))
    }

    /// Any request of a service that has paths, such as `(Method::POST, "apigateway", "/restapis", …)`. Null is
    /// no body.
    pub async fn rest(&self, method: Method, service: &str, path: &str, body: &Value) -> Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self.request(method, service, path);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = successful(request.send().await).await;
        let answer = answer.with_context(|| format!("{what} failed"))?;
        let answer = answer.json().await;
        answer.with_context(|| format!("{what} answered no JSON"))
    }

    pub(crate) async fn sns(&self, parameters: &[(&str, &str)]) -> Result<()> {
        let body = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect::<Vec<_>>()
            .join("&");
        let answer = self
            .request(Method::POST, "sns", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await;
        successful(answer).await?;
        Ok(())
    }

    /// The ARN of something in the local account and Region.
    pub fn arn(&self, service: &str, name: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
    }

    /// Ends it.
    pub async fn shutdown(self) {
        self.server
            .process
            .end(Signal::TERM, Duration::from_secs(2))
            .await;
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.server.process.pid()
    }

    fn request(&self, method: Method, service: &str, path: &str) -> RequestBuilder {
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        reqwest::Client::new()
            .request(method, format!("{}{path}", self.endpoint()))
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=unchecked"),
            )
            .timeout(Duration::from_secs(30))
    }
}

fn object_path(bucket: &str, key: &str) -> String {
    format!("/{bucket}/{}", utf8_percent_encode(key, KEY))
}

async fn successful(answer: reqwest::Result<Response>) -> Result<Response> {
    let answer = answer?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    bail!(
        "moto answered {status}: {}",
        answer.text().await.unwrap_or_default()
    )
}
