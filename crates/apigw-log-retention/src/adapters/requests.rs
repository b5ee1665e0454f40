//! Requests to AWS's control plane: at a measured pace, and tried again within the time that is left.

use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use lambda_core::aws::explain;
use lambda_core::deadline::Deadline;
use lambda_core::{clock, pause};
use std::cell::Cell;
use std::error::Error;
use std::time::{Duration, Instant};

/// A sweep's requests: no five of them in one second, wherever the second begins, with some room for the
/// network's uneven delays. API Gateway's quota is 10 a second for the whole account, and others need it.
pub const SWEEP_INTERVAL: Duration = Duration::from_millis(260);

/// How often a request is tried in all. One stage that is always refused must not use up a sweep's time.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What will be over in a moment: too many requests, or somebody else's change at the same time.
const PASSING: [&str; 6] = [
    "TooManyRequestsException",
    "ConflictException",
    "OperationAbortedException",
    "ThrottlingException",
    "Throttling",
    "ServiceUnavailableException",
];

/// How an invocation makes its requests. There is one for all systems: the limit holds for their sum.
#[derive(Debug)]
pub struct Requests {
    deadline: Deadline,
    /// What must be left for the caller to say that a request did not succeed.
    reserve: Duration,
    interval: Option<Duration>,
    last: Cell<Instant>,
}

/// A request that was refused, or lost for good.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {reason}")]
pub struct Refusal {
    what: String,
    reason: String,
    code: Option<String>,
}

impl Refusal {
    /// Whether API Gateway does not know such an API or stage.
    pub fn is_not_found(&self) -> bool {
        self.code.as_deref() == Some("NotFoundException")
    }

    /// Whether CloudWatch Logs does not know such a group.
    pub fn is_no_such_group(&self) -> bool {
        self.code.as_deref() == Some("ResourceNotFoundException")
    }

    /// Whether CloudWatch Logs has such a group already.
    pub fn is_already_there(&self) -> bool {
        self.code.as_deref() == Some("ResourceAlreadyExistsException")
    }

    /// Whether API Gateway refuses the content of the request.
    pub fn is_bad_request(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("BadRequestException" | "ConflictException")
        )
    }

    /// Whether the account has no role with which API Gateway may write logs: "CloudWatch Logs role ARN must be
    /// set in account settings to enable logging".
    pub fn is_missing_role(&self) -> bool {
        self.reason.contains("CloudWatch Logs role ARN must be set")
    }
}

impl Requests {
    /// As fast as they come, for a single stage.
    pub fn at_once(deadline: Deadline) -> Self {
        Self {
            deadline,
            reserve: Duration::from_secs(2),
            interval: None,
            last: Cell::new(clock::instant()),
        }
    }

    /// One after the other, with `interval` between them. `reserve` is left for what comes after the last.
    pub fn paced(deadline: Deadline, interval: Duration, reserve: Duration) -> Self {
        Self {
            reserve,
            interval: Some(interval),
            ..Self::at_once(deadline)
        }
    }

    /// What is left of the invocation's time.
    pub fn time_left(&self) -> Duration {
        self.deadline.left()
    }

    /// Makes a request, and makes it again while the refusal is one that passes.
    ///
    /// `request` may be carried out more than once, where an answer is lost: each of ours does the same when it
    /// is done twice.
    ///
    /// # Errors
    /// The last refusal, with AWS's own code and words.
    pub async fn send<T, E, F>(&self, what: &str, request: impl Fn() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut attempt = 1;
        loop {
            self.take_turn().await;
            // Boxed: an SDK's future is large, and would be part of every future from here up to `main`.
            let error = match Box::pin(request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let passes = passes(&error);
            let refusal = refusal(what, error);
            let pause = pause::before_retry(attempt, FIRST_PAUSE, LONGEST_PAUSE);
            if !passes || attempt == ATTEMPTS || self.deadline.left() < pause + self.reserve {
                return Err(refusal);
            }
            tracing::debug!(attempt, "trying again: {refusal}");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Waits before something is looked at once more; says whether there is time for it.
    pub async fn wait(&self, attempt: u32, first: Duration) -> bool {
        let pause = pause::before_retry(attempt, first, LONGEST_PAUSE);
        if self.deadline.left() < pause + self.reserve {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    async fn take_turn(&self) {
        let Some(interval) = self.interval else {
            return;
        };
        // Also before the first: this invocation may go on where another has just stopped.
        let passed = clock::instant().saturating_duration_since(self.last.get());
        tokio::time::sleep(interval.saturating_sub(passed)).await;
        self.last.set(clock::instant());
    }
}

fn passes<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            status == 429 || status >= 500 || refused.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}

fn refusal<E: ProvideErrorMetadata + Error + 'static>(what: &str, error: SdkError<E>) -> Refusal {
    Refusal {
        what: what.to_owned(),
        code: error.code().map(str::to_owned),
        reason: explain(error).to_string(),
    }
}
