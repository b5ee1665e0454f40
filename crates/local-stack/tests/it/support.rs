use std::path::PathBuf;
use std::time::Duration;

use local_stack::{Function, LambdaEmulator};
use serde_json::Value;

/// Limit for all waits: the machine may be compiling.
pub const SOON: Duration = Duration::from_secs(60);

/// Returns the path of an example of this crate. Cargo builds it with the tests.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join(name)
}

pub fn probe(name: &str) -> Function {
    Function {
        timeout: SOON,
        retry_delay: Duration::from_millis(20),
        ..Function::new(name, example("emulator-probe"))
    }
}

/// Starts an emulator with the example `emulator-probe` as function `probe`.
pub async fn emulator() -> LambdaEmulator {
    let emulator = LambdaEmulator::start().await.unwrap();
    emulator.deploy(probe("probe"));
    emulator
}

/// Invokes `probe` and returns its response.
pub async fn response(emulator: &LambdaEmulator, payload: Value) -> Value {
    let outcome = emulator.invoke("probe", &payload).await.unwrap();
    outcome.into_response().unwrap()
}

/// Waits until `look` returns a value.
pub async fn eventually<T>(condition: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let look = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, look)
        .await
        .unwrap_or_else(|_| panic!("{condition}: not within {SOON:?}"))
}
