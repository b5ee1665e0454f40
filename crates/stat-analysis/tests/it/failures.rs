//! Buildings that cannot be analysed, and invocations that run out of time.

use local_stack::Month;
use serde_json::json;
use std::time::Duration;

use crate::surroundings::{Obstacle, PATIENCE, assert_clean, clean, left, october, plan, rows, small_month};

/// Lets the database refuse everything of the building B2.
const REFUSE_B2: &str = "
create function refuse() returns trigger language plpgsql as
$$ begin raise exception 'this building is refused'; end $$;
create trigger refuse before insert on stat_building for each row
when (new.building_id = 'B2') execute function refuse()";

async fn with_tables() -> Month {
    let month = small_month().await;
    month.deploy();
    // The ledger's tables must be there before a trigger can be.
    month.run(&json!({"resume": true})).await.unwrap();
    month
}

#[tokio::test]
async fn a_building_that_fails_is_tried_three_times_and_stops_no_other() {
    let month = with_tables().await;
    month.sql.batch_execute(REFUSE_B2).await.unwrap();
    let run = month.run(&october()).await.unwrap();
    let buildings = rows(
        &month,
        "select building_id, state, attempts from stat_task_building",
    )
    .await;
    assert_eq!(
        buildings,
        ["(B1,done,1)", "(B2,failed,3)", "(B3,done,1)", "(B4,done,1)"]
    );
    let error: String = month
        .sql
        .query_one(
            "select error from stat_task_building where building_id = 'B2'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert!(error.contains("this building is refused"), "{error}");
    let mail = &month.topic.mails().await.unwrap()[0];
    assert!(mail.subject.contains("건물 1곳 분석 실패"), "{}", mail.subject);
    assert!(mail.text.contains("- 은솔 아파트 (B2)"), "{}", mail.text);
    assert_eq!(rows(&month, "select state from stat_status").await, ["(partial)"]);

    // The cause is gone, and the failed building alone is done again.
    month
        .sql
        .batch_execute("drop trigger refuse on stat_building")
        .await
        .unwrap();
    let corrected = month
        .run(&json!({"period": "2026-10", "failed": true}))
        .await
        .unwrap();
    assert_ne!(corrected["run_id"], run["run_id"]);
    assert_eq!(
        (&corrected["tasks"], &corrected["invoked"]),
        (&json!(1), &json!(1))
    );
    let again = rows(
        &month,
        "select building_id, attempts from stat_task_building join stat_period on run_id = current_run_id",
    );
    assert_eq!(again.await, ["(B2,1)"]);
    let without_tasks = |rows: &[String]| -> Vec<String> {
        rows.iter()
            .filter(|row| !row.contains("of a task"))
            .cloned()
            .collect()
    };
    let left = left(&month).await;
    assert_eq!(without_tasks(&left.rows), without_tasks(&clean().await.rows));
    // Row for row the same, and the page says that it is another one.
    let html = left.html.replace(" · 정정본", "");
    assert_ne!(html, left.html);
    assert_eq!((&left.csv, &html), (&clean().await.csv, &clean().await.html));
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "[정정] 2026-10 건물별 통계");

    // There is nothing left to correct.
    let third = month
        .run(&json!({"period": "2026-10", "failed": true}))
        .await
        .unwrap();
    assert_eq!(
        (&third["run_id"], &third["invoked"]),
        (&corrected["run_id"], &json!(0))
    );
}

#[tokio::test]
async fn a_correction_that_fails_again_is_corrected_again_and_names_what_was_left_out() {
    let month = with_tables().await;
    month
        .add_text("X9", "2026-10-15T12:00:00+09:00", "보일러 고장")
        .await
        .unwrap();
    month.sql.batch_execute(REFUSE_B2).await.unwrap();
    month.run(&october()).await.unwrap();
    // The unknown building is known from now on, but its texts are not in the run that is corrected.
    month.add_building("X9", "새 건물", None).await.unwrap();
    let failed = json!({"period": "2026-10", "failed": true});
    let second = month.run(&failed).await.unwrap();
    assert_eq!(
        rows(
            &month,
            "select state, buildings, buildings_failed from stat_status"
        )
        .await,
        ["(partial,4,1)"]
    );
    month
        .sql
        .batch_execute("drop trigger refuse on stat_building")
        .await
        .unwrap();
    let third = month.run(&failed).await.unwrap();
    assert_ne!(second["run_id"], third["run_id"]);
    assert_eq!(
        rows(
            &month,
            "select state, buildings, buildings_failed from stat_status"
        )
        .await,
        ["(done,4,0)"]
    );
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(mails.len(), 3);
    assert!(
        mails[2]
            .text
            .contains("등록되지 않은 건물의 글 1건은 분석하지 않았습니다: X9"),
        "{}",
        mails[2].text
    );
}

