#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock and environment are kept out of the functions; this is the world around them"
)]

pub mod codebuild;
pub mod control_plane;
pub mod slack;
pub mod teamcity;

pub use codebuild::CodeBuild;
pub use slack::Slack;
pub use teamcity::TeamCity;
