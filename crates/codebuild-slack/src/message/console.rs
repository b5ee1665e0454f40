//! URLs of pages in the AWS console.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that stay unencoded in a path of the console.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Returns the URL of a build's page.
pub(crate) fn build(region: &str, account: &str, project: &str, build: &str) -> String {
    format!(
        "{}/codesuite/codebuild/{account}/projects/{}/build/{}/?region={region}",
        host(region),
        encode(project),
        encode(build)
    )
}

/// Returns the URL of the page of a batch of builds.
pub(crate) fn batch(region: &str, account: &str, project: &str, batch: &str) -> String {
    format!(
        "{}/codesuite/codebuild/{account}/projects/{}/batch/{}/?region={region}",
        host(region),
        encode(project),
        encode(batch)
    )
}

/// Returns the URL of a log stream.
pub(crate) fn log(region: &str, group: &str, stream: &str) -> String {
    // The console decodes the fragment twice, and uses `$` in place of `%`.
    let twice = |name: &str| encode(&encode(name)).replace('%', "$");
    format!(
        "{}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{}/log-events/{}",
        host(region),
        twice(group),
        twice(stream)
    )
}

/// Returns the URL of a pipeline's page.
pub(crate) fn pipeline(region: &str, name: &str) -> String {
    format!(
        "{}/codesuite/codepipeline/pipelines/{}/view?region={region}",
        host(region),
        encode(name)
    )
}

/// Returns the URL of a page of a CodeCommit repository; `page` is its path.
pub(crate) fn repository(region: &str, name: &str, page: &str) -> String {
    format!(
        "{}/codesuite/codecommit/repositories/{}/{page}?region={region}",
        host(region),
        encode(name)
    )
}

/// Returns the URL of a test report's page. Its ARN is `arn:aws:codebuild:REGION:ACCOUNT:report/GROUP:ID`.
pub(crate) fn report(arn: &str) -> Option<String> {
    let (head, id) = arn.split_once(":report/")?;
    let mut parts = head.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    let group = id.split(':').next()?;
    Some(format!(
        "{}/codesuite/codebuild/{account}/testReports/reports/{}/{}?region={region}",
        host(region),
        encode(group),
        encode(id)
    ))
}

/// Returns the URL of an object in S3.
pub(crate) fn object(region: &str, bucket: &str, key: &str) -> String {
    format!(
        "{}/s3/object/{}?region={region}&prefix={}",
        host(region),
        encode(bucket),
        encode(key)
    )
}

/// Console domains by the prefix of a region. Those of the isolated partitions follow the sign-in endpoints in AWS's
/// SDKs (`REGION.signin.c2shome.ic.gov` and so on).
const DOMAINS: [(&str, &str); 8] = [
    ("cn-", "amazonaws.cn"),
    ("us-gov-", "amazonaws-us-gov.com"),
    ("us-iso-", "c2shome.ic.gov"),
    ("us-isob-", "sc2shome.sgov.gov"),
    ("eu-isoe-", "csphome.adc-e.uk"),
    ("us-isof-", "csphome.hci.ic.gov"),
    ("ap-isog-", "csphome.adc-g.au"),
    ("eusc-", "amazonaws-eusc.eu"),
];

/// Returns whether a URL leads to the console of a region's partition.
pub(crate) fn is_in_partition(region: &str, url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    host.ends_with(&format!("console.{}", domain(region)))
}

fn domain(region: &str) -> &'static str {
    let domain = DOMAINS.iter().find(|(prefix, _)| region.starts_with(prefix));
    domain.map_or("aws.amazon.com", |(_, domain)| domain)
}

fn host(region: &str) -> String {
    let domain = domain(region);
    match region {
        // The console then opens the user's last region.
        "" => format!("https://console.{domain}"),
        _ => format!("https://{region}.console.{domain}"),
    }
}

/// Encodes one segment of a path.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_the_page_of_a_build() {
        assert_eq!(
            build("ap-northeast-2", "123456789012", "web", "web:8745a7a9"),
            "https://ap-northeast-2.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/web/build/web%3A8745a7a9/?region=ap-northeast-2"
        );
    }

    #[test]
    fn every_partition_has_its_console() {
        for (region, expected) in [
            ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
            ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
            ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
            ("us-iso-east-1", "us-iso-east-1.console.c2shome.ic.gov"),
            ("us-isob-east-1", "us-isob-east-1.console.sc2shome.sgov.gov"),
            ("eu-isoe-west-1", "eu-isoe-west-1.console.csphome.adc-e.uk"),
            ("us-isof-south-1", "us-isof-south-1.console.csphome.hci.ic.gov"),
            ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
            ("", "console.aws.amazon.com"),
        ] {
            let page = build(region, "1", "a", "a:1");
            assert!(
                page.starts_with(&format!("https://{expected}/codesuite/")),
                "{page}"
            );
        }
    }

    #[test]
    fn links_a_log_in_s3() {
        assert_eq!(
            object("cn-north-1", "build-logs", "web/8745.gz"),
            "https://cn-north-1.console.amazonaws.cn/s3/object/build-logs?region=cn-north-1&prefix=web%2F8745.gz"
        );
    }

    #[test]
    fn links_the_page_of_a_log() {
        assert_eq!(
            log("ap-northeast-2", "/aws/codebuild/web", "8745"),
            "https://ap-northeast-2.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-2#logsV2:log-groups/log-group/$252Faws$252Fcodebuild$252Fweb/log-events/8745"
        );
    }

    #[test]
    fn links_the_page_of_a_pipeline() {
        assert_eq!(
            pipeline("us-east-1", "web"),
            "https://us-east-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/web/view?region=us-east-1"
        );
    }
}
