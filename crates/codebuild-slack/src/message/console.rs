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

fn host(region: &str) -> String {
    if region.starts_with("cn-") {
        format!("https://{region}.console.amazonaws.cn")
    } else if region.starts_with("us-gov-") {
        format!("https://{region}.console.amazonaws-us-gov.com")
    } else {
        format!("https://{region}.console.aws.amazon.com")
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
        assert!(build("cn-north-1", "1", "a", "a:1").starts_with("https://cn-north-1.console.amazonaws.cn/"));
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
