//! Two servers that all tests share, and months whose tasks are not done.

use std::time::Duration;

use local_stack::{Decision, MonthStack, Moto, Outcome, PostgresServer};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();
static MOTO: OnceCell<Moto> = OnceCell::const_new();

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a month with three buildings that have two texts each in October 2026.
pub(crate) async fn three_buildings() -> MonthStack {
    let postgres = POSTGRES.get_or_try_init(PostgresServer::start).await.unwrap();
    let moto = MOTO.get_or_try_init(Moto::start).await.unwrap();
    let stack = MonthStack::new(postgres, moto).await.unwrap();
    for id in ["B1", "B2", "B3"] {
        stack.add_building(id, id, None).await.unwrap();
        for day in [3, 4] {
            stack
                .add_text(id, &format!("2026-10-{day:02}T12:00:00+09:00"), "누수")
                .await
                .unwrap();
        }
    }
    stack
}

/// Deploys both functions. `stat-prep` makes three tasks of three buildings; Lambda accepts and drops them.
pub(crate) fn deploy_and_drop_tasks(stack: &MonthStack) {
    stack
        .emulator
        .deploy(stack.stat_prep().variable("STAT_TEXTS_PER_TASK", "2"));
    stack.emulator.deploy(stack.stat_analysis());
    stack.emulator.on_invoke(|call| match call.caller {
        Some(_) => Decision::Drop,
        None => Decision::Deliver,
    });
}

pub(crate) fn october() -> Value {
    json!({"time": "2026-10-31T16:00:00Z"})
}

pub(crate) async fn invoke(stack: &MonthStack, event: &Value) -> Value {
    stack
        .emulator
        .invoke("stat-prep", event)
        .await
        .unwrap()
        .into_response()
        .unwrap()
}

#[track_caller]
pub(crate) fn error_of(outcome: Outcome) -> (String, String) {
    let Outcome::Error(error) = outcome else {
        panic!("expected an error, got {outcome:?}")
    };
    (
        error["errorType"].as_str().unwrap().to_owned(),
        error["errorMessage"].as_str().unwrap().to_owned(),
    )
}
