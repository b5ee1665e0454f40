//! The language of texts for people.

use std::str::FromStr;

/// A language that texts for people are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// Korean, `ko`.
    Korean,
    /// English, `en`.
    English,
}

impl Locale {
    /// Returns the text (or other value) of this language.
    ///
    /// ```
    /// use lambda_core::locale::Locale;
    ///
    /// assert_eq!(Locale::Korean.pick("빌드 실패", "build failed"), "빌드 실패");
    /// ```
    pub fn pick<T>(self, korean: T, english: T) -> T {
        match self {
            Self::Korean => korean,
            Self::English => english,
        }
    }

    /// Returns the language tag, as in HTML's `lang` attribute.
    pub fn tag(self) -> &'static str {
        self.pick("ko", "en")
    }
}

impl FromStr for Locale {
    type Err = &'static str;

    /// Parses the language tags `ko` and `en`.
    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        match tag {
            "ko" => Ok(Self::Korean),
            "en" => Ok(Self::English),
            _ => Err("expected ko or en"),
        }
    }
}
