//! Task 0: keywords, report, mail.

use anyhow::Context;
use lambda_core::clock;
use lambda_core::deadline::Deadline;
use stat_ledger::fence;
use stat_ledger::report;
use stat_ledger::run::Run;
use stat_ledger::task::Claim;
use std::collections::HashMap;
use tokio_postgres::{Client, Transaction};

use super::StatAnalysis;
use crate::adapters::postgres;
use crate::answer::Answer;
use crate::change::Change;
use crate::example::Example;
use crate::mail;
use crate::page::{self, Page};
use crate::summary::Summary;
use crate::table::Table;
use crate::term::TermCounter;

/// The longest that a report waits for its examples; less where its time is short.
const PATIENCE_WITH_EXAMPLES_S: u64 = 60;

/// Where the report's parts are.
struct Keys {
    csv: String,
    html: String,
}

/// What report and mail say.
struct Findings {
    summary: Summary,
    changes: Vec<Change>,
    /// By building.
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
    /// Writes the report and mails it, each once, however often this is begun.
    ///
    /// Keywords and objects are written anew by each attempt and come out the same, but for sentences of texts that
    /// came in meanwhile. The objects are written and the mail is sent inside a transaction that holds the claim and
    /// the period, so that neither another attempt nor another run of the month does so at the same time.
    pub(super) async fn report(
        &self,
        mut client: Client,
        claim: Claim,
        run: &Run,
        deadline: Deadline,
    ) -> anyhow::Result<Answer> {
        let transaction = fence::begin(&mut client, &claim, false).await?;
        let before = postgres::comparable_run(&transaction, run).await?;
        let per_building = self.config.keywords_per_building;
        postgres::write_keywords(&transaction, run, before, per_building).await?;
        let changes = postgres::changes(&transaction, run, before).await?;
        let committed = transaction.commit().await;
        committed.with_context(|| format!("could not commit the keywords of run {}", run.id))?;
        // Outside the transactions: it may take long, and nobody has to wait for it.
        let examples = self.examples(&mut client, run, deadline).await?;

        let keys = Keys::of(run);
        let transaction = report::begin(&mut client, &claim).await?;
        let findings = Findings {
            summary: postgres::summary(&transaction, run, before.is_some()).await?,
            changes,
            examples,
        };
        self.write_objects(&transaction, run, &findings, &keys).await?;
        let message_id = self.mail_once(transaction, &claim, run, &findings, &keys).await?;

        let state = report::finish(&mut client, &claim).await?;
        tracing::info!(run_id = %run.id, "wrote the report of {}, which is {state}", run.period);
        Ok(Answer::Report {
            run_id: run.id,
            state: state.as_str(),
            csv: keys.csv,
            html: keys.html,
            message_id,
        })
    }

    /// Sentences by building. The analyser's buffers go before the objects are written.
    async fn examples(
        &self,
        client: &mut Client,
        run: &Run,
        deadline: Deadline,
    ) -> anyhow::Result<HashMap<String, Vec<Example>>> {
        let patience_s = (deadline.left().as_secs() / 4).clamp(1, PATIENCE_WITH_EXAMPLES_S);
        let mut worker = self.analyser.worker();
        let has_term =
            |sentence: &str, term: &str| TermCounter::is_in(term, &mut worker, &self.stop_words, sentence);
        postgres::examples(client, run, patience_s, has_term).await
    }

    async fn write_objects(
        &self,
        transaction: &Transaction<'_>,
        run: &Run,
        findings: &Findings,
        keys: &Keys,
    ) -> anyhow::Result<()> {
        let mut table = Table::new(run.period)?;
        let all = self.config.keywords_per_building;
        postgres::for_each_keyword(transaction, run, all, |keyword| Ok(table.push(&keyword)?)).await?;
        self.s3
            .write(&keys.csv, "text/csv; charset=utf-8", table.finish()?)
            .await?;
        // One after the other: the two together would be the most memory that a month takes.
        let Findings {
            summary,
            changes,
            examples,
        } = findings;
        let mut page = Page::new(summary, changes, examples, self.config.locale);
        postgres::for_each_keyword(transaction, run, page::TERMS_READ, |keyword| {
            page.push(keyword);
            Ok(())
        })
        .await?;
        self.s3
            .write(&keys.html, "text/html; charset=utf-8", page.finish().into_bytes())
            .await
    }

    /// The mail's id: of the one sent now, or of the one that an earlier attempt sent and noted.
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
