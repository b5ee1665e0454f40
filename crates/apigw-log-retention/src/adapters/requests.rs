//! Pace and retries of requests to AWS's control plane.

use std::cell::Cell;
use std::error::Error;
use std::time::{Duration, Instant};

use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use lambda_core::aws::readable_error;
use lambda_core::deadline::Deadline;
use lambda_core::{backoff, clock};

/// Time between two requests of a sweep: at most four in any second, with some room for the network's uneven delays.
/// API Gateway's quota is 10 a second for the whole account, and other callers need it too.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_millis(260);

/// Attempts for each request, the first included. A stage that always fails must not use up a sweep's time.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Error codes that end by themselves: throttling, or another caller's change at the same time.
const TRANSIENT: [&str; 6] = [
    "TooManyRequestsException",
    "ConflictException",
    "OperationAbortedException",
    "ThrottlingException",
    "Throttling",
    "ServiceUnavailableException",
];

/// Pace and deadline of one invocation's requests. All services share one, because the limit holds for their sum.
#[derive(Debug)]
pub(crate) struct Requests {
    deadline: Deadline,
    /// Time to keep for reporting a request that failed.
    reserve: Duration,
    interval: Option<Duration>,
    last_sent: Cell<Instant>,
}

/// A request that AWS rejected, or that got no response in any attempt.
#[derive(Debug, thiserror::Error)]
#[error("could not {action}: {reason}")]
pub(crate) struct RequestError {
    action: String,
    reason: String,
    code: Option<String>,
    is_transient: bool,
}

impl RequestError {
    /// Returns true if the request may succeed later: AWS throttled it, failed, or did not respond.
    pub(crate) fn is_transient(&self) -> bool {
        self.is_transient
    }

    /// Returns true if API Gateway has no such API or stage.
    pub(crate) fn is_not_found(&self) -> bool {
        self.has_code("NotFoundException")
    }

    /// Returns true if CloudWatch Logs has no such log group.
    pub(crate) fn is_unknown_log_group(&self) -> bool {
        self.has_code("ResourceNotFoundException")
    }

    /// Returns true if the log group to create exists already.
    pub(crate) fn is_existing_log_group(&self) -> bool {
        self.has_code("ResourceAlreadyExistsException")
    }

    /// Returns true if IAM has no such role.
    pub(crate) fn is_unknown_role(&self) -> bool {
        self.has_code("NoSuchEntity")
    }

    /// Returns true if the function's role does not allow the request.
    pub(crate) fn is_denied(&self) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| code.starts_with("AccessDenied"))
    }

    /// Returns true if API Gateway rejects the content of the request.
    pub(crate) fn is_bad_request(&self) -> bool {
        self.has_code("BadRequestException") || self.has_code("ConflictException")
    }

    /// Returns true if the account has no role with which API Gateway may write logs: "CloudWatch Logs role ARN must be
    /// set in account settings to enable logging".
    pub(crate) fn is_missing_role(&self) -> bool {
        self.reason.contains("CloudWatch Logs role ARN must be set")
    }

    fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl Requests {
    /// Sends requests without pauses between them, for a single stage.
    pub(crate) fn unpaced(deadline: Deadline) -> Self {
        Self {
            deadline,
            reserve: Duration::from_secs(2),
            interval: None,
            last_sent: Cell::new(clock::instant()),
        }
    }

    /// Sends requests at least `interval` apart, and keeps `reserve` of the invocation's time.
    pub(crate) fn paced(deadline: Deadline, interval: Duration, reserve: Duration) -> Self {
        Self {
            reserve,
            interval: Some(interval),
            ..Self::unpaced(deadline)
        }
    }

    /// Returns the rest of the invocation's time.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.remaining()
    }

    /// Sends a request, and repeats it after transient errors and lost responses.
    ///
    /// AWS may carry out a request twice if its first response was lost. All requests of this function are idempotent.
    /// The error holds AWS's own code and message of the last attempt. `action` completes "could not …".
    pub(crate) async fn send<T, E, F>(&self, action: &str, request: impl Fn() -> F) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut attempt = 1;
        loop {
            self.wait_for_turn().await;
            // Boxed: an SDK's future is large, and would be part of every future from here up to `main`.
            let error = match Box::pin(request()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let error = request_error(action, error);
            if !error.is_transient || attempt == ATTEMPTS || !self.pause(attempt, FIRST_PAUSE).await {
                return Err(error);
            }
            tracing::debug!("attempt {attempt} of {ATTEMPTS} failed, retrying: {error}");
            attempt += 1;
        }
    }

    /// Sends one request for each page. `take` consumes a page and returns the token of the next one.
    pub(crate) async fn each_page<T, E, F>(
        &self,
        action: &str,
        request: impl Fn(Option<String>) -> F,
        mut take: impl FnMut(T) -> Option<String>,
    ) -> Result<(), RequestError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut token = None;
        loop {
            let page = self.send(action, || request(token.clone())).await?;
            token = take(page);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Pauses before another attempt, longer after each. Returns false without a pause if too little time is left.
    pub(crate) async fn pause(&self, attempt: u32, first: Duration) -> bool {
        let pause = backoff::delay(attempt, first, MAX_PAUSE);
        if self.deadline.remaining() < pause + self.reserve {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    async fn wait_for_turn(&self) {
        let Some(interval) = self.interval else {
            return;
        };
        // Before the first request too: this invocation may continue a sweep that another has just stopped.
        let since_last = clock::instant().saturating_duration_since(self.last_sent.get());
        tokio::time::sleep(interval.saturating_sub(since_last)).await;
        self.last_sent.set(clock::instant());
    }
}

fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(rejected) => {
            let status = rejected.raw().status().as_u16();
            let code = rejected.err().code();
            status == 429 || status >= 500 || code.is_some_and(|code| TRANSIENT.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}

fn request_error<E: ProvideErrorMetadata + Error + 'static>(
    action: &str,
    error: SdkError<E>,
) -> RequestError {
    RequestError {
        is_transient: is_transient(&error),
        action: action.to_owned(),
        code: error.code().map(str::to_owned),
        reason: readable_error(error).to_string(),
    }
}
