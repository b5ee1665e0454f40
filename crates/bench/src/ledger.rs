//! A month of small buildings in the ledger, with more tasks than the bench has events.

use std::cell::Cell;

use anyhow::Result;
use local_stack::PostgresServer;
use local_stack::postgres::connect;
use postgres_session::Session;
use serde_json::{Value, json};
use stat_ledger::migrations;

const RUN: &str = "7f0c2f4e-0000-4000-8000-000000000001";

/// Tasks of one building each. The last one would be followed by the report, for which nothing stands in here.
const TASKS: i32 = 1000;

/// Fills the ledger of one open run. Each building has 46 texts, as those of stat-analysis's bench.
const MONTH: &str = "
    create table bench_building as
        select 'B' || n as building_id, '건물 ' || n as name, null::date as closed_on from generate_series(1, 1000) n;
    create table bench_text as
        select row_number() over () as text_id, 'B' || n as building_id,
            timestamptz '2026-10-01 09:00+09' + t * interval '15 hours' as written_at,
            bodies[1 + (n + t) % array_length(bodies, 1)] as body
        from generate_series(1, 1000) n, generate_series(1, 46) t, (select array[
            '엘리베이터가 또 고장났어요. 엘리베이터 수리 부탁드립니다',
            '윗집 층간소음이 너무 심합니다',
            '지하주차장 천장에서 누수가 됩니다',
            '주차권 정산기 앞에서 30분을 기다렸어요',
            '승강기 점검은 언제 하나요? 010-0000-1234로 연락주세요',
            '분리수거장에 냄새가 심해서 청소 부탁드려요',
            '관리비 고지서가 아직 안 왔습니다'] as bodies) texts;
    create view stat_source_building as select * from bench_building;
    create view stat_source_text as select * from bench_text;
    insert into stat_dimension (building_id, name) select building_id, name from bench_building;
    insert into stat_period (period_id, start_date, end_date) values ('2026-10', '2026-10-01', '2026-10-31');
    insert into stat_run (run_id, period_id, state, request_id, starts_at, ends_at, mail)
        values ('7f0c2f4e-0000-4000-8000-000000000001', '2026-10', 'running', 'bench',
            '2026-10-01 00:00+09', '2026-11-01 00:00+09', false);
    update stat_period set current_run_id = '7f0c2f4e-0000-4000-8000-000000000001';
    insert into stat_task (run_id, task)
        select '7f0c2f4e-0000-4000-8000-000000000001', n from generate_series(1, 1000) n;
    insert into stat_task_building (run_id, task, building_id, texts)
        select '7f0c2f4e-0000-4000-8000-000000000001', n, 'B' || n, 46 from generate_series(1, 1000) n;
    create index on bench_text (building_id);
    analyze";

pub(crate) struct Ledger {
    pub database_url: String,
    next_task: Cell<i32>,
}

impl Ledger {
    pub(crate) async fn create(postgres: &PostgresServer) -> Result<Self> {
        let database_url = postgres.create_database("bench_month").await?;
        let mut session = Session::new(connect(&database_url).await?, None);
        migrations::migrate(&mut session).await?;
        connect(&database_url).await?.batch_execute(MONTH).await?;
        Ok(Self {
            database_url,
            next_task: Cell::new(1),
        })
    }

    /// Returns the event of a task that no event had before.
    pub(crate) fn task(&self) -> Value {
        let task = self.next_task.get();
        assert!(
            task < TASKS,
            "the bench has more events than its ledger has tasks"
        );
        self.next_task.set(task + 1);
        json!({"run_id": RUN, "task": task})
    }
}
