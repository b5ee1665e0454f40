//! The language of report and mail.

use std::str::FromStr;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// Korean.
    Ko,
    /// English.
    En,
}

impl FromStr for Locale {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "ko" => Ok(Self::Ko),
            "en" => Ok(Self::En),
            _ => Err("expected ko or en"),
        }
    }
}

impl Locale {
    /// The one of two texts that is in this language.
    pub fn pick<T>(self, ko: T, en: T) -> T {
        match self {
            Self::Ko => ko,
            Self::En => en,
        }
    }

    /// The language's tag (BCP 47).
    pub fn tag(self) -> &'static str {
        self.pick("ko", "en")
    }
}

/// A whole number with commas between thousands, as both languages write it.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_thousands() {
        let shown = [0, 999, 1000, 137_799, -1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "137,799", "-1,234,567"]);
    }
}
