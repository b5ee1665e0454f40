//! The ledger's rules, each with the accident that it prevents, on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod rules;
mod setup;
