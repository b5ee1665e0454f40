//! Task 0: keywords, report, mail.

use anyhow::Context;
use lambda_core::clock;
use stat_ledger::fence;
use stat_ledger::report;
use stat_ledger::run::Run;
use stat_ledger::task::Claim;
use tokio_postgres::{Client, Transaction};

use super::StatAnalysis;
use crate::adapters::postgres;
use crate::answer::Answer;
use crate::keyword::Summary;
use crate::mail;
use crate::page::{self, Page};
use crate::table::Table;

/// Where the report's parts are.
struct Keys {
    csv: String,
    html: String,
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
    /// Keywords and objects are written anew by each attempt and come out the same. The objects are
    /// written and the mail is sent inside a transaction that holds the claim and the period, so that
    /// neither another attempt nor another run of the month does so at the same time.
    pub(super) async fn report(&self, mut client: Client, claim: Claim, run: &Run) -> anyhow::Result<Answer> {
        let transaction = fence::begin(&mut client, &claim, false).await?;
        let per_building = self.config.keywords_per_building;
        let is_compared = postgres::write_keywords(&transaction, run, per_building).await?;
        let committed = transaction.commit().await;
        committed.with_context(|| format!("could not commit the keywords of run {}", run.id))?;

        let keys = Keys::of(run);
        let transaction = report::begin(&mut client, &claim).await?;
        let summary = postgres::summary(&transaction, run, is_compared).await?;
        self.write_objects(&transaction, run, &summary, &keys).await?;
        let message_id = self.mail_once(transaction, &claim, run, &summary, &keys).await?;

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

    async fn write_objects(
        &self,
        transaction: &Transaction<'_>,
        run: &Run,
        summary: &Summary,
        keys: &Keys,
    ) -> anyhow::Result<()> {
        let mut table = Table::new(run.period)?;
        let all = self.config.keywords_per_building;
        postgres::for_each_keyword(transaction, run, all, |keyword| Ok(table.push(&keyword)?)).await?;
        self.s3
            .write(&keys.csv, "text/csv; charset=utf-8", table.finish()?)
            .await?;
        // One after the other: the two together would be the most memory that a month takes.
        let mut page = Page::new(summary, self.config.locale);
        postgres::for_each_keyword(transaction, run, page::TERMS_SHOWN, |keyword| {
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
        summary: &Summary,
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
        let mail = mail::write(summary, &links, config.locale);
        let message_id = self.topic.publish(&mail, run.id).await?;
        report::commit_mail(transaction, claim, &message_id).await?;
        Ok(Some(message_id))
    }
}
