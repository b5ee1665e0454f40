//! The report as a workbook for Excel: totals, categories, terms and changes.
//!
//! Rows go to temporary files as they come, so that memory does not grow with their number.

mod sheet;

use std::collections::HashMap;
use std::io::Write;

use lambda_core::locale::Locale;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sheet::{Cell, Sheet};
use stat_ledger::period::Period;

use crate::number_format::{counted, difference, grouped};
use crate::statistics::category_share::{BuildingCategories, CategoryShare};
use crate::statistics::change::{self, Change};
use crate::statistics::keyword::Keyword;
use crate::statistics::summary::{BuildingSummary, Summary};
use crate::statistics::term_list::TermList;
use crate::statistics::thresholds::ROWS_IN_SHEET;
use crate::wording::{category_name, comparison_note};

/// A workbook that grows row by row.
pub(crate) struct ReportWorkbook<'t> {
    workbook: Workbook,
    totals: Sheet,
    categories: Sheet,
    terms: Sheet,
    changes: Sheet,
    /// Number of first ranks that every building has on the sheet of terms.
    last_rank: i64,
    term_list: &'t TermList,
    locale: Locale,
}

impl<'t> ReportWorkbook<'t> {
    /// Writes totals and changes. `changes` are ordered by building id.
    pub(crate) fn new(
        summary: &Summary,
        changes: &[Change],
        keywords_per_building: u32,
        term_list: &'t TermList,
        locale: Locale,
    ) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&end_of(summary.period)?));
        let names = locale.pick(
            ["합계", "분류", "단어", "변화"],
            ["Totals", "Categories", "Terms", "Changes"],
        );
        let last_rank = last_rank(summary, keywords_per_building);
        let lines = lines(summary, last_rank, keywords_per_building, locale);
        let mut book = Self {
            totals: Sheet::new(&mut workbook, names[0], &lines, totals_columns(locale))?,
            categories: Sheet::new(&mut workbook, names[1], &[], category_columns(locale))?,
            terms: Sheet::new(&mut workbook, names[2], &[], term_columns(locale))?,
            changes: Sheet::new(&mut workbook, names[3], &[], change_columns(locale))?,
            workbook,
            last_rank,
            term_list,
            locale,
        };
        for building in &summary.buildings {
            book.push_total(building)?;
        }
        let buildings = summary.buildings.iter();
        let names: HashMap<&str, &str> = buildings
            .map(|building| (building.building_id.as_str(), building.name.as_str()))
            .collect();
        for (rank, change) in (1..).zip(change::strongest(changes, changes.len())) {
            let name = names.get(change.building_id.as_str()).copied();
            book.push_change(rank, change, name.unwrap_or_default())?;
        }
        Ok(book)
    }

    /// Writes the categories of a building.
    pub(crate) fn push_categories(&mut self, building: &BuildingCategories) -> Result<(), XlsxError> {
        for category in &building.categories {
            let CategoryShare { now, before, .. } = category;
            self.categories.push(&[
                Cell::Text(&building.building_id),
                Cell::Text(&building.building),
                Cell::Text(category_name(&category.category, self.locale)),
                Cell::Count(now.documents),
                now.share().map_or(Cell::Unknown, Cell::Share),
                before.map_or(Cell::Unknown, |before| Cell::Count(before.documents)),
                category.share_change().map_or(Cell::Unknown, Cell::ShareChange),
            ])?;
        }
        Ok(())
    }

    /// Writes a term of a building. Those beyond the last rank are left to the CSV.
    pub(crate) fn push_term(&mut self, keyword: &Keyword) -> Result<(), XlsxError> {
        if i64::from(keyword.rank) > self.last_rank {
            return Ok(());
        }
        let category = self.term_list.category_of(&keyword.term);
        self.terms.push(&[
            Cell::Text(&keyword.building_id),
            Cell::Text(&keyword.building),
            Cell::Count(keyword.rank.into()),
            Cell::Text(&keyword.term),
            Cell::Text(category_name(category, self.locale)),
            Cell::Count(keyword.documents),
            Cell::Count(keyword.frequency),
            Cell::Score(keyword.z_score),
            keyword.previous_frequency.map_or(Cell::Unknown, Cell::Count),
            keyword.share_change.map_or(Cell::Unknown, Cell::ShareChange),
        ])
    }

    /// Writes the file.
    pub(crate) fn save(mut self, file: impl Write + Send) -> Result<(), XlsxError> {
        for sheet in [self.totals, self.categories, self.terms, self.changes] {
            self.workbook.push_worksheet(sheet.finish()?);
        }
        self.workbook.save_to_writer(file)
    }

    fn push_total(&mut self, building: &BuildingSummary) -> Result<(), XlsxError> {
        let failed = self.locale.pick("분석 실패", "failed");
        let (now, before) = (building.documents, building.documents_before());
        let change = now.zip(before);
        let percent = change.filter(|(_, before)| *before > 0);
        self.totals.push(&[
            Cell::Text(&building.building_id),
            Cell::Text(&building.name),
            now.map_or(Cell::Text(failed), Cell::Count),
            before.map_or(Cell::Unknown, Cell::Count),
            change.map_or(Cell::Unknown, |(now, before)| Cell::Difference(now - before)),
            percent.map_or(Cell::Unknown, |(now, before)| {
                Cell::ShareChange((now - before) as f64 / before as f64)
            }),
        ])
    }

    fn push_change(&mut self, rank: i64, change: &Change, building: &str) -> Result<(), XlsxError> {
        let direction = if change.is_rise() {
            self.locale.pick("증가", "rise")
        } else {
            self.locale.pick("감소", "fall")
        };
        let category = self.term_list.category_of(&change.term);
        self.changes.push(&[
            Cell::Count(rank),
            Cell::Text(&change.building_id),
            Cell::Text(building),
            Cell::Text(&change.term),
            Cell::Text(category_name(category, self.locale)),
            Cell::Text(direction),
            Cell::Count(change.before),
            Cell::Count(change.now),
            Cell::Share(change.share_before),
            Cell::Share(change.share_now),
        ])
    }
}

