//! A month that does not end is not passed over in silence.

use local_stack::{Fault, FaultProxy, Match, MonthStack};
use serde_json::{Value, json};
use std::time::Duration;

use crate::surroundings::{answer, deploy_without_work, error_of, month, october};

async fn grow_old(month: &MonthStack, age: &str) {
    let older = format!("update stat_run set opened_at = now() - interval '{age}'");
    month.sql.batch_execute(&older).await.unwrap();
}

/// The first values of the metric, one for each resume.
async fn metric(month: &MonthStack, resumes: usize) -> Vec<f64> {
    loop {
        let lines = month.emulator.logs("stat-prep").into_iter();
        let values: Vec<f64> = lines
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["MonthUnfinished"].as_f64())
            .collect();
        // The answers may be here before the lines.
        if values.len() >= resumes {
            return values;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_open_for_more_than_five_hours_is_warned_of_once() {
    let month = month().await;
    deploy_without_work(&month);
    let run = answer(&month, &october()).await;
    grow_old(&month, "4 h 59 min").await;
    answer(&month, &json!({"resume": true})).await;
    assert_eq!(month.topic.mails().await.unwrap().len(), 0);
    grow_old(&month, "5 h 1 min").await;
    answer(&month, &json!({"resume": true})).await;
    answer(&month, &json!({"resume": true})).await;
    let warnings = month.topic.mails().await.unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        warnings[0].subject,
        "Nightshift: the statistics of 2026-10 are unfinished"
    );
    assert!(
        warnings[0].text.contains(run["run_id"].as_str().unwrap()),
        "{}",
        warnings[0].text
    );
    assert_eq!(
        metric(&month, 3).await,
        [0.0, 1.0, 1.0],
        "the metric lasts as long as the run"
    );
}

#[tokio::test]
async fn a_warning_that_fails_keeps_no_other_from_being_sent_once() {
    let month = month().await;
    let proxy = FaultProxy::start(month.moto.endpoint()).await.unwrap();
    deploy_without_work(&month);
    month.emulator.deploy(
        month
            .stat_prep()
            .variable("AWS_ENDPOINT_URL_SNS", proxy.endpoint()),
    );
    answer(&month, &json!({"period": "2026-09"})).await;
    answer(&month, &october()).await;
    grow_old(&month, "6 h").await;
    proxy.inject(
        Match::containing("2026-10%20are%20unfinished"),
        Fault::Status(500, String::new()),
        1,
    );
    let (error_type, message) = error_of(
        month
            .emulator
            .invoke("stat-prep", &json!({"resume": true}))
            .await
            .unwrap(),
    );
    assert_eq!(error_type, "ResumeIncomplete");
    assert!(message.contains("could not warn of run"), "{message}");
    answer(&month, &json!({"resume": true})).await;
    answer(&month, &json!({"resume": true})).await;
    let mut subjects: Vec<String> = month
        .topic
        .mails()
        .await
        .unwrap()
        .into_iter()
        .map(|warning| warning.subject)
        .collect();
    subjects.sort();
    let subject = |period| format!("Nightshift: the statistics of {period} are unfinished");
    assert_eq!(subjects, [subject("2026-09"), subject("2026-10")]);
}

#[tokio::test]
async fn without_a_topic_the_warning_is_logged() {
    let month = month().await;
    deploy_without_work(&month);
    answer(&month, &october()).await;
    grow_old(&month, "6 h").await;
    let mut prep = month.stat_prep();
    prep.environment.remove("SNS_TOPIC_ARN");
    month.emulator.deploy(prep);
    answer(&month, &json!({"resume": true})).await;
    month
        .log("stat-prep", "has been open for more than 5 hours")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrong_configuration_ends_the_init_with_all_its_faults() {
    let month = month().await;
    let prep = month
        .stat_prep()
        .variable("STAT_TIME_ZONE", "Mars")
        .variable("STAT_TEXTS_PER_TASK", "0");
    month.emulator.deploy(prep);
    let outcome = month.emulator.invoke("stat-prep", &october()).await.unwrap();
    let local_stack::Outcome::InitFailed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error["errorType"], "ConfigurationError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("STAT_TIME_ZONE") && message.contains("STAT_TEXTS_PER_TASK"),
        "{message}"
    );
}
