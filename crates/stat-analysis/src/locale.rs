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

/// The difference of two numbers with its sign: `+12`, `-3`, `±0`.
pub fn change_of(now: i64, before: i64) -> String {
    match now - before {
        0 => "±0".to_owned(),
        change if change > 0 => format!("+{}", grouped(change)),
        change => grouped(change),
    }
}

/// The difference in percent of the first number: `+30%`. Nothing below twenty, where a single text is much, and
/// nothing where it rounds to zero.
pub fn percent_change(now: i64, before: i64) -> Option<String> {
    if before < 20 {
        return None;
    }
    let percent = ((now - before) as f64 / before as f64 * 100.0).round();
    (percent != 0.0).then(|| format!("{percent:+.0}%"))
}

/// `1 building`, `2,345 buildings`: English only.
pub fn counted(number: i64, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_changed() {
        assert_eq!(
            [change_of(12, 0), change_of(0, 1234), change_of(5, 5)],
            ["+12", "-1,234", "±0"]
        );
        assert_eq!(percent_change(26, 20).as_deref(), Some("+30%"));
        assert_eq!([percent_change(1, 3), percent_change(997, 1000)], [None, None]);
        assert_eq!(
            [counted(1, "text"), counted(1234, "text")],
            ["1 text", "1,234 texts"]
        );
    }

    #[test]
    fn groups_thousands() {
        let shown = [0, 999, 1000, 137_799, -1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "137,799", "-1,234,567"]);
    }
}
