//! The report in a real browser, as its readers open it.

use local_stack::{Browser, Month, Window};
use serde_json::{Value, json};
use stat_analysis::change::Change;
use stat_analysis::example::Example;
use stat_analysis::keyword::Keyword;
use stat_analysis::locale::Locale;
use stat_analysis::page::Page;
use stat_analysis::summary::{BuildingSummary, Counted, Summary};
use std::collections::HashMap;

use crate::surroundings::{empty_month, october};

/// Two months of three buildings; in October the leaks of B1 have become many.
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
    month
        .run(&json!({"period": "2026-09", "mail": false}))
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    month.report(".html").await.unwrap()
}

async fn write(month: &Month, period: &str, building: &str, text: &str, times: usize) {
    for _ in 0..times {
        month
            .add_text(building, &format!("{period}-15T12:00:00+09:00"), text)
            .await
            .unwrap();
    }
}

/// What can be seen of an element, by the browser's own account.
async fn text(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.unwrap().text().await.unwrap()
}

async fn names(browser: &Browser) -> Value {
    let script = "return [...document.querySelectorAll('#table > tbody > tr[data-id]')]
                  .filter((row) => !row.hidden).map((row) => row.dataset.id)";
    browser.evaluate(script).await.unwrap()
}

async fn unfolded(browser: &Browser) -> Value {
    browser
        .evaluate("return document.querySelectorAll('tr.details').length")
        .await
        .unwrap()
}

