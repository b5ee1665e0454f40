//! Pages as HTML and, in [`browser`], in a real browser.

mod browser;

use std::collections::HashMap;

use super::*;
use crate::statistics::category_share::{CategoryShare, Part};
use crate::statistics::example::Example;
use crate::statistics::summary::{Comparison, MonthBefore, Trend};
use crate::statistics::thresholds::TREND_MONTHS;

const MIN_DOCUMENTS: u32 = 3;

fn findings(summary: Summary, changes: Vec<Change>) -> Findings {
    Findings {
        summary,
        changes,
        examples: HashMap::new(),
        categories: HashMap::new(),
    }
}

fn render_in(findings: &Findings, keywords: &[Keyword], locale: Locale) -> String {
    let terms = TermList::parse("누수·배관\t누수\n", "").expect("is well-formed");
    let mut page = Page::new(findings, &terms, MIN_DOCUMENTS, locale);
    keywords.iter().for_each(|keyword| page.push(keyword.clone()));
    page.finish()
}

fn render(summary: Summary, keywords: &[Keyword], changes: Vec<Change>) -> String {
    render_in(&findings(summary, changes), keywords, Locale::Korean)
}

fn building(id: &str, name: &str, trend: Trend) -> BuildingSummary {
    BuildingSummary {
        building_id: id.into(),
        name: name.into(),
        has_namesake: false,
        documents: trend[TREND_MONTHS - 1],
        trend,
    }
}

fn summary() -> Summary {
    Summary {
        period: "2026-10".parse().expect("a period"),
        buildings: vec![
            building(
                "B1",
                "<b>한빛</b> & \"동\", '별관'\n뒤",
                [None, None, None, None, Some(1000), Some(1200)],
            ),
            building("B2", "은솔", [None; 6]),
        ],
        categories: Vec::new(),
        before: None,
        trend: [None; 6],
        comparison: Comparison::NoMonthBefore,
        is_correction: false,
        unknown_texts: 3,
        unknown_buildings: vec!["X<9>".into()],
    }
}

fn keyword(term: &str) -> Keyword {
    Keyword {
        building_id: "B1".into(),
        building: "한빛".into(),
        rank: 1,
        term: term.into(),
        frequency: 1234,
        documents: 9,
        z_score: 2.345,
        previous_frequency: None,
        share_change: None,
    }
}

