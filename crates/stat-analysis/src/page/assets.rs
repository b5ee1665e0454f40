//! What every page carries in itself, so that it needs no network.

/// The page's look, in light and dark.
pub const STYLE: &str = include_str!("../../assets/report.css");

/// Sorting, filtering, and a building's details when somebody opens them.
pub const SCRIPT: &str = include_str!("../../assets/report.js");

/// Chart.js 4.6.1; origin and licence stand in `assets/README.md`.
const CHART: &str = include_str!("../../assets/chart.umd.min.js");

/// Chart.js without its last line, which makes a browser's tools look for a file beside the page.
pub fn chart() -> &'static str {
    CHART.split("//# sourceMappingURL").next().unwrap_or(CHART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_where_their_element_ends() {
        for script in [SCRIPT, chart()] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }
}
