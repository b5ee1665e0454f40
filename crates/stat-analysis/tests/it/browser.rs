//! The report in a real browser.

use local_stack::{Browser, MonthStack, Window};
use serde_json::{Value, json};

use crate::setup::{add_text, empty_month, october, run_without_mail};

/// Runs two months of three buildings and returns the page. In October B1 reports many more leaks.
async fn report() -> Vec<u8> {
    let month = empty_month().await;
    for (id, name) in [
        ("B1", "한빛 오피스텔"),
        ("B2", "<i>가온</i> \"빌딩\", 별관"),
        ("B 3/#", "은솔 APT"),
    ] {
        month.add_building(id, name, None).await.unwrap();
    }
    for (period, leaks, parking) in [("2026-09", 2, 12), ("2026-10", 60, 12)] {
        write(
            &month,
            period,
            "B1",
            "101동 1203호 천장에서 누수가 심합니다. 010-0000-1234로 연락 주세요",
            leaks,
        )
        .await;
        write(&month, period, "B1", "엘리베이터가 멈췄어요", 80).await;
        write(&month, period, "B2", "주차권을 더 주세요", parking).await;
        write(&month, period, "B 3/#", "윗집 층간소음 때문에 잠을 못 자요", 5).await;
    }
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();
    month.report(".html").await.unwrap()
}

async fn write(month: &MonthStack, period: &str, building: &str, text: &str, times: usize) {
    for _ in 0..times {
        add_text(month, building, period, text).await;
    }
}

/// Returns the visible text of an element.
async fn text(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.unwrap().text().await.unwrap()
}

async fn names(browser: &Browser) -> Value {
    let script = "return [...document.querySelectorAll('#table > tbody > tr[data-id]')]
                  .filter((row) => !row.hidden).map((row) => row.dataset.id)";
    browser.evaluate(script).await.unwrap()
}

async fn expanded(browser: &Browser) -> Value {
    browser
        .evaluate("return document.querySelectorAll('tr.details').length")
        .await
        .unwrap()
}

/// Asserts that the button of an expanded building has the focus, and that nothing covers it.
async fn assert_opens(browser: &Browser, name: &str) {
    let script = "const { activeElement } = document;
                  const { left, top, height } = activeElement.getBoundingClientRect();
                  const above = document.elementFromPoint(left + 5, top + height / 2);
                  return [activeElement.tagName, activeElement.textContent, activeElement.ariaExpanded, above === activeElement]";
    // The page scrolls after the click has returned.
    for _ in 0..200 {
        if expanded(browser).await != 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        browser.evaluate(script).await.unwrap(),
        json!(["BUTTON", name, "true", true])
    );
}

async fn assert_quiet(browser: &Browser) {
    assert_eq!(
        browser.console_errors().await.unwrap(),
        Vec::<String>::new(),
        "in the console"
    );
    assert_eq!(
        browser.requests().await.unwrap(),
        Vec::<String>::new(),
        "requested"
    );
}

/// Asserts that axe-core finds no violation of its rules, among them those of WCAG 2.2 A and AA.
async fn assert_accessible(browser: &Browser, window: Window) {
    const AXE: &str = include_str!("../axe-core/axe.min.js");
    const RUN: &str = "return axe.run().then(({ passes, violations }) => [passes.length,
        violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))])";
    let result = browser.evaluate(&format!("{AXE};{RUN}")).await.unwrap();
    assert!(
        result[0].as_u64().unwrap() > 20,
        "too few rules applied: {result}"
    );
    assert_eq!(result[1], json!([]), "violations in {window:?}");
}

#[tokio::test]
async fn sorts_filters_and_expands_on_a_desktop_and_on_a_phone() {
    let report = report().await;
    for window in [
        Window::DESKTOP,
        Window::PHONE,
        Window {
            is_dark: true,
            ..Window::DESKTOP
        },
        Window {
            is_dark: true,
            ..Window::PHONE
        },
    ] {
        let browser = Browser::start(window).await.unwrap();
        browser.open(&report, "").await.unwrap();
        sorts(&browser).await;
        filters(&browser).await;
        expands(&browser).await;
        let all_open = "document.getElementById('filter').value = '';
                        document.getElementById('filter').dispatchEvent(new Event('input'));
                        for (const button of document.querySelectorAll('tr[data-id] button')) button.click();
                        for (const table of document.querySelectorAll('details')) table.open = true;
                        return document.documentElement.scrollWidth";
        let wide = browser.evaluate(all_open).await.unwrap();
        assert!(
            wide.as_u64().unwrap() <= u64::from(window.width),
            "{wide} pixels wide in {window:?}"
        );
        let is_dark = "return matchMedia('(prefers-color-scheme: dark)').matches
                       && getComputedStyle(document.body).backgroundColor === 'rgb(20, 24, 29)'";
        assert_eq!(browser.evaluate(is_dark).await.unwrap(), window.is_dark);
        assert_accessible(&browser, window).await;
        assert_quiet(&browser).await;
        browser.close().await.unwrap();
    }
}

