//! A month in which nothing goes wrong.

use crate::surroundings::{left, october, small_month};

#[tokio::test]
async fn goes_from_the_schedule_to_the_mail() {
    let month = small_month().await;
    month.emulator.deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "6"));
    month.emulator.deploy(month.stat_analysis());
    let answer = month.run(&october()).await.unwrap();
    println!("{answer:#}");
    for invocation in month.emulator.invocations() {
        println!("{} {} {:?}", invocation.function, invocation.payload, invocation.outcome);
    }
    for line in month.emulator.logs("stat-analysis") { println!("{line}"); }
    println!("{:#?}", left(&month).await);
    println!("{:#?}", month.topic.mails().await.unwrap());
}
