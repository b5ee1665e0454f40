#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "clock, environment and output are those of a program of the developer's"
)]

mod arguments;
mod canary;
mod check;
mod crash_points;
mod disturbance;
mod part;
mod plan;
mod run;
mod tally;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use arguments::Arguments;
use clap::Parser;
use part::Part;
use plan::Plan;
use run::Ground;
use tally::Tally;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.crash {
        Some(name) => crash_points::replay(name),
        None => Runtime::new()
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(run_all(&arguments))),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(std::io::stderr(), "soak: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Carries out the runs of all seeds. Returns whether every check passed.
async fn run_all(arguments: &Arguments) -> Result<bool> {
    let began = Instant::now();
    let ground = Ground::prepare().await?;
    println!("The clean run took {:.0} s.", began.elapsed().as_secs_f64());
    let (mut injected, mut survived) = (Tally::default(), Tally::default());
    let mut failed = Vec::new();
    for seed in arguments.seeds() {
        let began = Instant::now();
        let plan = Plan::of_seed(seed);
        log_plan(&plan)?;
        let part = ground.run(&plan).await?;
        println!(
            "Seed {seed}: {} faults in {:.0} s",
            part.tally.total(),
            began.elapsed().as_secs_f64()
        );
        injected.merge(part.tally.clone());
        match print(&part) {
            true => survived.merge(part.tally),
            false => failed.push(seed),
        }
    }
    ground.moto.shutdown().await;
    println!("\n{}", injected.table(&survived));
    println!("\nAll runs took {:.0} s.", began.elapsed().as_secs_f64());
    for seed in &failed {
        println!("Failed: make soak SEED={seed} RUNS=1");
    }
    Ok(failed.is_empty())
}

/// Writes the plan into the target folder, where a reader of the failure finds it.
fn log_plan(plan: &Plan) -> Result<()> {
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .context("the program has no folder")?
        .join("soak-plans");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("seed-{}.json", plan.seed));
    std::fs::write(&path, serde_json::to_string_pretty(plan)?)?;
    println!("Plan of seed {}: {}", plan.seed, path.display());
    Ok(())
}

/// Prints the checks of a run. Returns whether all passed.
fn print(part: &Part) -> bool {
    for (name, result) in &part.checks {
        match result {
            Ok(fact) => println!("  ✓ {name}: {fact}"),
            Err(fault) => println!("  ✗ {name}: {fault:#}"),
        }
    }
    let mut memory = BTreeMap::<&str, u64>::new();
    for (function, bytes) in &part.memory {
        let peak = memory.entry(function).or_default();
        *peak = (*peak).max(bytes / 1024 / 1024);
    }
    let memory: Vec<String> = memory
        .iter()
        .map(|(function, mib)| format!("{function} {mib} MiB"))
        .collect();
    println!("  memory: {}", memory.join(", "));
    part.checks.iter().all(|(_, result)| result.is_ok())
}
