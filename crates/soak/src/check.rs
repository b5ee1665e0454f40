//! Promises of the functions, checked from outside after a run.

pub(crate) mod builds;
pub(crate) mod coalesced;
pub(crate) mod month;
pub(crate) mod processes;
pub(crate) mod stages;
pub(crate) mod uploads;
