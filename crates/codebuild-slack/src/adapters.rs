//! The systems on the other side.

pub mod aws;
pub mod codebuild;
pub mod dynamodb;
pub mod logs;
pub mod slack;
