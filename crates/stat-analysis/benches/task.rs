//! The time of a task, from texts in PostgreSQL to results in PostgreSQL, against the floor: the time of only reading
//! and analysing the same texts. Once over loopback, and once with 1 ms of latency to the database.
//!
//! `cargo bench -p stat-analysis` measures all sizes, `cargo bench -p stat-analysis -- small` those whose name
//! contains `small`. `TEXTS=file.tsv` reads lines of `building<TAB>text` instead of generating sentences.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the environment and the clock, and prints its result"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{TryStreamExt, pin_mut};
use ko_morph::{Analyser, Dictionary, UserDictionary};
use local_stack::{DelayProxy, MonthStack, Moto, PostgresServer};
use serde_json::json;
use tokio_postgres::types::{ToSql, Type};

const LATENCY: Duration = Duration::from_millis(1);

struct Size {
    name: &'static str,
    buildings: usize,
    texts_per_building: usize,
    rounds: usize,
    /// Least share of the floor over loopback and with latency, in percent.
    budget: (f64, f64),
}

const SIZES: [Size; 4] = [
    Size {
        name: "100 large",
        buildings: 100,
        texts_per_building: 1_000,
        rounds: 3,
        budget: (80.0, 40.0),
    },
    Size {
        name: "3,001 small",
        buildings: 3_001,
        texts_per_building: 46,
        rounds: 3,
        budget: (70.0, 35.0),
    },
    Size {
        name: "30,000 tiny",
        buildings: 30_000,
        texts_per_building: 3,
        rounds: 2,
        budget: (0.0, 0.0),
    },
    Size {
        name: "1,000,000 texts",
        buildings: 300,
        texts_per_building: 3_334,
        rounds: 1,
        budget: (80.0, 40.0),
    },
];

/// The texts of October, in `stat_source_text`.
struct Texts {
    buildings: Vec<String>,
    number: i64,
    bytes: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (postgres, moto) = (PostgresServer::start().await?, Moto::start().await?);
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    println!(
        "size              texts     MB   floor s   task s   of floor   budget   at 1 ms   budget   report s   MiB"
    );
    for size in &SIZES {
        if filter.as_ref().is_none_or(|filter| size.name.contains(filter)) {
            measure(&postgres, &moto, size).await?;
        }
    }
    Ok(())
}

async fn measure(postgres: &PostgresServer, moto: &Moto, size: &Size) -> Result<()> {
    let mut month = MonthStack::new(postgres, moto).await?;
    let texts = insert_texts(&month, size).await?;
    deploy(&month);
    let (mut floor, mut task, mut report) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for round in 0..size.rounds {
        floor = floor.min(read_and_analyse(&month, &texts).await?);
        let (one_task, one_report) = run_month(&month, round > 0, &texts).await?;
        (task, report) = (task.min(one_task), report.min(one_report));
    }
    let memory = month.emulator.peak_memory("stat-analysis").unwrap_or(0) / (1024 * 1024);

    let config: tokio_postgres::Config = month.database_url.parse()?;
    let port = config.get_ports().first().context("the address has no port")?;
    let proxy = DelayProxy::start(*port, LATENCY)?;
    let away = month
        .database_url
        .replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
    month.functions_database_url = away;
    deploy(&month);
    let mut away = Duration::MAX;
    for _ in 0..size.rounds {
        away = away.min(run_month(&month, true, &texts).await?.0);
    }
    let percent = |time: Duration| floor.as_secs_f64() / time.as_secs_f64() * 100.0;
    println!(
        "{:<15} {:>7} {:>6.1} {:>9.2} {:>8.2} {:>8.0} % {:>6.0} % {:>7.0} % {:>6.0} % {:>10.2} {memory:>5}",
        size.name,
        texts.number,
        texts.bytes as f64 / 1e6,
        floor.as_secs_f64(),
        task.as_secs_f64(),
        percent(task),
        size.budget.0,
        percent(away),
        size.budget.1,
        report.as_secs_f64(),
    );
    Ok(())
}

/// Deploys the functions so that one process runs one task with all texts.
fn deploy(month: &MonthStack) {
    let mut prep = month.stat_prep().variable("STAT_TEXTS_PER_TASK", "1000000000");
    prep.timeout = Duration::from_secs(900);
    let mut analysis = month.stat_analysis();
    (analysis.timeout, analysis.concurrency) = (Duration::from_secs(900), 1);
    month.emulator.deploy(prep);
    month.emulator.deploy(analysis);
}

