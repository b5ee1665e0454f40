//! PgBouncer in transaction mode, in front of a PostgreSQL server.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::child_reaper;
use crate::process::Process;
use crate::server_user::{ServerUser, free_port};

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// PgBouncer server that gives a connection of the database to a client for one transaction at a time. It ends when
/// this is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    _process: Process,
    // Last: the process ends before its folder is removed.
    _folder: TempDir,
}

impl PgBouncer {
    /// Returns the path of the program, if it is installed.
    pub fn program() -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Debian installs it for root only.
        let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        folders
            .map(|folder| folder.join("pgbouncer"))
            .find(|program| program.is_file())
    }

    /// Starts a server in front of the PostgreSQL server of `url`, with this many connections for each database. All
    /// clients become the user `postgres`.
    pub async fn start(url: &str, pool_size: usize) -> Result<Self> {
        let program = Self::program().context("pgbouncer is not installed: apt install pgbouncer")?;
        let config: tokio_postgres::Config =
            url.parse().context("could not read the address of PostgreSQL")?;
        let server_port = *config.get_ports().first().context("the address has no port")?;
        let name = format!("local-stack-pgbouncer-{}", Uuid::new_v4().simple());
        child_reaper::remove(&std::env::temp_dir().join(&name))?;
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .tempdir()
            .context("could not create a folder for PgBouncer")?;
        let user = ServerUser::choose()?;
        user.own(folder.path())?;
        let port = free_port()?;
        let ini = folder.path().join("pgbouncer.ini");
        fs::write(&ini, settings(port, server_port, pool_size)).context("could not write pgbouncer.ini")?;
        user.own(&ini)?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let process = user
            .run(&program)
            .arg(ini.display().to_string())
            .spawn(move |line| lines.lock().expect("no holder panics").push(line))?;
        let log = || log.lock().expect("no holder panics").join("\n");
        tokio::select! {
            () = accepts_connections(port) => {}
            status = process.ended() => bail!("PgBouncer ended ({status}):\n{}", log()),
            () = tokio::time::sleep(STARTS_WITHIN) => bail!("PgBouncer did not start:\n{}", log()),
        }
        Ok(Self {
            port,
            _process: process,
            _folder: folder,
        })
    }

    /// Returns the URL of a database through PgBouncer; `pgbouncer` is its own, for `show pools`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

async fn accepts_connections(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn settings(port: u16, server_port: u16, pool_size: usize) -> String {
    format!(
        "[databases]\n* = host=127.0.0.1 port={server_port} user=postgres\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = any\nadmin_users = postgres\npool_mode = transaction\n\
         default_pool_size = {pool_size}\nmax_client_conn = 200\n"
    )
}
