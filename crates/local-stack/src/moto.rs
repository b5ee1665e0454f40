//! AWS emulator `moto_server`, and the requests by which tests set it up and inspect it.
//!
//! Requests use plain HTTP instead of the SDK: a crate that needs no S3 must not compile it for its tests. moto checks
//! no signature; it reads service and Region from the credential scope.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{Server, Spec};
use crate::topic::Topic;
use crate::venv;

/// Region of the local stack.
pub const REGION: &str = "ap-northeast-2";
/// Account of the local stack: moto's default.
pub const ACCOUNT: &str = "123456789012";

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Characters to encode in the path of an object.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Running `moto_server`. Clones share it; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Moto {
    server: Arc<Server>,
}

impl Moto {
    /// Starts a server on 127.0.0.1 and a free port.
    pub async fn start() -> Result<Self> {
        let moto = Spec::new(venv::program("moto_server")?).args(["-H", "127.0.0.1", "-p", "0"]);
        let server = moto.start_server("Running on ", STARTS_WITHIN).await?;
        Ok(Self {
            server: Arc::new(server),
        })
    }

    /// Returns the lines of its log: one per request, and the tracebacks of its own errors.
    pub fn log(&self) -> Vec<String> {
        self.server.log.lock().expect("no holder panics").clone()
    }

    /// Address for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.server.address
    }

    /// Returns the variables with which a process uses the server: endpoint, Region and any credentials.
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

    /// Creates a bucket.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let request = self.request(Method::PUT, "s3", &format!("/{name}"));
        send(request.body(place))
            .await
            .with_context(|| format!("could not create the bucket {name}"))?;
        Ok(())
    }

    /// Stores an object.
    pub async fn put_object(&self, bucket: &str, key: &str, content: impl Into<Vec<u8>>) -> Result<()> {
        let request = self.request(Method::PUT, "s3", &object_path(bucket, key));
        send(request.body(content.into()))
            .await
            .with_context(|| format!("could not write s3://{bucket}/{key}"))?;
        Ok(())
    }

    /// Returns the content of an object, if it exists.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let read = async {
            let request = self.request(Method::GET, "s3", &object_path(bucket, key));
            let response = request.send().await?;
            if response.status() == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            Ok(Some(successful(response).await?.bytes().await?.to_vec()))
        };
        let content: Result<_> = read.await;
        content.with_context(|| format!("could not read s3://{bucket}/{key}"))
    }

    /// Returns the keys of a bucket's objects, in S3's order.
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
            let request = self.request(Method::GET, "s3", &format!("/{bucket}?list-type=2{after}"));
            let page = send(request)
                .await
                .with_context(|| format!("could not list s3://{bucket}"))?
                .text()
                .await?;
            let page = roxmltree::Document::parse(&page).context("the list of objects is not XML")?;
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

    /// Creates a topic with a subscribed queue.
    pub async fn create_topic(&self, name: &str) -> Result<Topic> {
        Topic::create(self, name)
            .await
            .with_context(|| format!("could not create the topic {name}"))
    }

    /// Creates a secret, or sets its value.
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
        .with_context(|| format!("could not create the secret {name}"))?;
        Ok(())
    }

    /// Sends a request to a service with a JSON protocol, such as `("logs", "Logs_20140328.CreateLogGroup", …)`.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let version = if service == "sqs" || service == "dynamodb" {
            "1.0"
        } else {
            "1.1"
        };
        let request = self
            .request(Method::POST, service, "/")
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", target)
            .body(body.to_string());
        let text = send(request)
            .await
            .with_context(|| format!("{target} failed"))?
            .text()
            .await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("the response to {target} is not JSON"))
    }

    /// Sends a request to a service with a REST protocol, such as `(Method::POST, "apigateway", "/restapis", …)`. `Null`
    /// sends no body.
    pub async fn rest(&self, method: Method, service: &str, path: &str, body: &Value) -> Result<Value> {
        let operation = format!("{method} {path}");
        let mut request = self.request(method, service, path);
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = send(request)
            .await
            .with_context(|| format!("{operation} failed"))?;
        let json = response.json().await;
        json.with_context(|| format!("the response to {operation} is not JSON"))
    }

    pub(crate) async fn sns(&self, parameters: &[(&str, &str)]) -> Result<()> {
        let body = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect::<Vec<_>>()
            .join("&");
        let request = self
            .request(Method::POST, "sns", "/")
            .header("content-type", "application/x-www-form-urlencoded");
        send(request.body(body)).await?;
        Ok(())
    }

    /// Returns the ARN of a resource in the local account and Region.
    pub fn arn(&self, service: &str, name: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
    }

    /// Stops the server.
    pub async fn shutdown(self) {
        self.server
            .process
            .end(Signal::TERM, Duration::from_secs(2))
            .await;
    }

    /// Returns the process id of the server.
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

async fn send(request: RequestBuilder) -> Result<Response> {
    successful(request.send().await?).await
}

async fn successful(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    bail!(
        "moto responded with {status}: {}",
        response.text().await.unwrap_or_default()
    )
}
