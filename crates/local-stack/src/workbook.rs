//! An Excel workbook, read for its sheets and typed cells.

use std::io::{Cursor, Read};

use anyhow::{Context, Result};
use roxmltree::{Document, Node};
use zip::ZipArchive;

/// Workbook with inline strings, as `rust_xlsxwriter` writes it in constant memory.
#[derive(Debug, PartialEq)]
pub struct Workbook {
    /// Sheets in their order.
    pub sheets: Vec<Sheet>,
}

/// Sheet of a workbook.
#[derive(Debug, PartialEq)]
pub struct Sheet {
    /// Name on the tab.
    pub name: String,
    /// Rows from the first to the last; cells from the first to the last column of their row.
    pub rows: Vec<Vec<Cell>>,
    /// Rows that stay visible on top.
    pub frozen_rows: u32,
    /// Cells with a filter, such as `A1:F9`; empty without one.
    pub filter: String,
}

/// Typed value of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text, whatever it looks like.
    Text(String),
    /// Number, whatever its format.
    Number(f64),
    /// Nothing, also for a formula.
    Empty,
}

impl Cell {
    /// Returns the text; empty for anything else.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(_) | Self::Empty => "",
        }
    }
}

impl Workbook {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file is no workbook.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let mut archive = ZipArchive::new(Cursor::new(file)).context("the file is no zip")?;
        let workbook = part(&mut archive, "xl/workbook.xml")?;
        let workbook = Document::parse(&workbook).context("xl/workbook.xml is malformed")?;
        let names = workbook.descendants().filter(|node| is_named(node, "sheet"));
        let names: Vec<String> = names
            .filter_map(|node| node.attribute("name"))
            .map(str::to_owned)
            .collect();
        let mut sheets = Vec::new();
        for (number, name) in (1..).zip(names) {
            let xml = part(&mut archive, &format!("xl/worksheets/sheet{number}.xml"))?;
            sheets.push(Sheet::parse(name, &xml)?);
        }
        Ok(Self { sheets })
    }

    /// Returns a sheet by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn sheet(&self, name: &str) -> Result<&Sheet> {
        let sheet = self.sheets.iter().find(|sheet| sheet.name == name);
        sheet.with_context(|| format!("the workbook has no sheet {name}"))
    }
}

impl Sheet {
    fn parse(name: String, xml: &str) -> Result<Self> {
        let document = Document::parse(xml).with_context(|| format!("the sheet {name} is malformed"))?;
        let find = |name| document.descendants().find(|node| is_named(node, name));
        let frozen = find("pane").and_then(|pane| pane.attribute("ySplit"));
        let filter = find("autoFilter").and_then(|filter| filter.attribute("ref"));
        let rows = document.descendants().filter(|node| is_named(node, "row"));
        Ok(Self {
            rows: rows.map(cells).collect(),
            frozen_rows: frozen.and_then(|rows| rows.parse().ok()).unwrap_or_default(),
            filter: filter.unwrap_or_default().to_owned(),
            name,
        })
    }
}

fn cells(row: Node<'_, '_>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for cell in row.children().filter(Node::is_element) {
        let column = column(cell.attribute("r").unwrap_or_default());
        cells.resize(column.max(cells.len()), Cell::Empty);
        let texts = cell.descendants().filter(Node::is_text);
        let text: String = texts.filter_map(|node| node.text()).collect();
        cells.push(match cell.attribute("t") {
            Some("inlineStr") => Cell::Text(text),
            None => text.parse().map_or(Cell::Empty, Cell::Number),
            Some(_) => Cell::Empty,
        });
    }
    cells
}

/// Returns the number of a reference's column from 0: 27 of `AB12`.
fn column(reference: &str) -> usize {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase);
    letters
        .fold(0, |column, letter| column * 26 + usize::from(letter - b'A') + 1)
        .saturating_sub(1)
}

fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String> {
    let mut text = String::new();
    let mut part = archive
        .by_name(name)
        .with_context(|| format!("the file has no {name}"))?;
    part.read_to_string(&mut text)
        .with_context(|| format!("could not read {name}"))?;
    Ok(text)
}

/// Compares a node's name without its namespace.
fn is_named(node: &Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name
}
