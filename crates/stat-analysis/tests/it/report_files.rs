//! The report's files beside the page: workbook and categories.

use local_stack::MonthStack;
use local_stack::workbook::Cell;
use serde_json::json;

use crate::setup::{add_text, empty_month, october, results, run_without_mail, workbook};

/// Creates two months. In October building 00123 reports far more broken lifts, in the words of several people.
async fn two_months() -> MonthStack {
    let month = empty_month().await;
    for (id, name) in [("00123", "3-1"), ("2026-10", "=1+1"), ("B3", "가온빌딩")] {
        month.add_building(id, name, None).await.unwrap();
    }
    let spellings = ["엘베 고장", "엘리베이터가 멈췄어요", "승강기 점검"];
    for (period, lifts) in [("2026-09", 2), ("2026-10", 30)] {
        for text in spellings.into_iter().cycle().take(lifts) {
            add_text(&month, "00123", period, text).await;
        }
        for building in ["00123", "2026-10"] {
            for _ in 0..38 {
                add_text(&month, building, period, "주차권을 더 주세요").await;
            }
        }
        add_text(&month, "2026-10", period, "안녕하세요").await;
    }
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month
}

#[tokio::test]
async fn the_workbook_is_typed_and_has_filters_and_a_visible_header() {
    let month = two_months().await;
    month.run(&october()).await.unwrap();
    let workbook = workbook(&month).await;
    let text = |text: &str| Cell::Text(text.to_owned());
    let number = Cell::Number;
    let names: Vec<&str> = workbook.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, ["합계", "분류", "단어", "변화"]);

    let totals = workbook.sheet("합계").unwrap();
    assert_eq!((totals.frozen_rows, totals.filter.as_str()), (3, "A3:F6"));
    assert_eq!(totals.rows[1], [text("건물 3곳, 글 107건, 전월 대비 +28건")]);
    // 68 texts against 40: +28, +70 %.
    assert_eq!(
        totals.rows[3],
        [
            text("00123"),
            text("3-1"),
            number(68.0),
            number(40.0),
            number(28.0),
            number(0.7)
        ]
    );
    assert_eq!(totals.rows[4][..2], [text("2026-10"), text("=1+1")]);

    let categories = workbook.sheet("분류").unwrap();
    assert_eq!((categories.frozen_rows, categories.filter.as_str()), (1, "A1:G5"));
    let lifts = &categories.rows[2];
    assert_eq!(
        lifts[..4],
        [text("00123"), text("3-1"), text("승강기"), number(30.0)]
    );

    let changes = workbook.sheet("변화").unwrap();
    assert_eq!(
        changes.rows[1][..8],
        [
            number(1.0),
            text("00123"),
            text("3-1"),
            text("승강기"),
            text("승강기"),
            text("증가"),
            number(2.0),
            number(30.0)
        ]
    );
    let terms = workbook.sheet("단어").unwrap();
    assert!(terms.rows.iter().any(|row| row[0] == text("2026-10")
        && row[3..7] == [text("주차권"), text("주차"), number(38.0), number(38.0)]));
}

#[tokio::test]
async fn an_event_in_many_spellings_is_the_first_change_of_page_mail_and_workbook() {
    let month = empty_month().await;
    for id in ["D1", "D5", "D7"] {
        month.add_building(id, &format!("{id} 단지"), None).await.unwrap();
    }
    // Each spelling alone grows less than the leak of D1: 0 -> 7 or 8 of 60 texts, and 1 -> 20.
    let spellings = [
        "음쓰 통이 넘쳐요",
        "음식물 쓰레기 냄새",
        "음식쓰레기 수거 언제 하나요",
        "음식물쓰래기통이 가득해요",
    ];
    for (period, leaks, waste) in [("2026-09", 1, 1), ("2026-10", 20, 30)] {
        for (building, event) in [("D1", leaks), ("D5", 0), ("D7", waste)] {
            for number in 0..60 {
                let text = match building {
                    _ if number >= event => ["주차권을 더 주세요", "복도 조명이 깜빡여요"][number % 2],
                    "D1" => "천장에서 누수가 있어요",
                    _ => spellings[number % spellings.len()],
                };
                add_text(&month, building, period, text).await;
            }
        }
    }
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();

    let mail = month.topic.mails().await.unwrap().remove(0).text;
    let line = "(9월 → 10월):\n- D7 단지: 음식물쓰레기 1건 → 30건, 이 건물 문의의 50%\n";
    assert!(mail.contains(line), "{mail}");
    let html = results(&month).await.html;
    let first = html
        .split("class=\"loudest\"")
        .nth(1)
        .unwrap()
        .split("</li>")
        .next()
        .unwrap();
    assert!(
        first.contains("<b>음식물쓰레기</b>") && first.contains("1건 → 30건"),
        "{first}"
    );
    let text = |text: &str| Cell::Text(text.to_owned());
    let workbook = workbook(&month).await;
    let first = &workbook.sheet("변화").unwrap().rows[1];
    assert_eq!(
        first[1..5],
        [
            text("D7"),
            text("D7 단지"),
            text("음식물쓰레기"),
            text("청소·쓰레기")
        ]
    );
}

