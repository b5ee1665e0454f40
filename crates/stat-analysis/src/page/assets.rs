//! The files that each page embeds, so that it needs no network.

/// Style sheet with a light and a dark scheme.
pub(super) const STYLE: &str = include_str!("../../assets/report.css");

/// Script that sorts and filters the table and expands a building's details.
pub(super) const SCRIPT: &str = include_str!("../../assets/report.js");

/// Chart.js 4.6.1; origin and licence stand in `assets/README.md`.
const CHART: &str = include_str!("../../assets/chart.umd.min.js");

/// Returns Chart.js without its last line, which makes the developer tools request a source map beside the page.
pub(super) fn chart() -> &'static str {
    CHART.split("//# sourceMappingURL").next().unwrap_or(CHART)
}

/// SHA-256 of [`SCRIPT`] in base64, for the page's Content-Security-Policy.
pub(super) const SCRIPT_HASH: &str = "WGKkZcUDFKPOqAaianqA3ECMqTF8FU346Ekely1UGEo=";

/// SHA-256 of [`chart`] in base64, for the page's Content-Security-Policy.
pub(super) const CHART_HASH: &str = "wX8s5J+5xx73+znAP4aIBKxas0cwFJl27r5rf4B77ww=";

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_has_the_hashes_of_the_scripts() {
        let hash = |script: &str| BASE64_STANDARD.encode(Sha256::digest(script));
        assert_eq!(
            (hash(SCRIPT), hash(chart())),
            (SCRIPT_HASH.to_owned(), CHART_HASH.to_owned())
        );
    }

    #[test]
    fn the_readme_has_the_hash_of_chart_js() {
        let hash: String = Sha256::digest(CHART)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(include_str!("../../assets/README.md").contains(&hash), "{hash}");
    }

    #[test]
    fn assets_do_not_close_their_element() {
        for script in [SCRIPT, chart()] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }
}
