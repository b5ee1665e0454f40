//! `{"check":true}`: the state of the database and the dictionary, and no work.

use local_stack::{CheckReport, MonthStack};
use serde_json::{Value, json};

use crate::setup::{october, rows, small_month};

async fn report_of(month: &MonthStack) -> CheckReport {
    let outcome = month
        .emulator
        .invoke("stat-analysis", &json!({"check": true}))
        .await
        .unwrap();
    CheckReport(outcome.into_response().unwrap())
}

#[tokio::test]
async fn before_the_first_month_the_tables_are_still_to_come() {
    let month = small_month().await;
    month.deploy();
    let report = report_of(&month).await;
    assert_eq!(report.0["ok"], true);
    report.assert("dictionary and word lists", true, "ko-morph");
    report.assert("variable S3_BUCKET", true, "set");
    report.assert("database reachable", true, "connected to 127.0.0.1");
    report.assert("sign-in to the database", true, "PostgreSQL ");
    report.assert("pooling mode", true, "");
    report.assert(
        "rights on the tables",
        Value::Null,
        "stat-prep creates the tables",
    );
    report.assert("view stat_source_text", true, "expected columns");
    report.assert(&format!("bucket {}", month.bucket), Value::Null, "upload");
    report.assert("topic of the mail", Value::Null, "mail");
    let tables = rows(
        &month,
        "select tablename from pg_tables where tablename like 'stat_%'",
    )
    .await;
    assert!(tables.is_empty(), "{tables:?}");
}

#[tokio::test]
async fn a_role_without_rights_on_the_tables_fails_with_the_grant() {
    let month = small_month().await;
    month.deploy();
    month.run(&october()).await.unwrap();
    report_of(&month)
        .await
        .assert("rights on the tables", true, "read and write");
    let role = "do $$ begin create role stat_checked login password 'p'; exception when duplicate_object then null; end $$;
                grant select, insert, update, delete on stat_period, stat_run, stat_task, stat_task_building,
                    stat_building, stat_keyword to stat_checked;
                grant select, insert on stat_term to stat_checked";
    month.sql.batch_execute(role).await.unwrap();
    let url = month
        .database_url
        .replace("postgres://postgres@", "postgres://stat_checked:p@");
    month
        .emulator
        .deploy(month.stat_analysis().variable("DATABASE_URL", url));
    let report = report_of(&month).await;
    assert_eq!(report.0["ok"], false);
    report.assert("rights on the tables", false, "stat_term (update, delete)");
    report.assert(
        "rights on the tables",
        false,
        "grant select, insert, update, delete on all tables",
    );
    report.assert("view stat_source_text", false, "grant select on stat_source_text");
}

#[tokio::test]
async fn an_unreachable_database_is_not_a_fault_of_the_role() {
    let month = small_month().await;
    let nowhere = month
        .stat_analysis()
        .variable("DATABASE_URL", "postgres://u@127.0.0.1:1/x");
    month.emulator.deploy(nowhere);
    let report = report_of(&month).await;
    report.assert("database reachable", false, "security groups");
    let names = report.0["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| &check["name"]);
    assert!(names.into_iter().all(|name| name != "rights on the tables"));
}
