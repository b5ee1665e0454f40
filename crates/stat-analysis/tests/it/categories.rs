//! Categories of texts, and the lists by which a text becomes terms.

use local_stack::{Decision, Outcome};
use serde_json::json;

use crate::setup::{TIMEOUT, add_text, empty_month, october, results, rows, small_month};

const CATEGORIES: &str = "select building_id, category, documents from stat_category";

#[tokio::test]
async fn each_text_counts_once_in_each_of_its_categories_or_else_as_other() {
    let month = empty_month().await;
    month.add_building("B1", "B1", None).await.unwrap();
    month.add_building("B2", "B2", None).await.unwrap();
    month.add_building("B3", "B3", None).await.unwrap();
    for text in [
        "엘베 앞에서 담배 냄새, 엘리베이터 안에서도 담배 냄새",
        "승강기 점검은 언제인가요",
        "안녕하세요",
    ] {
        add_text(&month, "B1", "2026-10", text).await;
    }
    add_text(&month, "B2", "2026-10", "수고하세요").await;
    month.deploy();
    month.run(&october()).await.unwrap();
    let expected = ["(B1,기타,1)", "(B1,승강기,2)", "(B1,흡연·냄새,1)", "(B2,기타,1)"];
    assert_eq!(rows(&month, CATEGORIES).await, expected);
}

#[tokio::test]
async fn own_lists_extend_the_shipped_ones() {
    let month = small_month().await;
    let lists = [
        ("words.csv", "멍뭉이,NNG\n"),
        ("stop.txt", "정산기\n"),
        (
            "terms.tsv",
            "# 단지\n동물\t강아지\t멍뭉이\n주차\t주차권\t허가증, 주차 카드\n",
        ),
    ];
    for (key, list) in lists {
        month.moto.put_object(&month.bucket, key, list).await.unwrap();
    }
    let place = |key| format!("s3://{}/{key}", month.bucket);
    let function = month
        .stat_analysis()
        .variable("USER_DICTIONARY", place("words.csv"))
        .variable("STOP_WORDS", place("stop.txt"))
        .variable("TERMS", place("terms.tsv"));
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(function);
    for text in ["멍뭉이가 엘베에서 짖어요", "강아지 안녕하세요", "허가증 주세요"] {
        add_text(&month, "B4", "2026-10", text).await;
    }
    month.run(&october()).await.unwrap();
    let terms = "select term, sum(documents) from stat_term
                 where term in ('강아지', '멍뭉이', '주차권', '허가증', '정산기', '승강기', '안녕', '관리실') group by 1";
    assert_eq!(
        rows(&month, terms).await,
        ["(강아지,2)", "(승강기,4)", "(주차권,3)"]
    );
    let own =
        "select category, sum(documents) from stat_category where category in ('동물', '승강기') group by 1";
    assert_eq!(rows(&month, own).await, ["(동물,2)", "(승강기,4)"]);
}

#[tokio::test]
async fn a_list_that_begins_with_replace_replaces_the_shipped_one() {
    let month = small_month().await;
    for (key, list) in [
        ("stop.txt", "#replace\n누수\n"),
        ("terms.tsv", "#replace\n탈것\t엘베\t승강기\n"),
    ] {
        month.moto.put_object(&month.bucket, key, list).await.unwrap();
    }
    let place = |key| format!("s3://{}/{key}", month.bucket);
    let function = month
        .stat_analysis()
        .variable("STOP_WORDS", place("stop.txt"))
        .variable("TERMS", place("terms.tsv"));
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(function);
    add_text(&month, "B4", "2026-10", "감사 인사").await;
    month.run(&october()).await.unwrap();
    let terms = "select term, sum(frequency) from stat_term
                 where term in ('엘베', '승강기', '엘리베이터', '누수', '감사') group by 1";
    assert_eq!(
        rows(&month, terms).await,
        ["(감사,1)", "(엘리베이터,3)", "(엘베,1)"]
    );
    let expected = [
        "(B1,기타,2)",
        "(B1,탈것,1)",
        "(B2,기타,3)",
        "(B3,기타,3)",
        "(B4,기타,3)",
    ];
    assert_eq!(rows(&month, CATEGORIES).await, expected);
}

