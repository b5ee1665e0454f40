//! Amazon CloudWatch Logs.

use anyhow::Context;
use aws_sdk_cloudwatchlogs::Client;
use lambda_core::aws;
use std::sync::Arc;
use tokio::sync::OnceCell;

use super::aws::Aws;

/// Logs may answer with fewer events than there are, or none, and a token to go on with.
const PAGES: usize = 4;

/// CloudWatch Logs.
pub struct Logs {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

impl Logs {
    /// Connects to nothing yet.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self {
            aws,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &Client {
        let set_up = async || Client::new(self.aws.config().await);
        self.client.get_or_init(set_up).await
    }

    /// The last `count` events of a stream, or more, as one text with an event a line.
    ///
    /// # Errors
    /// Where Logs refuses: no permission, no such group or stream.
    pub async fn tail(&self, group: &str, stream: &str, count: i32) -> anyhow::Result<String> {
        let client = self.client().await;
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
            let page = Box::pin(page).await.map_err(aws::explain);
            let page =
                page.with_context(|| format!("could not read the log {group} {stream} (logs:GetLogEvents)"))?;
            let older = page.events().iter().filter_map(|event| event.message());
            let mut older: Vec<String> = older
                .map(|line| line.trim_end_matches(['\r', '\n']).to_owned())
                .collect();
            older.append(&mut lines);
            lines = older;
            let next = page.next_backward_token().map(str::to_owned);
            // At its beginning, a stream answers with the token that it was given.
            if lines.len() >= count as usize || next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(lines.join("\n"))
    }
}
