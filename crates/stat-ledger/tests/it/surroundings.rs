//! A database with the ledger's tables, and runs in it.

use jiff::Timestamp;
use local_stack::PostgresServer;
use local_stack::postgres::connect;
use stat_ledger::building::BuildingWriter;
use stat_ledger::migrations::migrate;
use stat_ledger::period::Period;
use stat_ledger::run::{self, NewRun, Run};
use stat_ledger::task::{self, Claim, Claimed};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_postgres::Client;
use uuid::Uuid;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

pub const LEASE: Duration = Duration::from_secs(60);

/// A database of the test's own.
pub struct Ledger {
    pub url: String,
}

impl Ledger {
    pub async fn new() -> Self {
        let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
        let ledger = Self {
            url: postgres.create_database("ledger").await.unwrap(),
        };
        migrate(&mut ledger.connect().await).await.unwrap();
        ledger
    }

    pub async fn connect(&self) -> Client {
        connect(&self.url).await.unwrap()
    }

    /// Opens a run of October 2026 with these buildings.
    pub async fn open(&self, tasks: &[&[&str]]) -> Run {
        let tasks: Vec<Vec<String>> = tasks
            .iter()
            .map(|task| task.iter().map(|id| (*id).to_owned()).collect())
            .collect();
        let mut client = self.connect().await;
        let transaction = client.transaction().await.unwrap();
        let period: Period = "2026-10".parse().unwrap();
        if let Some(open) = run::lock_period(&transaction, period).await.unwrap() {
            run::give_up(&transaction, open).await.unwrap();
        }
        let new = NewRun {
            period,
            request_id: &Uuid::new_v4().to_string(),
            mail: true,
            starts_at: Timestamp::UNIX_EPOCH,
            ends_at: Timestamp::UNIX_EPOCH,
            tasks: &tasks,
            unknown_texts: 0,
            unknown_buildings: &[],
            corrects: None,
        };
        let run = run::open(&transaction, &new).await.unwrap();
        transaction.commit().await.unwrap();
        run
    }

    /// Claims a task, with a request id of its own and the analyser "a".
    pub async fn claim(&self, run: &Run, task: i32, request_id: &str) -> Claimed {
        let analyser = (task > 0).then_some("a");
        task::claim(
            &mut self.connect().await,
            run.id,
            task,
            request_id,
            LEASE,
            analyser,
        )
        .await
        .unwrap()
    }

    pub async fn granted(&self, run: &Run, task: i32, request_id: &str) -> Claim {
        match self.claim(run, task, request_id).await {
            Claimed::Granted(claim, _) => claim,
            _ => panic!("task {task} is not granted to {request_id}"),
        }
    }

    /// A writer with the rights of this claim.
    pub async fn writer(&self, claim: &Claim) -> BuildingWriter {
        let period = "2026-10".parse().unwrap();
        BuildingWriter::new(self.connect().await, claim.clone(), period)
            .await
            .unwrap()
    }

    pub async fn expire_claims(&self) {
        let sql = self.connect().await;
        sql.batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
            .await
            .unwrap();
    }
}