async fn insert_texts(month: &MonthStack, size: &Size) -> Result<Texts> {
    let lines = match std::env::var_os("TEXTS") {
        Some(path) => std::fs::read_to_string(&path).with_context(|| format!("could not read {path:?}"))?,
        None => (0..size.buildings * size.texts_per_building)
            .map(|number| sentence(number, size.buildings))
            .collect(),
    };
    let texts: Vec<(&str, &str)> = lines.lines().filter_map(|line| line.split_once('\t')).collect();
    for texts in texts.chunks(20_000) {
        let (buildings, bodies): (Vec<&str>, Vec<&str>) = texts.iter().copied().unzip();
        let insert = "insert into message (building_id, written_at, body)
                      select building, '2026-10-15T12:00:00Z', body from unnest($1::text[], $2::text[]) t(building, body)";
        month.sql.execute(insert, &[&buildings, &bodies]).await?;
    }
    let finish = "insert into building select distinct building_id, building_id, null::date from message;
                  vacuum analyze";
    for statement in finish.split(';') {
        month.sql.batch_execute(statement).await?;
    }
    let query = "select id from building order by id";
    let rows = month.sql.query(query, &[]).await?;
    Ok(Texts {
        buildings: rows.iter().map(|row| row.get(0)).collect(),
        number: texts.len() as i64,
        bytes: texts.iter().map(|(_, body)| body.len()).sum(),
    })
}

const NOUNS: [&str; 48] = [
    "지하주차장",
    "화장실",
    "엘리베이터",
    "옥상",
    "관리실",
    "복도",
    "계단",
    "현관",
    "경비실",
    "놀이터",
    "분리수거장",
    "택배함",
    "주차권",
    "정산기",
    "도어락",
    "가로등",
    "보일러",
    "온수",
    "수도관",
    "배수구",
    "천장",
    "벽지",
    "창문",
    "방충망",
    "소독",
    "방역",
    "청소",
    "냄새",
    "소음",
    "누수",
    "정전",
    "곰팡이",
    "균열",
    "결로",
    "악취",
    "담배",
    "층간소음",
    "흡연",
    "주차",
    "관리비",
    "공사",
    "점검",
    "수리",
    "교체",
    "민원",
    "안내문",
    "공지",
    "난방",
];

/// Generates a line of building and sentence. The sentences differ enough for a term list of some length.
fn sentence(number: usize, buildings: usize) -> String {
    // A multiplicative hash: sentences of a building do not repeat its neighbours'.
    let random = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let noun = |shift: u32| NOUNS[(random >> shift) as usize % NOUNS.len()];
    let request = [
        "확인 부탁드립니다.",
        "언제 고쳐 주시나요?",
        "말씀드렸는데 답이 없네요ㅠㅠ",
    ][number % 3];
    format!(
        "B{:05}\t{} {}호 쪽 {} 때문에 지나다니기가 너무 불편합니다. {} {} {request}\n",
        number % buildings,
        noun(20),
        random >> 54,
        noun(30),
        noun(40),
        noun(10)
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

/// Runs the month again and returns the durations of its one task and of its report, by the ledger.
async fn run_month(month: &MonthStack, force: bool, texts: &Texts) -> Result<(Duration, Duration)> {
    month
        .run(&json!({"period": "2026-10", "mail": false, "force": force}))
        .await?;
    let row = month
        .sql
        .query_one(
            "select extract(epoch from task.finished_at - task.started_at)::float8,
                    extract(epoch from report.finished_at - report.started_at)::float8,
                    (select sum(documents)::int8 from stat_building where run_id = current_run_id)
             from stat_period join stat_task task on task.run_id = current_run_id and task.task = 1
             join stat_task report on report.run_id = current_run_id and report.task = 0
             where report.state = 'done'",
            &[],
        )
        .await
        .context("the report has not finished")?;
    let counted: Option<i64> = row.get(2);
    ensure!(
        counted == Some(texts.number),
        "counted {counted:?} of {} texts",
        texts.number
    );
    Ok((
        Duration::from_secs_f64(row.get(0)),
        Duration::from_secs_f64(row.get(1)),
    ))
}