/// The table is sorted by number of texts; a click on a header sorts by its column, in either direction.
async fn sorts(browser: &Browser) {
    assert_eq!(names(browser).await, json!(["B1", "B2", "B 3/#"]));
    let by_name = browser.find("[data-sort=name] button").await.unwrap();
    by_name.click().await.unwrap();
    assert_eq!(names(browser).await, json!(["B2", "B 3/#", "B1"]));
    by_name.click().await.unwrap();
    assert_eq!(names(browser).await, json!(["B1", "B 3/#", "B2"]));
    let sorted = browser.find("[aria-sort]").await.unwrap();
    assert_eq!(sorted.attr("data-sort").await.unwrap().as_deref(), Some("name"));
    assert_eq!(
        sorted.attr("aria-sort").await.unwrap().as_deref(),
        Some("descending")
    );
}

/// The filter accepts a part of a name or a term, also with other capitalisation and surrounding spaces.
async fn filters(browser: &Browser) {
    let filter = browser.find("#filter").await.unwrap();
    filter.send_keys(" 층간 ").await.unwrap();
    assert_eq!(names(browser).await, json!(["B 3/#"]));
    assert_eq!(text(browser, "#shown").await, "1곳 / 모두 3곳");
    filter.clear().await.unwrap();
    filter.send_keys("apt").await.unwrap();
    assert_eq!(names(browser).await, json!(["B 3/#"]));
    filter.clear().await.unwrap();
    filter.send_keys("한빛").await.unwrap();
    assert_eq!(names(browser).await, json!(["B1"]));
}

/// The keyboard alone expands and collapses a building.
async fn expands(browser: &Browser) {
    let filter = browser.find("#filter").await.unwrap();
    // Tab past the three headers to the only visible row.
    filter.send_keys("\u{e004}").await.unwrap();
    for _ in 0..3 {
        browser
            .focused()
            .await
            .unwrap()
            .send_keys("\u{e004}")
            .await
            .unwrap();
    }
    let button = browser.focused().await.unwrap();
    assert_eq!(button.text().await.unwrap(), "한빛 오피스텔");
    button.send_keys("\u{e007}").await.unwrap();
    assert_eq!(
        button.attr("aria-expanded").await.unwrap().as_deref(),
        Some("true")
    );

    let details = text(browser, "tr.details").await;
    for expected in [
        "늘어난 단어",
        "▲ 2건 → 60건, 이 건물 문의의 43%",
        "천장에서 누수가 심합니다.",
        "101동 ***호",
    ] {
        assert!(details.contains(expected), "{expected} is missing in: {details}");
    }
    let marked = text(browser, "tr.details mark").await;
    assert!(
        ["누수", "천장", "엘리베이터"].contains(&marked.as_str()),
        "{marked}"
    );
    let charts = "return [...document.querySelectorAll('tr.details canvas')]
                  .map((canvas) => [canvas.getAttribute('role'), canvas.getAttribute('aria-label'), !!Chart.getChart(canvas)])";
    let charts = browser.evaluate(charts).await.unwrap();
    let [terms, trend] = charts.as_array().unwrap().as_slice() else {
        panic!("two charts: {charts}")
    };
    assert!(
        terms[1].as_str().unwrap().contains("승강기") && terms[2] == true,
        "{terms}"
    );
    assert_eq!(
        trend[1],
        "최근 여섯 달의 글 수: 5월 자료 없음, 6월 자료 없음, 7월 자료 없음, 8월 자료 없음, 9월 82, 10월 140"
    );

    button.send_keys("\u{e007}").await.unwrap();
    assert_eq!(
        button.attr("aria-expanded").await.unwrap().as_deref(),
        Some("false")
    );
    assert_eq!(expanded(browser).await, 0, "a second Enter collapses the row");
}

#[tokio::test]
async fn a_link_to_a_building_opens_it() {
    let report = report().await;
    // The window is so low that the page has to scroll.
    let low = Window {
        height: 400,
        ..Window::PHONE
    };
    let browser = Browser::start(low).await.unwrap();
    browser.open(&report, "#b=B%203%2F%23").await.unwrap();
    assert_opens(&browser, "은솔 APT").await;
    assert!(text(&browser, "tr.details").await.contains("층간소음"));
    for broken in ["#b=unknown", "#b=%E3%81", "#else"] {
        browser.open(&report, broken).await.unwrap();
        assert_eq!(expanded(&browser).await, 0, "{broken}");
    }
    browser.open(&report, "").await.unwrap();
    browser.find(".loudest a").await.unwrap().click().await.unwrap();
    assert_opens(&browser, "한빛 오피스텔").await;
    assert_quiet(&browser).await;
    browser.close().await.unwrap();
}
