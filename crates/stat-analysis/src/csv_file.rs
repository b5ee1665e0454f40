//! A CSV file for Excel, written row by row into memory.

use std::borrow::Cow;

/// A file that grows row by row. The errors are those of [`csv`]; in memory there are none.
pub(crate) struct CsvFile(csv::Writer<Vec<u8>>);

impl CsvFile {
    /// Writes the header.
    ///
    /// The file begins with a byte order mark, without which Excel decodes UTF-8 with the system's code page. Its
    /// lines end with CRLF (RFC 4180).
    pub(crate) fn new<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Result<Self, csv::Error> {
        let mut writer = writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(header)?;
        Ok(Self(writer))
    }

    /// Writes a row.
    pub(crate) fn push<const COLUMNS: usize>(&mut self, row: [&str; COLUMNS]) -> Result<(), csv::Error> {
        self.0.write_record(row)
    }

    /// Returns what has been written since the last call.
    pub(crate) fn take(&mut self) -> anyhow::Result<Vec<u8>> {
        let written = std::mem::replace(&mut self.0, writer(Vec::new()));
        written
            .into_inner()
            .map_err(|error| anyhow::anyhow!("could not finish the CSV: {}", error.error()))
    }
}

fn writer(bytes: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(bytes)
}

/// Puts an apostrophe before a text that a spreadsheet would run as a formula: a tenant's `=HYPERLINK(…)` must not
/// run on the manager's computer (OWASP, "CSV Injection").
pub(crate) fn escape_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text.into()
    }
}

/// Returns a number as text; an unknown one is an empty cell.
pub(crate) fn or_empty(number: Option<String>) -> String {
    number.unwrap_or_default()
}
