//! Screenshots of a report: `cargo run -p local-stack --example screenshots -- REPORT FOLDER [#b=BUILDING]`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use local_stack::{Browser, Window};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &str| arguments.next().with_context(|| format!("{name} is missing"));
    let (report, folder) = (argument("the report")?, PathBuf::from(argument("the folder")?));
    let fragment = argument("the fragment").unwrap_or_default();
    let html = std::fs::read(&report).with_context(|| format!("could not read {report}"))?;
    let tall = |window: Window| Window {
        height: 2400,
        ..window
    };
    for (name, window) in [
        ("desk", tall(Window::DESKTOP)),
        (
            "dark",
            Window {
                is_dark: true,
                ..tall(Window::DESKTOP)
            },
        ),
        ("phone", tall(Window::PHONE)),
    ] {
        let browser = Browser::start(window).await?;
        browser.open(&html, &fragment).await?;
        browser.evaluate("scrollTo(0, 0)").await?;
        std::fs::write(folder.join(format!("{name}.png")), browser.screenshot().await?)?;
        browser.close().await?;
    }
    Ok(())
}
