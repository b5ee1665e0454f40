//! The failed tests of a build, by name.

use lambda_core::locale::Locale;

use super::console;
use super::log_tail::plain;
use super::mrkdwn::{code_block, link, within};
use super::wording;
use crate::event::build::Build;
use crate::mask::Mask;

/// Maximum number of tests in a message.
pub(crate) const MAX_TESTS: usize = 5;
/// Limit for the name of a test, and for the first line of its message.
const LINE: usize = 150;
/// Limit for the block with all tests.
const BLOCK: usize = 1600;
/// Maximum number of reports with a link.
const LINKS: usize = 2;
/// Limit for the label of a link.
const LABEL: usize = 100;

/// A report of CodeBuild with failed tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestReport {
    pub(crate) arn: String,
    /// Number of failed tests in the report.
    pub(crate) failures: usize,
    /// The first failed tests.
    pub(crate) tests: Vec<FailedTest>,
}

/// A failed test, as the report states it, with any secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedTest {
    pub(crate) name: String,
    pub(crate) message: Option<String>,
}

/// Renders the failed tests, and links to their reports.
pub(super) fn render(build: &Build, reports: &[TestReport], locale: Locale) -> Option<String> {
    let tests: Vec<String> = reports
        .iter()
        .flat_map(|report| &report.tests)
        .take(MAX_TESTS)
        .map(|test| lines(test, &build.mask))
        .collect();
    let failures: usize = reports.iter().map(|report| report.failures).sum();
    if failures == 0 {
        return None;
    }
    let links: Vec<String> = reports
        .iter()
        .take(LINKS)
        .map(|report| report_link(report, &build.mask))
        .collect();
    let title = format!("*{}* ({failures})", locale.pick("실패한 테스트", "Failed tests"));
    let rest = wording::reports(locale, failures.saturating_sub(tests.len()));
    let links = format!("{rest}: {}", links.join(" · "));
    Some(match tests.is_empty() {
        true => format!("{title}\n{links}"),
        false => format!("{title}\n{}\n{links}", code_block(&tests.join("\n"), BLOCK)),
    })
}

/// Writes a test as its name and the first line of its message. The rest is a stack trace.
fn lines(test: &FailedTest, mask: &Mask) -> String {
    let name = first_line(&test.name, mask);
    let message = test.message.as_deref().map(|message| first_line(message, mask));
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{name}\n  {message}"),
        None => name,
    }
}

/// Masks the whole text, because a secret may span lines, and returns its first line that is not empty.
fn first_line(text: &str, mask: &Mask) -> String {
    let plain = text.lines().map(plain).collect::<Vec<_>>().join("\n");
    let masked = mask.apply(&plain);
    let mut lines = masked.lines().map(str::trim).filter(|line| !line.is_empty());
    within(lines.next().unwrap_or_default(), LINE)
}

fn report_link(report: &TestReport, mask: &Mask) -> String {
    let group = report.arn.rsplit('/').next().unwrap_or_default();
    let group = group.split(':').next().unwrap_or_default();
    let label = mask.apply_to_name(group);
    match console::report(&report.arn) {
        Some(page) => link(&page, &label, LABEL),
        None => super::code(&label, LABEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::build::tests::build;

    fn report(failures: usize, tests: &[(&str, Option<&str>)]) -> TestReport {
        let test = |(name, message): &(&str, Option<&str>)| FailedTest {
            name: (*name).to_owned(),
            message: message.map(str::to_owned),
        };
        TestReport {
            arn: "arn:aws:codebuild:eu-west-1:123456789012:report/web-unit:1a2b".to_owned(),
            failures,
            tests: tests.iter().map(test).collect(),
        }
    }

    const PAGE: &str = "<https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/123456789012/testReports/reports/web-unit/web-unit%3A1a2b?region=eu-west-1|web-unit>";

    #[test]
    fn shows_names_first_lines_and_the_rest() {
        let failed = report(
            7,
            &[
                (
                    "login › rejects an empty password",
                    Some("\nexpected 401, got 500\n  at login.ts:3"),
                ),
                ("basket › total", None),
            ],
        );
        let text = render(&build(), &[failed], Locale::English);
        let expected = format!(
            "*Failed tests* (7)\n```\nlogin › rejects an empty password\n  expected 401, got 500\nbasket › total\n```\n\
             5 more: {PAGE}"
        );
        assert_eq!(text, Some(expected));
    }

    #[test]
    fn a_build_without_failed_tests_has_no_section() {
        assert_eq!(render(&build(), &[], Locale::Korean), None);
        let whole = render(&build(), &[report(1, &[("a", None)])], Locale::Korean);
        assert_eq!(
            whole,
            Some(format!("*실패한 테스트* (1)\n```\na\n```\n보고서: {PAGE}"))
        );
    }

    #[test]
    fn secrets_of_the_environment_are_hidden() {
        let build = Build {
            mask: Mask::new([("DEPLOY_TOKEN", "s3cr3t-value")]),
            ..build()
        };
        let failed = report(1, &[("logs in with s3cr3t-value", Some("got s3cr3t-value"))]);
        let text = render(&build, &[failed], Locale::English).expect("a section");
        assert!(text.contains("logs in with ***\n  got ***"), "{text}");
    }
}
