//! Memory does not grow with the number of texts.

use crate::surroundings::{empty_month, october};

const MEBIBYTE: u64 = 1024 * 1024;

/// The peak of a `stat-analysis` process that counts this many texts of one building, in bytes.
async fn peak_with(texts: i64) -> u64 {
    let month = empty_month().await;
    month.add_building("B1", "한빛", None).await.unwrap();
    let insert = "insert into message (building_id, written_at, body)
                  select 'B1', '2026-10-15T12:00:00Z', repeat('지하주차장 누수가 심합니다. ', 10) || n % 100
                  from generate_series(1, $1::bigint) n";
    month.sql.execute(insert, &[&texts]).await.unwrap();
    let mut function = month.stat_analysis();
    function.concurrency = 1;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "1000000"));
    month.emulator.deploy(function);
    month.run(&october()).await.unwrap();
    let counted: i64 = month
        .sql
        .query_one("select documents from stat_building", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(counted, texts);
    assert_eq!(month.emulator.dead_letters(), Vec::<String>::new());
    month.emulator.peak_memory("stat-analysis").expect("Linux tells")
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn fifty_times_the_texts_take_no_more_memory() {
    let few = peak_with(1_000).await;
    // 50,000 texts of 400 bytes are 20 MB.
    let many = peak_with(50_000).await;
    assert!(
        many < few + 6 * MEBIBYTE,
        "{} MiB became {} MiB",
        few / MEBIBYTE,
        many / MEBIBYTE
    );
}
