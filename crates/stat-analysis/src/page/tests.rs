//! Pages as HTML and, in [`browser`], in a real browser.

mod browser;

use super::*;
use crate::statistics::summary::{Comparison, MonthBefore, Trend};
use crate::statistics::thresholds::TREND_MONTHS;

const MIN_DOCUMENTS: u32 = 3;

const NO_CHANGES: [Change; 0] = [];

fn render(summary: &Summary, keywords: &[Keyword], changes: &[Change], examples: &[Example]) -> String {
    let examples = HashMap::from([("B1".to_owned(), examples.to_vec())]);
    let mut page = Page::new(summary, changes, &examples, MIN_DOCUMENTS, Locale::Korean);
    keywords.iter().for_each(|keyword| page.push(keyword.clone()));
    page.finish()
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
    let page = render(&summary(), &[keyword(hostile)], &[change], &[example]);
    assert!(!page.contains("alert(1)</script>") && !page.contains("<script>alert"));
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains(r#"["\u003c/script>\u003cscript>alert(1)\u003c/script>",9,1234,null]"#));
    assert!(page.contains("&lt;b&gt;한빛&lt;/b&gt; &amp; &quot;동&quot;, '별관'\n뒤"));
    assert!(page.contains("X&lt;9&gt;"));
}

#[test]
fn notes_what_is_missing() {
    let summary = summary();
    let page = render(&summary, &[keyword("누수")], &NO_CHANGES, &[]);
    assert!(page.contains("전월과의 비교가 없습니다"));
    assert!(page.contains("분석하지 못한 건물 1곳:") && page.contains("<li>은솔 (B2)</li>"));
    assert!(page.contains("등록되지 않은 건물의 글 3건"));
    let examples = HashMap::new();
    let page = Page::new(&summary, &NO_CHANGES, &examples, MIN_DOCUMENTS, Locale::English).finish();
    assert!(page.contains("There is no comparison") && page.contains("Buildings whose analysis failed (1):"));
}

#[test]
fn compares_totals_with_the_month_before() {
    let page = render(&summary(), &[], &NO_CHANGES, &[]);
    assert!(page.contains("<td data-value=\"200\">+200<span class=\"percent\">+20%</span></td>"));
    let mut summary = summary();
    summary.buildings.pop();
    summary.before = Some(MonthBefore {
        buildings: 1,
        documents: 1500,
    });
    let page = render(&summary, &[], &NO_CHANGES, &[]);
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
    let page = render(
        &summary,
        &[keyword("누수"), keyword("소음"), of_last],
        &NO_CHANGES,
        &[],
    );
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
    let page = render(&summary(), &[of_two_texts, keyword("누수")], &NO_CHANGES, &[]);
    assert!(page.contains("<span class=\"terms\">누수</span>") && !page.contains("공지문"));
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
    let page = render(&summary, &[], &[change], &[]);
    assert_eq!(
        page.matches("뒤 (B1)</").count(),
        2,
        "in the table and in the changes"
    );
}

#[test]
fn loads_nothing() {
    let page = render(&summary(), &[keyword("누수")], &NO_CHANGES, &[]);
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
    let page = render(&summary, &[], &[change], &[]);
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
