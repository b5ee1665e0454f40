//! A month without a disturbance.

use serde_json::json;

use crate::setup::{assert_clean, clean_results, october, results, rows, small_month};

#[tokio::test]
async fn runs_from_the_schedule_to_the_mail() {
    let month = small_month().await;
    month.deploy();
    let answer = month.run(&october()).await.unwrap();
    let run_id = answer["run_id"].as_str().unwrap();
    assert_eq!(
        answer,
        json!({
            "run_id": run_id,
            "state": "queued",
            "period": {"id": "2026-10", "start": "2026-10-01", "end": "2026-10-31"},
            "buildings": {"added": 4, "changed": 0, "closed": 0},
            "tasks": 1,
            "invoked": 1,
        })
    );
    let [task, report] = &month.emulator.invocations_of("stat-analysis")[..] else {
        panic!("two invocations")
    };
    let mails = month.topic.mails().await.unwrap();
    assert_eq!(task.payload, json!({"run_id": run_id, "task": 1}));
    assert_eq!(
        task.outcome.clone().unwrap().into_response().unwrap(),
        json!({
            "run_id": run_id,
            "task": 1,
            "buildings": {"done": 4, "failed": 0, "left": 0},
            "documents": 11,
            "morphemes": 86,
            "continued": false,
        })
    );
    assert_eq!(report.payload, json!({"run_id": run_id, "task": 0}));
    assert_eq!(
        report.outcome.clone().unwrap().into_response().unwrap(),
        json!({
            "run_id": run_id,
            "state": "done",
            "html": "stat/2026-10-01-2026-10-31.html",
            "xlsx": "stat/2026-10-01-2026-10-31.xlsx",
            "csv": "stat/2026-10-01-2026-10-31.csv",
            "categories": "stat/2026-10-01-2026-10-31-categories.csv",
            "message_id": mails[0].message_id,
        })
    );
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].attributes["run_id"], run_id);
    for file in [".html", ".xlsx", ".csv", "-categories.csv"] {
        let link = format!(
            "https://s3.console.aws.amazon.com/s3/object/{}?region=ap-northeast-2&prefix=stat%2F2026-10-01-2026-10-31{file}\n",
            month.bucket
        );
        assert!(mails[0].text.contains(&link), "{}", mails[0].text);
    }
    assert!(mails[0].text.contains("건물 4곳, 글 11건\n"), "{}", mails[0].text);
    let status = rows(
        &month,
        "select period_id, state, tasks, tasks_done, buildings_done, documents from stat_status",
    );
    assert_eq!(status.await, ["(2026-10,done,1,1,4,11)"]);
}

#[tokio::test]
async fn several_parallel_tasks_have_the_same_results_as_one() {
    let month = small_month().await;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "3"));
    month.emulator.deploy(month.stat_analysis());
    let answer = month.run(&october()).await.unwrap();
    assert_eq!((&answer["tasks"], &answer["invoked"]), (&json!(4), &json!(4)));
    let in_four_tasks = results(&month).await;
    let clean = clean_results().await;
    assert_eq!(in_four_tasks.rows_except("task"), clean.rows_except("task"));
    assert_eq!(in_four_tasks.files(), clean.files());
    assert_eq!(month.topic.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keeps_personal_data_out_of_results_report_mail_and_logs() {
    let month = small_month().await;
    month.deploy();
    month.run(&october()).await.unwrap();
    assert_clean(&month).await;
    let results = results(&month).await;
    let mails = month.topic.mails().await.unwrap();
    let logs = [
        month.log("stat-prep", "opened run").await.unwrap(),
        month.log("stat-analysis", "wrote the report").await.unwrap(),
    ];
    for text in results
        .rows
        .iter()
        .chain(&logs)
        .chain(results.files())
        .chain([&mails[0].text])
    {
        for number in ["010-0000-1234", "0000-1234", "01000001234"] {
            assert!(!text.contains(number), "{text}");
        }
    }
}
