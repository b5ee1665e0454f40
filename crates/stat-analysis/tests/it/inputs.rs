//! Unusual texts and buildings.

use std::collections::BTreeMap;

use local_stack::{MonthStack, Outcome};
use serde_json::json;

use crate::setup::{add_text, empty_month, october, results, rows, run_without_mail, small_month};

/// Runs October with one building and these texts, and returns the frequencies of its terms.
async fn terms_of(texts: &[&str]) -> BTreeMap<String, i64> {
    let month = empty_month().await;
    month.add_building("B1", "한빛", None).await.unwrap();
    for text in texts {
        add_text(&month, "B1", "2026-10", text).await;
    }
    month.deploy();
    month.run(&october()).await.unwrap();
    terms(&month).await
}

async fn terms(month: &MonthStack) -> BTreeMap<String, i64> {
    let rows = month
        .sql
        .query("select term, frequency from stat_term", &[])
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn expected(terms: &[(&str, i64)]) -> BTreeMap<String, i64> {
    terms
        .iter()
        .map(|(term, frequency)| ((*term).to_owned(), *frequency))
        .collect()
}

#[tokio::test]
async fn a_building_without_texts_is_in_the_report() {
    let month = small_month().await;
    month.add_building("B5", "빈 건물", None).await.unwrap();
    month.deploy();
    month.run(&october()).await.unwrap();
    let building = rows(
        &month,
        "select documents, morphemes from stat_building where building_id = 'B5'",
    )
    .await;
    assert_eq!(building, ["(0,0)"]);
    assert!(results(&month).await.html.contains("빈 건물"));
    assert!(
        month.topic.mails().await.unwrap()[0]
            .text
            .contains("건물 5곳, 글 11건")
    );
}

#[tokio::test]
async fn a_month_without_buildings_has_an_empty_report() {
    let month = empty_month().await;
    month.deploy();
    let answer = month.run(&october()).await.unwrap();
    assert_eq!(
        (&answer["tasks"], &answer["invoked"]),
        (&json!(0), &json!(1)),
        "stat-prep invokes the report"
    );
    assert_eq!(
        results(&month).await.rows,
        ["(run,2026-10,done)", "(task,0,done)"]
    );
    assert!(
        month.topic.mails().await.unwrap()[0]
            .text
            .contains("건물 0곳, 글 0건")
    );
}

#[tokio::test]
async fn a_text_of_ten_megabytes_is_counted() {
    let sentence = "지하주차장 누수가 심합니다. ";
    let repeats = 10_000_000 / sentence.len() as i64;
    let text = sentence.repeat(repeats as usize);
    assert_eq!(
        terms_of(&[&text]).await,
        expected(&[("누수", repeats), ("지하주차장", repeats)])
    );
}

#[tokio::test]
async fn control_characters_separate_words() {
    // PostgreSQL allows every control character in a text except NUL.
    assert_eq!(
        terms_of(&["누수\u{1}누수\u{7f}누수\r\n\t누수"]).await,
        expected(&[("누수", 4)])
    );
}

#[tokio::test]
async fn decomposed_letters_make_the_same_words() {
    let decomposed = "\u{1102}\u{116e}\u{1109}\u{116e}";
    assert_eq!(terms_of(&[decomposed, "누수"]).await, expected(&[("누수", 2)]));
}

#[tokio::test]
async fn empty_and_missing_bodies_are_texts_without_terms() {
    let month = empty_month().await;
    month.add_building("B1", "한빛", None).await.unwrap();
    let insert = "insert into message (building_id, written_at, body)
                  values ('B1', '2026-10-15T12:00:00Z', null), ('B1', '2026-10-15T12:00:00Z', '')";
    month.sql.batch_execute(insert).await.unwrap();
    month.deploy();
    month.run(&october()).await.unwrap();
    assert_eq!(
        rows(&month, "select documents, morphemes from stat_building").await,
        ["(2,0)"]
    );
}

#[tokio::test]
async fn a_row_of_letters_is_no_term() {
    let letters = "뷁".repeat(3000);
    assert_eq!(
        terms_of(&[&letters, "ㅋㅋㅋㅋ ㅇㅈ", "누수"]).await,
        expected(&[("누수", 1)])
    );
}

#[tokio::test]
async fn a_guessed_name_is_a_term_if_it_occurs_twice_and_looks_like_a_name() {
    // No dictionary has 쎄따비, and 안닫힙니다 is 안 닫힙니다 without its space.
    let texts = ["도어락이 안닫힙니다", "도어락이 안닫힙니다", "쎄따비에서 냄새"];
    assert_eq!(terms_of(&texts).await, expected(&[("냄새", 1), ("도어락", 2)]));
    let texts = ["쎄따비에서 나요", "쎄따비가 닫혔어요"];
    assert_eq!(terms_of(&texts).await, expected(&[("쎄따비", 2)]));
}

#[tokio::test]
async fn the_time_zone_decides_the_month_of_a_text() {
    let month = empty_month().await;
    month.add_building("B1", "한빛", None).await.unwrap();
    for (written_at, word) in [
        ("2026-09-30T23:59:59.999999+09:00", "승강기"),
        ("2026-10-01T00:00:00+09:00", "누수"),
        ("2026-10-31T23:59:59.999999+09:00", "층간소음"),
        ("2026-11-01T00:00:00+09:00", "주차권"),
    ] {
        month.add_text("B1", written_at, word).await.unwrap();
    }
    month.deploy();
    month.run(&october()).await.unwrap();
    assert_eq!(terms(&month).await, expected(&[("누수", 1), ("층간소음", 1)]));
}

#[tokio::test]
async fn unknown_buildings_are_named_and_their_texts_not_analysed() {
    let month = small_month().await;
    add_text(&month, "X9", "2026-10", "보일러 고장").await;
    add_text(&month, "X9", "2026-10", "보일러 고장").await;
    month.deploy();
    month.run(&october()).await.unwrap();
    let mail = &month.topic.mails().await.unwrap()[0].text;
    assert!(
        mail.contains("등록되지 않은 건물의 글 2건은 분석하지 않았습니다: X9"),
        "{mail}"
    );
    month.log("stat-prep", "X9").await.unwrap();
    assert!(!results(&month).await.csv.contains("보일러"));
}

#[tokio::test]
async fn buildings_closed_and_renamed_in_the_month_keep_their_results() {
    let month = small_month().await;
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month
        .sql
        .batch_execute(
            "update building set closed_on = '2026-10-15' where id = 'B1';
             update building set name = '은솔채' where id = 'B2';
             update building set closed_on = '2026-08-01' where id = 'B3'",
        )
        .await
        .unwrap();
    let answer = month.run(&october()).await.unwrap();
    assert_eq!(
        answer["buildings"],
        json!({"added": 0, "changed": 1, "closed": 2})
    );
    let csv = results(&month).await.csv;
    assert!(
        csv.contains("B1,한빛 오피스텔") && csv.contains("B2,은솔채"),
        "{csv}"
    );
    assert!(csv.contains("B3,"), "closed in August, but with texts in October");
    let kept = rows(&month, "select count(*) from stat_dimension").await;
    assert_eq!(kept, ["(4)"]);
}

#[tokio::test]
async fn a_building_that_closed_before_the_month_and_has_no_texts_is_omitted() {
    let month = small_month().await;
    month
        .add_building("B5", "옛 건물", Some("2026-09-30"))
        .await
        .unwrap();
    month
        .add_building("B6", "닫는 건물", Some("2026-10-01"))
        .await
        .unwrap();
    month.deploy();
    month.run(&october()).await.unwrap();
    let html = results(&month).await.html;
    assert!(!html.contains("옛 건물") && html.contains("닫는 건물"));
}

#[tokio::test]
async fn a_malformed_source_is_refused_with_its_fault() {
    for (change, expected) in [
        ("drop view stat_source_text", "there is no relation stat_source_text"),
        (
            "create or replace view stat_source_building as
             select id as building_id, name, closed_on from building
             union all select 'B1', 'again', null",
            "stat_source_building has 2 rows for the building B1",
        ),
        (
            "drop view stat_source_building; create view stat_source_building as
             select id::char(10) as building_id, name, closed_on from building",
            "stat_source_building.building_id is character, expected text",
        ),
        (
            "drop view stat_source_text; create view stat_source_text as
             select id as text_id, building_id, written_at at time zone 'UTC' as written_at, body from message",
            "stat_source_text.written_at is timestamp",
        ),
    ] {
        let month = small_month().await;
        month.sql.batch_execute(change).await.unwrap();
        month.deploy();
        let outcome = month.emulator.invoke("stat-prep", &october()).await.unwrap();
        let Outcome::Error(error) = outcome else { panic!("expected an error, got {outcome:?}") };
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}
