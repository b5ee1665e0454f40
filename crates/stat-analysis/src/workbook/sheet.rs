//! One sheet of the workbook: a header that stays visible, a filter for each column, and typed cells.

use rust_xlsxwriter::{Color, Format, FormatBorder, IgnoreError, Workbook, Worksheet, XlsxError};

use crate::statistics::thresholds::{LONGEST_CELL, ROWS_IN_SHEET};

/// Name and width, in characters, of a column.
pub(super) type Column = (&'static str, f64);

/// A typed value: Excel makes neither dates nor numbers nor formulas of texts.
pub(super) enum Cell<'a> {
    Text(&'a str),
    Count(i64),
    Difference(i64),
    /// Share from 0 to 1.
    Share(f64),
    /// Change from -1 to 1.
    ShareChange(f64),
    Score(f64),
    Unknown,
}

/// A sheet whose rows are written to a temporary file one after the other.
pub(super) struct Sheet {
    worksheet: Worksheet,
    formats: Formats,
    header: u32,
    /// Number of the row that is written next.
    row: u32,
    last_column: u16,
}

struct Formats {
    text: Format,
    count: Format,
    difference: Format,
    share: Format,
    share_change: Format,
    score: Format,
}

impl Sheet {
    /// Creates a sheet with lines of text above the header.
    pub(super) fn new(
        workbook: &mut Workbook,
        name: &str,
        lines: &[String],
        columns: &[Column],
    ) -> Result<Self, XlsxError> {
        let mut worksheet = workbook.new_worksheet_with_constant_memory()?;
        worksheet.set_name(name)?;
        let bold = Format::new().set_bold();
        for (row, line) in (0..).zip(lines) {
            let format = if row == 0 { &bold } else { &Format::new() };
            worksheet.write_string_with_format(row, 0, text(line), format)?;
        }
        let header = u32::try_from(lines.len()).unwrap_or_default();
        let header_format = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xE8_ED_F2))
            .set_border_bottom(FormatBorder::Thin);
        for (column, (name, width)) in (0..).zip(columns) {
            worksheet.write_string_with_format(header, column, *name, &header_format)?;
            worksheet.set_column_width(column, *width)?;
        }
        worksheet.set_freeze_panes(header + 1, 0)?;
        Ok(Self {
            worksheet,
            formats: Formats::new(),
            header,
            row: header + 1,
            last_column: u16::try_from(columns.len().saturating_sub(1)).unwrap_or_default(),
        })
    }

    /// Writes a row, unless the sheet is full.
    pub(super) fn push(&mut self, cells: &[Cell<'_>]) -> Result<(), XlsxError> {
        if self.row > self.header + ROWS_IN_SHEET {
            return Ok(());
        }
        let (sheet, formats, row) = (&mut self.worksheet, &self.formats, self.row);
        for (column, cell) in (0..).zip(cells) {
            match *cell {
                Cell::Text(value) => {
                    sheet.write_string_with_format(row, column, text(value), &formats.text)?
                }
                Cell::Count(value) => {
                    sheet.write_number_with_format(row, column, value as f64, &formats.count)?
                }
                Cell::Difference(value) => {
                    sheet.write_number_with_format(row, column, value as f64, &formats.difference)?
                }
                Cell::Share(value) => sheet.write_number_with_format(row, column, value, &formats.share)?,
                Cell::ShareChange(value) => {
                    sheet.write_number_with_format(row, column, value, &formats.share_change)?
                }
                Cell::Score(value) => sheet.write_number_with_format(row, column, value, &formats.score)?,
                Cell::Unknown => sheet,
            };
        }
        self.row += 1;
        Ok(())
    }

    /// Completes the sheet.
    pub(super) fn finish(mut self) -> Result<Worksheet, XlsxError> {
        let (first, last) = (self.header, self.row - 1);
        self.worksheet.autofilter(first, 0, last, self.last_column)?;
        self.worksheet.ignore_error_range(
            first,
            0,
            last,
            self.last_column,
            IgnoreError::NumberStoredAsText,
        )?;
        Ok(self.worksheet)
    }
}

impl Formats {
    fn new() -> Self {
        let number = |format: &str| Format::new().set_num_format(format);
        Self {
            // Text stays text when a reader edits the cell.
            text: number("@"),
            count: number("#,##0"),
            difference: number("+#,##0;-#,##0;0"),
            share: number("0.0%"),
            share_change: number("+0.0%;-0.0%;0.0%"),
            score: number("0.00"),
        }
    }
}

/// Returns a text without the characters that XML forbids, as long as a cell of Excel may be.
fn text(text: &str) -> String {
    let allowed = text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    let readable = allowed.map(|c| if c.is_control() { ' ' } else { c });
    readable.take(LONGEST_CELL).collect()
}
