//! The report over film reviews: texts that no list of the function was made for.
//!
//! `TEXTS=file.tsv cargo bench -p stat-analysis --bench films` reads lines of `film<TAB>review`, and takes films for
//! buildings. Reviews go to September and October in turn, so that a change between the months is chance. Without
//! the variable it does nothing.
//!
//! The bench fails if a term on the page stands in fewer than three texts, or is of a kind that is junk.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the environment, and prints its result"
)]

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::{MonthStack, Moto, PostgresServer};
use serde::Deserialize;
use serde_json::json;

/// Default of `REPORT_MIN_DOCUMENTS`.
const MIN_DOCUMENTS: i64 = 3;

/// Row of the page about a building: term, category, texts, occurrences, occurrences in the month before.
#[derive(Deserialize)]
struct Details {
    distinctive: bool,
    terms: Vec<(String, String, i64, i64, Option<i64>)>,
    rising: Vec<serde_json::Value>,
    falling: Vec<serde_json::Value>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Some(path) = std::env::var_os("TEXTS") else {
        println!("TEXTS is not set: no film reviews are counted");
        return Ok(());
    };
    let texts = std::fs::read_to_string(&path).with_context(|| format!("could not read {path:?}"))?;
    let (postgres, moto) = (PostgresServer::start().await?, Moto::start().await?);
    let month = MonthStack::new(&postgres, &moto).await?;
    insert(&month, &texts).await?;
    deploy(&month);
    for period in ["2026-09", "2026-10"] {
        month.run(&json!({"period": period, "mail": false})).await?;
    }
    let html = String::from_utf8(month.report(".html").await?)?;
    let buildings = buildings(&html);
    ensure!(!buildings.is_empty(), "the page has no buildings");
    print(&month, &buildings).await?;
    check(&buildings)
}

fn deploy(month: &MonthStack) {
    let (mut prep, mut analysis) = (month.stat_prep(), month.stat_analysis());
    (prep.timeout, analysis.timeout) = (Duration::from_secs(900), Duration::from_secs(900));
    month.emulator.deploy(prep);
    month.emulator.deploy(analysis);
}

async fn insert(month: &MonthStack, texts: &str) -> Result<()> {
    let texts: Vec<(&str, &str)> = texts.lines().filter_map(|line| line.split_once('\t')).collect();
    for texts in texts.chunks(20_000) {
        let (films, reviews): (Vec<&str>, Vec<&str>) = texts.iter().copied().unzip();
        let insert = "insert into message (building_id, written_at, body)
                      select film, case when number % 2 = 0 then '2026-10-15T12:00:00Z' else '2026-09-15T12:00:00Z' end::timestamptz, review
                      from unnest($1::text[], $2::text[]) with ordinality t(film, review, number)";
        month.sql.execute(insert, &[&films, &reviews]).await?;
    }
    let finish = "insert into building select distinct building_id, building_id, null::date from message";
    month.sql.batch_execute(finish).await?;
    Ok(month.sql.batch_execute("vacuum analyze").await?)
}

/// Reads the data behind the page's rows.
fn buildings(html: &str) -> Vec<Details> {
    let data = html.split("<script type=\"application/json\"").skip(1);
    let data = data.filter_map(|rest| rest.split_once('>')?.1.split_once("</script>"));
    data.filter_map(|(json, _)| serde_json::from_str(json).ok())
        .collect()
}

async fn print(month: &MonthStack, buildings: &[Details]) -> Result<()> {
    let share = "select coalesce(sum(documents) filter (where category = '기타'), 0)::float8
                        / (select sum(documents)::float8 from stat_building b where b.run_id = current_run_id)
                 from stat_category join stat_period on run_id = current_run_id
                 where period_id = '2026-10' group by current_run_id";
    let other: f64 = month.sql.query_one(share, &[]).await?.get(0);
    let distinctive = buildings.iter().filter(|it| it.distinctive);
    let terms: usize = distinctive.clone().map(|it| it.terms.len()).sum();
    let changes: usize = buildings
        .iter()
        .map(|it| it.rising.len() + it.falling.len())
        .sum();
    println!("texts without a category   {:.1} %", other * 100.0);
    println!("films on the page          {}", buildings.len());
    println!("films with distinctive     {}", distinctive.count());
    println!("distinctive terms          {terms}");
    println!("changes, all by chance     {changes}");
    Ok(())
}

fn check(buildings: &[Details]) -> Result<()> {
    let terms = || buildings.iter().flat_map(|it| &it.terms);
    let rare: Vec<&str> = terms()
        .filter(|term| term.2 < MIN_DOCUMENTS)
        .map(|it| &*it.0)
        .collect();
    ensure!(rare.is_empty(), "in fewer than {MIN_DOCUMENTS} texts: {rare:?}");
    let mut junk: Vec<&str> = terms().map(|it| &*it.0).filter(|term| is_junk(term)).collect();
    junk.sort_unstable();
    junk.dedup();
    ensure!(junk.is_empty(), "{} kinds of junk: {junk:?}", junk.len());
    Ok(())
}

/// Returns whether the term is a single letter, bare jamo, a title with 님, an adjective in -적, or ends like a verb.
fn is_junk(term: &str) -> bool {
    const NOUNS: [&str; 6] = ["목적", "업적", "흔적", "유적", "추적", "기적"];
    // 부모님 and 하나님 are words.
    const TITLES: [&str; 8] = [
        "감독님",
        "배우님",
        "작가님",
        "사장님",
        "대표님",
        "기사님",
        "고객님",
        "소장님",
    ];
    let is_jamo = |c: char| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}');
    let is_adjective =
        term.chars().count() >= 3 && term.ends_with('적') && !NOUNS.iter().any(|noun| term.ends_with(noun));
    term.chars().count() < 2
        || term.chars().any(is_jamo)
        || is_adjective
        || TITLES.contains(&term)
        || ["니다", "어요", "아요", "네요", "세요"]
            .iter()
            .any(|end| term.ends_with(end))
}
