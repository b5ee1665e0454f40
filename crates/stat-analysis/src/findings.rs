//! Results of a month that page, mail and workbook show.

use std::collections::HashMap;

use crate::statistics::category_share::CategoryShare;
use crate::statistics::change::Change;
use crate::statistics::example::Example;
use crate::statistics::summary::Summary;

/// Contents of page, mail and workbook.
pub(crate) struct Findings {
    pub(crate) summary: Summary,
    /// Changes of terms against the month before, ordered by building id.
    pub(crate) changes: Vec<Change>,
    /// Sentences of the page's buildings by building id.
    pub(crate) examples: HashMap<String, Vec<Example>>,
    /// Categories of the page's buildings by building id.
    pub(crate) categories: HashMap<String, Vec<CategoryShare>>,
}
