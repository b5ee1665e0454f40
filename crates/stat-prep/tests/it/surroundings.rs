//! What the tests share: two servers, and months whose tasks nobody does.

use local_stack::{Decision, MonthStack, Moto, Outcome, PostgresServer};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();
static MOTO: OnceCell<Moto> = OnceCell::const_new();

pub const PATIENCE: Duration = Duration::from_secs(60);

/// Three buildings with two texts each in October 2026; `stat-prep` makes three tasks of them.
pub async fn month() -> MonthStack {
    let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
    let moto = MOTO.get_or_try_init(Moto::start).await.unwrap();
    let month = MonthStack::new(postgres, moto).await.unwrap();
    for id in ["B1", "B2", "B3"] {
        month.add_building(id, id, None).await.unwrap();
        for day in [3, 4] {
            month
                .add_text(id, &format!("2026-10-{day:02}T12:00:00+09:00"), "누수")
                .await
                .unwrap();
        }
    }
    month
}

/// Deploys both functions; tasks are accepted and never done.
pub fn deploy_without_work(month: &MonthStack) {
    month
        .emulator
        .deploy(month.stat_prep().variable("STAT_TEXTS_PER_TASK", "2"));
    month.emulator.deploy(month.stat_analysis());
    month.emulator.on_invoke(|call| match call.caller {
        Some(_) => Decision::Drop,
        None => Decision::Deliver,
    });
}

pub fn october() -> Value {
    json!({"time": "2026-10-31T16:00:00Z"})
}

pub async fn answer(month: &MonthStack, event: &Value) -> Value {
    month
        .emulator
        .invoke("stat-prep", event)
        .await
        .unwrap()
        .answer()
        .unwrap()
}

#[track_caller]
pub fn error_of(outcome: Outcome) -> (String, String) {
    let Outcome::Error(error) = outcome else {
        panic!("expected an error, got {outcome:?}")
    };
    (
        error["errorType"].as_str().unwrap().to_owned(),
        error["errorMessage"].as_str().unwrap().to_owned(),
    )
}
