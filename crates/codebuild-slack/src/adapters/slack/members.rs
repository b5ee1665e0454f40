//! The members of the workspace.

use lambda_core::backoff;
use lambda_core::deadline::Deadline;

use super::{FIRST_DELAY, LONGEST_DELAY, Slack, SlackError, before};

impl Slack {
    /// Returns the id of the active member with an e-mail address. A webhook finds none.
    ///
    /// Needs the scopes `users:read` and `users:read.email`. Transient errors are retried until the deadline.
    pub(crate) async fn member(&self, email: &str, deadline: Deadline) -> Result<Option<String>, SlackError> {
        let Some(api) = &self.api else {
            return Ok(None);
        };
        let secret = before(deadline, self.secrets.read(&self.secret)).await?;
        let token = secret.expose().trim();
        let arguments = [("email", email)];
        let mut attempt = 1;
        loop {
            let read = self.read(api, token, "users.lookupByEmail", &arguments, deadline);
            let error = match read.await {
                Ok(response) => return Ok(active_member(&response.body["user"])),
                Err(SlackError::Rejected { code, .. }) if code == "users_not_found" => return Ok(None),
                Err(error) => error,
            };
            let delay = backoff::delay(attempt, FIRST_DELAY, LONGEST_DELAY);
            let delay = delay + error.retry_after().unwrap_or_default();
            if !error.is_transient() || deadline.remaining() <= delay {
                return Err(error);
            }
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }
}

/// Returns the id of a member, unless the account is deactivated.
fn active_member(user: &serde_json::Value) -> Option<String> {
    let id = user["id"].as_str().filter(|_| user["deleted"] != true)?;
    Some(id.to_owned())
}
