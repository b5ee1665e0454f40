//! The report's page in a browser, where there is one.

use anyhow::{Result, ensure};
use local_stack::{Browser, Window};

/// Sorts by name, unfolds the first twenty buildings, and looks for the first building's first term.
const USE: &str = "
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
return [names.length, sorted, charts.length, charts.every((chart) => Chart.getChart(chart)), found > 0 && found < names.length,
        document.documentElement.scrollWidth];";

/// What came of it, or what is wrong.
pub async fn open(html: &[u8]) -> Result<String, String> {
    if !Browser::is_here() {
        return Ok("not opened: there is no chromedriver here".to_owned());
    }
    look(html).await.map_err(|error| format!("{error:#}"))
}

async fn look(html: &[u8]) -> Result<String> {
    let mut shown = (0, 0);
    for window in [Window::DESK, Window::PHONE] {
        let browser = Browser::start(window).await?;
        browser.open(html, "").await?;
        let seen = browser.evaluate(USE).await?;
        let width = u64::from(window.width);
        ensure!(
            seen[1] == true,
            "at {width} pixels it does not sort by name: {seen}"
        );
        ensure!(seen[3] == true, "at {width} pixels a chart is not drawn: {seen}");
        ensure!(
            seen[4] == true,
            "at {width} pixels it does not find a term's building: {seen}"
        );
        ensure!(
            seen[5].as_u64() <= Some(width),
            "at {width} pixels it is wider than the window: {seen}"
        );
        let (complaints, requests) = (browser.complaints().await?, browser.requests().await?);
        ensure!(
            complaints.is_empty(),
            "in the browser's console stands {complaints:?}"
        );
        ensure!(requests.is_empty(), "it asks for {requests:?}");
        shown = (
            seen[0].as_u64().unwrap_or_default(),
            seen[2].as_u64().unwrap_or_default(),
        );
        browser.close().await?;
    }
    let (buildings, charts) = shown;
    Ok(format!(
        "opened at 1280 and 360 pixels: {buildings} buildings to sort, to search and to unfold, {charts} charts, no request, \
         nothing in the console"
    ))
}
