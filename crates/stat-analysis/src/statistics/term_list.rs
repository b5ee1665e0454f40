//! Terms with their spellings and categories (`TERMS`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use ko_morph::normalise;
use xxhash_rust::xxh64::xxh64;

use super::thresholds::LONGEST_TERM;

/// The list for building management that ships with the function.
pub(crate) const SHIPPED: &str = include_str!("../../data/terms.tsv");

/// Category of the texts that have no term of another category.
pub(crate) const OTHER: &str = "기타";

/// Characters of the longest category: it is the name of a sheet's row and of a chart's bar.
const LONGEST_CATEGORY: usize = 30;

/// Terms, each with its category and its other spellings.
///
/// A line has the form `category<TAB>term<TAB>spelling, spelling …`. Spellings, synonyms and spaced compounds count as
/// the term. Neither spaces nor the case of Latin letters distinguish spellings.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermList {
    /// Terms in the order of the list.
    categories: Vec<Box<str>>,
    terms: Vec<Term>,
    /// Numbers of terms by folded spelling.
    spellings: HashMap<Box<str>, TermId>,
    /// Names and spellings as the list has them.
    written: Vec<(Box<str>, TermId)>,
}

/// Number of a term in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TermId(u32);

#[derive(Clone, Debug)]
struct Term {
    name: Box<str>,
    category: usize,
}

/// A line of a list.
struct Entry {
    line: usize,
    category: String,
    term: String,
    spellings: Vec<String>,
}

/// Malformed lines of a list: all of them, each with its number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TermListError(Vec<(usize, String)>);

impl TermList {
    /// Parses a list that extends `shipped`.
    ///
    /// A term that both have gets the category of `own` and the spellings of both; a spelling that both have belongs
    /// to the term of `own`.
    ///
    /// # Errors
    /// When lines are malformed or contradict each other. The error names the lines of `own`, or of `shipped` if that
    /// is the malformed one.
    pub(crate) fn parse(shipped: &str, own: &str) -> Result<Self, TermListError> {
        let mut list = Self::default();
        for text in [shipped, own] {
            for entry in entries(text)? {
                list.add(entry);
            }
        }
        Ok(list)
    }

    /// Returns the term with this spelling, in any case and with any spaces.
    pub(crate) fn find(&self, spelling: &str) -> Option<TermId> {
        self.spellings.get(fold(spelling).as_ref()).copied()
    }

    /// Returns the names and other spellings as the list has them, without phrases, with their terms.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, TermId)> {
        let words = self.written.iter().filter(|(spelling, _)| !is_phrase(spelling));
        words.map(|(spelling, term)| (spelling.as_ref(), *term))
    }

    /// Returns the names and other spellings as the list has them, with their terms.
    #[cfg(test)]
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, TermId)> {
        self.written
            .iter()
            .map(|(spelling, term)| (spelling.as_ref(), *term))
    }

    /// Returns the spellings that are phrases, with their terms.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = (&str, TermId)> {
        let phrases = self.written.iter().filter(|(spelling, _)| is_phrase(spelling));
        phrases.map(|(spelling, term)| (spelling.as_ref(), *term))
    }

    /// Returns the name under which a term counts.
    pub(crate) fn name(&self, term: TermId) -> &str {
        &self.terms[term.0 as usize].name
    }

    /// Returns the number of a term's category in [`Self::categories`].
    pub(crate) fn category(&self, term: TermId) -> usize {
        self.terms[term.0 as usize].category
    }

    /// Returns the name of the category of a term, [`OTHER`] if the list does not have the term.
    pub(crate) fn category_of(&self, term: &str) -> &str {
        self.find(term)
            .map_or(OTHER, |term| &self.categories[self.category(term)])
    }

    /// Returns the names of the categories in the order of the list, without [`OTHER`].
    pub(crate) fn categories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.categories.iter().map(AsRef::as_ref)
    }

    /// Returns a short hash of terms, spellings and categories. The order of the lines does not matter.
    pub(crate) fn version(&self) -> String {
        if self.terms.is_empty() {
            return "none".to_owned();
        }
        let mut lines: Vec<[&str; 3]> = self
            .spellings
            .iter()
            .map(|(spelling, &term)| [spelling, self.name(term), &*self.categories[self.category(term)]])
            .collect();
        lines.sort_unstable();
        format!("{:012x}", xxh64(lines.concat().join("\n").as_bytes(), 0) >> 16)
    }

    fn add(&mut self, entry: Entry) {
        let category = self.category_number(entry.category);
        let name = fold(&entry.term).into_owned();
        let own_name = |term: &TermId| fold(self.name(*term)) == name;
        let id = match self.spellings.get(name.as_str()).copied().filter(own_name) {
            Some(id) => {
                self.terms[id.0 as usize].category = category;
                id
            }
            None => {
                let id = TermId(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
                self.terms.push(Term {
                    name: entry.term.as_str().into(),
                    category,
                });
                id
            }
        };
        self.spellings.insert(name.into(), id);
        self.written.push((entry.term.into(), id));
        for spelling in entry.spellings {
            self.spellings.insert(fold(&spelling).into(), id);
            self.written.push((spelling.into(), id));
        }
    }

    fn category_number(&mut self, name: String) -> usize {
        let known = self.categories.iter().position(|known| **known == *name);
        known.unwrap_or_else(|| {
            self.categories.push(name.into());
            self.categories.len() - 1
        })
    }
}

