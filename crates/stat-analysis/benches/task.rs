//! A task, texts in PostgreSQL to results in PostgreSQL, beside reading the texts and analysing them alone.
//!
//! `cargo bench -p stat-analysis`; `TEXTS=file.tsv` of `building<TAB>text` lines instead of sentences made here.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench is the world around the functions"
)]

use anyhow::{Context, Result};
use ko_morph::{Analyser, UserDictionary};
use local_stack::{Month, Moto, PostgresServer};
use serde_json::json;
use stat_analysis::adapters::dictionary;
use stat_analysis::adapters::postgres::TextStream;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
/// How many texts are made where no file is named.
const MADE: usize = 100_000;

#[tokio::main]
async fn main() -> Result<()> {
    let (postgres, moto) = (PostgresServer::start().await?, Moto::start().await?);
    let month = Month::new(&postgres, &moto).await?;
    let (buildings, texts, bytes) = fill(&month).await?;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "1000000000"));
    month.emulator.deploy(month.stat_analysis());

    let (mut alone, mut task) = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        alone = alone.min(read_and_analyse(&month, &buildings, texts).await?);
        task = task.min(run_task(&month, round, texts).await?);
    }
    let speed = |took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
    println!(
        "{texts} texts of {} buildings, {:.1} MB, one task; best of {ROUNDS}",
        buildings.len(),
        bytes as f64 / 1e6
    );
    println!(
        "reading and analysing alone  {:6.2} s  {:5.1} MB/s",
        alone.as_secs_f64(),
        speed(alone)
    );
    println!(
        "the task                     {:6.2} s  {:5.1} MB/s",
        task.as_secs_f64(),
        speed(task)
    );
    let ratio = alone.as_secs_f64() / task.as_secs_f64();
    println!(
        "ratio                        {:5.0} %  (budget: 60 %)",
        ratio * 100.0
    );
    Ok(())
}

/// Buildings, number of texts and their bytes.
async fn fill(month: &Month) -> Result<(Vec<String>, i64, usize)> {
    let lines = match std::env::var_os("TEXTS") {
        Some(path) => std::fs::read_to_string(&path).with_context(|| format!("could not read {path:?}"))?,
        None => (0..MADE).map(made).collect(),
    };
    let texts: Vec<(&str, &str)> = lines.lines().filter_map(|line| line.split_once('\t')).collect();
    for texts in texts.chunks(5_000) {
        let (buildings, bodies): (Vec<&str>, Vec<&str>) = texts.iter().copied().unzip();
        let insert = "insert into message (building_id, written_at, body)
                      select building, '2026-10-15T12:00:00Z', body from unnest($1::text[], $2::text[]) t(building, body)";
        month.sql.execute(insert, &[&buildings, &bodies]).await?;
    }
    let finish =
        "insert into building select distinct building_id, building_id, null::date from message; analyze";
    month.sql.batch_execute(finish).await?;
    let rows = month
        .sql
        .query("select id from building order by id", &[])
        .await?;
    let bytes = texts.iter().map(|(_, body)| body.len()).sum();
    Ok((
        rows.iter().map(|row| row.get(0)).collect(),
        texts.len() as i64,
        bytes,
    ))
}

/// Sentences that differ enough for a term list of some length.
fn made(number: usize) -> String {
    let place = [
        "지하주차장",
        "공용 화장실",
        "엘리베이터 앞",
        "옥상",
        "관리실 옆 복도",
    ][number % 5];
    let trouble = ["누수가 심해서", "악취 때문에", "조명이 꺼져서", "소음이 커서"][number / 5 % 4];
    let wish = [
        "확인 부탁드립니다.",
        "언제 고쳐 주시나요?",
        "민원을 넣었는데 답이 없네요ㅠㅠ",
    ][number / 20 % 3];
    format!(
        "B{}\t{place} {}호 쪽 {trouble} 지나다니기가 너무 불편합니다. {wish}\n",
        number % 300,
        number / 60 % 900
    )
}

async fn read_and_analyse(month: &Month, buildings: &[String], texts: i64) -> Result<Duration> {
    let path = std::env::var_os("KO_DICTIONARY");
    let analyser = Analyser::new(
        dictionary::open(path.as_deref().map(AsRef::as_ref))?,
        UserDictionary::default(),
    );
    let mut worker = analyser.worker();
    let ids: Vec<&str> = buildings.iter().map(String::as_str).collect();
    let client = local_stack::month::connect(&month.database_url).await?;
    let began = Instant::now();
    let (start, end) = (
        "2026-10-01T00:00:00+09:00".parse()?,
        "2026-11-01T00:00:00+09:00".parse()?,
    );
    let mut stream = TextStream::open(&client, &ids, start, end).await?;
    let (mut read, mut morphemes) = (0, 0);
    while let Some(text) = stream.next().await? {
        read += 1;
        morphemes += worker.morphemes(text.body()?).count();
    }
    let took = began.elapsed();
    anyhow::ensure!(
        read == texts && morphemes > 0,
        "{read} of {texts} texts were read"
    );
    Ok(took)
}

/// The month again; how long its one task took by the ledger.
async fn run_task(month: &Month, round: usize, texts: i64) -> Result<Duration> {
    month
        .run(&json!({"period": "2026-10", "mail": false, "force": round > 0}))
        .await?;
    let row = month
        .sql
        .query_one(
            "select extract(epoch from finished_at - started_at)::float8,
                    (select sum(documents)::int8 from stat_building where run_id = stat_task.run_id)
             from stat_task join stat_period on run_id = current_run_id where task = 1 and state = 'done'",
            &[],
        )
        .await
        .context("the task has not ended")?;
    anyhow::ensure!(
        row.get::<_, Option<i64>>(1) == Some(texts),
        "not all texts were counted"
    );
    Ok(Duration::from_secs_f64(row.get(0)))
}