/// Returns the last rank with which the terms of all buildings fit into the sheet.
fn last_rank(summary: &Summary, keywords_per_building: u32) -> i64 {
    let buildings = i64::try_from(summary.buildings.len().max(1)).unwrap_or(i64::MAX);
    (i64::from(ROWS_IN_SHEET) / buildings).clamp(1, keywords_per_building.into())
}

/// Returns the time that the file states as that of its creation: each attempt writes the same file.
fn end_of(period: Period) -> Result<ExcelDateTime, XlsxError> {
    let end = period.end();
    let number = |number: i8| u8::try_from(number).unwrap_or(1);
    let year = u16::try_from(end.year()).unwrap_or(1900);
    ExcelDateTime::from_ymd(year, number(end.month()), number(end.day()))
}

/// Writes the lines above the totals.
fn lines(summary: &Summary, last_rank: i64, keywords_per_building: u32, locale: Locale) -> Vec<String> {
    let (period, buildings) = (summary.period, summary.buildings.len() as i64);
    let texts = summary.documents();
    let change = summary.comparable_before().map_or(String::new(), |before| {
        let difference = difference(texts, before.documents);
        locale.pick(
            format!(", 전월 대비 {difference}건"),
            format!(", {difference} against the month before"),
        )
    });
    let mut lines = vec![
        locale.pick(
            format!("{period} 건물별 통계"),
            format!("{period}: statistics by building"),
        ),
        locale.pick(
            format!("건물 {}곳, 글 {}건{change}", grouped(buildings), grouped(texts)),
            format!(
                "{}, {}{change}",
                counted(buildings, "building"),
                counted(texts, "text")
            ),
        ),
    ];
    lines.extend(comparison_note(summary, locale));
    if last_rank < i64::from(keywords_per_building) {
        lines.push(locale.pick(
            format!("'단어' 시트에는 건물마다 단어가 {last_rank}개까지 있습니다. 나머지는 CSV에 있습니다."),
            format!("The sheet Terms has up to {last_rank} terms of each building. The CSV has all."),
        ));
    }
    lines
}

fn totals_columns(locale: Locale) -> &'static [sheet::Column] {
    locale.pick(
        &[
            ("건물 ID", 14.0),
            ("건물", 30.0),
            ("글 수", 10.0),
            ("전월 글 수", 12.0),
            ("증감", 10.0),
            ("증감률", 10.0),
        ],
        &[
            ("Building id", 14.0),
            ("Building", 30.0),
            ("Texts", 10.0),
            ("Month before", 14.0),
            ("Change", 10.0),
            ("Change in %", 12.0),
        ],
    )
}

fn category_columns(locale: Locale) -> &'static [sheet::Column] {
    locale.pick(
        &[
            ("건물 ID", 14.0),
            ("건물", 30.0),
            ("분류", 16.0),
            ("글 수", 10.0),
            ("비중", 10.0),
            ("전월 글 수", 12.0),
            ("비중 변화", 12.0),
        ],
        &[
            ("Building id", 14.0),
            ("Building", 30.0),
            ("Category", 16.0),
            ("Texts", 10.0),
            ("Share", 10.0),
            ("Month before", 14.0),
            ("Change of share", 16.0),
        ],
    )
}

fn term_columns(locale: Locale) -> &'static [sheet::Column] {
    locale.pick(
        &[
            ("건물 ID", 14.0),
            ("건물", 30.0),
            ("순위", 8.0),
            ("단어", 20.0),
            ("분류", 16.0),
            ("글 수", 10.0),
            ("횟수", 10.0),
            ("특징도 (z)", 12.0),
            ("전월 횟수", 12.0),
            ("비중 변화", 12.0),
        ],
        &[
            ("Building id", 14.0),
            ("Building", 30.0),
            ("Rank", 8.0),
            ("Term", 20.0),
            ("Category", 16.0),
            ("Texts", 10.0),
            ("Count", 10.0),
            ("Distinctiveness (z)", 18.0),
            ("Count the month before", 22.0),
            ("Change of share", 16.0),
        ],
    )
}

fn change_columns(locale: Locale) -> &'static [sheet::Column] {
    locale.pick(
        &[
            ("순위", 8.0),
            ("건물 ID", 14.0),
            ("건물", 30.0),
            ("단어", 20.0),
            ("분류", 16.0),
            ("증감", 8.0),
            ("전월 글 수", 12.0),
            ("글 수", 10.0),
            ("전월 비중", 12.0),
            ("비중", 10.0),
        ],
        &[
            ("Rank", 8.0),
            ("Building id", 14.0),
            ("Building", 30.0),
            ("Term", 20.0),
            ("Category", 16.0),
            ("Direction", 10.0),
            ("Texts the month before", 22.0),
            ("Texts", 10.0),
            ("Share the month before", 22.0),
            ("Share", 10.0),
        ],
    )
}

#[cfg(test)]
mod tests;