/// Reads the lines of a list.
fn entries(text: &str) -> Result<Vec<Entry>, TermListError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut faults = Vec::new();
    let mut lines_of_spellings: HashMap<String, usize> = HashMap::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match Entry::parse(line, number) {
            Ok(entry) => entries.push(entry),
            Err(fault) => faults.push((number, fault)),
        }
    }
    for Entry {
        line,
        term,
        spellings,
        ..
    } in &entries
    {
        for spelling in std::iter::once(term).chain(spellings) {
            match lines_of_spellings.insert(fold(spelling).into_owned(), *line) {
                Some(other) if other != *line => {
                    faults.push((*line, format!("{spelling:?} is in line {other} already")));
                }
                _ => {}
            }
        }
    }
    if faults.is_empty() {
        return Ok(entries);
    }
    faults.sort();
    Err(TermListError(faults))
}

impl Entry {
    fn parse(line: &str, number: usize) -> Result<Self, String> {
        let line = normalise(line);
        let mut columns = line.split('\t').map(str::trim);
        let (category, term) = (columns.next().unwrap_or_default(), columns.next());
        let term = term.ok_or("expected category<TAB>term<TAB>spelling, spelling …")?;
        let spellings = columns.next().unwrap_or_default();
        if let Some(column) = columns.next() {
            return Err(format!("the column {column:?} is one too many, expected three"));
        }
        if category == OTHER {
            return Err(format!(
                "the category {OTHER} has the texts without a category; use another name"
            ));
        }
        let length = category.chars().count();
        if length == 0 || length > LONGEST_CATEGORY {
            return Err(format!(
                "the category has {length} characters, expected 1 to {LONGEST_CATEGORY}"
            ));
        }
        let spellings = spellings.split(',').map(str::trim);
        let spellings: Vec<String> = spellings.filter(|it| !it.is_empty()).map(str::to_owned).collect();
        for spelling in std::iter::once(term).chain(spellings.iter().map(String::as_str)) {
            check_spelling(spelling)?;
        }
        Ok(Self {
            line: number,
            category: category.to_owned(),
            term: term.to_owned(),
            spellings,
        })
    }
}

fn check_spelling(spelling: &str) -> Result<(), String> {
    if !spelling.chars().any(char::is_alphanumeric) {
        return Err(format!("{spelling:?} has no letter"));
    }
    if spelling.chars().any(char::is_control) {
        return Err(format!("{spelling:?} has a control character"));
    }
    let length = spelling.chars().count();
    if length > LONGEST_TERM {
        return Err(format!(
            "{spelling:?} has {length} characters, expected at most {LONGEST_TERM}"
        ));
    }
    Ok(())
}

/// Returns whether a spelling ends like the dictionary form of a verb.
fn is_phrase(spelling: &str) -> bool {
    spelling.ends_with('다')
}

/// Returns the form that all spellings of a word have in common: without spaces and signs, Latin letters in upper case
/// and of normal width.
pub(crate) fn fold(word: &str) -> Cow<'_, str> {
    let is_folded = |c: char| match c {
        '가'..='힣' | 'A'..='Z' | '0'..='9' => true,
        _ => !c.is_ascii() && c.is_alphanumeric() && !is_full_width(c),
    };
    if word.chars().all(is_folded) {
        return Cow::Borrowed(word);
    }
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    Cow::Owned(letters.map(|c| half_width(c).to_ascii_uppercase()).collect())
}

