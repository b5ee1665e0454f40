//! What the functions beside the main job do, each with a server that stands for the other side.

use anyhow::Result;
use local_stack::Moto;

use super::{api_logs, builds, record::Entry, requests, uploads};

/// A function's events, and whether everything came of them that should.
pub struct Scene {
    /// The function.
    pub function: &'static str,
    /// In the order in which they were sent.
    pub entries: Vec<Entry>,
    /// What was looked at, and what was found, or what is wrong.
    pub check: (&'static str, Result<String, String>),
}

/// Plays all of them, one after the other, and shows them.
pub async fn all(moto: &Moto) -> Result<Vec<Scene>> {
    Ok(vec![
        uploads::play().await?,
        api_logs::play(moto).await?,
        builds::play(moto).await?,
        requests::play().await?,
    ])
}
