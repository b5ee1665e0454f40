//! The numbers of the report, against numbers worked out by hand.

use local_stack::Month;
use serde_json::json;
use std::collections::BTreeMap;

use crate::surroundings::{empty_month, left, october, rows};

/// Two buildings, with `B1: 누수 누수 주차권` and `B2: 누수 주차권 주차권 주차권` in October.
async fn two_buildings() -> Month {
    let month = empty_month().await;
    for (id, texts) in [
        ("B1", ["누수 누수", "주차권"]),
        ("B2", ["누수 주차권", "주차권 주차권"]),
    ] {
        month.add_building(id, id, None).await.unwrap();
        for text in texts {
            month
                .add_text(id, "2026-10-15T12:00:00+09:00", text)
                .await
                .unwrap();
        }
    }
    month.deploy();
    month
}

#[tokio::test]
async fn distinctiveness_is_the_log_odds_ratio_with_a_dirichlet_prior() {
    let month = two_buildings().await;
    month.run(&october()).await.unwrap();
    // Terms of the month: 누수 3, 주차권 4, together n = 7, in 2 buildings: the prior weighs alpha = 3.5.
    //
    // 누수 in B1: y_i = 2 of n_i = 3, against y_j = 1 of n_j = 4; its prior is alpha_w = 3.5 · 3/7 = 1.5.
    //   in B1:     (2 + 1.5) / (3 + 3.5 - 2 - 1.5) = 3.5 / 3   -> ln = 0.154151
    //   elsewhere: (1 + 1.5) / (4 + 3.5 - 1 - 1.5) = 2.5 / 5   -> ln = -0.693147
    //   z = (0.154151 + 0.693147) / sqrt(1/3.5 + 1/2.5) = 0.847298 / 0.828079 = 1.023209
    // 주차권 in B1 is the opposite, since there are two terms only: z = -0.847298 / sqrt(1/(1+2) + 1/(3+2))
    //   = -0.847298 / 0.730297 = -1.160211. In B2 both change their signs.
    let mut scores = BTreeMap::new();
    for row in month
        .sql
        .query("select building_id, rank, term, z_score from stat_keyword", &[])
        .await
        .unwrap()
    {
        scores.insert(
            (row.get::<_, String>(0), row.get::<_, i32>(1)),
            (row.get::<_, String>(2), row.get::<_, f64>(3)),
        );
    }
    for (building, rank, term, z) in [
        ("B1", 1, "누수", 1.023209),
        ("B1", 2, "주차권", -1.160211),
        ("B2", 1, "주차권", 1.160211),
        ("B2", 2, "누수", -1.023209),
    ] {
        let (found, score) = &scores[&(building.to_owned(), rank)];
        assert_eq!(found, term);
        assert!(
            (score - z).abs() < 1e-5,
            "{building} {term}: {score}, expected {z}"
        );
    }
}

#[tokio::test]
async fn a_single_building_stands_against_nothing() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    month
        .add_text("B1", "2026-10-15T12:00:00+09:00", "누수 누수 주차권")
        .await
        .unwrap();
    month.deploy();
    month.run(&october()).await.unwrap();
    let keywords = rows(
        &month,
        "select rank, term, frequency, round(z_score::numeric, 9) from stat_keyword",
    )
    .await;
    assert_eq!(keywords, ["(1,누수,2,0.000000000)", "(2,주차권,1,0.000000000)"]);
}

#[tokio::test]
async fn a_single_term_stands_against_nothing() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    month.add_building("B2", "B2", None).await.unwrap();
    for id in ["B1", "B2"] {
        month
            .add_text(id, "2026-10-15T12:00:00+09:00", "누수")
            .await
            .unwrap();
    }
    month.deploy();
    month.run(&october()).await.unwrap();
    let keywords = rows(&month, "select building_id, term, z_score from stat_keyword").await;
    assert_eq!(keywords, ["(B1,누수,0)", "(B2,누수,0)"]);
}

#[tokio::test]
async fn a_term_in_one_text_twice_is_in_one_document() {
    let month = two_buildings().await;
    month.run(&october()).await.unwrap();
    let terms = rows(
        &month,
        "select building_id, term, frequency, documents from stat_term",
    )
    .await;
    assert_eq!(
        terms,
        [
            "(B1,누수,2,1)",
            "(B1,주차권,1,1)",
            "(B2,누수,1,1)",
            "(B2,주차권,3,2)"
        ]
    );
}

const CHANGES: &str = "select building_id, term, previous_frequency, round(share_change::numeric, 6)
                       from stat_keyword where period_id = '2026-10'";

#[tokio::test]
async fn a_share_is_compared_with_the_month_before() {
    let month = two_buildings().await;
    // In September B1 wrote 누수 once and 승강기 three times; B2 did not write.
    month
        .add_text("B1", "2026-09-15T12:00:00+09:00", "누수 승강기 승강기 승강기")
        .await
        .unwrap();
    month
        .run(&json!({"period": "2026-09", "mail": false}))
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    // B1's share of 누수 was 1/4 and is 2/3: +0.416667. 주차권 was not there and is 1/3.
    // B2 had no terms in September, so there is no share to compare with.
    let expected = [
        "(B1,누수,1,0.416667)",
        "(B1,주차권,0,0.333333)",
        "(B2,누수,0,)",
        "(B2,주차권,0,)",
    ];
    assert_eq!(rows(&month, CHANGES).await, expected);
    assert!(!left(&month).await.html.contains("지난달과의 비교가 없습니다"));
}

const NOTHING_TO_COMPARE: [&str; 4] = ["(B1,누수,,)", "(B1,주차권,,)", "(B2,누수,,)", "(B2,주차권,,)"];

#[tokio::test]
async fn without_a_complete_month_before_nothing_is_compared_and_the_report_says_so() {
    let month = two_buildings().await;
    month
        .run(&json!({"period": "2026-09", "mail": false}))
        .await
        .unwrap();
    month
        .sql
        .batch_execute("update stat_run set state = 'partial'")
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(rows(&month, CHANGES).await, NOTHING_TO_COMPARE);
    assert!(left(&month).await.html.contains("지난달과의 비교가 없습니다"));
    assert!(
        month.topic.mails().await.unwrap()[0]
            .text
            .contains("지난달과의 비교는 없습니다")
    );
}

#[tokio::test]
async fn a_month_of_another_analyser_is_not_compared() {
    let month = two_buildings().await;
    month
        .run(&json!({"period": "2026-09", "mail": false}))
        .await
        .unwrap();
    month
        .sql
        .batch_execute("update stat_run set analyser = 'another'")
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(rows(&month, CHANGES).await, NOTHING_TO_COMPARE);
}

#[tokio::test]
async fn a_building_that_was_not_there_the_month_before_is_not_compared() {
    let month = two_buildings().await;
    month
        .sql
        .batch_execute("update building set closed_on = '2026-08-31' where id = 'B2'")
        .await
        .unwrap();
    month
        .run(&json!({"period": "2026-09", "mail": false}))
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    let expected = ["(B1,누수,0,)", "(B1,주차권,0,)", "(B2,누수,,)", "(B2,주차권,,)"];
    assert_eq!(rows(&month, CHANGES).await, expected);
}
