//! The workbook and the CSV of categories, compared with the tables and with the mail.

use anyhow::{Context, Result, ensure};
use local_stack::Workbook;
use local_stack::workbook::{Cell, Sheet};

use super::checks::{CheckResult, Evidence, csv_records};
use crate::output::grouped;

const CSV_HEADER: &str =
    "\u{feff}period,building_id,building,category,documents,share,previous_documents,share_change";

/// Columns of the sheet of changes.
const BUILDING: usize = 2;
const TERM: usize = 3;
const BEFORE: usize = 6;
const NOW: usize = 7;

/// Compares the categories in both files with `stat_category`.
pub(super) fn check_categories(evidence: &Evidence<'_>) -> CheckResult {
    let csv = str::from_utf8(&evidence.categories).context("the CSV is not UTF-8")?;
    ensure!(
        csv.starts_with(&format!("{CSV_HEADER}\r\n")),
        "the CSV begins with {:?} instead of the header",
        csv.lines().next().unwrap_or_default()
    );
    let workbook = Workbook::parse(&evidence.xlsx)?;
    let rows = &workbook.sheet("분류")?.rows[1..];
    ensure!(
        csv_records(csv) - 1 == rows.len() as i64,
        "the CSV and the workbook have different numbers of rows"
    );
    let counted = rows
        .iter()
        .filter(|row| matches!(row[3], Cell::Number(texts) if texts > 0.0));
    let (counted, stored) = (counted.count() as i64, evidence.category_rows);
    ensure!(
        counted == stored && counted > 0,
        "{counted} rows have texts, stat_category has {stored}"
    );
    let other: f64 = rows
        .iter()
        .filter(|row| row[2].text() == "기타")
        .map(|row| number(&row[3]))
        .sum();
    ensure!(other > 0.0, "no building has texts without a category");
    Ok(format!(
        "{} rows as in stat_category; {} of {} texts have no category and are shown as 기타 ({:.0} %)",
        grouped(counted),
        grouped(other as i64),
        grouped(evidence.texts()),
        other * 100.0 / evidence.texts().max(1) as f64
    ))
}

/// Checks sheets and types, that the first sheet has all buildings, and that the last one begins with the first change
/// of mail and page.
pub(super) fn check(evidence: &Evidence<'_>) -> CheckResult {
    let workbook = Workbook::parse(&evidence.xlsx)?;
    let names: Vec<&str> = workbook.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    ensure!(
        names == ["합계", "분류", "단어", "변화"],
        "its sheets are {names:?}"
    );
    for Sheet {
        name,
        frozen_rows,
        filter,
        ..
    } in &workbook.sheets
    {
        ensure!(*frozen_rows > 0, "the header of {name} does not stay visible");
        ensure!(!filter.is_empty(), "{name} has no filter");
    }
    let totals = &workbook.sheet("합계")?.rows;
    for (id, name) in &evidence.run.source.buildings {
        let is_building = |row: &&Vec<Cell>| row.len() > 2 && row[0].text() == *id && row[1].text() == *name;
        let row = totals.iter().find(is_building);
        let row = row.with_context(|| format!("it does not have the building {id} ({name})"))?;
        ensure!(
            matches!(row[2], Cell::Number(_)),
            "the texts of {id} are no number"
        );
    }
    let buildings = grouped(evidence.run.source.buildings.len());
    Ok(match first_change(evidence, &workbook)? {
        Some(change) => {
            format!("four sheets, all {buildings} buildings; the first change, as in mail and page: {change}")
        }
        None => format!("four sheets, all {buildings} buildings; no change"),
    })
}

/// Compares the first change with that of mail and page.
fn first_change(evidence: &Evidence<'_>, workbook: &Workbook) -> Result<Option<String>> {
    let Some(row) = workbook.sheet("변화")?.rows.get(1) else {
        return Ok(None);
    };
    let (building, term) = (row[BUILDING].text(), row[TERM].text());
    let counts = format!("{}건 → {}건", number(&row[BEFORE]), number(&row[NOW]));
    let mail = evidence.mails.first().context("there is no mail")?;
    let line = mail
        .text
        .lines()
        .find(|line| line.starts_with("- "))
        .unwrap_or_default();
    let change = format!("{building}: {term} {counts}");
    ensure!(
        line.starts_with(&format!("- {change}")),
        "the mail begins with {line:?} instead of {change}"
    );
    let page = String::from_utf8_lossy(&evidence.html);
    let item = page
        .split("<ul class=\"loudest\">")
        .nth(1)
        .and_then(|list| list.split("</li>").next());
    let item = item.context("the page has no changes")?;
    ensure!(
        item.contains(&format!("<b>{term}</b>")) && item.contains(&counts),
        "the page begins with {item}"
    );
    Ok(Some(change))
}

fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(number) => *number,
        Cell::Text(_) | Cell::Empty => 0.0,
    }
}
