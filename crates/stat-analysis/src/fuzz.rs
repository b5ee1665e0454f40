//! The parsers and writers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot
//! fall behind.

use ko_morph::{Analyser, Dictionary, UserDictionary};
use lambda_core::locale::Locale;
use lambda_core::variables::Variables;
use serde_json::Value;
use stat_ledger::period::Period;

use crate::category_csv::CategoryCsv;
use crate::config::Config;
use crate::event::TaskEvent;
use crate::keyword_csv::KeywordCsv;
use crate::statistics::category_share::{BuildingCategories, CategoryShare, Part};
use crate::statistics::keyword::Keyword;
use crate::statistics::masked;
use crate::statistics::stop_words::{self, StopWords};
use crate::statistics::summary::{BuildingSummary, Comparison, Summary};
use crate::statistics::term::TermCounter;
use crate::statistics::term_list::{self, TermList};
use crate::statistics::thresholds::TREND_MONTHS;
use crate::statistics::vocabulary::{self, Vocabulary};
use crate::workbook::ReportWorkbook;

/// Reads all variables. The error lists the faults.
pub fn configuration(variables: &[(&str, &str)]) -> Result<(), String> {
    let variables: Variables = variables.iter().copied().collect();
    let config = Config::from_variables(&variables);
    config.map(drop).map_err(|error| error.to_string())
}

/// Parses an event, and writes the event of the next hop.
pub fn event(event: &Value) -> Result<Value, String> {
    let event = TaskEvent::parse(event).map_err(|error| error.to_string())?;
    Ok(event.next_hop().to_json())
}

/// Parses a list of terms beside the shipped one. Returns its spellings, and the names of the terms that they are found as.
pub fn terms(own: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let list = TermList::parse(term_list::SHIPPED, own).map_err(|error| error.to_string())?;
    let found = |spelling: &str| list.find(spelling).map(|term| list.name(term).to_owned());
    let spellings = list
        .words()
        .map(|(spelling, _)| (spelling.to_owned(), found(spelling)));
    Ok(spellings.collect())
}

/// Word lists, as the function reads them from files.
#[derive(Clone, Copy, Debug, Default)]
pub struct WordLists<'a> {
    /// `USER_DICTIONARY`.
    pub user_dictionary: &'a str,
    /// `STOP_WORDS`.
    pub stop_words: &'a str,
    /// `TERMS`.
    pub terms: &'a str,
}

/// Counts the terms of a text twice. Returns each with its frequency and the number of texts that have it.
pub fn counts(
    dictionary: Dictionary,
    lists: WordLists<'_>,
    text: &str,
) -> Result<Vec<(String, i64, i64)>, String> {
    let terms = TermList::parse("", lists.terms).map_err(|error| error.to_string())?;
    let words = UserDictionary::parse(lists.user_dictionary).map_err(|error| error.to_string())?;
    let analyser = vocabulary::analyser(dictionary, words, &terms).map_err(|error| error.to_string())?;
    let stop_words = StopWords::parse(stop_words::SHIPPED, lists.stop_words);
    let mut worker = analyser.worker();
    let vocabulary = Vocabulary::new(stop_words, terms, &mut worker);
    let mut counter = TermCounter::default();
    for _ in 0..2 {
        counter.add(&mut worker, &vocabulary, text);
    }
    let counts = counter.finish(&vocabulary).terms.into_iter();
    Ok(counts
        .map(|count| (count.term, count.frequency, count.documents))
        .collect())
}

/// Removes personal data from a text, and again from the result.
pub fn without_personal_data(dictionary: Dictionary, text: &str) -> [String; 2] {
    let analyser = Analyser::new(dictionary, UserDictionary::empty());
    let once = masked(text, analyser.lexicon()).into_owned();
    let twice = masked(&once, analyser.lexicon()).into_owned();
    [once, twice]
}

/// Row of a report.
#[derive(Clone, Debug)]
pub struct Row {
    /// Id of the building.
    pub building_id: String,
    /// Name of the building.
    pub building: String,
    /// Term, and category.
    pub term: String,
    /// Number of texts and occurrences.
    pub count: i64,
    /// z-score, and change of the share.
    pub score: f64,
}

/// Files of a report.
#[derive(Clone, Debug)]
pub struct Files {
    /// CSV of the terms.
    pub keywords: Vec<u8>,
    /// CSV of the categories.
    pub categories: Vec<u8>,
    /// Workbook with both.
    pub workbook: Vec<u8>,
}

/// Writes the files of a report with one row in each table.
pub fn files(row: &Row, locale: Locale) -> anyhow::Result<Files> {
    let period: Period = "2026-10".parse()?;
    let (summary, keyword, categories) = (summary(row, period), keyword(row), categories(row));
    let mut keyword_csv = KeywordCsv::new(period)?;
    keyword_csv.push(&keyword)?;
    let mut category_csv = CategoryCsv::new(period)?;
    category_csv.push(&categories)?;
    let terms = TermList::default();
    let mut workbook = ReportWorkbook::new(&summary, &[], 50, &terms, locale)?;
    workbook.push_term(&keyword)?;
    workbook.push_categories(&categories)?;
    let mut file = Vec::new();
    workbook.save(&mut file)?;
    Ok(Files {
        keywords: keyword_csv.take()?,
        categories: category_csv.take()?,
        workbook: file,
    })
}

fn summary(row: &Row, period: Period) -> Summary {
    let building = BuildingSummary {
        building_id: row.building_id.clone(),
        name: row.building.clone(),
        has_namesake: false,
        documents: Some(row.count),
        trend: [None; TREND_MONTHS],
    };
    Summary {
        period,
        buildings: vec![building],
        categories: Vec::new(),
        before: None,
        trend: [None; TREND_MONTHS],
        comparison: Comparison::NoMonthBefore,
        is_correction: false,
        unknown_texts: 0,
        unknown_buildings: Vec::new(),
    }
}

fn keyword(row: &Row) -> Keyword {
    Keyword {
        building_id: row.building_id.clone(),
        building: row.building.clone(),
        rank: 1,
        term: row.term.clone(),
        frequency: row.count,
        documents: row.count,
        z_score: row.score,
        previous_frequency: Some(row.count),
        share_change: Some(row.score),
    }
}

fn categories(row: &Row) -> BuildingCategories {
    let part = Part {
        documents: row.count,
        all: row.count,
    };
    let category = CategoryShare {
        category: row.term.clone(),
        now: part,
        before: Some(part),
    };
    BuildingCategories {
        building_id: row.building_id.clone(),
        building: row.building.clone(),
        categories: vec![category],
    }
}
