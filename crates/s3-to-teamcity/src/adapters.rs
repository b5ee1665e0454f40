//! The systems on the other side.

pub mod teamcity;
