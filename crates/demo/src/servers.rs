//! PostgreSQL and moto, which all parts of the demo share.

use std::time::Instant;

use anyhow::{Context, Result};
use local_stack::{Moto, PostgresServer, function_binary};

use crate::output::{Progress, line, seconds};
use crate::{functions, month};

/// Servers that run until [`Servers::stop`].
pub(crate) struct Servers {
    pub postgres: PostgresServer,
    pub moto: Moto,
}

impl Servers {
    /// Starts both servers while cargo builds the functions.
    pub(crate) async fn start() -> Result<Self> {
        line(
            "Nightshift demo: all functions run on this machine, with PostgreSQL, moto (an emulator of AWS)",
        );
        line("and stand-ins for TeamCity and Slack.\n");
        let began = Instant::now();
        let build = tokio::task::spawn_blocking(build_functions);
        let progress = Progress::start("starting PostgreSQL and moto");
        let (postgres, moto) = tokio::try_join!(PostgresServer::start(), Moto::start())?;
        drop(progress);
        line(format!(
            "  servers  started PostgreSQL and moto in {}",
            seconds(began.elapsed())
        ));
        let progress = Progress::start("building the functions");
        build.await.context("the build panicked")??;
        drop(progress);
        Ok(Self { postgres, moto })
    }

    /// Stops both servers and removes their data.
    pub(crate) async fn stop(self) -> Result<()> {
        self.moto.shutdown().await;
        self.postgres.shutdown().await
    }
}

fn build_functions() -> Result<()> {
    for name in month::FUNCTIONS.iter().chain(&functions::NAMES) {
        function_binary(name)?;
    }
    Ok(())
}
