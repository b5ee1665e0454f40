//! The check event.

use lambda_core::check::Check;
use stat_ledger::checks;
use stat_ledger::sources::SOURCES;

use super::StatAnalysis;

impl StatAnalysis {
    pub(super) async fn make_checks(&self) -> Vec<Check> {
        // A dictionary or list that cannot be read fails the start already.
        let mut checks = vec![Check::passed(
            "dictionary and word lists",
            self.analyser_version(),
        )];
        if let Some(mut session) = checks::sign_in(&self.database, &mut checks).await {
            checks.push(checks::check_tables(&mut session).await);
            for source in SOURCES
                .iter()
                .filter(|source| source.relation == "stat_source_text")
            {
                checks.push(checks::check_source(&mut session, source, &self.config.time_zone).await);
            }
        }
        let bucket = format!("bucket {}", self.config.bucket);
        checks.push(Check::not_tried(
            bucket,
            "only an upload would show the permission",
        ));
        checks.push(Check::not_tried(
            "topic of the mail",
            "a publication would be a mail",
        ));
        checks.push(Check::not_tried(
            "invocation of this function",
            "every accepted invocation starts work",
        ));
        checks
    }
}
