//! Numbers as page and mail show them.

use crate::statistics::thresholds::PERCENT_BASE;

/// Formats with commas between thousands, as Korean and English do.
pub(crate) fn grouped(number: i64) -> String {
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

/// Formats the difference with its sign: `+12`, `-3`, `±0`.
pub(crate) fn difference(now: i64, before: i64) -> String {
    match now - before {
        0 => "±0".to_owned(),
        difference if difference > 0 => format!("+{}", grouped(difference)),
        difference => grouped(difference),
    }
}

/// Formats the difference in percent of `before`: `+30%`. Returns `None` where `before` is too small for percents,
/// and where the difference rounds to zero.
pub(crate) fn percent_difference(now: i64, before: i64) -> Option<String> {
    if before < PERCENT_BASE {
        return None;
    }
    let percent = ((now - before) as f64 / before as f64 * 100.0).round();
    (percent != 0.0).then(|| format!("{percent:+.0}%"))
}

/// Formats a share from 0 to 1: `12%`, and below 10 % with a decimal: `0.4%`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // 9.96 is 10, and not 10.0.
    let decimals = usize::from(percent < 9.95);
    format!("{percent:.decimals$}%")
}

/// Formats a number with its English noun: `1 building`, `2,345 buildings`.
pub(crate) fn counted(number: i64, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_differences() {
        assert_eq!(
            [difference(12, 0), difference(0, 1234), difference(5, 5)],
            ["+12", "-1,234", "±0"]
        );
        assert_eq!(percent_difference(26, 20).as_deref(), Some("+30%"));
        assert_eq!(
            [percent_difference(1, 3), percent_difference(997, 1000)],
            [None, None]
        );
    }

    #[test]
    fn formats_shares() {
        assert_eq!(
            [0.0, 0.004, 0.0996, 0.1, 0.125, 1.0].map(percent),
            ["0.0%", "0.4%", "10%", "10%", "12%", "100%"]
        );
    }

    #[test]
    fn counts_with_the_plural() {
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
