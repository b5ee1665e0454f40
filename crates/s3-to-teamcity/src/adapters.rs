//! Clients of other systems.

pub(crate) mod dead_letters;
pub(crate) mod teamcity;
