//! Warnings about runs that do not end, and a malformed configuration.

use std::time::Duration;

use local_stack::{Fault, FaultProxy, Match, MonthStack};
use serde_json::{Value, json};

use crate::setup::{deploy_and_drop_tasks, error_of, invoke, october, three_buildings};

async fn set_age(stack: &MonthStack, age: &str) {
    let older = format!("update stat_run set opened_at = now() - interval '{age}'");
    stack.sql.batch_execute(&older).await.unwrap();
}

/// Returns the values of the metric, one for each resume.
async fn metric(stack: &MonthStack, resumes: usize) -> Vec<f64> {
    loop {
        let lines = stack.emulator.logs("stat-prep").into_iter();
        let values: Vec<f64> = lines
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["MonthUnfinished"].as_f64())
            .collect();
        // A response may arrive before the log lines.
        if values.len() >= resumes {
            return values;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_run_open_for_more_than_five_hours_causes_one_warning() {
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    let run = invoke(&stack, &october()).await;
    set_age(&stack, "4 h 59 min").await;
    invoke(&stack, &json!({"resume": true})).await;
    assert_eq!(stack.topic.mails().await.unwrap().len(), 0);
    set_age(&stack, "5 h 1 min").await;
    invoke(&stack, &json!({"resume": true})).await;
    invoke(&stack, &json!({"resume": true})).await;
    let warnings = stack.topic.mails().await.unwrap();
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
        metric(&stack, 3).await,
        [0.0, 1.0, 1.0],
        "the metric lasts as long as the run"
    );
}

#[tokio::test]
async fn a_warning_that_fails_does_not_stop_or_repeat_the_others() {
    let stack = three_buildings().await;
    let proxy = FaultProxy::start(stack.moto.endpoint()).await.unwrap();
    deploy_and_drop_tasks(&stack);
    stack.emulator.deploy(
        stack
            .stat_prep()
            .variable("AWS_ENDPOINT_URL_SNS", proxy.endpoint()),
    );
    invoke(&stack, &json!({"period": "2026-09"})).await;
    invoke(&stack, &october()).await;
    set_age(&stack, "6 h").await;
    proxy.faults.inject(
        Match::containing("2026-10%20are%20unfinished"),
        Fault::respond(500, ""),
        1,
    );
    let (error_type, message) = error_of(
        stack
            .emulator
            .invoke("stat-prep", &json!({"resume": true}))
            .await
            .unwrap(),
    );
    assert_eq!(error_type, "ResumeIncomplete");
    assert!(
        message.contains("could not publish the warning about run"),
        "{message}"
    );
    invoke(&stack, &json!({"resume": true})).await;
    invoke(&stack, &json!({"resume": true})).await;
    let mut subjects: Vec<String> = stack
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
    let stack = three_buildings().await;
    deploy_and_drop_tasks(&stack);
    invoke(&stack, &october()).await;
    set_age(&stack, "6 h").await;
    let mut prep = stack.stat_prep();
    prep.environment.remove("SNS_TOPIC_ARN");
    stack.emulator.deploy(prep);
    invoke(&stack, &json!({"resume": true})).await;
    stack
        .log("stat-prep", "has been open for more than 5 hours")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_malformed_configuration_fails_the_init_with_all_faults() {
    let stack = three_buildings().await;
    let prep = stack
        .stat_prep()
        .variable("STAT_TIME_ZONE", "Mars")
        .variable("STAT_TEXTS_PER_TASK", "0");
    stack.emulator.deploy(prep);
    let outcome = stack.emulator.invoke("stat-prep", &october()).await.unwrap();
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
