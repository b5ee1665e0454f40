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

/// SHA-256 of [`SCRIPT`] in base64, as the page's content policy names what may run.
pub const SCRIPT_HASH: &str = "mhIt/CKZzu2UPROJxfsDwYGV2OS8GS8ZHnkgzELs5Ts=";

/// SHA-256 of [`chart`] in base64.
pub const CHART_HASH: &str = "wX8s5J+5xx73+znAP4aIBKxas0cwFJl27r5rf4B77ww=";

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    #[test]
    fn are_what_the_policy_lets_run() {
        let hash = |script: &str| BASE64_STANDARD.encode(Sha256::digest(script));
        assert_eq!(
            (hash(SCRIPT), hash(chart())),
            (SCRIPT_HASH.to_owned(), CHART_HASH.to_owned())
        );
    }

    #[test]
    fn are_the_files_that_the_readme_names() {
        let hash: String = Sha256::digest(CHART)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(include_str!("../../assets/README.md").contains(&hash), "{hash}");
    }

    #[test]
    fn end_where_their_element_ends() {
        for script in [SCRIPT, chart()] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }
}
