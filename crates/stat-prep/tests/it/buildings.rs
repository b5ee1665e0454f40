//! `stat_dimension` follows `stat_source_building`.

use local_stack::MonthStack;
use serde_json::json;

use crate::setup::{deploy_and_drop_tasks, invoke, october, three_buildings};

/// Returns the first column of a query.
async fn texts(stack: &MonthStack, query: &str) -> Vec<String> {
    let rows = stack.sql.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn counts_added_changed_and_closed_buildings_and_deletes_none() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let first = invoke(&stack, &json!({"period": "2026-08"})).await;
    assert_eq!(first["buildings"], json!({"added": 3, "changed": 0, "closed": 0}));
    let unchanged = invoke(&stack, &json!({"period": "2026-09"})).await;
    assert_eq!(
        unchanged["buildings"],
        json!({"added": 0, "changed": 0, "closed": 0})
    );
    stack
        .sql
        .batch_execute(
            "update building set closed_on = '2026-10-20' where id = 'B1';
             update building set name = 'renamed' where id = 'B2';
             delete from building where id = 'B3';
             insert into building values ('B4', 'new', null)",
        )
        .await
        .unwrap();
    let changed = invoke(&stack, &october()).await;
    assert_eq!(
        changed["buildings"],
        json!({"added": 1, "changed": 1, "closed": 1})
    );
    let query = "select building_id || ' ' || name || ' ' || coalesce(closed_on::text, '-')
                 from stat_dimension order by 1";
    let known = texts(&stack, query).await;
    assert_eq!(known, ["B1 B1 2026-10-20", "B2 renamed -", "B3 B3 -", "B4 new -"]);
    stack
        .sql
        .batch_execute("update building set closed_on = null where id = 'B1'")
        .await
        .unwrap();
    let reopened = invoke(&stack, &json!({"period": "2026-10", "force": true})).await;
    assert_eq!(
        reopened["buildings"],
        json!({"added": 0, "changed": 1, "closed": 0})
    );
}

#[tokio::test]
async fn two_concurrent_first_events_migrate_once() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let (august, september) = (json!({"period": "2026-08"}), json!({"period": "2026-09"}));
    let (first, second) = tokio::join!(invoke(&stack, &august), invoke(&stack, &september));
    assert_eq!((&first["tasks"], &second["tasks"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_building_removed_from_the_source_is_planned_only_if_it_has_texts() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    invoke(&stack, &json!({"period": "2026-09"})).await;
    // B1 has texts in October and none in August.
    stack
        .sql
        .batch_execute("delete from building where id = 'B1'")
        .await
        .unwrap();
    invoke(&stack, &october()).await;
    invoke(&stack, &json!({"period": "2026-08"})).await;
    let query = "select period_id || ' ' || string_agg(building_id, ' ' order by building_id)
                 from stat_run join stat_task_building using (run_id) group by period_id order by 1";
    let planned = texts(&stack, query).await;
    assert_eq!(planned, ["2026-08 B2 B3", "2026-09 B1 B2 B3", "2026-10 B1 B2 B3"]);
}
