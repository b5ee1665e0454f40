//! Task 0: keywords, report, mail.

use std::collections::HashMap;

use anyhow::Context;
use lambda_core::clock;
use lambda_core::deadline::Deadline;
use postgres_session::Session;
use stat_ledger::fence::{self, WriteError};
use stat_ledger::report;
use stat_ledger::run::Run;
use stat_ledger::task::Claim;
use tokio_postgres::Transaction;

use super::StatAnalysis;
use crate::adapters::postgres::{self, ExampleSearch};
use crate::findings::Findings;
use crate::function_response::FunctionResponse;
use crate::mail;
use crate::page;
use crate::report_keys::ReportKeys;
use crate::statistics::example::Example;
use crate::statistics::term::TermCounter;
use crate::statistics::written_form::WrittenForms;

/// Longest time that the report takes to read its examples. It takes less if its time is short.
const EXAMPLES_TIMEOUT_S: u64 = 60;

impl StatAnalysis {
    /// Writes the report and mails it. The mail is sent once, however often the report is attempted.
    ///
    /// Each attempt writes keywords and files again, with the same contents, except for the sentences of texts
    /// that were added meanwhile. The files are uploaded outside any transaction, which may take long. They become
    /// visible, and the mail is sent, inside a transaction that holds claim, run and period, so that neither another
    /// attempt nor another run of the month does so at the same time, and no older report replaces a newer one.
    pub(super) async fn report(
        &self,
        mut session: Session,
        claim: Claim,
        run: &Run,
        deadline: Deadline,
    ) -> Result<FunctionResponse, WriteError> {
        let transaction = fence::begin(&mut session, &claim).await?;
        let comparison = postgres::comparison(&transaction, run).await?;
        let before = comparison.run();
        let per_building = self.config.keywords_per_building;
        postgres::write_keywords(&transaction, run, before, per_building).await?;
        let changes = postgres::changes(&transaction, run, before, self.config.min_documents).await?;
        let summary = postgres::summary(&transaction, run, comparison).await?;
        let committed = transaction.commit().await;
        committed.with_context(|| format!("could not commit the keywords of run {}", run.id))?;
        let shown = page::shown_buildings(&summary, &changes);
        let examples = self.examples(&mut session, run, &shown, deadline).await?;
        let mut findings = Findings {
            summary,
            changes,
            examples,
            categories: HashMap::new(),
        };

        let keys = ReportKeys::of(run.period);
        let uploads = self.upload(&mut session, run, &mut findings, &keys).await?;
        let transaction = fence::begin_with_run(&mut session, &claim).await?;
        for upload in uploads {
            self.s3.complete(upload).await?;
        }
        let message_id = self.mail_once(transaction, &claim, run, &findings, &keys).await?;

        let state = report::finish(&mut session, &claim).await?;
        let Run { id, period, .. } = run;
        tracing::info!(run.id = %id, "wrote the report of run {id} of {period}, which is {state}");
        if let Err(error) = report::remove_old_terms(&mut session, self.config.keep_months).await {
            tracing::warn!(run.id = %id, "could not remove the terms of old months, the next report tries again: {error:#}");
        }
        Ok(FunctionResponse::Report {
            run_id: run.id,
            state: state.as_str(),
            html: keys.html,
            xlsx: keys.xlsx,
            csv: keys.csv,
            categories: keys.categories,
            message_id,
        })
    }

    /// Reads sentences for the page, unless they may not leave the database. The analyser's buffers are freed before
    /// the files are written.
    async fn examples(
        &self,
        session: &mut Session,
        run: &Run,
        buildings: &[&str],
        deadline: Deadline,
    ) -> anyhow::Result<HashMap<String, Vec<Example>>> {
        if !self.config.quotes_examples {
            return Ok(HashMap::new());
        }
        let mut worker = self.analyser.worker();
        let lexicon = worker.lexicon();
        let has_term =
            |sentence: &str, term: &str| TermCounter::has_term(sentence, term, &mut worker, &self.vocabulary);
        let search = ExampleSearch {
            buildings,
            min_documents: self.config.min_documents,
            timeout_s: (deadline.remaining().as_secs() / 4).clamp(1, EXAMPLES_TIMEOUT_S),
            forms: &WrittenForms::of(&self.vocabulary),
        };
        search.examples(session, run, lexicon, has_term).await
    }

    /// Sends the mail, unless an earlier attempt has sent and recorded it. Returns the mail's id.
    async fn mail_once(
        &self,
        transaction: Transaction<'_>,
        claim: &Claim,
        run: &Run,
        findings: &Findings,
        keys: &ReportKeys,
    ) -> anyhow::Result<Option<String>> {
        if !run.mail || run.mailed_at.is_some() {
            return Ok(run.message_id.clone());
        }
        let config = &self.config;
        let now = clock::now();
        let links = self.s3.links(config.link, keys, now, &config.time_zone).await?;
        let mail = mail::write(&findings.summary, &findings.changes, &links, config.locale);
        let message_id = self.topic.publish(&mail, run.id).await?;
        report::commit_mail(transaction, claim, &message_id).await?;
        Ok(Some(message_id))
    }
}
