//! Client of the WebDriver protocol with the commands that [`crate::Browser`] needs.
//! Source: W3C, "WebDriver".

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// Key of an element's id in JSON, fixed by the specification.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Session of a driver: one browser window.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    client: reqwest::Client,
    url: String,
}

impl Session {
    /// Starts a session at the driver's address.
    pub(crate) async fn start(driver: &str, capabilities: &Value) -> Result<Self> {
        let client = reqwest::Client::new();
        let body = json!({"capabilities": {"alwaysMatch": capabilities}});
        let session = send(client.post(format!("{driver}/session")).json(&body)).await?;
        let id = session["sessionId"].as_str();
        Ok(Self {
            url: format!("{driver}/session/{}", id.context("the session has no id")?),
            client,
        })
    }

    /// Closes the window and ends the session.
    pub(crate) async fn close(self) -> Result<()> {
        send(self.client.delete(&self.url)).await?;
        Ok(())
    }

    /// Navigates to an address.
    pub(crate) async fn open(&self, address: &str) -> Result<()> {
        self.post("url", json!({"url": address})).await?;
        Ok(())
    }

    /// Returns the result of a script, which may use `return`.
    pub(crate) async fn execute(&self, script: &str) -> Result<Value> {
        self.post("execute/sync", json!({"script": script, "args": []}))
            .await
    }

    /// Returns the first element that matches a CSS selector.
    pub(crate) async fn find(&self, selector: &str) -> Result<Element> {
        let body = json!({"using": "css selector", "value": selector});
        self.element(&self.post("element", body).await?)
    }

    /// Returns the element with the keyboard focus.
    pub(crate) async fn active_element(&self) -> Result<Element> {
        self.element(&self.get("element/active").await?)
    }

    /// Returns a PNG of the visible part of the page.
    pub(crate) async fn screenshot(&self) -> Result<Vec<u8>> {
        let encoded = self.get("screenshot").await?;
        let encoded = encoded.as_str().context("the screenshot is not a string")?;
        Ok(BASE64_STANDARD.decode(encoded)?)
    }

    /// Returns the entries of a log since the last call. ChromeDriver's own command.
    pub(crate) async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let entries = self.post("se/log", json!({"type": kind})).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    fn element(&self, value: &Value) -> Result<Element> {
        let id = value[ELEMENT]
            .as_str()
            .context("the driver returned no element")?;
        Ok(Element {
            session: self.clone(),
            path: format!("element/{id}"),
        })
    }

    async fn get(&self, path: &str) -> Result<Value> {
        send(self.client.get(format!("{}/{path}", self.url))).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        send(self.client.post(format!("{}/{path}", self.url)).json(&body)).await
    }
}

async fn send(request: RequestBuilder) -> Result<Value> {
    let response = request.send().await.context("the driver does not respond")?;
    let status = response.status();
    let mut body: Value = response
        .json()
        .await
        .context("the driver's response is not JSON")?;
    let value = body["value"].take();
    if !status.is_success() {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        bail!("{}: {}", text("error"), text("message"));
    }
    Ok(value)
}

/// Element of the page.
#[derive(Debug, Clone)]
pub struct Element {
    session: Session,
    path: String,
}

impl Element {
    /// Returns the visible text.
    pub async fn text(&self) -> Result<String> {
        let text = self.session.get(&format!("{}/text", self.path)).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Returns an attribute's value, if the element has the attribute.
    pub async fn attr(&self, name: &str) -> Result<Option<String>> {
        let path = format!("{}/attribute/{name}", self.path);
        Ok(self.session.get(&path).await?.as_str().map(str::to_owned))
    }

    /// Scrolls the element into view and clicks it.
    pub async fn click(&self) -> Result<()> {
        self.command("click", json!({})).await
    }

    /// Empties an input field.
    pub async fn clear(&self) -> Result<()> {
        self.command("clear", json!({})).await
    }

    /// Types text. Keys without a character have code points of their own: `\u{e004}` is Tab, `\u{e007}` is Enter.
    pub async fn send_keys(&self, text: &str) -> Result<()> {
        self.command("value", json!({"text": text})).await
    }

    async fn command(&self, name: &str, body: Value) -> Result<()> {
        self.session.post(&format!("{}/{name}", self.path), body).await?;
        Ok(())
    }
}
