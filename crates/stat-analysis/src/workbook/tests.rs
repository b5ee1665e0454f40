use local_stack::workbook::Cell as Read;

use super::*;
use crate::statistics::summary::Comparison;
use crate::statistics::thresholds::TREND_MONTHS;

fn summary(buildings: usize) -> Summary {
    let building = |number: usize| BuildingSummary {
        building_id: format!("B{number}"),
        name: format!("한빛 {number}동"),
        has_namesake: false,
        documents: (number > 0).then_some(number as i64),
        trend: [None; TREND_MONTHS],
    };
    Summary {
        period: "2026-10".parse().expect("a period"),
        buildings: (0..buildings).map(building).collect(),
        categories: Vec::new(),
        before: None,
        trend: [None; TREND_MONTHS],
        comparison: Comparison::NoMonthBefore,
        is_correction: false,
        unknown_texts: 0,
        unknown_buildings: Vec::new(),
    }
}

fn keyword(building: usize, rank: i32, term: &str) -> Keyword {
    Keyword {
        building_id: format!("B{building}"),
        building: "한빛".into(),
        rank,
        term: term.into(),
        frequency: 1234,
        documents: 9,
        z_score: -1.25,
        previous_frequency: None,
        share_change: None,
    }
}

/// Writes a workbook with these terms, and reads it.
fn written(summary: &Summary, terms: &[Keyword]) -> local_stack::Workbook {
    let list = TermList::default();
    let mut book = ReportWorkbook::new(summary, &[], 50, &list, Locale::Korean).expect("a workbook");
    for term in terms {
        book.push_term(term).expect("a row");
    }
    let mut file = Vec::new();
    book.save(&mut file).expect("a file");
    local_stack::Workbook::parse(&file).expect("a workbook")
}

#[test]
fn texts_stay_texts_whatever_they_hold() {
    let hostile = [
        "=HYPERLINK(\"http://x\",\"y\")",
        "3-1",
        "00123",
        "1e5",
        "TRUE",
        "a\u{0}b\u{7}\u{ffff}<&>\"'",
        "_x0041_",
    ];
    let terms: Vec<Keyword> = (1..)
        .zip(hostile)
        .map(|(rank, term)| keyword(1, rank, term))
        .collect();
    let workbook = written(&summary(2), &terms);
    let rows = &workbook.sheet("단어").expect("the sheet").rows;
    let read: Vec<&str> = rows.iter().skip(1).map(|row| row[3].text()).collect();
    let mut expected = hostile.map(str::to_owned);
    expected[5] = "a b <&>\"'".into();
    // Excel would read _x0041_ as A. It reads _x005F_ as the underscore.
    expected[6] = "_x005F_x0041_".into();
    assert_eq!(read, expected);
}

#[test]
fn a_name_of_any_length_fits_into_its_cell() {
    let mut summary = summary(2);
    summary.buildings[1].name = "한".repeat(1_000_000);
    let workbook = written(&summary, &[]);
    let name = workbook
        .sheet("합계")
        .expect("the sheet")
        .rows
        .last()
        .expect("a building")[1]
        .clone();
    assert_eq!(name.text().chars().count(), 1_000);
}

#[test]
fn a_failed_building_has_no_number() {
    let workbook = written(&summary(2), &[]);
    let totals = &workbook.sheet("합계").expect("the sheet").rows;
    let of = |id: &str| totals.iter().find(|row| row[0].text() == id).expect("a row");
    assert_eq!(of("B0")[2], Read::Text("분석 실패".into()));
    assert_eq!(of("B1")[2], Read::Number(1.0));
}

#[test]
fn every_building_has_terms_where_not_all_fit() {
    // 100,000 rows are 33 terms of 3,000 buildings.
    let summary = summary(3_000);
    let terms = [keyword(2_999, 33, "누수"), keyword(2_999, 34, "소음")];
    let workbook = written(&summary, &terms);
    let rows = &workbook.sheet("단어").expect("the sheet").rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1][3], Read::Text("누수".into()));
    let totals = &workbook.sheet("합계").expect("the sheet").rows;
    let note = "'단어' 시트에는 건물마다 단어가 33개까지 있습니다. 나머지는 CSV에 있습니다.";
    assert!(
        totals.iter().take(4).any(|row| row[0].text() == note),
        "{totals:?}"
    );
}
