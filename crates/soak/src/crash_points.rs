//! Named crash points of the protocols. Each is a test of its function; they are replayed here by name.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Package and test of each crash point.
const CRASH_POINTS: [(&str, &str); 43] = [
    (
        "stat-prep",
        "fan_out::a_task_that_cannot_be_invoked_fails_the_event_and_stays_queued",
    ),
    (
        "stat-prep",
        "fan_out::aws_retries_the_event_and_the_second_attempt_continues",
    ),
    ("stat-ledger", "rules::a_zombie_can_write_nothing"),
    ("stat-ledger", "rules::a_superseded_run_can_write_nothing"),
    (
        "stat-ledger",
        "rules::two_last_tasks_that_end_at_the_same_moment_queue_one_report",
    ),
    (
        "stat-ledger",
        "rules::no_claim_is_granted_between_a_mail_and_its_record",
    ),
    ("stat-analysis", "disturbances::a_task_is_killed_before_its_claim"),
    ("stat-analysis", "disturbances::a_task_is_killed_after_its_claim"),
    (
        "stat-analysis",
        "disturbances::a_task_is_killed_while_it_stores_a_building",
    ),
    (
        "stat-analysis",
        "disturbances::a_task_is_killed_after_the_commit_of_a_building",
    ),
    (
        "stat-analysis",
        "disturbances::a_task_is_killed_while_it_stores_a_batch",
    ),
    (
        "stat-analysis",
        "disturbances::a_task_is_killed_after_its_last_commit_and_before_it_invokes_the_report",
    ),
    (
        "stat-analysis",
        "disturbances::a_task_is_killed_while_it_invokes_the_report",
    ),
    (
        "stat-analysis",
        "disturbances::a_report_is_killed_while_it_writes_keywords",
    ),
    (
        "stat-analysis",
        "disturbances::a_report_is_killed_after_it_is_written_and_before_the_mail",
    ),
    (
        "stat-analysis",
        "disturbances::a_report_is_killed_while_it_uploads_its_second_object",
    ),
    (
        "stat-analysis",
        "disturbances::a_report_is_killed_between_the_completion_of_its_two_uploads",
    ),
    (
        "stat-analysis",
        "disturbances::the_next_attempt_sends_a_refused_mail",
    ),
    (
        "stat-analysis",
        "disturbances::a_mail_with_a_lost_response_is_sent_twice_with_the_same_run_id",
    ),
    (
        "stat-analysis",
        "disturbances::the_same_event_arrives_twice_at_the_same_moment",
    ),
    (
        "stat-analysis",
        "disturbances::every_event_is_delivered_twice_at_the_same_moment",
    ),
    (
        "stat-analysis",
        "disturbances::every_task_is_delivered_twice_as_two_requests",
    ),
    (
        "stat-analysis",
        "disturbances::a_second_delivery_is_skipped_while_the_claim_holds",
    ),
    (
        "stat-analysis",
        "disturbances::a_zombie_writes_nothing_after_another_invocation_has_its_task",
    ),
    ("stat-analysis", "disturbances::the_database_restarts"),
    ("stat-analysis", "requests::resume_invokes_a_dropped_task"),
    ("stat-analysis", "requests::resume_invokes_a_dropped_report"),
    (
        "s3-to-teamcity",
        "once::five_simultaneous_notifications_have_one_build",
    ),
    (
        "s3-to-teamcity",
        "once::a_duplicate_that_has_started_is_counted_and_not_cancelled",
    ),
    ("s3-to-teamcity", "once::a_lost_response_is_followed_by_a_look_up"),
    (
        "s3-to-teamcity",
        "once::a_response_after_the_time_out_is_a_lost_one",
    ),
    (
        "s3-to-teamcity",
        "once::a_cancellation_after_the_start_is_no_failure",
    ),
    (
        "s3-to-teamcity",
        "coalescing::a_build_that_starts_between_look_up_and_response_serves_the_upload",
    ),
    (
        "s3-to-teamcity",
        "coalescing::a_build_that_starts_before_the_look_up_does_not_serve_the_upload",
    ),
    (
        "s3-to-teamcity",
        "coalescing::a_build_that_starts_after_a_lost_response_is_followed_by_another",
    ),
    (
        "codebuild-slack",
        "crash::a_crash_before_the_record_loses_nothing",
    ),
    (
        "codebuild-slack",
        "crash::after_a_crash_between_record_and_slack_other_events_wait_for_the_lease",
    ),
    (
        "codebuild-slack",
        "crash::posts_of_environments_that_died_count_for_the_limit",
    ),
    (
        "codebuild-slack",
        "crash::an_event_that_times_out_before_the_lease_is_retried",
    ),
    ("codebuild-slack", "crash::a_crash_during_an_update_loses_nothing"),
    (
        "codebuild-slack",
        "crash::lost_responses_of_dynamodb_cause_no_second_message",
    ),
    (
        "codebuild-slack",
        "crash::a_posted_event_does_not_fail_because_of_a_newer_one",
    ),
    ("codebuild-slack", "crash::a_rejected_delivery_releases_the_lease"),
];

/// Replays the crash points whose name contains `name`, `all` of them, or lists them. Returns whether all passed.
pub(crate) fn replay(name: &str) -> Result<bool> {
    if name == "list" {
        CRASH_POINTS
            .iter()
            .for_each(|(package, test)| println!("{package:<16} {test}"));
        return Ok(true);
    }
    let chosen = CRASH_POINTS
        .iter()
        .filter(|(_, test)| name == "all" || test.contains(name));
    let tests: Vec<&str> = chosen.map(|(_, test)| *test).collect();
    ensure!(
        !tests.is_empty(),
        "no crash point is named {name}: expected one of those that CRASH=list prints"
    );
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // The whole workspace, as `make test`: other features would compile all dependencies again.
        .args([
            "test",
            "--workspace",
            "--test",
            "it",
            "--no-fail-fast",
            "--",
            "--exact",
        ])
        .args(&tests)
        .stderr(Stdio::inherit())
        .output()
        .context("could not start cargo")?;
    let log = String::from_utf8_lossy(&output.stdout);
    let passed = log
        .lines()
        .filter(|line| line.starts_with("test ") && line.ends_with("... ok"));
    let passed = passed.inspect(|line| println!("{line}")).count();
    if passed < tests.len() {
        println!("{log}");
    }
    println!("{passed} of {} crash points survived", tests.len());
    Ok(passed == tests.len() && output.status.success())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_crash_point_is_a_test_of_its_function() {
        for (package, test) in CRASH_POINTS {
            let (module, name) = test.split_once("::").expect("module::name");
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{package}/tests/it/{module}.rs"));
            let source = std::fs::read_to_string(&file).expect("the module's file");
            assert!(
                source.contains(&format!("async fn {name}()")),
                "{package} has no {test}"
            );
        }
    }
}
