//! Headless Chromium, driven through ChromeDriver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process::{Process, Server, Spec};
use crate::webdriver::{Element, Session};

const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Browser window.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Emulates a phone if `true`: touch instead of a mouse, and the page's own width.
    pub is_phone: bool,
    /// Prefers a dark colour scheme if `true`.
    pub is_dark: bool,
}

impl Window {
    /// Window on a computer.
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 900,
        is_phone: false,
        is_dark: false,
    };

    /// Window of a small phone.
    pub const PHONE: Self = Self {
        width: 360,
        height: 740,
        is_phone: true,
        is_dark: false,
    };
}

/// Browser with one window. It ends when this value is dropped.
pub struct Browser {
    session: Session,
    driver: Process,
    folder: tempfile::TempDir,
}

impl Browser {
    /// Returns whether ChromeDriver is installed.
    pub fn is_installed() -> bool {
        driver_program().is_some()
    }

    /// Starts a browser. The variables `CHROMEDRIVER` and `CHROMIUM` name the programs if they are not on the `PATH`.
    ///
    /// # Errors
    /// Fails if no browser is installed; the error states how to install one.
    pub async fn start(window: Window) -> Result<Self> {
        let driver = start_driver().await?;
        let address = format!("http://127.0.0.1:{}", driver.address.trim_end_matches('.'));
        let folder = tempfile::tempdir()?;
        let session = Session::start(&address, &capabilities(window, folder.path()))
            .await
            .context("ChromeDriver could not start Chromium")?;
        Ok(Self {
            session,
            driver: driver.process,
            folder,
        })
    }

    /// Opens `html` as a file, with `fragment` appended to its address.
    pub async fn open(&self, html: &[u8], fragment: &str) -> Result<()> {
        let path = self.folder.path().join("page.html");
        std::fs::write(&path, html).context("could not write the page")?;
        // Chromium does not load a page again if only the fragment differs.
        self.session.open("about:blank").await?;
        self.session.log("performance").await?;
        self.session.log("browser").await?;
        let address = format!("file://{}{fragment}", path.display());
        self.session
            .open(&address)
            .await
            .context("could not open the page")
    }

    /// Returns the result of a script, which may use `return`, also of a promise.
    pub async fn evaluate(&self, script: &str) -> Result<Value> {
        let result = self.session.execute(script).await;
        let end = || script.char_indices().rev().nth(300).map_or(0, |(place, _)| place);
        result.with_context(|| format!("the page's script failed, its end is: {}", &script[end()..]))
    }

    /// Returns the first element that matches a CSS selector.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let found = self.session.find(selector).await;
        found.with_context(|| format!("could not find {selector}"))
    }

    /// Returns the element with the keyboard focus.
    pub async fn focused(&self) -> Result<Element> {
        self.session.active_element().await
    }

    /// Returns the console's errors and warnings since the last call, with violations of the content security policy.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let entries = self.session.log("browser").await?;
        let errors = entries
            .iter()
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        Ok(errors.map(|entry| entry["message"].to_string()).collect())
    }

    /// Returns the addresses that the page has requested, without its own address and `data:`.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let mut requests = Vec::new();
        for entry in self.session.log("performance").await? {
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

    /// Returns a PNG of the visible part of the page.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        self.session.screenshot().await
    }

    /// Closes the browser and waits for its end.
    pub async fn close(self) -> Result<()> {
        self.session.close().await?;
        self.driver.kill();
        Ok(())
    }
}

async fn start_driver() -> Result<Server> {
    let program = driver_program().with_context(|| {
        "chromedriver is not installed. Debian and Ubuntu: apt install chromium chromium-driver; \
         macOS: brew install --cask chromium chromedriver; or CHROMEDRIVER=/path/to/chromedriver"
    })?;
    let driver = Spec::new(program).arg("--port=0");
    driver
        .start_server("started successfully on port ", STARTS_WITHIN)
        .await
}

fn driver_program() -> Option<PathBuf> {
    match std::env::var_os("CHROMEDRIVER") {
        Some(program) => Some(program.into()),
        None => std::env::split_paths(&std::env::var_os("PATH")?)
            .map(|folder| folder.join("chromedriver"))
            .find(|program| program.is_file()),
    }
}

fn capabilities(window: Window, profile: &Path) -> Value {
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
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    })
}
