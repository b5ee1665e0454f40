//! Clients of other systems.

pub(crate) mod teamcity;
