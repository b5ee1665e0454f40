//! Memory does not grow with the number of texts.

use local_stack::MonthStack;

use crate::setup::{empty_month, october, run_without_mail};

const MEBIBYTE: u64 = 1024 * 1024;

/// Deploys `stat-analysis` so that one process runs one task with all texts.
fn deploy_one_process(month: &MonthStack) {
    let mut function = month.stat_analysis();
    function.concurrency = 1;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "1000000"));
    month.emulator.deploy(function);
}

/// Asserts that `many` bytes are less than `limit` MiB above `few`.
#[track_caller]
fn assert_growth_below(limit: u64, few: u64, many: u64) {
    assert!(
        many < few + limit * MEBIBYTE,
        "{} MiB became {} MiB",
        few / MEBIBYTE,
        many / MEBIBYTE
    );
}

/// Returns the peak memory, in bytes, of a `stat-analysis` process that counts this many texts of one building.
async fn peak_with(texts: i64) -> u64 {
    let month = empty_month().await;
    month.add_building("B1", "한빛", None).await.unwrap();
    let insert = "insert into message (building_id, written_at, body)
                  select 'B1', '2026-10-15T12:00:00Z', repeat('지하주차장 누수가 심합니다. ', 10) || n % 100
                  from generate_series(1, $1::bigint) n";
    month.sql.execute(insert, &[&texts]).await.unwrap();
    deploy_one_process(&month);
    month.run(&october()).await.unwrap();
    let counted: i64 = month
        .sql
        .query_one("select documents from stat_building", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(counted, texts);
    assert_eq!(month.emulator.dead_letters(), Vec::<String>::new());
    month
        .emulator
        .peak_memory("stat-analysis")
        .expect("Linux reports the peak memory")
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn fifty_times_the_texts_need_no_more_memory() {
    let few = peak_with(1_000).await;
    // 50,000 texts of 400 bytes are 20 MB.
    let many = peak_with(50_000).await;
    assert_growth_below(6, few, many);
}

/// Returns the peak memory, in bytes, of a `stat-analysis` process that counts and reports two months of this many
/// buildings.
async fn peak_with_buildings(buildings: i32) -> u64 {
    let month = empty_month().await;
    let insert = "insert into building select 'B' || b, '한빛 ' || b || '단지', null::date from generate_series(1, $1::int) b";
    month.sql.execute(insert, &[&buildings]).await.unwrap();
    // Every building has its own words, and in October six times as many texts with one of them.
    let insert = "insert into message (building_id, written_at, body)
                  select 'B' || b, written_at::timestamptz,
                         words[b % 12 + 1] || ' 때문에 ' || words[(b + n) % 12 + 1] || ' 담당자에게 말했는데 답이 없어요 ' || n
                  from generate_series(1, $1::int) b,
                       (values ('2026-09-15T12:00:00Z', 4), ('2026-10-15T12:00:00Z', 24)) period(written_at, texts),
                       generate_series(1, texts) n,
                       (select array['누수', '층간소음', '주차권', '승강기', '보일러', '곰팡이', '택배', '소독', '정전',
                                     '경비실', '도어락', '가로등'] as words) words";
    month.sql.execute(insert, &[&buildings]).await.unwrap();
    deploy_one_process(&month);
    run_without_mail(&month, "2026-09").await;
    month.run(&october()).await.unwrap();
    let html = String::from_utf8(month.report(".html").await.unwrap()).unwrap();
    // The page has the 2,000 largest.
    assert_eq!(
        html.matches("<tr data-id").count(),
        usize::try_from(buildings.min(2_000)).unwrap()
    );
    assert!(html.contains("답이 없어요"), "there are examples");
    month
        .emulator
        .peak_memory("stat-analysis")
        .expect("Linux reports the peak memory")
}

/// The page grows, and the totals of the buildings: a few kilobytes for each.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_report_of_three_thousand_buildings_needs_a_few_megabytes_more() {
    let (few, many) = (peak_with_buildings(30).await, peak_with_buildings(3_000).await);
    assert_growth_below(20, few, many);
}
