//! The servers, started side by side and stopped in order.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use local_stack::{MonthStack, Moto, PostgresServer, function_binary};

use super::{progress::Progress, screen};

/// PostgreSQL and moto.
pub struct Servers {
    pub postgres: PostgresServer,
    pub moto: Moto,
}

impl Servers {
    /// Starts both, and has the functions built meanwhile.
    pub async fn start() -> Result<Self> {
        let mut progress = Progress::new();
        progress.update("servers    PostgreSQL and moto are starting");
        let began = Instant::now();
        let build = tokio::task::spawn_blocking(|| {
            for name in [
                "stat-prep",
                "stat-analysis",
                "s3-to-teamcity",
                "apigw-log-retention",
                "codebuild-slack",
                "api-loopback",
            ] {
                function_binary(name)?;
            }
            anyhow::Ok(())
        });
        let (postgres, moto) = tokio::try_join!(PostgresServer::start(), Moto::start())?;
        progress.clear();
        screen::line(format!(
            "  servers    PostgreSQL, moto and the Lambda emulator run: {}",
            seconds(began.elapsed())
        ));
        progress.update("functions  are being built");
        build.await.context("the build panicked")??;
        progress.clear();
        Ok(Self { postgres, moto })
    }

    /// A month of its own on them, with nothing in it.
    pub async fn month(&self) -> Result<MonthStack> {
        MonthStack::new(&self.postgres, &self.moto).await
    }

    /// Ends both and removes what they stored.
    pub async fn stop(self) -> Result<()> {
        self.moto.shutdown().await;
        self.postgres.shutdown().await
    }
}

/// `1.2 s`.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
