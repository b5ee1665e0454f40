//! The test reports of AWS CodeBuild.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::types::{Report, TestCase, TestCaseFilter};
use lambda_core::aws;
use lambda_core::check::Check;

use super::aws::{Aws, LazyClient, permission_check};
use crate::message::failed_tests::{FailedTest, TestReport};

/// Statuses of a test that did not pass: an assertion failed, or the test itself broke.
const FAILURES: [&str; 2] = ["FAILED", "ERROR"];

/// Name that no report group has.
const ABSENT: &str = "nightshift-check";

pub(crate) struct Reports(LazyClient<Client>);

impl Reports {
    pub(crate) fn new(aws: &Arc<Aws>) -> Self {
        Self(LazyClient::new(aws, Client::new))
    }

    /// Checks the permissions with requests about a report that does not exist, in the account of a function.
    pub(crate) async fn checks(&self, function_arn: &str) -> [Check; 2] {
        let client = self.0.get().await;
        let report = absent_report(function_arn);
        let name = "permission codebuild:BatchGetReports";
        let read = client.batch_get_reports().report_arns(&report).send();
        let reports = match Box::pin(read).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => permission_check(name, error, "ResourceNotFoundException"),
        };
        let name = "permission codebuild:DescribeTestCases";
        let read = client.describe_test_cases().report_arn(&report).send();
        let tests = match Box::pin(read).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => permission_check(name, error, "ResourceNotFoundException"),
        };
        [reports, tests]
    }

    /// Reads the reports with failed tests, and up to `limit` of these tests.
    pub(crate) async fn failed_tests(
        &self,
        reports: Vec<String>,
        limit: usize,
    ) -> anyhow::Result<Vec<TestReport>> {
        let client = self.0.get().await;
        // BatchGetReports accepts a hundred ARNs.
        let arns = reports.into_iter().take(100).collect();
        let read = client.batch_get_reports().set_report_arns(Some(arns)).send();
        let read = Box::pin(read).await.map_err(aws::readable_error);
        let read = read.context("could not read the build's reports (codebuild:BatchGetReports)")?;
        let (mut failed, mut left) = (Vec::new(), limit);
        for report in read.reports() {
            let (Some(arn), failures) = (report.arn(), failures(report)) else {
                continue;
            };
            if failures == 0 {
                continue;
            }
            let tests = self.tests(arn, left).await?;
            left -= tests.len();
            failed.push(TestReport {
                arn: arn.to_owned(),
                failures,
                tests,
            });
        }
        Ok(failed)
    }

    async fn tests(&self, report: &str, limit: usize) -> anyhow::Result<Vec<FailedTest>> {
        let client = self.0.get().await;
        let mut tests = Vec::new();
        for status in FAILURES {
            let left = limit - tests.len();
            if left == 0 {
                break;
            }
            let read = client
                .describe_test_cases()
                .report_arn(report)
                .filter(TestCaseFilter::builder().status(status).build())
                .max_results(left as i32)
                .send();
            let read = Box::pin(read).await.map_err(aws::readable_error);
            let read = read.with_context(|| {
                format!("could not read the tests of {report} (codebuild:DescribeTestCases)")
            })?;
            tests.extend(read.test_cases().iter().take(left).map(failed_test));
        }
        Ok(tests)
    }
}

/// Returns the ARN of a report in the partition, region and account of `arn:aws:lambda:REGION:ACCOUNT:function:…`.
fn absent_report(function_arn: &str) -> String {
    let parts: Vec<&str> = function_arn.split(':').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let (partition, region, account) = (part(1), part(3), part(4));
    format!(
        "arn:{partition}:codebuild:{region}:{account}:report/{ABSENT}:00000000-0000-0000-0000-000000000000"
    )
}

fn failures(report: &Report) -> usize {
    let counts = report.test_summary().map(|summary| summary.status_counts());
    let count = |status| counts?.get(status).and_then(|count| usize::try_from(*count).ok());
    FAILURES.into_iter().filter_map(count).sum()
}

fn failed_test(test: &TestCase) -> FailedTest {
    let parts = [test.prefix(), test.name()].into_iter().flatten();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    FailedTest {
        name: parts.join(" › "),
        message: test.message().map(str::to_owned),
    }
}
