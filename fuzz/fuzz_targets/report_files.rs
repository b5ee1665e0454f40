#![no_main]

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use lambda_core::locale::Locale;
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::parts;
use stat_analysis::fuzz::{self, Row};

// Id and name of a building, a term, and a number. The CSVs give the same cells, apart from the apostrophe before a
// formula; the workbook opens, its texts are texts and its numbers numbers.
fuzz_target!(|data: &[u8]| {
    let [number, building_id, building, term] = parts(data);
    let row = Row {
        building_id,
        building,
        term,
        count: number.parse().unwrap_or(data.len() as i64),
        score: f64::from_bits(number.bytes().fold(0, |bits, byte| bits << 8 | u64::from(byte))),
    };
    // PostgreSQL's texts have no NUL, and no column gives another number than a finite one.
    let has_nul = [&row.building_id, &row.building, &row.term]
        .iter()
        .any(|text| text.contains('\0'));
    if has_nul || !row.score.is_finite() {
        return;
    }
    let files = fuzz::files(&row, Locale::English).expect("any text and number can be written");
    check_csv(
        &files.keywords,
        &[(1, &row.building_id), (2, &row.building), (4, &row.term)],
    );
    check_csv(
        &files.categories,
        &[(1, &row.building_id), (2, &row.building), (3, &row.term)],
    );
    check_workbook(files.workbook, &row);
});

fn check_csv(file: &[u8], expected: &[(usize, &String)]) {
    let file = file
        .strip_prefix("\u{feff}".as_bytes())
        .expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().from_reader(file);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("UTF-8");
    assert_eq!(rows.len(), 1, "{rows:?}");
    for (column, text) in expected {
        let cell = &rows[0][*column];
        assert_eq!(
            cell.strip_prefix('\'')
                .filter(|_| !text.starts_with('\''))
                .unwrap_or(cell),
            text.as_str()
        );
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert!(!is_formula, "{cell:?}");
    }
}

fn check_workbook(file: Vec<u8>, row: &Row) {
    let mut workbook = Xlsx::new(Cursor::new(file)).expect("a workbook");
    let terms = workbook.worksheet_range("Terms").expect("the sheet");
    let cells: Vec<&Data> = terms.rows().last().expect("a row").iter().collect();
    assert!(matches!(cells[0], Data::String(_) | Data::Empty), "{cells:?}");
    assert!(matches!(cells[3], Data::String(_) | Data::Empty), "{cells:?}");
    assert_eq!(cells[5].as_f64(), Some(row.count as f64), "{cells:?}");
    assert!(
        workbook
            .worksheet_formula("Terms")
            .is_ok_and(|formulas| formulas.is_empty())
    );
}

/// Number of a cell.
trait Number {
    fn as_f64(&self) -> Option<f64>;
}

impl Number for Data {
    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }
}