/// The button of an unfolded building has the keyboard, and nothing lies over it.
async fn assert_leads_to(browser: &Browser, name: &str) {
    let script = "const { activeElement } = document;
                  const { left, top, height } = activeElement.getBoundingClientRect();
                  const above = document.elementFromPoint(left + 5, top + height / 2);
                  return [activeElement.tagName, activeElement.textContent, activeElement.ariaExpanded, above === activeElement]";
    // Following a link within the page ends after the click.
    for _ in 0..200 {
        if unfolded(browser).await != 0 {
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
        browser.complaints().await.unwrap(),
        Vec::<String>::new(),
        "in the console"
    );
    assert_eq!(
        browser.requests().await.unwrap(),
        Vec::<String>::new(),
        "asked for"
    );
}

#[tokio::test]
async fn sorts_filters_and_unfolds_at_a_desk_and_on_a_phone() {
    let report = report().await;
    for window in [
        Window::DESK,
        Window::PHONE,
        Window {
            is_dark: true,
            ..Window::DESK
        },
    ] {
        let browser = Browser::start(window).await.unwrap();
        browser.open(&report, "").await.unwrap();
        sorts(&browser).await;
        filters(&browser).await;
        unfolds(&browser).await;
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
        assert_quiet(&browser).await;
        browser.close().await.unwrap();
    }
}

/// By number of texts first; by any column, either way, with a click on its header.
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

/// By a part of a name or a term, also with capital letters and spaces around it.
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

/// With the keyboard alone.
async fn unfolds(browser: &Browser) {
    let filter = browser.find("#filter").await.unwrap();
    // Past the three headers to the only row that is shown.
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
    for said in [
        "늘어난 단어",
        "▲ 2회 → 60회",
        "천장에서 누수가 심합니다.",
        "101동 ***호",
    ] {
        assert!(details.contains(said), "{said} is missing in: {details}");
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
        terms[1].as_str().unwrap().contains("엘리베이터") && terms[2] == true,
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
    assert_eq!(unfolded(browser).await, 0, "it folds again");
}

#[tokio::test]
async fn a_link_to_a_building_opens_it() {
    let report = report().await;
    // So low that the page has to be moved.
    let low = Window {
        height: 400,
        ..Window::PHONE
    };
    let browser = Browser::start(low).await.unwrap();
    browser.open(&report, "#b=B%203%2F%23").await.unwrap();
    assert_leads_to(&browser, "은솔 APT").await;
    assert!(text(&browser, "tr.details").await.contains("층간소음"));
    for broken in ["#b=nobody", "#b=%E3%81", "#else"] {
        browser.open(&report, broken).await.unwrap();
        assert_eq!(unfolded(&browser).await, 0, "{broken}");
    }
    browser.open(&report, "").await.unwrap();
    browser.find(".loudest a").await.unwrap().click().await.unwrap();
    assert_leads_to(&browser, "한빛 오피스텔").await;
    assert_quiet(&browser).await;
    browser.close().await.unwrap();
}

/// A page with as much as a large tenant has, and with what a hostile one writes.
fn page_of(buildings: usize, locale: Locale) -> String {
    let id = |index: usize| format!("B{index:04}");
    let summary = Summary {
        period: "2026-10".parse().unwrap(),
        buildings: (0..buildings)
            .map(|index| BuildingSummary {
                building_id: id(index),
                name: format!("<b>한빛마을 {index}단지</b>"),
                counted: Some(Counted {
                    documents: index as i64,
                    morphemes: 10,
                }),
                trend: [Some(1), None, Some(3), Some(4), Some(50), Some(index as i64)],
            })
            .collect(),
        before: None,
        trend: [None; 6],
        is_compared: true,
        is_correction: false,
        unknown_texts: 0,
        unknown_buildings: Vec::new(),
    };
    let change = |index: usize, nth: usize| Change {
        building_id: id(index),
        term: format!("변화{nth}가나"),
        before: 10,
        now: 30,
        share_before: 0.01,
        share_now: 0.03,
        z_score: if nth.is_multiple_of(2) { 4.0 } else { -4.0 },
    };
    let changes: Vec<Change> = (0..buildings)
        .flat_map(|index| (0..10).map(move |nth| change(index, nth)))
        .collect();
    let hostile = "</script><img src=x onerror=alert(1)>";
    let example = |nth: usize| Example {
        text: format!("{nth} {} {hostile} 누수", "가나다라 마바사아 ".repeat(9)),
        term: hostile.into(),
    };
    let examples: HashMap<String, Vec<Example>> = (0..buildings)
        .map(|index| (id(index), (0..3).map(example).collect()))
        .collect();
    let mut page = Page::new(&summary, &changes, &examples, locale);
    for index in 0..buildings {
        for rank in 1..=10 {
            page.push(Keyword {
                building_id: id(index),
                building: String::new(),
                rank,
                term: if rank == 1 {
                    hostile.into()
                } else {
                    format!("단어{rank}가나다")
                },
                frequency: 100,
                documents: 50,
                z_score: 12.0 - f64::from(rank),
                previous_frequency: Some(12),
                share_change: Some(0.01),
            });
        }
    }
    page.finish()
}

#[tokio::test]
async fn three_thousand_buildings_are_one_page() {
    let page = page_of(3_000, Locale::Ko);
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    let browser = Browser::start(Window::PHONE).await.unwrap();
    browser.open(page.as_bytes(), "").await.unwrap();
    let first = browser.find("tr[data-id] button").await.unwrap();
    assert_eq!(first.text().await.unwrap(), "<b>한빛마을 2999단지</b>");
    first.click().await.unwrap();
    assert!(
        text(&browser, "tr.details")
            .await
            .contains("</script><img src=x onerror=alert(1)>")
    );
    browser
        .find("#filter")
        .await
        .unwrap()
        .send_keys("마을 1234")
        .await
        .unwrap();
    assert_eq!(names(&browser).await, json!(["B1234"]));
    assert_eq!(
        browser.evaluate("return document.images.length").await.unwrap(),
        0
    );
    assert_quiet(&browser).await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn speaks_english_as_well() {
    let browser = Browser::start(Window::DESK).await.unwrap();
    browser
        .open(page_of(30, Locale::En).as_bytes(), "#b=B0029")
        .await
        .unwrap();
    assert_eq!(text(&browser, "h1").await, "October 2026: statistics by building");
    let details = text(&browser, "tr.details").await;
    for said in [
        "Distinctive terms",
        "▲ 10 → 30 times (share 1.0% → 3.0%)",
        "What people wrote",
    ] {
        assert!(details.contains(said), "{said} is missing in: {details}");
    }
    assert_eq!(text(&browser, "#shown").await, "30 of 30");
    let korean =
        "return document.documentElement.lang + /[가-힣]/.test(document.querySelector('thead').innerText)";
    assert_eq!(browser.evaluate(korean).await.unwrap(), "enfalse");
    assert_quiet(&browser).await;
    browser.close().await.unwrap();
}