#[test]
fn escapes_hostile_terms_names_and_sentences() {
    let hostile = "</script><script>alert(1)</script>";
    let example = Example {
        text: format!("누수 {hostile}"),
        term: hostile.into(),
        written: hostile.into(),
    };
    let change = Change {
        building_id: "B1".into(),
        term: hostile.into(),
        before: 1,
        now: 20,
        share_before: 0.01,
        share_now: 0.2,
        z_score: 4.0,
    };
    let mut findings = findings(summary(), vec![change]);
    findings.examples.insert("B1".into(), vec![example]);
    let page = render_in(&findings, &[keyword(hostile)], Locale::Korean);
    assert!(!page.contains("alert(1)</script>") && !page.contains("<script>alert"));
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains(r#"["\u003c/script>\u003cscript>alert(1)\u003c/script>","기타",9,1234,null]"#));
    assert!(page.contains("&lt;b&gt;한빛&lt;/b&gt; &amp; &quot;동&quot;, '별관'\n뒤"));
    assert!(page.contains("X&lt;9&gt;"));
}

#[test]
fn notes_what_is_missing() {
    let page = render(summary(), &[keyword("누수")], Vec::new());
    assert!(page.contains("전월과의 비교가 없습니다"));
    assert!(page.contains("분석하지 못한 건물 1곳:") && page.contains("<li>은솔 (B2)</li>"));
    assert!(page.contains("등록되지 않은 건물의 글 3건"));
    let page = render_in(&findings(summary(), Vec::new()), &[], Locale::English);
    assert!(page.contains("There is no comparison") && page.contains("Buildings whose analysis failed (1):"));
}

#[test]
fn compares_totals_with_the_month_before() {
    let page = render(summary(), &[], Vec::new());
    assert!(page.contains("<td data-value=\"200\">+200<span class=\"percent\">+20%</span></td>"));
    let mut summary = summary();
    summary.buildings.pop();
    summary.before = Some(MonthBefore {
        buildings: 1,
        documents: 1500,
    });
    let page = render(summary, &[], Vec::new());
    assert!(page.contains("전월 대비 -300 (-20%)"));
}

#[test]
fn lists_each_building_once_with_its_terms() {
    let mut summary = summary();
    let nothing = [None, None, None, None, None, Some(0)];
    summary.buildings.push(building("B3", "빈 곳", nothing));
    summary.buildings.push(building("B4", "끝 동", nothing));
    let of_last = Keyword {
        building_id: "B4".into(),
        ..keyword("주차권")
    };
    let page = render(summary, &[keyword("누수"), keyword("소음"), of_last], Vec::new());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [
        "data-id=\"B1\"",
        "누수 · 소음",
        "data-id=\"B2\"",
        "data-id=\"B3\"",
        "data-id=\"B4\"",
        "주차권",
    ];
    let order = order.map(place);
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(page.matches("<tr data-id").count(), 4);
}

#[test]
fn shows_no_term_of_a_single_persons_texts() {
    let of_two_texts = Keyword {
        documents: 2,
        frequency: 40,
        ..keyword("공지문")
    };
    let page = render(summary(), &[of_two_texts, keyword("누수")], Vec::new());
    assert!(page.contains("<span class=\"terms\">누수</span>") && !page.contains("공지문"));
}

#[test]
fn shows_the_categories_first_and_the_texts_without_one_last() {
    let category = |name: &str, documents, before| CategoryShare {
        category: name.into(),
        now: Part { documents, all: 1200 },
        before,
    };
    let before = Part {
        documents: 100,
        all: 1000,
    };
    let categories = vec![category("주차", 150, Some(before)), category("기타", 600, None)];
    let mut summary = summary();
    summary.categories = categories.clone();
    let mut findings = findings(summary, Vec::new());
    findings.categories.insert("B1".into(), categories);
    let page = render_in(&findings, &[keyword("누수")], Locale::Korean);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [
        "<h2 id=\"categories\"",
        ">주차<",
        "<td>150</td><td>12%</td><td>+50</td>",
        ">기타<",
        "<h2 id=\"totals\"",
    ];
    let order = order.map(place);
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(page.find("<h2"), Some(order[0]));
    assert!(page.contains(r#""categories":[["주차",150,"12%",100],["기타",600,"50%",null]]"#));
    assert!(page.contains(r#""terms":[["누수","누수·배관",9,1234,null]]"#));
    let page = render_in(&findings, &[], Locale::English);
    assert!(page.contains(">Other<") && !page.contains("기타"));
}

#[test]
fn tells_buildings_of_one_name_apart() {
    let mut summary = summary();
    summary.comparison = Comparison::With(uuid::Uuid::nil());
    summary.buildings[0].has_namesake = true;
    let change = Change {
        building_id: "B1".into(),
        term: "누수".into(),
        before: 1,
        now: 20,
        share_before: 0.01,
        share_now: 0.2,
        z_score: 4.0,
    };
    let page = render(summary, &[], vec![change]);
    assert_eq!(
        page.matches("뒤 (B1)</").count(),
        2,
        "in the table and in the changes"
    );
}

#[test]
fn loads_nothing() {
    let page = render(summary(), &[keyword("누수")], Vec::new());
    assert!(page.contains("content=\"default-src 'none'; script-src 'sha256-"));
    for reference in [
        "src=",
        "@import",
        "url(",
        "<link rel=\"stylesheet",
        "sourceMappingURL",
    ] {
        let found = page.replace(assets::chart(), "").contains(reference);
        assert!(!found, "{reference}");
    }
}

#[test]
fn shows_the_largest_buildings_and_notes_that_the_csv_has_the_others() {
    let mut summary = summary();
    // B0 is the smallest, and B2002 has failed.
    summary.buildings = (0..2_003)
        .map(|number: i64| {
            let texts = (number < 2_002).then_some(number + 1);
            building(
                &format!("B{number:04}"),
                "한빛",
                [None, None, None, None, None, texts],
            )
        })
        .collect();
    let change = Change {
        building_id: "B0000".into(),
        term: "누수".into(),
        before: 1,
        now: 20,
        share_before: 0.01,
        share_now: 0.2,
        z_score: 4.0,
    };
    let page = render(summary, &[], vec![change]);
    assert_eq!(page.matches("<tr data-id").count(), 2_000);
    // The link at the top leads to B0000, so the page has it. The next three smallest are left to the CSV.
    for (id, is_shown) in [
        ("B0000", true),
        ("B0001", false),
        ("B0002", false),
        ("B0003", false),
        ("B0004", true),
        ("B2002", true),
    ] {
        assert_eq!(page.contains(&format!("<tr data-id=\"{id}\"")), is_shown, "{id}");
    }
    assert!(page.contains("건물 2,003곳 가운데 글이 많은 2,000곳을 보여 줍니다. 나머지는 CSV에 있습니다."));
}
