use std::{path::PathBuf, time::Duration};

use local_stack::{Function, LambdaEmulator};

/// Generous: the machine may be compiling.
pub const SOON: Duration = Duration::from_secs(60);

/// An example of this crate, which cargo builds along with its tests.
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

/// An emulator with the probe deployed as `probe`.
pub async fn emulator() -> LambdaEmulator {
    let emulator = LambdaEmulator::start().await.unwrap();
    emulator.deploy(probe("probe"));
    emulator
}

/// Looks again and again, until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
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
        .unwrap_or_else(|_| panic!("{what}: not within {SOON:?}"))
}
