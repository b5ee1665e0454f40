//! The report of log groups that never expire.

use serde_json::json;
use stand_ins::control_plane::ControlPlane;

use crate::setup::Setup;

const TOPIC: &str = "arn:aws:sns:ap-northeast-2:123456789012:reports";

async fn with_groups() -> ControlPlane {
    let aws = ControlPlane::start().await.unwrap();
    aws.state(|state| {
        for (name, days, bytes) in [
            ("/aws/lambda/small", None, 1_500_000),
            ("/aws/lambda/kept", Some(30), 9_000_000_000_000),
            ("/aws/rds/large", None, 4_000_000_000_000_u64),
            ("/aws/codebuild/empty", None, 0),
        ] {
            state.log_groups.insert(name.to_owned(), days);
            state.stored_bytes.insert(name.to_owned(), bytes);
        }
    });
    aws
}

#[tokio::test]
async fn lists_log_groups_that_never_expire_by_size_and_price() {
    let aws = with_groups().await;
    let function = Setup::fast(&aws, &[]).await;
    let report = function.invoke(&json!({"report": true})).await;
    // 4,000 GB × 0.0314 = 125.60.
    let expected = json!({"never_expiring": [
        {"name": "/aws/rds/large", "stored_bytes": 4_000_000_000_000_u64, "monthly_usd_at_most": 125.6},
        {"name": "/aws/lambda/small", "stored_bytes": 1_500_000, "monthly_usd_at_most": 0.01},
        {"name": "/aws/codebuild/empty", "stored_bytes": 0, "monthly_usd_at_most": 0.0},
    ], "total_usd_at_most": 125.61});
    assert_eq!(report, expected);
    assert_eq!(aws.take_writes(), [""; 0]);
    let log = function.log();
    for line in [
        "3 log groups never expire in ap-northeast-2: at most 125.61 USD a month",
        "log group /aws/rds/large never expires: 4000000000000 bytes, at most 125.60 USD a month",
        "log group /aws/codebuild/empty never expires: 0 bytes, at most 0.00 USD a month",
    ] {
        assert!(log.contains(line), "{log}");
    }
    #[expect(clippy::print_stdout, reason = "the report of the test")]
    {
        println!("{report:#}\n{log}");
    }
}

#[tokio::test]
async fn publishes_the_report_at_another_price_if_there_is_a_topic() {
    let aws = with_groups().await;
    let variables = [("REPORT_TOPIC_ARN", TOPIC), ("LOG_PRICE_PER_GB_MONTH", "0.03")];
    let function = Setup::fast(&aws, &variables).await;
    let report = function.invoke(&json!({"report": true})).await;
    assert_eq!(report["total_usd_at_most"], 120.01);
    let published = aws.state(|state| state.published.clone());
    let [(subject, message)] = published.as_slice() else {
        panic!("{published:?}")
    };
    assert!(
        subject.len() < 100 && subject.starts_with("3 log groups never expire"),
        "{subject}"
    );
    assert!(
        message.contains("/aws/rds/large") && message.contains("0.03 USD per GB"),
        "{message}"
    );
}
