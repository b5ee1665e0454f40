//! The time of a task, from texts in PostgreSQL to results in PostgreSQL, against the time of only reading and
//! analysing the same texts.
//!
//! `cargo bench -p stat-analysis` generates sentences; `TEXTS=file.tsv` reads lines of `building<TAB>text` instead.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the environment and the clock, and prints its result"
)]

use anyhow::{Context, Result, ensure};
use futures_util::{TryStreamExt, pin_mut};
use ko_morph::{Analyser, Dictionary, UserDictionary};
use local_stack::{MonthStack, Moto, PostgresServer};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_postgres::types::{ToSql, Type};

const ROUNDS: usize = 3;
/// Number of sentences to generate.
const SENTENCES: usize = 100_000;

/// The texts of October, in `stat_source_text`.
struct Texts {
    buildings: Vec<String>,
    number: i64,
    bytes: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (postgres, moto) = (PostgresServer::start().await?, Moto::start().await?);
    let month = MonthStack::new(&postgres, &moto).await?;
    let texts = insert_texts(&month).await?;
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "1000000000"));
    month.emulator.deploy(month.stat_analysis());

    let (mut floor, mut task) = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        floor = floor.min(read_and_analyse(&month, &texts).await?);
        task = task.min(run_task(&month, round, &texts).await?);
    }
    let megabytes = texts.bytes as f64 / 1e6;
    println!(
        "{} texts of {} buildings, {megabytes:.1} MB, one task; best of {ROUNDS}",
        texts.number,
        texts.buildings.len()
    );
    for (name, time) in [("reading and analysing alone", floor), ("the task", task)] {
        let seconds = time.as_secs_f64();
        println!("{name:<28} {seconds:6.2} s  {:5.1} MB/s", megabytes / seconds);
    }
    let percent = floor.as_secs_f64() / task.as_secs_f64() * 100.0;
    println!("{:<28} {percent:5.0} %  (budget: 60 %)", "ratio");
    Ok(())
}

async fn insert_texts(month: &MonthStack) -> Result<Texts> {
    let lines = match std::env::var_os("TEXTS") {
        Some(path) => std::fs::read_to_string(&path).with_context(|| format!("could not read {path:?}"))?,
        None => (0..SENTENCES).map(sentence).collect(),
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
    let query = "select id from building order by id";
    let rows = month.sql.query(query, &[]).await?;
    Ok(Texts {
        buildings: rows.iter().map(|row| row.get(0)).collect(),
        number: texts.len() as i64,
        bytes: texts.iter().map(|(_, body)| body.len()).sum(),
    })
}

/// Generates a line of building and sentence. The sentences differ enough for a term list of some length.
fn sentence(number: usize) -> String {
    let place = [
        "지하주차장",
        "공용 화장실",
        "엘리베이터 앞",
        "옥상",
        "관리실 옆 복도",
    ][number % 5];
    let trouble = ["누수가 심해서", "악취 때문에", "조명이 꺼져서", "소음이 커서"][number / 5 % 4];
    let request = [
        "확인 부탁드립니다.",
        "언제 고쳐 주시나요?",
        "민원을 넣었는데 답이 없네요ㅠㅠ",
    ][number / 20 % 3];
    format!(
        "B{}\t{place} {}호 쪽 {trouble} 지나다니기가 너무 불편합니다. {request}\n",
        number % 300,
        number / 60 % 900
    )
}

/// Measures the floor: the function's query, and the analyser alone.
async fn read_and_analyse(month: &MonthStack, texts: &Texts) -> Result<Duration> {
    let image = std::env::var_os("KO_DICTIONARY").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dictionary/ko.image"),
        PathBuf::from,
    );
    let analyser = Analyser::new(Dictionary::open(&image)?, UserDictionary::default());
    let mut worker = analyser.worker();
    let client = local_stack::postgres::connect(&month.database_url).await?;
    let started = Instant::now();
    let parameter = (&texts.buildings as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
    let rows = client
        .query_typed_raw(
            "select building_id, body from stat_source_text
             where building_id = any($1) and written_at >= '2026-10-01T00:00:00+09:00'
                   and written_at < '2026-11-01T00:00:00+09:00'
             order by building_id",
            [parameter],
        )
        .await?;
    pin_mut!(rows);
    let (mut read, mut morphemes) = (0, 0);
    while let Some(row) = rows.try_next().await? {
        read += 1;
        morphemes += worker.morphemes(row.try_get(1)?).count();
    }
    let time = started.elapsed();
    ensure!(
        read == texts.number && morphemes > 0,
        "read {read} of {} texts",
        texts.number
    );
    Ok(time)
}

/// Runs the month again and returns the duration of its one task, by the ledger.
async fn run_task(month: &MonthStack, round: usize, texts: &Texts) -> Result<Duration> {
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
        .context("the task has not finished")?;
    let counted: Option<i64> = row.get(1);
    ensure!(
        counted == Some(texts.number),
        "counted {counted:?} of {} texts",
        texts.number
    );
    Ok(Duration::from_secs_f64(row.get(0)))
}
