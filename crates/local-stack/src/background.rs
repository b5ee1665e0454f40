//! Runtime of the stack's own servers.
//!
//! Tests share a stack in a static, and each `#[tokio::test]` has a runtime that ends with it. A server on the first
//! test's runtime would end before the second test, so this runtime lives as long as the process.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("local-stack")
        .enable_all()
        .build()
        .expect("threads and timers are available where tests run")
});

/// Runs `task` independently of the calling test's runtime.
pub fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    RUNTIME.spawn(task)
}
