//! The texts of a building by category.

use stat_ledger::building::CategoryCount;

use super::term_list::{OTHER, TermList};

/// Counts the texts of each category, text by text.
#[derive(Default)]
pub(crate) struct CategoryCounter {
    /// Texts by number of the category.
    categories: Vec<Texts>,
    /// Texts with any category.
    categorised: Texts,
}

#[derive(Clone, Copy, Default)]
struct Texts {
    number: i64,
    /// Number of the last text, so that a text counts once.
    last: i64,
}

impl CategoryCounter {
    /// Counts text number `text`, which has a term of the category. Texts are numbered from 1 and come in order.
    pub(crate) fn add(&mut self, category: usize, text: i64) {
        if self.categories.len() <= category {
            self.categories.resize(category + 1, Texts::default());
        }
        self.categories[category].add(text);
        self.categorised.add(text);
    }

    /// Returns the categories with texts, in the order of the list, and those of all other texts as [`OTHER`]. Clears
    /// the counter.
    pub(crate) fn finish(&mut self, list: &TermList, texts: i64) -> Vec<CategoryCount> {
        let counted = std::mem::take(self);
        let other = (OTHER, texts - counted.categorised.number);
        let categories = list
            .categories()
            .zip(counted.categories.iter().map(|it| it.number));
        let categories = categories.chain(std::iter::once(other));
        let count = |(category, documents): (&str, i64)| CategoryCount {
            category: category.to_owned(),
            documents,
        };
        categories
            .filter(|(_, documents)| *documents > 0)
            .map(count)
            .collect()
    }
}

impl Texts {
    fn add(&mut self, text: i64) {
        if self.last != text {
            self.last = text;
            self.number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_counts_once_in_each_of_its_categories_or_else_as_other() {
        let list =
            TermList::parse("주차\t주차권\n소음\t층간소음\n승강기\t엘베\n", "").expect("is well-formed");
        let mut counter = CategoryCounter::default();
        // Texts 1 and 3 of 4 have a category: 1 has 주차 twice and 소음, 3 has 주차.
        for (category, text) in [(0, 1), (1, 1), (0, 1), (0, 3)] {
            counter.add(category, text);
        }
        let counts = |counter: &mut CategoryCounter, texts| {
            let counts = counter.finish(&list, texts).into_iter();
            counts
                .map(|count| (count.category, count.documents))
                .collect::<Vec<_>>()
        };
        let expected = [("주차", 2), ("소음", 1), (OTHER, 2)].map(|(name, number)| (name.to_owned(), number));
        assert_eq!(counts(&mut counter, 4), expected);
        assert_eq!(counts(&mut counter, 0), []);
    }
}
