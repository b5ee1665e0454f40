//! The outside systems.

pub(crate) mod aws;
pub(crate) mod codebuild;
pub(crate) mod dynamodb;
pub(crate) mod logs;
pub(crate) mod reports;
pub(crate) mod slack;
