//! Starts a stack, prints its process ids and waits. A test kills it and checks that no process remains.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::{Function, LambdaEmulator, Moto, PostgresServer};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    let probe: PathBuf = std::env::args_os()
        .nth(1)
        .context("the probe's path is missing")?
        .into();
    let postgres = PostgresServer::start_own().await?;
    let moto = Moto::start().await?;
    let emulator = LambdaEmulator::start().await?;
    emulator.deploy(Function::new("probe", probe));
    emulator.invoke_event("probe", &json!({"sleep_ms": 600_000}))?;
    emulator
        .wait_until_running("probe", Duration::from_secs(60))
        .await?;

    let mut pids = emulator.pids();
    pids.push(moto.pid());
    pids.extend(postgres.pid().await);
    writeln!(
        std::io::stdout(),
        "{}",
        pids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
    )?;
    std::io::stdout().flush()?;
    std::future::pending().await
}