#[tokio::test]
async fn a_building_that_kills_the_process_is_tried_three_times_and_stops_no_other() {
    let month = with_tables().await;
    // Storing B2 waits for somebody else's row of the same key, and is killed there each time.
    plan(&month).await;
    let poison = Obstacle::put(
        &month,
        "insert into stat_building select run_id, '2026-10', 'B2', 0, 0 from stat_run",
    )
    .await;
    month.emulator.calm();
    for _ in 0..3 {
        poison.stands_in_the_way_of(&month, 1).await;
        assert_eq!(month.emulator.kill("stat-analysis"), 1);
        // The server notices a client's death only after its wait.
        poison.drive_away_who_waits(&month).await;
    }
    month.emulator.idle(PATIENCE).await.unwrap();
    let done = rows(
        &month,
        "select building_id from stat_task_building where state = 'done'",
    )
    .await;
    assert_eq!(
        done,
        ["(B1)", "(B3)", "(B4)"],
        "the others did not have to wait for the resume"
    );
    month
        .sql
        .batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
        .await
        .unwrap();
    month.run(&json!({"resume": true})).await.unwrap();
    let buildings = rows(&month, "select building_id, state from stat_task_building").await;
    assert_eq!(buildings, ["(B1,done)", "(B2,failed)", "(B3,done)", "(B4,done)"]);
    let reason = rows(
        &month,
        "select error from stat_task_building where building_id = 'B2'",
    )
    .await;
    assert!(
        reason[0].contains("killed, out of memory or out of time"),
        "{reason:?}"
    );
    assert!(
        month.topic.mails().await.unwrap()[0]
            .text
            .contains("- 은솔 아파트 (B2)")
    );
    poison.remove().await;
    month
        .run(&json!({"period": "2026-10", "failed": true}))
        .await
        .unwrap();
    assert_eq!(left(&month).await.csv, clean().await.csv);
}

#[tokio::test]
async fn short_of_time_a_task_goes_on_in_another_invocation() {
    let month = with_tables().await;
    // Each building takes half a second, and an invocation has two: the second is begun, the third is not.
    let slow = "
        create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.5); return new; end $$;
        create trigger slow before insert on stat_building for each row execute function slow()";
    month.sql.batch_execute(slow).await.unwrap();
    let mut function = month.stat_analysis();
    function.timeout = Duration::from_secs(2);
    month.emulator.deploy(function);
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    let invocations = month.emulator.invocations_of("stat-analysis");
    let continued: Vec<_> = invocations
        .iter()
        .filter(|invocation| invocation.payload.get("hop").is_some())
        .collect();
    assert!(!continued.is_empty(), "{invocations:#?}");
    assert_eq!(continued[0].payload["hop"], json!(1));
    let first = invocations[0].outcome.clone().unwrap().answer().unwrap();
    assert_eq!(first["continued"], json!(true));
    assert!(first["buildings"]["left"].as_i64().unwrap() > 0, "{first}");
    assert_eq!(
        rows(&month, "select max(attempts) from stat_task_building").await,
        ["(1)"],
        "nothing was begun in vain"
    );
}

#[tokio::test]
async fn the_tenth_hop_leaves_the_rest_to_the_resume() {
    let month = with_tables().await;
    let mut function = month.stat_analysis();
    function.timeout = Duration::from_secs(2);
    month.emulator.deploy(function);
    let slow = "
        create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.6); return new; end $$;
        create trigger slow before insert on stat_building for each row execute function slow()";
    month.sql.batch_execute(slow).await.unwrap();
    month.emulator.on_invoke(|call| match call.caller {
        Some(_) => local_stack::Decision::Drop,
        None => local_stack::Decision::Deliver,
    });
    let run = month.run(&october()).await.unwrap();
    let last = json!({"run_id": run["run_id"], "task": 1, "hop": 10});
    let answer = month
        .emulator
        .invoke("stat-analysis", &last)
        .await
        .unwrap()
        .answer()
        .unwrap();
    assert_eq!(answer["continued"], json!(false));
    assert!(answer["buildings"]["left"].as_i64().unwrap() > 0, "{answer}");
    month.log("stat-analysis", "\"HopsExhausted\":1").await.unwrap();
    month.emulator.calm();
    month.run(&json!({"resume": true})).await.unwrap();
    assert_clean(&month).await;
}
