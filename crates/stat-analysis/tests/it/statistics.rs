//! The numbers of the report, compared with numbers that are worked out by hand.

use std::collections::BTreeMap;

use local_stack::MonthStack;
use serde_json::json;

use crate::setup::{TIMEOUT, add_text, empty_month, hold_tasks, october, results, rows, run_without_mail};

/// Creates two buildings, with `B1: 누수 누수 주차권` and `B2: 누수 주차권 주차권 주차권` in October.
async fn two_buildings() -> MonthStack {
    let month = empty_month().await;
    for (id, texts) in [
        ("B1", ["누수 누수", "주차권"]),
        ("B2", ["누수 주차권", "주차권 주차권"]),
    ] {
        month.add_building(id, id, None).await.unwrap();
        for text in texts {
            add_text(&month, id, "2026-10", text).await;
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
async fn a_single_building_has_nothing_to_compare_with() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    add_text(&month, "B1", "2026-10", "누수 누수 주차권").await;
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
async fn a_single_term_has_nothing_to_compare_with() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    month.add_building("B2", "B2", None).await.unwrap();
    for id in ["B1", "B2"] {
        add_text(&month, id, "2026-10", "누수").await;
    }
    month.deploy();
    month.run(&october()).await.unwrap();
    let keywords = rows(&month, "select building_id, term, z_score from stat_keyword").await;
    assert_eq!(keywords, ["(B1,누수,0)", "(B2,누수,0)"]);
}

#[tokio::test]
async fn a_term_twice_in_one_text_counts_one_document() {
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
    add_text(&month, "B1", "2026-09", "누수 승강기 승강기 승강기").await;
    run_without_mail(&month, "2026-09").await;
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
    assert!(!results(&month).await.html.contains("전월과의 비교가 없습니다"));
}

const NOTHING_TO_COMPARE: [&str; 4] = ["(B1,누수,,)", "(B1,주차권,,)", "(B2,누수,,)", "(B2,주차권,,)"];

#[tokio::test]
async fn a_failed_building_of_the_month_before_is_not_compared_and_the_others_are() {
    let month = two_buildings().await;
    add_text(&month, "B1", "2026-09", "누수 승강기 승강기 승강기").await;
    add_text(&month, "B2", "2026-09", "누수 승강기").await;
    run_without_mail(&month, "2026-09").await;
    month
        .sql
        .batch_execute(
            "update stat_run set state = 'partial';
             update stat_task_building set state = 'failed' where building_id = 'B2';
             delete from stat_building where building_id = 'B2'; delete from stat_term where building_id = 'B2'",
        )
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    // B1 as in a_share_is_compared_with_the_month_before.
    let expected = [
        "(B1,누수,1,0.416667)",
        "(B1,주차권,0,0.333333)",
        "(B2,누수,,)",
        "(B2,주차권,,)",
    ];
    assert_eq!(rows(&month, CHANGES).await, expected);
}

#[tokio::test]
async fn a_month_before_without_its_terms_is_not_compared_and_the_report_notes_it() {
    let month = two_buildings().await;
    add_text(&month, "B1", "2026-09", "누수 승강기").await;
    run_without_mail(&month, "2026-09").await;
    month.sql.batch_execute("delete from stat_term").await.unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(rows(&month, CHANGES).await, NOTHING_TO_COMPARE);
    assert!(results(&month).await.html.contains("전월과의 비교가 없습니다"));
    assert!(
        month.topic.mails().await.unwrap()[0]
            .text
            .contains("전월과의 비교가 없습니다")
    );
}

#[tokio::test]
async fn a_month_of_another_analyser_is_not_compared() {
    let month = two_buildings().await;
    run_without_mail(&month, "2026-09").await;
    month
        .sql
        .batch_execute("update stat_run set analyser = 'another'")
        .await
        .unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(rows(&month, CHANGES).await, NOTHING_TO_COMPARE);
    // Page and mail name the recount, and after it the months are compared.
    let recount = json!({"period": "2026-09", "force": true, "mail": false});
    let mail = month.topic.mails().await.unwrap().remove(0).text;
    assert!(
        mail.contains(r#"{"period":"2026-09","force":true,"mail":false}"#),
        "{mail}"
    );
    let html = results(&month).await.html;
    let escaped = "{&quot;period&quot;:&quot;2026-09&quot;,&quot;force&quot;:true,&quot;mail&quot;:false}";
    assert!(html.contains(escaped));
    month.run(&recount).await.unwrap();
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    assert_ne!(rows(&month, CHANGES).await, NOTHING_TO_COMPARE);
    assert!(!results(&month).await.html.contains(escaped));
}

#[tokio::test]
async fn a_building_that_the_month_before_lacks_is_not_compared() {
    let month = two_buildings().await;
    month
        .sql
        .batch_execute("update building set closed_on = '2026-08-31' where id = 'B2'")
        .await
        .unwrap();
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();
    let expected = ["(B1,누수,0,)", "(B1,주차권,0,)", "(B2,누수,,)", "(B2,주차권,,)"];
    assert_eq!(rows(&month, CHANGES).await, expected);
}

/// Adds the given number of texts to each month, with one term each.
async fn texts_of_one_term(
    month: &MonthStack,
    building: &str,
    september: &[(&str, usize)],
    october: &[(&str, usize)],
) {
    month.add_building(building, building, None).await.unwrap();
    for (period, terms) in [("2026-09", september), ("2026-10", october)] {
        for (term, times) in terms {
            for _ in 0..*times {
                add_text(month, building, period, term).await;
            }
        }
    }
}

#[tokio::test]
async fn a_change_is_shown_if_it_is_neither_chance_nor_a_small_number() {
    let month = empty_month().await;
    // B1: 누수 was 4 of 40 and is 40 of 80; together 44 of 120.
    //   z = (0.5 - 0.1) / sqrt(44/120 · 76/120 · (1/80 + 1/40)) = 0.4 / 0.093318 = 4.29, beyond 2.576. The share of
    //   승강기 falls, but it is written more often than before.
    texts_of_one_term(
        &month,
        "B1",
        &[("누수", 4), ("승강기", 36)],
        &[("누수", 40), ("승강기", 40)],
    )
    .await;
    // B2: 누수 is 15 of 40. z = (0.375 - 0.1) / sqrt(17/60 · 43/60 · (1/40 + 1/20)) = 0.275 / 0.123406 = 2.23: chance.
    texts_of_one_term(
        &month,
        "B2",
        &[("누수", 2), ("승강기", 18)],
        &[("누수", 15), ("승강기", 25)],
    )
    .await;
    // B3: 누수 was not there and is 9 of 40. z = 0.225 / sqrt(9/80 · 71/80 · (1/40 + 1/40)) = 3.18, but 9/80 of 40
    // are 4.5 a month, too few. 승강기 is the opposite, and often enough.
    texts_of_one_term(&month, "B3", &[("승강기", 40)], &[("누수", 9), ("승강기", 31)]).await;
    // B4: 누수 was not there and occurs twenty times, but in one text of 41.
    let notice = "누수 ".repeat(20);
    texts_of_one_term(&month, "B4", &[("승강기", 40)], &[(&notice, 1), ("승강기", 40)]).await;
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();

    let html = results(&month).await.html;
    let changes: Vec<&str> = html
        .split(r#""rising":"#)
        .skip(1)
        .filter_map(|rest| rest.split(r#","trend""#).next())
        .take(4)
        .collect();
    // Texts before and now, and their share now.
    let of_b1 = r#"[["누수","누수·배관",4,40,"50%"]],"falling":[]"#;
    let of_b3 = r#"[],"falling":[["승강기","승강기",40,31,"78%"]]"#;
    let nothing = r#"[],"falling":[]"#;
    assert_eq!(changes, [of_b1, nothing, of_b3, nothing]);
    let mails = month.topic.mails().await.unwrap();
    let expected = "(9월 → 10월):\n- B1: 누수 4건 → 40건, 이 건물 문의의 50%\n\
                    - B3: 승강기 40건 → 31건, 이 건물 문의의 78%\n\n";
    assert!(mails[0].text.contains(expected), "{}", mails[0].text);
}

#[tokio::test]
async fn a_change_that_chance_explains_among_all_tests_is_not_shown() {
    let month = empty_month().await;
    // B0: 누수 was 4 of 40 and is 15 of 40. z = 0.275 / sqrt(19/80 · 61/80 · (1/40 + 1/40)) = 0.275 / 0.095156 = 2.89,
    // p = 0.00385; 승강기 is the opposite. Of the two tests of B0 alone, both ranks allow 2/2 · 0.05. Of 32 tests the
    // second rank allows 2/32 · 0.05 = 0.0031 only.
    texts_of_one_term(
        &month,
        "B0",
        &[("누수", 4), ("승강기", 36)],
        &[("누수", 15), ("승강기", 25)],
    )
    .await;
    month.deploy();
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();
    let line = "- B0: 누수 4건 → 15건, 이 건물 문의의 38%\n- B0: 승강기 36건 → 25건, 이 건물 문의의 62%\n";
    let mail = month.topic.mails().await.unwrap().remove(0).text;
    assert!(mail.contains(line), "{mail}");

    let other_buildings = "insert into building select 'A' || n, 'A' || n from generate_series(1, 15) n;
         insert into message (building_id, written_at, body)
         select 'A' || n, written_at::timestamptz, case when text <= 10 then '누수' else '승강기' end
         from generate_series(1, 15) n, generate_series(1, 40) text,
              (values ('2026-09-15T12:00:00Z'), ('2026-10-15T12:00:00Z')) month(written_at)";
    month.sql.batch_execute(other_buildings).await.unwrap();
    month
        .run(&json!({"period": "2026-09", "force": true, "mail": false}))
        .await
        .unwrap();
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    let none = "전월보다 우연이라고 보기 어려울 만큼 달라진 단어는 없습니다.";
    let mail = month.topic.mails().await.unwrap().remove(1).text;
    assert!(mail.contains(none), "{mail}");
    let html = results(&month).await.html;
    assert!(html.contains(none) && !html.contains(",4,15,"));
}

#[tokio::test]
async fn a_trend_has_the_months_with_a_run() {
    let month = two_buildings().await;
    for (building, period, texts) in [("B1", "2026-06", 3), ("B2", "2026-06", 1), ("B1", "2026-09", 4)] {
        for _ in 0..texts {
            add_text(&month, building, period, "누수").await;
        }
    }
    for period in ["2026-06", "2026-09"] {
        run_without_mail(&month, period).await;
    }
    month.run(&october()).await.unwrap();
    let html = results(&month).await.html;
    for trend in [
        "[null,3,null,null,4,2]",
        "[null,1,null,null,0,2]",
        "[null,4,null,null,4,4]",
    ] {
        assert!(html.contains(&format!("\"trend\":{trend}")), "{trend} is missing");
    }
    assert!(html.contains("전월 대비 ±0"), "four texts again");
}

#[tokio::test]
async fn examples_are_sentences_without_personal_data() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    month.add_building("B2", "B2", None).await.unwrap();
    for text in [
        "안녕하세요. 1203호 누수가 심합니다. 010-0000-1234로 연락 주세요.",
        "누수",
        "누수 </script><script>alert(1)</script> \"따옴표\" & 누수 때문에 바닥이 다 젖었으니 확인해 주시기 바랍니다",
    ] {
        add_text(&month, "B1", "2026-10", text).await;
    }
    add_text(&month, "B2", "2026-10", "주차권").await;
    // The next month.
    month
        .add_text(
            "B1",
            "2026-11-01T00:00:00+09:00",
            "다음 달에도 누수가 심해서 걱정이 아주 많이 됩니다",
        )
        .await
        .unwrap();
    month.deploy();
    month.run(&october()).await.unwrap();
    let html = results(&month).await.html;
    assert!(html.contains(r#"["***호 누수가 심합니다.","누수"]"#), "{html}");
    assert!(!html.contains("1203") && !html.contains("010-0000") && !html.contains("alert(1)</script>"));
    assert!(!html.contains("다음 달에도"));
}

#[tokio::test]
async fn a_report_is_written_even_without_examples() {
    let month = two_buildings().await;
    hold_tasks(&month).await;
    // The view loses text_id, the column by which examples are ordered.
    month
        .sql
        .batch_execute(
            "drop view stat_source_text;
             create view stat_source_text as select building_id, written_at, body from message",
        )
        .await
        .unwrap();
    month.emulator.deliver_all();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert!(results(&month).await.html.contains(r#""examples":[]"#));
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
    let log = month.log("stat-analysis", "has no examples").await.unwrap();
    assert!(log.contains("SQLSTATE 42703"), "{log}");
}

/// Returns the page's sentences with their terms as written.
async fn sentences(month: &MonthStack) -> Vec<String> {
    let html = results(month).await.html;
    let data = html.split(r#""examples":"#).skip(1);
    let lists = data.filter_map(|rest| {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Vec<(String, String)>>();
        values.next()?.ok()
    });
    lists
        .flatten()
        .map(|(sentence, term)| format!("{term}: {sentence}"))
        .collect()
}

/// A building that writes a term in other spellings only: another word, with a space, as a phrase, in small letters.
#[tokio::test]
async fn a_sentence_is_found_by_every_spelling_of_its_term() {
    for (text, term, expected) in [
        (
            "1호기 엘베가 또 멈췄어요",
            "승강기",
            "엘베: 1호기 엘베가 또 멈췄어요",
        ),
        (
            "지하 주차장이 어두워요",
            "지하주차장",
            "지하 주차장: 지하 주차장이 어두워요",
        ),
        (
            "천장에서 물이 뚝뚝 샙니다",
            "누수",
            "물이 뚝뚝 샙: 천장에서 물이 뚝뚝 샙니다",
        ),
        ("복도 cctv 좀 봐 주세요", "CCTV", "cctv: 복도 cctv 좀 봐 주세요"),
        (
            "관리 비가 왜 올랐나요",
            "관리비",
            "관리 비: 관리 비가 왜 올랐나요",
        ),
    ] {
        let month = empty_month().await;
        for id in ["B1", "B2"] {
            month.add_building(id, id, None).await.unwrap();
            for number in 0..4 {
                // The first texts only look like the term: 수엘베르 is no lift.
                let other = ["수엘베르 님이 안녕하세요", "주차권을 더 주세요"][number % 2];
                add_text(&month, id, "2026-10", if id == "B1" { text } else { other }).await;
            }
        }
        month.deploy();
        month.run(&october()).await.unwrap();
        let found = sentences(&month).await;
        assert!(
            found.iter().any(|sentence| sentence == expected),
            "{term}: {found:?}"
        );
    }
}
