//! The texts of a category among those of a building, or of the month.

use std::cmp::Reverse;

use super::term_list::OTHER;

/// Texts of one category. A text counts in each of its categories.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CategoryShare {
    pub(crate) category: String,
    pub(crate) now: Part,
    /// The month before; `None` if there is nothing to compare with.
    pub(crate) before: Option<Part>,
}

/// Texts of a category, and of all categories together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) documents: i64,
    pub(crate) all: i64,
}

/// The categories of a building.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BuildingCategories {
    pub(crate) building_id: String,
    /// Name of the building.
    pub(crate) building: String,
    pub(crate) categories: Vec<CategoryShare>,
}

impl Part {
    /// Returns the share from 0 to 1; `None` without any text.
    pub(crate) fn share(self) -> Option<f64> {
        (self.all > 0).then(|| self.documents as f64 / self.all as f64)
    }
}

impl CategoryShare {
    pub(crate) fn is_other(&self) -> bool {
        self.category == OTHER
    }

    /// Returns the difference of the shares, from -1 to 1; `None` if one of the months has no share.
    pub(crate) fn share_change(&self) -> Option<f64> {
        Some(self.now.share()? - self.before?.share()?)
    }
}

/// Sorts the categories with the most texts first, and the texts without a category last.
pub(crate) fn sort(categories: &mut [CategoryShare]) {
    categories.sort_by(|a, b| {
        let key = |it: &CategoryShare| (it.is_other(), Reverse(it.now.documents));
        key(a).cmp(&key(b)).then_with(|| a.category.cmp(&b.category))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(name: &str, documents: i64, before: Option<Part>) -> CategoryShare {
        CategoryShare {
            category: name.into(),
            now: Part { documents, all: 40 },
            before,
        }
    }

    #[test]
    fn other_comes_last_however_many_texts_it_has() {
        let mut categories = [(OTHER, 30), ("주차", 4), ("소음", 9), ("조경", 4)]
            .map(|(name, documents)| category(name, documents, None));
        sort(&mut categories);
        assert_eq!(
            categories.each_ref().map(|it| it.category.as_str()),
            ["소음", "조경", "주차", OTHER]
        );
    }

    #[test]
    fn a_share_is_that_of_the_texts() {
        // 10 of 40 are 0.25; 4 of 20 are 0.2: +0.05.
        let change = |before| category("주차", 10, before).share_change();
        let change_of_some = change(Some(Part {
            documents: 4,
            all: 20,
        }))
        .expect("two shares");
        assert!((change_of_some - 0.05).abs() < 1e-12);
        assert_eq!(change(Some(Part { documents: 0, all: 0 })), None);
        assert_eq!(change(None), None);
    }
}
