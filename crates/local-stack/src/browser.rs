//! A real browser, Chromium without a window, driven through ChromeDriver (WebDriver, W3C).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::watch;
use url::Url;

use crate::process::{Process, Spec};

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// How the browser's window is.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// A phone: touch instead of a mouse, and the page's own width.
    pub is_phone: bool,
    /// The user prefers dark pages.
    pub is_dark: bool,
}

impl Window {
    /// A computer's.
    pub const DESK: Self = Self {
        width: 1280,
        height: 900,
        is_phone: false,
        is_dark: false,
    };

    /// A small phone's.
    pub const PHONE: Self = Self {
        width: 360,
        height: 740,
        is_phone: true,
        is_dark: false,
    };
}

/// A browser with one window. It ends with this value.
pub struct Browser {
    client: Client,
    driver: Process,
    folder: tempfile::TempDir,
}

impl Browser {
    /// Whether there is a ChromeDriver on this computer.
    pub fn is_here() -> bool {
        driver_program().is_some()
    }

    /// Starts it. `CHROMEDRIVER` and `CHROMIUM` name the programs where they are not found by themselves.
    ///
    /// # Errors
    /// When there is no browser; the error says how to get one.
    pub async fn start(window: Window) -> Result<Self> {
        let (driver, address) = start_driver().await?;
        let folder = tempfile::tempdir()?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(window, folder.path()))
            .connect(&address)
            .await
            .context("ChromeDriver could not start Chromium")?;
        Ok(Self {
            client,
            driver,
            folder,
        })
    }

    /// Opens a page from a file with this content, with `fragment` behind its address.
    pub async fn open(&self, html: &[u8], fragment: &str) -> Result<()> {
        let path = self.folder.path().join("page.html");
        std::fs::write(&path, html).context("could not write the page")?;
        // An address that differs only in its fragment would be no new page.
        self.client.goto("about:blank").await?;
        self.log("performance").await?;
        self.log("browser").await?;
        let address = format!("file://{}{fragment}", path.display());
        self.client
            .goto(&address)
            .await
            .context("could not open the page")
    }

    /// What a script answers, which may use `return`.
    pub async fn evaluate(&self, script: &str) -> Result<Value> {
        let answer = self.client.execute(script, Vec::new()).await;
        answer.with_context(|| format!("the page's script failed: {script}"))
    }

    /// The element that a CSS selector finds first.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let found = self.client.find(Locator::Css(selector)).await;
        found.with_context(|| format!("there is no {selector}"))
    }

    /// The element that has the keyboard.
    pub async fn focused(&self) -> Result<Element> {
        Ok(self.client.active_element().await?)
    }

    /// What stands in the console since the page was opened, errors and warnings, those of the content policy
    /// among them.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.log("browser").await?;
        let complaints = entries
            .iter()
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        Ok(complaints.map(|entry| entry["message"].to_string()).collect())
    }

    /// The addresses that the page has asked for, its own and `data:` apart.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let mut requests = Vec::new();
        for entry in self.log("performance").await? {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default())?;
            let message = &message["message"];
            if message["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = message["params"]["request"]["url"].as_str().unwrap_or_default();
            let is_page =
                url.starts_with("file://") && url.split('#').next().unwrap_or(url).ends_with("/page.html");
            if !is_page && !url.starts_with("data:") && url != "about:blank" {
                requests.push(url.to_owned());
            }
        }
        Ok(requests)
    }

    /// A picture of what is visible, as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        Ok(self.client.screenshot().await?)
    }

    /// Ends the browser in an orderly way.
    pub async fn close(self) -> Result<()> {
        self.client.close().await?;
        self.driver.kill();
        Ok(())
    }

    async fn log(&self, kind: &'static str) -> Result<Vec<Value>> {
        let entries = self.client.issue_cmd(GetLog(kind)).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }
}

/// ChromeDriver's own command for what Chromium has logged since it was asked last.
#[derive(Debug)]
struct GetLog(&'static str);

impl WebDriverCompatibleCommand for GetLog {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, url::ParseError> {
        base_url.join(&format!("session/{}/se/log", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({"type": self.0}).to_string()))
    }
}

async fn start_driver() -> Result<(Process, String)> {
    let program = driver_program().with_context(|| {
        "there is no chromedriver. Debian and Ubuntu: apt install chromium chromium-driver; \
         macOS: brew install --cask chromium chromedriver; or CHROMEDRIVER=/path/to/chromedriver"
    })?;
    let name = program.display().to_string();
    let (tell, mut port) = watch::channel(None);
    let process = Spec::new(&program).arg("--port=0").spawn(move |line| {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            tell.send_replace(port.trim_end_matches('.').parse::<u16>().ok());
        }
    })?;
    let port = tokio::select! {
        biased;
        Ok(port) = port.wait_for(Option::is_some) => port.unwrap_or_default(),
        status = process.ended() => bail!("{name} ended ({status})"),
        () = tokio::time::sleep(STARTS_WITHIN) => bail!("{name} did not start"),
    };
    Ok((process, format!("http://127.0.0.1:{port}")))
}

fn driver_program() -> Option<PathBuf> {
    match std::env::var_os("CHROMEDRIVER") {
        Some(program) => Some(program.into()),
        None => std::env::split_paths(&std::env::var_os("PATH")?)
            .map(|folder| folder.join("chromedriver"))
            .find(|program| program.is_file()),
    }
}

fn capabilities(window: Window, profile: &Path) -> Capabilities {
    let mut arguments = vec![
        "--headless".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        format!("--user-data-dir={}", profile.join("profile").display()),
        format!("--window-size={},{}", window.width, window.height),
    ];
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    if window.is_dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({"args": arguments});
    if window.is_phone {
        let metrics = json!({"width": window.width, "height": window.height, "pixelRatio": 2.0, "touch": true, "mobile": true});
        options["mobileEmulation"] = json!({"deviceMetrics": metrics});
    }
    if let Ok(program) = std::env::var("CHROMIUM") {
        options["binary"] = program.into();
    }
    let capabilities: BTreeMap<&str, Value> = [
        ("browserName", json!("chrome")),
        ("goog:chromeOptions", options),
        (
            "goog:loggingPrefs",
            json!({"browser": "ALL", "performance": "ALL"}),
        ),
    ]
    .into();
    capabilities
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
