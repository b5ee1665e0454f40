//! Task 0: keywords, report, mail.

use anyhow::Context;
use lambda_core::clock;
use lambda_core::deadline::Deadline;
use stat_ledger::fence::{self, WriteError};
use stat_ledger::report;
use stat_ledger::run::Run;
use stat_ledger::task::Claim;
use std::collections::HashMap;
use tokio_postgres::{Client, Transaction};

use super::StatAnalysis;
use crate::adapters::postgres;
use crate::function_response::FunctionResponse;
use crate::keyword_csv::KeywordCsv;
use crate::mail;
use crate::page::Page;
use crate::statistics::change::Change;
use crate::statistics::example::Example;
use crate::statistics::summary::Summary;
use crate::statistics::term::TermCounter;
use crate::statistics::thresholds::KEYWORDS_READ;

/// Longest time that the report takes to read its examples. It takes less if its time is short.
const EXAMPLES_TIMEOUT_S: u64 = 60;

/// Keys of the report's files in the bucket.
struct Keys {
    csv: String,
    html: String,
}

/// Contents of page and mail.
struct Findings {
    summary: Summary,
    changes: Vec<Change>,
    /// Sentences by building id.
    examples: HashMap<String, Vec<Example>>,
}

impl Keys {
    fn of(run: &Run) -> Self {
        let (start, end) = (run.period.start(), run.period.end());
        Self {
            csv: format!("stat/{start}-{end}.csv"),
            html: format!("stat/{start}-{end}.html"),
        }
    }
}

impl StatAnalysis {
    /// Writes the report and mails it. The mail is sent once, however often the report is attempted.
    ///
    /// Each attempt writes keywords and files again, with the same contents, except for the sentences of texts
    /// that were added meanwhile. The files are written and the mail is sent inside a transaction that holds
    /// claim, run and period, so that neither another attempt nor another run of the month does so at the same
    /// time.
    pub(super) async fn report(
        &self,
        mut client: Client,
        claim: Claim,
        run: &Run,
        deadline: Deadline,
    ) -> Result<FunctionResponse, WriteError> {
        let transaction = fence::begin(&mut client, &claim).await?;
        let before = postgres::comparable_run(&transaction, run).await?;
        let per_building = self.config.keywords_per_building;
        postgres::write_keywords(&transaction, run, before, per_building).await?;
        let changes = postgres::changes(&transaction, run, before).await?;
        let committed = transaction.commit().await;
        committed.with_context(|| format!("could not commit the keywords of run {}", run.id))?;
        // Outside the transactions: it may take long, and no other run has to wait for it.
        let examples = self.examples(&mut client, run, deadline).await?;

        let keys = Keys::of(run);
        let transaction = fence::begin_with_run(&mut client, &claim).await?;
        let findings = Findings {
            summary: postgres::summary(&transaction, run, before.is_some()).await?,
            changes,
            examples,
        };
        self.write_objects(&transaction, run, &findings, &keys).await?;
        let message_id = self.mail_once(transaction, &claim, run, &findings, &keys).await?;

        let state = report::finish(&mut client, &claim).await?;
        let Run { id, period, .. } = run;
        tracing::info!(run.id = %id, "wrote the report of run {id} of {period}, which is {state}");
        Ok(FunctionResponse::Report {
            run_id: run.id,
            state: state.as_str(),
            csv: keys.csv,
            html: keys.html,
            message_id,
        })
    }

    /// Reads sentences for the page. The analyser's buffers are freed before the files are written.
    async fn examples(
        &self,
        client: &mut Client,
        run: &Run,
        deadline: Deadline,
    ) -> anyhow::Result<HashMap<String, Vec<Example>>> {
        let timeout_s = (deadline.remaining().as_secs() / 4).clamp(1, EXAMPLES_TIMEOUT_S);
        let mut worker = self.analyser.worker();
        let has_term =
            |sentence: &str, term: &str| TermCounter::has_term(sentence, term, &mut worker, &self.stop_words);
        postgres::examples(client, run, timeout_s, has_term).await
    }

    async fn write_objects(
        &self,
        transaction: &Transaction<'_>,
        run: &Run,
        findings: &Findings,
        keys: &Keys,
    ) -> anyhow::Result<()> {
        let mut csv = KeywordCsv::new(run.period)?;
        let all = self.config.keywords_per_building;
        postgres::for_each_keyword(transaction, run, all, |keyword| Ok(csv.push(&keyword)?)).await?;
        self.s3
            .write(&keys.csv, "text/csv; charset=utf-8", csv.finish()?)
            .await?;
        // One after the other: both together would need more memory than any other part of a month.
        let Findings {
            summary,
            changes,
            examples,
        } = findings;
        let mut page = Page::new(summary, changes, examples, self.config.locale);
        postgres::for_each_keyword(transaction, run, KEYWORDS_READ, |keyword| {
            page.push(keyword);
            Ok(())
        })
        .await?;
        self.s3
            .write(&keys.html, "text/html; charset=utf-8", page.finish().into_bytes())
            .await
    }

    /// Sends the mail, unless an earlier attempt has sent and recorded it. Returns the mail's id.
    async fn mail_once(
        &self,
        transaction: Transaction<'_>,
        claim: &Claim,
        run: &Run,
        findings: &Findings,
        keys: &Keys,
    ) -> anyhow::Result<Option<String>> {
        if !run.mail || run.mailed_at.is_some() {
            return Ok(run.message_id.clone());
        }
        let config = &self.config;
        let links = self
            .s3
            .links(
                config.link,
                &keys.csv,
                &keys.html,
                clock::now(),
                &config.time_zone,
            )
            .await?;
        let mail = mail::write(&findings.summary, &findings.changes, &links, config.locale);
        let message_id = self.topic.publish(&mail, run.id).await?;
        report::commit_mail(transaction, claim, &message_id).await?;
        Ok(Some(message_id))
    }
}