fn is_full_width(character: char) -> bool {
    matches!(character, '\u{ff01}'..='\u{ff5e}')
}

/// Returns the ASCII character of a full-width one.
fn half_width(character: char) -> char {
    if !is_full_width(character) {
        return character;
    }
    char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
}

impl fmt::Display for TermListError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, fault)) in self.0.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(formatter, "{separator}line {line}: {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TermListError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(own: &str) -> TermList {
        TermList::parse("승강기\t승강기\t엘리베이터, 엘베\n주차\t주차권\n", own).expect("is well-formed")
    }

    #[track_caller]
    fn check(list: &TermList, spelling: &str, expected: Option<(&str, &str)>) {
        let found = list.find(spelling);
        let found = found.map(|term| (list.name(term), list.category_of(spelling)));
        assert_eq!(found, expected, "{spelling}");
    }

    #[track_caller]
    fn check_error(own: &str, expected: &str) {
        let error = TermList::parse("", own).expect_err("has a malformed line");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn spellings_are_one_term() {
        let list = list("# 단지\r\n통신\t와이파이\twifi, WI FI\r\n소음\t층간소음\t층간 소음, 층간 쇼음\r\n");
        check(&list, "엘베", Some(("승강기", "승강기")));
        check(&list, "승강기", Some(("승강기", "승강기")));
        check(&list, "WiFi", Some(("와이파이", "통신")));
        check(&list, "ｗｉｆｉ", Some(("와이파이", "통신")));
        check(&list, "층간소음", Some(("층간소음", "소음")));
        check(&list, "층간쇼음", Some(("층간소음", "소음")));
        check(&list, "누수", None);
        assert_eq!(list.category_of("누수"), OTHER);
        assert!(list.categories().eq(["승강기", "주차", "통신", "소음"]));
    }

    #[test]
    fn an_own_list_extends_the_shipped_one() {
        let list = list("출입\t주차권\t방문증\n안전\t엘베\n승강기\t승강기\t리프트\n");
        check(&list, "주차권", Some(("주차권", "출입")));
        check(&list, "방문증", Some(("주차권", "출입")));
        check(&list, "엘베", Some(("엘베", "안전")));
        check(&list, "리프트", Some(("승강기", "승강기")));
        check(&list, "엘리베이터", Some(("승강기", "승강기")));
    }

    #[test]
    fn reports_every_malformed_line() {
        check_error(
            "주차",
            "line 1: expected category<TAB>term<TAB>spelling, spelling …",
        );
        check_error("주차\t", "line 1: \"\" has no letter");
        check_error(
            "\t주차권",
            "line 1: the category has 0 characters, expected 1 to 30",
        );
        check_error(
            "주차\t주차권\t\t주차",
            "line 1: the column \"주차\" is one too many, expected three",
        );
        check_error(
            "기타\t주차권",
            "line 1: the category 기타 has the texts without a category; use another name",
        );
        check_error(
            "주차\t주차권\n\n주차\t방문 주차\t주차 권\n주차",
            "line 3: \"주차 권\" is in line 1 already; line 4: expected category<TAB>term<TAB>spelling, spelling …",
        );
        let long = "가".repeat(31);
        check_error(
            &format!("주차\t{long}"),
            &format!("line 1: {long:?} has 31 characters, expected at most 30"),
        );
    }

    #[test]
    fn the_version_depends_on_the_content_alone() {
        let version = |text| TermList::parse("", text).expect("is well-formed").version();
        assert_eq!(version(""), "none");
        assert_eq!(
            version("가\t나\t다\n라\t마"),
            version("#\n라\t마\n\n가\t나\t다\n")
        );
        for other in ["가\t나\t라", "라\t나\t다", "가\t다\t나"] {
            assert_ne!(version("가\t나\t다"), version(other), "{other}");
        }
    }

    #[test]
    fn the_shipped_list_has_categories_terms_and_spellings() {
        let list = TermList::parse(SHIPPED, "").expect("is well-formed");
        assert!(list.categories().len() >= 14);
        assert!(list.terms.len() >= 400, "{} terms", list.terms.len());
        check(&list, "엘리베이터", Some(("승강기", "승강기")));
    }
}
