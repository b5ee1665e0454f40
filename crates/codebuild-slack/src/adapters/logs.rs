//! Amazon CloudWatch Logs.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_cloudwatchlogs::Client;
use lambda_core::aws;
use lambda_core::check::Check;

use super::aws::{Aws, LazyClient, permission_check};

/// Maximum number of requests for one log: a response may hold fewer events than the stream, or none, with a token for
/// more.
const PAGES: usize = 4;

/// Log group that does not exist.
const ABSENT: &str = "/aws/codebuild/nightshift-check";

pub(crate) struct Logs(LazyClient<Client>);

impl Logs {
    pub(crate) fn new(aws: &Arc<Aws>) -> Self {
        Self(LazyClient::new(aws, Client::new))
    }

    /// Checks the permission with a request about a log group that does not exist. The role may be limited to other log
    /// groups, so that a refusal is no failure.
    pub(crate) async fn check(&self) -> Check {
        let name = "permission logs:GetLogEvents";
        let client = self.0.get().await;
        let read = client
            .get_log_events()
            .log_group_name(ABSENT)
            .log_stream_name("check")
            .send();
        match Box::pin(read).await {
            Ok(_) => Check::passed(name, "granted"),
            Err(error) => {
                let check = permission_check(name, error, "ResourceNotFoundException");
                match check.ok {
                    Some(false) => Check::not_tried(
                        name,
                        format!(
                            "denied for {ABSENT}; the role may read other log groups: {}",
                            check.detail
                        ),
                    ),
                    _ => check,
                }
            }
        }
    }

    /// Reads at least the last `count` events of a stream, if there are so many, as one text with an event on each line.
    pub(crate) async fn tail(&self, group: &str, stream: &str, count: i32) -> anyhow::Result<String> {
        let client = self.0.get().await;
        let mut lines: Vec<String> = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let page = client
                .get_log_events()
                .log_group_name(group)
                .log_stream_name(stream)
                .limit(count)
                .start_from_head(false)
                .set_next_token(token.clone())
                .send();
            let page = Box::pin(page).await.map_err(aws::readable_error);
            let page =
                page.with_context(|| format!("could not read the log {group} {stream} (logs:GetLogEvents)"))?;
            let older = page.events().iter().filter_map(|event| event.message());
            let mut older: Vec<String> = older
                .map(|line| line.trim_end_matches(['\r', '\n']).to_owned())
                .collect();
            older.append(&mut lines);
            lines = older;
            let next = page.next_backward_token().map(str::to_owned);
            // At the beginning of the stream, the response repeats the token of the request.
            if lines.len() >= count as usize || next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(lines.join("\n"))
    }
}
