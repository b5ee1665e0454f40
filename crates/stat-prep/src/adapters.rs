//! The systems on the other side.

pub mod postgres;
pub mod sns;
