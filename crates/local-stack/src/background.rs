//! The runtime on which the stack's own servers live.
//!
//! Tests share a stack in a static, and each `#[tokio::test]` has a runtime of its own that ends with it.
//! A server spawned on the first test's runtime would die under the second test, so ours has its own.

use std::{future::Future, sync::LazyLock};

use tokio::{runtime::Runtime, task::JoinHandle};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("local-stack")
        .enable_all()
        .build()
        .expect("threads and timers are available where tests run")
});

/// Runs `task` for as long as the process lives, whichever test asked for it.
pub fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    RUNTIME.spawn(task)
}
