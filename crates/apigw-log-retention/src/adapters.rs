//! The systems on the other side.

pub mod api_gateway;
pub mod api_gateway_v2;
pub mod logs;
pub mod requests;