#[tokio::test]
async fn the_csv_of_categories_compares_texts_and_has_those_without_one() {
    let month = two_months().await;
    month.run(&october()).await.unwrap();
    // 00123: 주차 38 of 68 texts and 38 of 40 before; 승강기 30 of 68 and 2 of 40. 2026-10: 38 and 1 of 39, as before.
    let expected = "\u{feff}period,building_id,building,category,documents,share,previous_documents,share_change\r\n\
                    2026-10,00123,3-1,주차,38,0.558824,38,-0.391176\r\n\
                    2026-10,00123,3-1,승강기,30,0.441176,2,0.391176\r\n\
                    2026-10,2026-10,'=1+1,주차,38,0.974359,38,0.000000\r\n\
                    2026-10,2026-10,'=1+1,기타,1,0.025641,1,0.000000\r\n";
    assert_eq!(results(&month).await.categories, expected);
    let mail = month.topic.mails().await.unwrap().remove(0).text;
    let lines = "- 3-1: 승강기 2건 → 30건, 이 건물 문의의 44%\n";
    assert!(mail.contains(lines), "{mail}");
    let lines = "- 주차 76건, 71% (전월 대비 ±0건)\n- 승강기 30건, 28% (전월 대비 +28건)\n- 기타 1건, 0.9% (전월 대비 ±0건)\n";
    assert!(mail.contains(lines), "{mail}");
}

#[tokio::test]
async fn files_of_an_english_report_have_english_names_and_no_comparison_without_a_month_before() {
    let month = two_months().await;
    month
        .sql
        .batch_execute("update stat_run set analyser = 'another'")
        .await
        .unwrap();
    month
        .emulator
        .deploy(month.stat_analysis().variable("REPORT_LOCALE", "en"));
    month.run(&october()).await.unwrap();
    let workbook = workbook(&month).await;
    let names: Vec<&str> = workbook.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, ["Totals", "Categories", "Terms", "Changes"]);
    let recount = r#"{"period":"2026-09","force":true,"mail":false}"#;
    let totals = workbook.sheet("Totals").unwrap();
    assert!(totals.rows[2][0].text().contains(recount), "{:?}", totals.rows[2]);
    assert_eq!(workbook.sheet("Changes").unwrap().rows.len(), 1, "the header");
    let categories = results(&month).await.categories;
    assert!(
        categories.contains("2026-10,2026-10,'=1+1,기타,1,0.025641,,\r\n"),
        "{categories}"
    );
    let other = &workbook.sheet("Categories").unwrap().rows[4];
    assert_eq!(
        other[2..],
        [
            Cell::Text("Other".into()),
            Cell::Number(1.0),
            Cell::Number(1.0 / 39.0)
        ]
    );
}

#[tokio::test]
async fn a_correction_writes_every_file_again() {
    let month = two_months().await;
    month.run(&october()).await.unwrap();
    add_text(&month, "B3", "2026-10", "보일러가 고장났습니다").await;
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    let results = results(&month).await;
    assert!(
        results
            .categories
            .contains("2026-10,B3,가온빌딩,난방·온수,1,1.000000,0,\r\n")
    );
    assert!(results.csv.contains("보일러") && results.xlsx.contains("보일러"));
    assert!(results.html.contains("난방·온수"));
}
