//! The report in a browser, where the machine has one.

use anyhow::{Result, ensure};
use local_stack::{Browser, Window};
use serde_json::Value;

/// Sorts by name, unfolds the first twenty buildings, filters by the first building's first term, and returns what a
/// reader would see.
const SCRIPT: &str = "
const rows = () => [...document.querySelectorAll('#table > tbody > tr[data-id]')];
document.querySelector('[data-sort=name] button').click();
const names = rows().map((row) => row.querySelector('.name').textContent);
const sorted = names.every((name, i) => i === 0 || new Intl.Collator('ko', {numeric: true}).compare(names[i - 1], name) <= 0);
for (const row of rows().slice(0, 20)) row.querySelector('button')?.click();
const charts = [...document.querySelectorAll('canvas')];
const filter = document.getElementById('filter');
filter.value = document.querySelector('.terms').textContent.split(' · ')[0];
filter.dispatchEvent(new Event('input'));
const found = rows().filter((row) => !row.hidden).length;
return {buildings: names.length, sorted, charts: charts.length, drawn: charts.every((chart) => Chart.getChart(chart)),
        filtered: found > 0 && found < names.length, width: document.documentElement.scrollWidth};";

/// Opens the report at two widths and uses it.
pub(super) async fn check(html: &[u8]) -> Result<String> {
    if !Browser::is_installed() {
        return Ok("skipped: ChromeDriver is not installed".to_owned());
    }
    check_in(Window::DESKTOP, html).await?;
    let page = check_in(Window::PHONE, html).await?;
    Ok(format!(
        "opened at 1280 and 360 pixels: {} buildings sort, filter and unfold, {} charts are drawn; no request and no \
         console message",
        page["buildings"], page["charts"]
    ))
}

async fn check_in(window: Window, html: &[u8]) -> Result<Value> {
    let browser = Browser::start(window).await?;
    browser.open(html, "").await?;
    let page = browser.evaluate(SCRIPT).await?;
    let width = window.width;
    for (key, fault) in [
        ("sorted", "the buildings are not sorted by name"),
        ("drawn", "a chart is not drawn"),
        ("filtered", "the filter does not find a term's building"),
    ] {
        ensure!(page[key] == true, "at {width} pixels {fault}: {page}");
    }
    ensure!(
        page["width"].as_u64() <= Some(width.into()),
        "at {width} pixels the page is wider than the window: {page}"
    );
    let (complaints, requests) = (browser.console_errors().await?, browser.requests().await?);
    ensure!(complaints.is_empty(), "the browser's console has {complaints:?}");
    ensure!(requests.is_empty(), "the page requests {requests:?}");
    browser.close().await?;
    Ok(page)
}