#[tokio::test]
async fn malformed_terms_fail_the_init_with_each_line() {
    let month = small_month().await;
    let list = "주차\t주차권\n주차\n기타\t누수\n";
    month
        .moto
        .put_object(&month.bucket, "terms.tsv", list)
        .await
        .unwrap();
    let place = format!("s3://{}/terms.tsv", month.bucket);
    month
        .emulator
        .deploy(month.stat_analysis().variable("TERMS", place));
    let outcome = month.emulator.invoke("stat-analysis", &json!({})).await.unwrap();
    let Outcome::InitFailed(error) = outcome else {
        panic!("{outcome:?}")
    };
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("TERMS is malformed: line 2: expected category<TAB>term")
            && message.contains("; line 3: the category 기타"),
        "{message}"
    );
}

#[tokio::test]
async fn another_list_of_terms_is_another_version() {
    let month = small_month().await;
    month.deploy();
    month.run(&json!({"period": "2026-09"})).await.unwrap();
    let place = format!("s3://{}/terms.tsv", month.bucket);
    month
        .moto
        .put_object(&month.bucket, "terms.tsv", "주차\t파킹\n")
        .await
        .unwrap();
    month
        .emulator
        .deploy(month.stat_analysis().variable("TERMS", place));
    month.run(&october()).await.unwrap();
    let versions =
        "select count(distinct analyser), count(distinct split_part(analyser, ', terms ', 1)) from stat_run";
    assert_eq!(
        rows(&month, versions).await,
        ["(2,1)"],
        "they differ in the terms"
    );
}

#[tokio::test]
async fn without_examples_no_query_reads_a_sentence() {
    let month = small_month().await;
    month.emulator.deploy(month.stat_prep());
    month
        .emulator
        .deploy(month.stat_analysis().variable("REPORT_EXAMPLES", "false"));
    month
        .emulator
        .on_invoke(|call| match call.payload["task"] == json!(0) {
            true => Decision::Hold,
            false => Decision::Deliver,
        });
    month.emulator.invoke("stat-prep", &october()).await.unwrap();
    month.log("stat-analysis", "ended task 1").await.unwrap();
    // A query of the texts would fail now, with a warning in the log.
    month
        .sql
        .batch_execute("drop view stat_source_text")
        .await
        .unwrap();
    month.emulator.deliver_all();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    let log = month.log("stat-analysis", "wrote the report").await.unwrap();
    assert!(!log.contains("has no examples"), "{log}");
    assert!(results(&month).await.html.contains(r#""examples":[]"#));
}

#[tokio::test]
async fn the_readme_erases_a_building_from_every_table() {
    let month = small_month().await;
    month.deploy();
    month.run(&october()).await.unwrap();
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```sql\n").unwrap();
    let (statements, _) = block.split_once("```").unwrap();
    assert!(statements.contains("'B001'"), "{statements}");
    month
        .sql
        .batch_execute(&statements.replace("'B001'", "'B1'"))
        .await
        .unwrap();
    let tables = "select table_name::text from information_schema.columns join information_schema.tables using (table_name)
                  where column_name = 'building_id' and table_name like 'stat\\_%' and table_type = 'BASE TABLE'";
    let tables = month.sql.query(tables, &[]).await.unwrap();
    assert_eq!(tables.len(), 6);
    for table in tables {
        let table: &str = table.get(0);
        let left = format!("select count(*) filter (where building_id = 'B1'), count(*) > 0 from {table}");
        assert_eq!(rows(&month, &left).await, ["(0,t)"], "{table}");
    }
}
