//! Buildings whose analysis fails, and invocations that run out of time.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use local_stack::{Decision, MonthStack};
use serde_json::json;

use crate::setup::{
    HeldLock, TIMEOUT, add_text, assert_clean, clean_results, empty_month_in, fill, hold_tasks, october,
    on_function_calls, results, rows, small_month,
};

/// Makes the database refuse the results of the building B2.
const REFUSE_B2: &str = "
create function refuse() returns trigger language plpgsql as
$$ begin raise exception 'this building is refused'; end $$;
create trigger refuse before insert on stat_building for each row
when (new.building_id = 'B2') execute function refuse()";

async fn deployed_with_tables() -> MonthStack {
    let month = small_month().await;
    month.deploy();
    // Migrations create the ledger's tables, on which a trigger depends.
    month.run(&json!({"resume": true})).await.unwrap();
    month
}

#[tokio::test]
async fn a_failing_building_is_attempted_three_times_and_stops_no_other() {
    let month = deployed_with_tables().await;
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

    // Without the cause, a correction analyses the failed building alone.
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
    let results = results(&month).await;
    let clean = clean_results().await;
    assert_eq!(
        results.rows_except("task_building"),
        clean.rows_except("task_building")
    );
    // The page differs only by the label of a correction.
    let html = results.html.replace(" · 정정본", "");
    assert_ne!(html, results.html);
    assert_eq!((&results.csv, &html), (&clean.csv, &clean.html));
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "[정정] 2026-10 건물별 통계");

    // A further correction has nothing to do.
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
async fn a_failed_correction_is_corrected_again_and_names_the_unknown_building() {
    let month = deployed_with_tables().await;
    add_text(&month, "X9", "2026-10", "보일러 고장").await;
    month.sql.batch_execute(REFUSE_B2).await.unwrap();
    month.run(&october()).await.unwrap();
    // The building is now known, but the run that is corrected does not have its texts.
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
async fn a_building_that_kills_the_process_is_attempted_three_times_and_stops_no_other() {
    let month = deployed_with_tables().await;
    // Storing B2 waits for another transaction's row of the same key; the process is killed there each time.
    hold_tasks(&month).await;
    let poison = HeldLock::take(
        &month,
        "insert into stat_building select run_id, '2026-10', 'B2', 0, 0 from stat_run",
    )
    .await;
    month.emulator.deliver_all();
    for _ in 0..3 {
        poison.wait_for_waiters(&month, 1).await;
        assert_eq!(month.emulator.kill("stat-analysis"), 1);
        // The server notices a client's death only after the wait.
        poison.terminate_waiters(&month).await;
    }
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    let done = rows(
        &month,
        "select building_id from stat_task_building where state = 'done'",
    )
    .await;
    assert_eq!(
        done,
        ["(B1)", "(B3)", "(B4)"],
        "the other buildings are done before the resume"
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
    poison.release().await;
    month
        .run(&json!({"period": "2026-10", "failed": true}))
        .await
        .unwrap();
    assert_eq!(results(&month).await.csv, clean_results().await.csv);
}

/// Makes the view fail at the text of B2 that contains 지하주차장, as it does at a body in invalid UTF-8.
const UNREADABLE: &str = "
create or replace view stat_source_text as
select id as text_id, building_id, written_at,
       (case when body like '%지하주차장%' then convert_from('\\xff'::bytea, 'UTF8') else body end) collate \"default\"
           as body
from message";

#[tokio::test]
async fn a_text_that_cannot_be_read_fails_its_building_and_no_other() {
    let month = deployed_with_tables().await;
    // In a batch with others: B1 and A1 are the first two batches.
    for building in ["A1", "B5"] {
        month.add_building(building, building, None).await.unwrap();
        add_text(&month, building, "2026-10", "누수가 있어요").await;
    }
    month.sql.batch_execute(UNREADABLE).await.unwrap();
    month.run(&october()).await.unwrap();
    let buildings = rows(
        &month,
        "select building_id, state, attempts from stat_task_building",
    )
    .await;
    let expected = [
        "(A1,done,1)",
        "(B1,done,1)",
        "(B2,failed,3)",
        "(B3,done,1)",
        "(B4,done,1)",
        "(B5,done,1)",
    ];
    assert_eq!(buildings, expected);
    let error = rows(
        &month,
        "select error from stat_task_building where building_id = 'B2'",
    )
    .await;
    assert!(error[0].contains("SQLSTATE 22021"), "{error:?}");
}

#[tokio::test]
async fn a_database_in_euc_kr_gives_the_same_month() {
    let month = empty_month_in("EUC_KR").await;
    fill(&month).await;
    month.deploy();
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
}

/// A full folder for temporary files: no file of the function may exceed 32 kB. The names alone are 180 kB.
#[tokio::test]
async fn a_full_folder_for_temporary_files_fails_the_report_until_it_has_room() {
    let month = small_month().await;
    for number in 0..60 {
        let name = "한".repeat(1_000);
        month
            .add_building(&format!("C{number:02}"), &name, None)
            .await
            .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut function = month.stat_analysis();
    let script = format!(
        "#!/bin/sh\ntrap '' XFSZ\nulimit -S -f 64\nexec '{}'\n",
        function.binary.display()
    );
    function.binary = folder.path().join("limited");
    std::fs::write(&function.binary, script).unwrap();
    std::fs::set_permissions(&function.binary, Permissions::from_mode(0o755)).unwrap();
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(function);
    month.run(&october()).await.unwrap();
    let log = month
        .log("stat-analysis", "raise EphemeralStorage")
        .await
        .unwrap();
    assert!(
        log.contains("StatAnalysisError: could not write the workbook in "),
        "{log}"
    );
    assert_eq!(rows(&month, "select state from stat_status").await, ["(running)"]);
    assert!(month.topic.mails().await.unwrap().is_empty());

    month.emulator.deploy(month.stat_analysis());
    let report = month.emulator.invocations_of("stat-analysis");
    let report = report.iter().find(|call| call.payload["task"] == 0).unwrap();
    month.emulator.redeliver(&report.request_id).unwrap();
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_eq!(rows(&month, "select state from stat_status").await, ["(done)"]);
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
    assert!(results(&month).await.xlsx.contains("새길 빌딩"));
}

/// EUC-KR has no 뷁, so that the database can neither have it nor search for it.
#[tokio::test]
async fn a_database_in_euc_kr_has_sentences_though_a_spelling_has_no_place_in_it() {
    let month = empty_month_in("EUC_KR").await;
    fill(&month).await;
    let list = "누수\t누수\t뷁\n";
    month
        .moto
        .put_object(&month.bucket, "terms.tsv", list)
        .await
        .unwrap();
    let place = format!("s3://{}/terms.tsv", month.bucket);
    month.emulator.deploy(month.stat_prep());
    month
        .emulator
        .deploy(month.stat_analysis().variable("TERMS", place));
    for _ in 0..2 {
        add_text(&month, "B4", "2026-10", "누수 공사는 언제 끝나나요").await;
    }
    month.run(&october()).await.unwrap();
    let html = results(&month).await.html;
    assert!(html.contains(r#"["누수 공사는 언제 끝나나요","누수"]"#), "{html}");
}

#[tokio::test]
async fn bytes_that_are_not_utf8_fail_their_building_and_no_other() {
    let month = empty_month_in("SQL_ASCII").await;
    fill(&month).await;
    month.deploy();
    // 층간 in EUC-KR, as an old application stored it without a conversion.
    let text = r"insert into message (building_id, written_at, body)
                 values ('B2', '2026-10-15T12:00:00+09:00', E'\xc3\xfe\xb0\xa3')";
    month.sql.batch_execute(text).await.unwrap();
    month.run(&october()).await.unwrap();
    let buildings = rows(&month, "select building_id, state from stat_task_building").await;
    assert_eq!(buildings, ["(B1,done)", "(B2,failed)", "(B3,done)", "(B4,done)"]);
    let error = "select error from stat_task_building where building_id = 'B2'";
    assert!(rows(&month, error).await[0].contains("SQLSTATE 22021"));
    assert_eq!(rows(&month, "select state from stat_status").await, ["(partial)"]);
}

#[tokio::test]
async fn a_statement_timeout_of_the_role_does_not_interrupt_a_month() {
    let month = small_month().await;
    month.deploy();
    let slow = "
        create or replace view stat_source_text as
        select id as text_id, building_id, written_at, body || left(pg_sleep(0.05)::text, 0) as body from message;
        do $$ begin execute format('alter database %I set statement_timeout = 200', current_database()); end $$";
    month.sql.batch_execute(slow).await.unwrap();
    month.run(&october()).await.unwrap();
    assert_eq!(rows(&month, "select state from stat_status").await, ["(done)"]);
    let attempts = "select max(attempts) from stat_task_building";
    assert_eq!(rows(&month, attempts).await, ["(1)"]);
}

#[tokio::test]
async fn an_error_names_the_intervention_that_ended_a_statement() {
    let month = small_month().await;
    month.deploy();
    hold_tasks(&month).await;
    let lock = HeldLock::take(&month, "lock table message in access exclusive mode").await;
    month.emulator.deliver_all();
    lock.wait_for_waiters(&month, 1).await;
    let cancel = "select pg_cancel_backend(pid) from pg_stat_activity
                  where datname = current_database() and wait_event_type = 'Lock'";
    month.sql.batch_execute(cancel).await.unwrap();
    month.log("stat-analysis", "canceling statement").await.unwrap();
    lock.release().await;
    month.emulator.wait_until_idle(TIMEOUT).await.unwrap();
    assert_clean(&month).await;
}

#[tokio::test]
async fn a_task_short_of_time_continues_in_another_invocation() {
    let month = deployed_with_tables().await;
    // Each building takes 1.5 seconds and an invocation has six: it begins the second building, not the third.
    let slow = "
        create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(1.5); return new; end $$;
        create trigger slow before insert on stat_building for each row execute function slow()";
    month.sql.batch_execute(slow).await.unwrap();
    let mut function = month.stat_analysis();
    function.timeout = Duration::from_secs(6);
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
    let first = invocations[0].outcome.clone().unwrap().into_response().unwrap();
    assert_eq!(first["continued"], json!(true));
    assert!(first["buildings"]["left"].as_i64().unwrap() > 0, "{first}");
    assert_eq!(
        rows(&month, "select max(attempts) from stat_task_building").await,
        ["(1)"],
        "every attempt stored its building"
    );
}

#[tokio::test]
async fn the_tenth_hop_leaves_the_rest_to_the_resume() {
    let month = deployed_with_tables().await;
    let mut function = month.stat_analysis();
    function.timeout = Duration::from_secs(6);
    month.emulator.deploy(function);
    let slow = "
        create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(1.8); return new; end $$;
        create trigger slow before insert on stat_building for each row execute function slow()";
    month.sql.batch_execute(slow).await.unwrap();
    on_function_calls(&month, Decision::Drop);
    let run = month.run(&october()).await.unwrap();
    let last = json!({"run_id": run["run_id"], "task": 1, "hop": 10});
    let answer = month
        .emulator
        .invoke("stat-analysis", &last)
        .await
        .unwrap()
        .into_response()
        .unwrap();
    assert_eq!(answer["continued"], json!(false));
    assert!(answer["buildings"]["left"].as_i64().unwrap() > 0, "{answer}");
    month.log("stat-analysis", "\"HopsExhausted\":1").await.unwrap();
    month.emulator.deliver_all();
    month.run(&json!({"resume": true})).await.unwrap();
    assert_clean(&month).await;
}
