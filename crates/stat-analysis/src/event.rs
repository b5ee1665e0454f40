//! The event: one task of a run. `stat-ledger` writes and parses it, since `stat-prep` sends it too.

pub(crate) use stat_ledger::task_event::TaskEvent;
