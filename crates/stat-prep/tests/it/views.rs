//! Imperfect views: what is refused with advice, and what is only reported.

use local_stack::MonthStack;
use serde_json::json;

use crate::setup::{deploy_and_drop_tasks, error_of, invoke, october, three_buildings};

/// Replaces a view of the source.
async fn replace_view(stack: &MonthStack, name: &str, query: &str) {
    let replace = format!("drop view {name}; create view {name} as {query}");
    stack.sql.batch_execute(&replace).await.unwrap();
}

/// Returns type and message of the error with which the month of October is refused.
async fn refusal(stack: &MonthStack) -> (String, String) {
    error_of(stack.emulator.invoke("stat-prep", &october()).await.unwrap())
}

#[tokio::test]
async fn a_time_without_a_zone_is_refused_with_the_configured_zone() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let query = "select id as text_id, building_id, written_at::timestamp, body from message";
    replace_view(&stack, "stat_source_text", query).await;
    let (_, message) = refusal(&stack).await;
    assert!(
        message.contains("stat_source_text.written_at is timestamp without time zone, expected timestamptz")
            && message.contains("written_at at time zone 'Asia/Seoul'"),
        "{message}"
    );
}

#[tokio::test]
async fn a_missing_view_and_a_missing_column_are_named() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let query = "select id as text_id, building_id, written_at from message";
    replace_view(&stack, "stat_source_text", query).await;
    let (_, message) = refusal(&stack).await;
    assert!(
        message.contains("stat_source_text has no column body"),
        "{message}"
    );
    stack
        .sql
        .batch_execute("drop view stat_source_text")
        .await
        .unwrap();
    let (_, message) = refusal(&stack).await;
    assert!(
        message.contains("there is no relation stat_source_text"),
        "{message}"
    );
}

#[tokio::test]
async fn a_join_that_repeats_texts_is_refused_with_the_numbers() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let query = "select id as text_id, building_id, written_at, body from message
                 cross join generate_series(1, case building_id when 'B2' then 3 else 1 end)";
    replace_view(&stack, "stat_source_text", query).await;
    let (error_type, message) = refusal(&stack).await;
    assert_eq!(error_type, "RepeatedTexts");
    // B1 and B3 have two texts each, and B2 has two texts three times: 2 + 6 + 2 rows.
    assert!(
        message.contains("stat_source_text has 10 rows of 6 texts in 2026-10, most in the building B2"),
        "{message}"
    );
    let runs = stack
        .sql
        .query_one("select count(*) from stat_run", &[])
        .await
        .unwrap();
    assert_eq!(runs.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn two_tables_that_number_their_texts_independently_are_accepted() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let query = "select id as text_id, building_id, written_at, body from message
                 union all select id, building_id, written_at + interval '1 second', body from message";
    replace_view(&stack, "stat_source_text", query).await;
    assert_eq!(invoke(&stack, &october()).await["state"], "queued");
}

#[tokio::test]
async fn a_building_without_a_name_is_named_by_its_id() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let query =
        "select id as building_id, case id when 'B2' then null when 'B3' then ' ' else name end as name,
                        closed_on from building";
    replace_view(&stack, "stat_source_building", query).await;
    let run = invoke(&stack, &october()).await;
    assert_eq!(run["tasks"], 3);
    let names =
        "select string_agg(name, ',' order by building_id) from stat_dimension where building_id <> 'B1'";
    let names = stack.sql.query_one(names, &[]).await.unwrap();
    assert_eq!(names.get::<_, &str>(0), "B2,B3");
    stack
        .log(
            "stat-prep",
            "used the id as name of 2 buildings that have none in stat_source_building, such as B2",
        )
        .await
        .unwrap();
    let again = invoke(&stack, &json!({"period": "2026-09"})).await;
    assert_eq!(again["buildings"], json!({"added": 0, "changed": 0, "closed": 0}));
}

#[tokio::test]
async fn a_scan_of_a_large_table_is_reported() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    // As if the table had more than a million rows: the planner multiplies rows per page by the pages of the file.
    let large = "drop index message_building_id_written_at_idx;
                 analyze message;
                 update pg_class set reltuples = 3000000 where oid = 'message'::regclass";
    stack.sql.batch_execute(large).await.unwrap();
    invoke(&stack, &october()).await;
    for statement in ["counting the month's texts", "reading the texts of one building"] {
        let warning = format!("{statement} scans all of \\\"public\\\".\\\"message\\\", about 3000000 rows");
        stack.log("stat-prep", &warning).await.unwrap();
    }
}
