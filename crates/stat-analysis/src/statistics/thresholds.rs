//! Every threshold of the month's statistics, with its reason. The adapters format them into their SQL.
//!
//! Each z threshold is the two-sided quantile of the normal distribution for the chance that it names.

// Terms. A change of these changes which terms a text has: raise `term::RULES` with it.

/// Characters of the longest term. Anything longer is a row of letters and not a word.
pub(crate) const LONGEST_TERM: usize = 30;
/// Characters of the shortest term. A single syllable is ambiguous: 수 is water, a number and a dependent noun.
pub(crate) const SHORTEST_TERM: usize = 2;
/// Characters of the shortest term from the user dictionary, which lists a syllable only on purpose.
pub(crate) const SHORTEST_USER_TERM: usize = 1;
/// Occurrences that make a guessed name a term. A misspelling rarely occurs twice in a building.
pub(crate) const GUESSED_TERM_FREQUENCY: i64 = 2;

// Overlaps between a compound and its parts.

/// Share of the more frequent term's occurrences from which the rarer one is the same entry: most of them.
pub(crate) const OVERLAP_PERCENT: i64 = 50;
/// The same where a single syllable is left over. That is usually another word (관리 and 관리비), so nearly every
/// occurrence has to be shared.
pub(crate) const OVERLAP_PERCENT_ONE_SYLLABLE: i64 = 80;

// Keywords.

/// Default of `KEYWORDS_PER_BUILDING`: more than the page shows, for readers who filter the CSV.
pub(crate) const KEYWORDS_PER_BUILDING: u32 = 50;
/// z-score from which a term distinguishes a building. One term in twenty reaches it by chance.
pub(crate) const DISTINCTIVE_Z: f64 = 1.96;
/// Default of `REPORT_MIN_DOCUMENTS`, the texts that a term needs to be shown on the page and in the mail; for a change
/// in one of the two months. Two texts are often one person's, and a single text may repeat a word twenty times.
pub(crate) const MIN_DOCUMENTS: u32 = 3;

// Changes against the month before.

/// |z| from which a change counts. One in a hundred reaches it by chance.
pub(crate) const CHANGE_Z: f64 = 2.576;
/// Expected share of chance among the changes that a report shows (Benjamini–Hochberg). A month has thousands of pairs
/// of building and term: at [`CHANGE_Z`] alone, one in a hundred of all would be news.
pub(crate) const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// |z| below which no rank of Benjamini–Hochberg rejects: its p-value, 0.05001, is above [`FALSE_DISCOVERY_RATE`].
pub(crate) const DISCOVERY_Z: f64 = 1.9598;
/// Texts with the term that the pooled share predicts for each month. Below them the normal approximation of the
/// z-test does not hold.
pub(crate) const CHANGE_EXPECTED_TEXTS: i64 = 5;
/// Changes that the database returns for a building and direction. Three times as many as are kept leave enough
/// after compounds and their parts are merged.
pub(crate) const CHANGE_CANDIDATES: usize = 3 * CHANGES_PER_DIRECTION;
/// Rises, and falls, that are kept for a building.
pub(crate) const CHANGES_PER_DIRECTION: usize = 5;
/// Texts in the month before from which a difference is also shown in percent. In fewer, one text is more than 5 %.
pub(crate) const PERCENT_BASE: i64 = 20;

// Examples.

/// Keywords of a building that get examples: eight terms nearly always yield the three that the page shows.
pub(crate) const EXAMPLE_TERMS: i64 = 8;
/// z-score of the keywords that get examples: as frequent as elsewhere, or more. A single building has zeros only.
pub(crate) const EXAMPLE_Z: f64 = 0.0;
/// Characters of the text that is the easiest to read: about one sentence. Texts near it come first.
pub(crate) const EXAMPLE_IDEAL_TEXT: i64 = 60;
/// Characters of the longest text that is searched. Longer ones are mostly notices, and slow to search.
pub(crate) const EXAMPLE_LONGEST_TEXT: i64 = 2_000;
/// Texts that the database returns for a term. The first may have the term only as a part of another word.
pub(crate) const EXAMPLE_CANDIDATES: i64 = 3;
/// Examples that are kept for a building: the page then chooses those of the terms that it shows.
pub(crate) const EXAMPLES_KEPT: usize = 5;
/// Characters of an example: two lines on a desktop.
pub(crate) const EXAMPLE_LENGTH: usize = 120;
/// Characters before the term, where the sentence is longer than [`EXAMPLE_LENGTH`].
pub(crate) const EXAMPLE_LEAD: usize = 40;
/// Digits of a number that may identify the writer: a car, an account, a door.
pub(crate) const IDENTIFYING_DIGITS: usize = 4;

// Rows of page and mail.

/// Months of a trend, the reported one included.
pub(crate) const TREND_MONTHS: usize = 6;
/// Buildings on the page. Each is about 2 kB: with 2,000 a phone opens and sorts the page without a pause, and it is
/// still a mail's attachment. The CSV has all.
pub(crate) const BUILDINGS_ON_PAGE: usize = 2_000;
/// Changes on top of the page: they fit on a screen.
pub(crate) const CHANGES_ON_PAGE: usize = 8;
/// Changes in the mail, which only leads to the page.
pub(crate) const CHANGES_IN_MAIL: usize = 3;
/// Characters that are shown of a building's name or id: real names are shorter, and a mail is limited.
pub(crate) const LONGEST_NAME: usize = 100;
/// Terms below a building's name: they fit on one line of a phone.
pub(crate) const TERMS_IN_ROW: usize = 3;
/// Terms in a building's chart. The CSV has `KEYWORDS_PER_BUILDING`.
pub(crate) const TERMS_ON_PAGE: usize = 10;
/// Keywords that the page chooses from for a building. A compound and its parts become one of [`TERMS_ON_PAGE`].
pub(crate) const KEYWORDS_READ: usize = 3 * TERMS_ON_PAGE;
/// Examples below a building's chart.
pub(crate) const EXAMPLES_ON_PAGE: usize = 3;
/// Categories in the mail: the shipped list has nineteen. The texts without a category are always named.
pub(crate) const CATEGORIES_IN_MAIL: usize = 20;

// Rows of the workbook.

/// Rows of a sheet. Three sheets of this length are about 200 MB of temporary files; Lambda's `/tmp` has 512 MB. Excel
/// itself would open ten times as many.
pub(crate) const ROWS_IN_SHEET: u32 = 100_000;
/// Characters of a cell. Excel accepts 32,767, but no name or term needs more than a few lines.
pub(crate) const LONGEST_CELL: usize = 1_000;
