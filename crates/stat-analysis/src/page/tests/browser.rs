//! Generated pages in a real browser.

use std::collections::HashMap;

use anyhow::Result;
use lambda_core::locale::Locale;
use local_stack::{Browser, Window};
use serde_json::{Value, json};

use crate::findings::Findings;
use crate::page::Page;
use crate::statistics::category_share::{CategoryShare, Part};
use crate::statistics::change::Change;
use crate::statistics::example::Example;
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::{BuildingSummary, Comparison, Summary};
use crate::statistics::term_list::TermList;

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>";

fn id(index: usize) -> String {
    format!("B{index:04}")
}

fn building(index: usize) -> BuildingSummary {
    BuildingSummary {
        building_id: id(index),
        name: format!("<b>한빛마을 {index}단지</b>"),
        has_namesake: false,
        documents: Some(index as i64),
        trend: [Some(1), None, Some(3), Some(4), Some(50), Some(index as i64)],
    }
}

fn change(index: usize, nth: usize) -> Change {
    Change {
        building_id: id(index),
        term: format!("변화{nth}가나"),
        before: 10,
        now: 30,
        share_before: 0.01,
        share_now: 0.03,
        z_score: if nth.is_multiple_of(2) { 4.0 } else { -4.0 },
    }
}

fn example(nth: usize) -> Example {
    Example {
        text: format!("{nth} {} {HOSTILE} 누수", "가나다라 마바사아 ".repeat(9)),
        term: HOSTILE.into(),
        written: HOSTILE.into(),
    }
}

fn keyword(index: usize, rank: i32) -> Keyword {
    Keyword {
        building_id: id(index),
        building: String::new(),
        rank,
        term: if rank == 1 {
            HOSTILE.into()
        } else {
            format!("단어{rank}가나다")
        },
        frequency: 100,
        documents: 50,
        z_score: 12.0 - f64::from(rank),
        previous_frequency: Some(12),
        share_change: Some(0.01),
    }
}

/// Renders as many terms, changes and examples as a building can have, hostile ones among them.
fn page_of(buildings: usize, locale: Locale) -> String {
    let category = |number: usize| CategoryShare {
        category: format!("분류{number}"),
        now: Part {
            documents: 9,
            all: 40,
        },
        before: Some(Part {
            documents: 5,
            all: 30,
        }),
    };
    let categories: Vec<CategoryShare> = (0..15).map(category).collect();
    let summary = Summary {
        period: "2026-10".parse().expect("a period"),
        buildings: (0..buildings).map(building).collect(),
        categories: categories.clone(),
        before: None,
        trend: [None; 6],
        comparison: Comparison::With(uuid::Uuid::nil()),
        is_correction: false,
        unknown_texts: 0,
        unknown_buildings: Vec::new(),
    };
    let changes: Vec<Change> = (0..buildings)
        .flat_map(|index| (0..10).map(move |nth| change(index, nth)))
        .collect();
    let examples: HashMap<String, Vec<Example>> = (0..buildings)
        .map(|index| (id(index), (0..3).map(example).collect()))
        .collect();
    let findings = Findings {
        summary,
        changes,
        examples,
        categories: (0..buildings)
            .map(|index| (id(index), categories.clone()))
            .collect(),
    };
    let terms = TermList::default();
    let mut page = Page::new(&findings, &terms, 3, locale);
    for index in 0..buildings {
        (1..=10).for_each(|rank| page.push(keyword(index, rank)));
    }
    page.finish()
}

async fn text(browser: &Browser, selector: &str) -> Result<String> {
    browser.find(selector).await?.text().await
}

async fn assert_quiet(browser: &Browser) -> Result<()> {
    let (complaints, requests) = (browser.console_errors().await?, browser.requests().await?);
    assert_eq!(complaints, Vec::<String>::new(), "in the console");
    assert_eq!(requests, Vec::<String>::new(), "requested");
    Ok(())
}

#[tokio::test]
async fn three_thousand_buildings_fit_on_one_page() -> Result<()> {
    let page = page_of(3_000, Locale::Korean);
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    let browser = Browser::start(Window::PHONE).await?;
    browser.open(page.as_bytes(), "").await?;
    let first = browser.find("tr[data-id] button").await?;
    assert_eq!(first.text().await?, "<b>한빛마을 2999단지</b>");
    first.click().await?;
    assert!(text(&browser, "tr.details").await?.contains(HOSTILE));
    browser.find("#filter").await?.send_keys("마을 1234").await?;
    let shown: Value = browser
        .evaluate(
            "return [...document.querySelectorAll('#table > tbody > tr[data-id]')]
             .filter((row) => !row.hidden).map((row) => row.dataset.id)",
        )
        .await?;
    assert_eq!(shown, json!(["B1234"]));
    assert_eq!(browser.evaluate("return document.images.length").await?, 0);
    assert_quiet(&browser).await?;
    browser.close().await
}

#[tokio::test]
async fn an_english_page_has_no_korean_headers() -> Result<()> {
    let browser = Browser::start(Window::DESKTOP).await?;
    let page = page_of(30, Locale::English);
    browser.open(page.as_bytes(), "#b=B0029").await?;
    assert_eq!(
        text(&browser, "h1").await?,
        "October 2026: statistics by building"
    );
    let details = text(&browser, "tr.details").await?;
    for expected in [
        "Texts by category",
        "분류14",
        "Distinctive terms",
        "▲ 10 → 30 texts, 3.0% of this building's texts",
        "What people wrote",
    ] {
        assert!(details.contains(expected), "{expected} is missing in: {details}");
    }
    assert_eq!(text(&browser, "#shown").await?, "30 of 30");
    let language =
        "return document.documentElement.lang + /[가-힣]/.test(document.querySelector('thead').innerText)";
    assert_eq!(browser.evaluate(language).await?, "enfalse");
    assert_quiet(&browser).await?;
    browser.close().await
}
