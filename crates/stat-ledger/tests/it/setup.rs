//! A database with the ledger's tables, and the runs of a test.

use std::time::Duration;

use jiff::Timestamp;
use local_stack::PostgresServer;
use local_stack::postgres::connect;
use postgres_session::Session;
use stat_ledger::building::BuildingWriter;
use stat_ledger::migrations::migrate;
use stat_ledger::period::Period;
use stat_ledger::run::{self, BuildingLoad, NewRun, Run};
use stat_ledger::task::{self, Claim, ClaimOutcome};
use tokio::sync::OnceCell;
use tokio_postgres::Client;
use uuid::Uuid;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A database with the ledger's tables, for one test.
pub(crate) struct Setup {
    pub(crate) url: String,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
        let setup = Self {
            url: postgres.create_database("ledger").await.unwrap(),
        };
        migrate(&mut setup.session().await).await.unwrap();
        setup
    }

    pub(crate) async fn connect(&self) -> Client {
        connect(&self.url).await.unwrap()
    }

    pub(crate) async fn session(&self) -> Session {
        Session::new(self.connect().await, None)
    }

    /// Opens a run of October 2026 with the buildings of these tasks.
    pub(crate) async fn open(&self, tasks: &[&[&str]]) -> Run {
        let load = |id: &&str| BuildingLoad {
            building_id: (*id).to_owned(),
            texts: 2,
        };
        let tasks: Vec<Vec<BuildingLoad>> =
            tasks.iter().map(|task| task.iter().map(load).collect()).collect();
        let mut client = self.connect().await;
        let transaction = client.transaction().await.unwrap();
        let period: Period = "2026-10".parse().unwrap();
        if let Some(open) = run::lock_period(&transaction, period).await.unwrap() {
            run::abandon(&transaction, open).await.unwrap();
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

    /// Claims a task with the analyser "a".
    pub(crate) async fn claim(&self, run: &Run, task: i32, request_id: &str) -> ClaimOutcome {
        let analyser = (task > 0).then_some("a");
        task::claim(
            &mut self.session().await,
            run.id,
            task,
            request_id,
            LEASE,
            analyser,
        )
        .await
        .unwrap()
    }

    /// Claims a task that is free.
    pub(crate) async fn granted(&self, run: &Run, task: i32, request_id: &str) -> Claim {
        match self.claim(run, task, request_id).await {
            ClaimOutcome::Granted(claim, _) => claim,
            _ => panic!("task {task} is not granted to {request_id}"),
        }
    }

    /// Returns a writer under this claim.
    pub(crate) async fn writer(&self, claim: &Claim) -> BuildingWriter {
        let period = "2026-10".parse().unwrap();
        BuildingWriter::new(self.session().await, claim.clone(), period)
    }

    pub(crate) async fn expire_claims(&self) {
        let sql = self.connect().await;
        sql.batch_execute("update stat_task set claimed_until = now() - interval '1 s'")
            .await
            .unwrap();
    }
}
