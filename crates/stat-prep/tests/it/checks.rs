//! `{"check":true}` reports sign-in, rights, views and the plan of the count, and changes nothing.

use local_stack::{CheckReport, MonthStack};
use serde_json::json;

use crate::setup::{deploy_and_drop_tasks, error_of, invoke, october, three_buildings};

/// Returns the checks of the function.
async fn checks(stack: &MonthStack) -> CheckReport {
    CheckReport(invoke(stack, &json!({"check": true})).await)
}

/// Gives the function a role of its own with the least rights; `grants` come on top.
async fn deploy_as(stack: &MonthStack, role: &str, schema: Option<&str>, grants: &str) {
    let create = format!(
        "do $$ begin create role {role} login password 'p'; exception when duplicate_object then null; end $$;
         revoke create on schema public from public; {grants}"
    );
    stack.sql.batch_execute(&create).await.unwrap();
    let url = stack
        .database_url
        .replace("postgres://postgres@", &format!("postgres://{role}:p@"));
    let mut prep = stack.stat_prep().variable("DATABASE_URL", url);
    if let Some(schema) = schema {
        prep = prep.variable("DATABASE_SCHEMA", schema);
    }
    stack.emulator.deploy(prep);
}

#[tokio::test]
async fn a_sound_database_passes_and_nothing_is_created() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let checks = checks(&stack).await;
    let ok = json!(true);
    checks.assert("variable DATABASE_URL", ok.clone(), "set");
    checks.assert("database reachable", ok.clone(), "connected to 127.0.0.1");
    checks.assert("sign-in to the database", ok.clone(), "PostgreSQL ");
    checks.assert(
        "rights in the schema",
        ok.clone(),
        "gets our tables with the first event",
    );
    checks.assert("pooling mode", ok.clone(), "direct");
    checks.assert("view stat_source_building", ok.clone(), "expected columns");
    checks.assert("view stat_source_text", ok.clone(), "expected columns");
    checks.assert("plan of the month's count", ok, "no table of more than a million");
    checks.assert("invocation of stat-analysis", json!(null), "starts work");
    let tables = "select count(*) from pg_tables where tablename like 'stat_%'";
    let tables = stack.sql.query_one(tables, &[]).await.unwrap();
    assert_eq!(tables.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn every_fault_is_reported_with_its_remedy() {
    let stack = three_buildings().await;
    deploy_as(&stack, "stat_poor", None, "drop view stat_source_building").await;
    let checks = checks(&stack).await;
    let failed = json!(false);
    checks.assert(
        "rights in the schema",
        failed.clone(),
        "grant usage, create on schema public",
    );
    checks.assert("view stat_source_building", failed.clone(), "create it as a view");
    checks.assert(
        "view stat_source_text",
        failed,
        "grant select on stat_source_text",
    );
    checks.assert("plan of the month's count", json!(null), "a view is missing");
}

#[tokio::test]
async fn a_refused_password_and_an_unreachable_host_are_told_apart() {
    let stack = three_buildings().await;
    deploy_as(
        &stack,
        "stat_locked",
        None,
        "alter role stat_locked password 'another'",
    )
    .await;
    let refused = checks(&stack).await;
    refused.assert("database reachable", json!(true), "answered");
    refused.assert(
        "sign-in to the database",
        json!(false),
        "password authentication failed",
    );
    let nowhere = stack
        .stat_prep()
        .variable("DATABASE_URL", "postgres://u@127.0.0.1:1/x");
    stack.emulator.deploy(nowhere);
    checks(&stack)
        .await
        .assert("database reachable", json!(false), "security groups");
}

#[tokio::test]
async fn a_missing_right_fails_the_month_with_the_grant() {
    let stack = three_buildings().await;
    let grants = "grant select on stat_source_building, stat_source_text to stat_reader";
    deploy_as(&stack, "stat_reader", None, grants).await;
    let (_, message) = error_of(stack.emulator.invoke("stat-prep", &october()).await.unwrap());
    assert!(
        message.contains("grant usage, create on schema public to \"stat_reader\"")
            && message.contains("permission denied for schema public"),
        "{message}"
    );
}

/// The statements of the README for a role with the least rights.
#[tokio::test]
async fn a_role_with_the_least_rights_and_its_own_schema_is_enough() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let grants = "create schema nightshift authorization stat_least;
                  grant usage on schema public to stat_least;
                  grant select on stat_source_building, stat_source_text to stat_least";
    deploy_as(&stack, "stat_least", Some("nightshift"), grants).await;
    let run = invoke(&stack, &json!({"period": "2026-09", "mail": false})).await;
    assert_eq!(run["buildings"]["added"], 3);
    let tables = "select string_agg(distinct schemaname, ' ') from pg_tables where tablename like 'stat_%'";
    let schemas = stack.sql.query_one(tables, &[]).await.unwrap();
    assert_eq!(schemas.get::<_, &str>(0), "nightshift");
}

#[tokio::test]
async fn a_scheduled_resume_lets_the_database_sleep_and_emits_the_metric() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let unreachable = stack
        .stat_prep()
        .variable("DATABASE_URL", "postgres://u@127.0.0.1:1/x");
    stack.emulator.deploy(unreachable);
    let resume = |time| json!({"resume": true, "time": time});
    let skipped = invoke(&stack, &resume("2026-11-06T13:37:00+09:00")).await;
    assert!(
        skipped["skipped"].as_str().unwrap().contains("every six hours"),
        "{skipped}"
    );
    stack.log("stat-prep", "\"MonthUnfinished\":0").await.unwrap();
    for connecting in [
        resume("2026-11-06T12:37:00+09:00"),
        resume("2026-11-05T13:37:00+09:00"),
        json!({"resume": true}),
    ] {
        let (error_type, _) = error_of(stack.emulator.invoke("stat-prep", &connecting).await.unwrap());
        assert_eq!(error_type, "DatabaseError", "{connecting}");
    }
}
