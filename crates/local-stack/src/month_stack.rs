//! Stack of the monthly statistics: a source database, a bucket, a topic, and the two functions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio_postgres::Client;

use crate::postgres::connect;
use crate::{Function, LambdaEmulator, Moto, PostgresServer, Topic, function_binary};

/// Source database with buildings and texts, and the functions that analyse a month of them.
pub struct MonthStack {
    /// Lambda with the two functions.
    pub emulator: LambdaEmulator,
    /// AWS for the functions.
    pub moto: Moto,
    /// Topic of the report's mail.
    pub topic: Topic,
    /// Bucket of the report.
    pub bucket: String,
    /// URL of the database.
    pub database_url: String,
    /// URL of the database for the functions: another one than `database_url` if a pooler or a proxy is between.
    pub functions_database_url: String,
    /// Connection of the test.
    pub sql: Client,
    programs: Programs,
}

struct Programs {
    stat_prep: PathBuf,
    stat_analysis: PathBuf,
}

/// Tables of a source database, and the two views that the functions read.
const SOURCE: &str = "
create table building (id text primary key, name text not null, closed_on date);
create table message (
    id bigint generated always as identity primary key,
    building_id text not null,
    written_at timestamptz not null,
    body text);
create index on message (building_id, written_at);
create view stat_source_building as select id as building_id, name, closed_on from building;
create view stat_source_text as select id as text_id, building_id, written_at, body from message;
";

static STACKS: AtomicU32 = AtomicU32::new(0);

impl MonthStack {
    /// Creates database, bucket, topic and Lambda on shared servers. Deploys no function.
    pub async fn new(postgres: &PostgresServer, moto: &Moto) -> Result<Self> {
        Self::in_database(postgres.create_database("stat").await?, moto).await
    }

    /// Creates bucket, topic and Lambda on shared servers, for an empty database. Deploys no function.
    pub async fn in_database(database_url: String, moto: &Moto) -> Result<Self> {
        let number = STACKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("stat-{}-{number}", std::process::id());
        moto.create_bucket(&name).await?;
        let sql = connect(&database_url).await?;
        sql.batch_execute(SOURCE)
            .await
            .context("could not create the source tables")?;
        Ok(Self {
            emulator: LambdaEmulator::start().await?,
            topic: moto.create_topic(&name).await?,
            moto: moto.clone(),
            bucket: name,
            functions_database_url: database_url.clone(),
            database_url,
            sql,
            programs: Programs {
                stat_prep: function_binary("stat-prep")?,
                stat_analysis: function_binary("stat-analysis")?,
            },
        })
    }

    /// Returns `stat-prep` with its variables, to change and deploy.
    pub fn stat_prep(&self) -> Function {
        self.function("stat-prep", &self.programs.stat_prep)
    }

    /// Returns `stat-analysis` with its variables, to change and deploy.
    pub fn stat_analysis(&self) -> Function {
        let function = self.function("stat-analysis", &self.programs.stat_analysis);
        function.variable("S3_BUCKET", &self.bucket)
    }

    fn function(&self, name: &str, program: &PathBuf) -> Function {
        let mut function = Function::new(name, program)
            .variables(self.moto.environment())
            .variable("DATABASE_URL", &self.functions_database_url)
            .variable("SNS_TOPIC_ARN", &self.topic.arn);
        function.timeout = Duration::from_secs(120);
        function
    }

    /// Deploys both functions unchanged.
    pub fn deploy(&self) {
        self.emulator.deploy(self.stat_prep());
        self.emulator.deploy(self.stat_analysis());
    }

    /// Adds a building.
    pub async fn add_building(&self, id: &str, name: &str, closed_on: Option<&str>) -> Result<()> {
        let closed_on: Option<jiff::civil::Date> = closed_on.map(str::parse).transpose()?;
        self.sql
            .execute(
                "insert into building values ($1, $2, $3)",
                &[&id, &name, &closed_on],
            )
            .await
            .with_context(|| format!("could not add the building {id}"))?;
        Ok(())
    }

    /// Adds a text of an instant such as `2026-10-15T12:00:00+09:00`.
    pub async fn add_text(&self, building_id: &str, written_at: &str, body: &str) -> Result<()> {
        let written_at: jiff::Timestamp = written_at.parse()?;
        self.sql
            .execute(
                "insert into message (building_id, written_at, body) values ($1, $2, $3)",
                &[&building_id, &written_at, &body],
            )
            .await
            .with_context(|| format!("could not add a text of {building_id}"))?;
        Ok(())
    }

    /// Invokes `stat-prep`, waits until all following invocations have ended, and returns its response.
    pub async fn run(&self, event: &Value) -> Result<Value> {
        let outcome = self.emulator.invoke("stat-prep", event).await?;
        self.emulator.wait_until_idle(Duration::from_secs(120)).await?;
        outcome.into_response()
    }

    /// Waits until a function has logged `text`, and returns its log. The response may arrive before the last lines.
    pub async fn log(&self, function: &str, text: &str) -> Result<String> {
        for _ in 0..500 {
            let log = self.emulator.logs(function).join("\n");
            if log.contains(text) {
                return Ok(log);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = self.emulator.logs(function).join("\n");
        anyhow::bail!("{function} has not logged {text:?}, but: {log}")
    }

    /// Returns the rows of `queries`, separated by semicolons, as text; sorted within each query.
    pub async fn rows(&self, queries: &str) -> Result<Vec<String>> {
        let mut rows = Vec::new();
        for query in queries.split(';') {
            let query = format!("select q::text from ({query}) q order by 1");
            let found = self.sql.query(&query, &[]).await;
            let found = found.with_context(|| format!("could not run {query:?}"))?;
            rows.extend(found.iter().map(|row| row.get::<_, String>(0)));
        }
        Ok(rows)
    }

    /// Returns the object of the latest report whose key ends with `extension`.
    pub async fn report(&self, extension: &str) -> Result<Vec<u8>> {
        let keys = self.moto.objects(&self.bucket).await?;
        let key = keys
            .iter()
            .filter(|key| key.ends_with(extension))
            .max()
            .with_context(|| format!("no key ends with {extension}: {keys:?}"))?;
        self.moto
            .object(&self.bucket, key)
            .await?
            .context("the object is missing")
    }
}
