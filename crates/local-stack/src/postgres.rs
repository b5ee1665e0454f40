//! Ephemeral PostgreSQL cluster.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::certificate::Certificate;
use crate::process::Process;
use crate::server_user::{ServerUser, free_port};
use crate::tls_front::{Beginning, TlsFront};
use crate::{background, child_reaper, venv};

const SUPERUSER: &str = "postgres";
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// PostgreSQL server: an ephemeral cluster, or the server of `DATABASE_URL`.
///
/// The superuser `postgres` needs no password; every other role does, see [`PostgresServer::create_role`].
#[derive(Debug)]
pub struct PostgresServer {
    backend: Backend,
    /// Databases created so far, to remove from an existing server.
    created: Mutex<Vec<String>>,
}

#[derive(Debug)]
enum Backend {
    Own(Box<Cluster>),
    Existing(String),
}

#[derive(Debug)]
struct Cluster {
    /// `None` while stopped.
    process: tokio::sync::Mutex<Option<Process>>,
    port: Mutex<u16>,
    tls: Option<TlsFront>,
    user: ServerUser,
    // Last: the process ends before its folder is removed.
    folder: TempDir,
}

impl PostgresServer {
    /// Starts an ephemeral cluster on 127.0.0.1, or uses the server of `DATABASE_URL` if the variable is set.
    pub async fn start() -> Result<Self> {
        match std::env::var("DATABASE_URL") {
            Ok(url) if !url.is_empty() => Ok(Self::at(&url)),
            _ => Self::start_own().await,
        }
    }

    /// Uses an existing server. The URL's database serves only to create others.
    pub fn at(url: &str) -> Self {
        Self::of(Backend::Existing(url.to_owned()))
    }

    /// Starts an ephemeral cluster even if `DATABASE_URL` is set, for tests that stop it.
    pub async fn start_own() -> Result<Self> {
        Ok(Self::of(Backend::Own(Box::new(Cluster::start().await?))))
    }

    /// Starts an ephemeral cluster that accepts only TLS, with this certificate.
    pub async fn start_with_tls(certificate: &Certificate) -> Result<Self> {
        let mut cluster = Cluster::start().await?;
        cluster.tls = Some(TlsFront::start(certificate, cluster.port(), Beginning::SslRequest).await?);
        Ok(Self::of(Backend::Own(Box::new(cluster))))
    }

    fn of(backend: Backend) -> Self {
        Self {
            backend,
            created: Mutex::default(),
        }
    }

    /// Creates an empty database `{prefix}_{unique}` and returns its URL.
    pub async fn create_database(&self, prefix: &str) -> Result<String> {
        self.create_database_with(prefix, "").await
    }

    /// Creates an empty database in a server encoding such as `EUC_KR` or `SQL_ASCII`, and returns its URL.
    pub async fn create_database_in(&self, prefix: &str, encoding: &str) -> Result<String> {
        let options = format!("TEMPLATE template0 ENCODING {} LOCALE 'C'", literal(encoding));
        self.create_database_with(prefix, &options).await
    }

    async fn create_database_with(&self, prefix: &str, options: &str) -> Result<String> {
        let name = format!("{prefix}_{}", Uuid::new_v4().simple());
        self.execute(&format!("CREATE DATABASE {} {options}", identifier(&name)))
            .await
            .with_context(|| format!("could not create the database {name}"))?;
        let url = self.url(&name);
        self.created.lock().expect("no holder panics").push(name);
        Ok(url)
    }

    /// Creates a role with a password, for tests of a refused password (28P01).
    pub async fn create_role(&self, name: &str, password: &str) -> Result<()> {
        let name = identifier(name);
        let password = literal(password);
        // Superuser: PostgreSQL lets any other role into a schema only with a grant per database.
        self.execute(&format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD {password}"))
            .await
            .with_context(|| format!("could not create the role {name}"))
    }

    /// Changes a role's password, as a rotation does.
    pub async fn set_password(&self, role: &str, password: &str) -> Result<()> {
        let role = identifier(role);
        self.execute(&format!("ALTER ROLE {role} PASSWORD {}", literal(password)))
            .await
            .with_context(|| format!("could not change the password of {role}"))
    }

    /// Returns the URL of a database: `postgres://postgres@127.0.0.1:port/name`.
    pub fn url(&self, database: &str) -> String {
        match &self.backend {
            Backend::Own(cluster) => {
                let port = cluster
                    .tls
                    .as_ref()
                    .map_or_else(|| cluster.port(), |front| front.port);
                format!("postgres://{SUPERUSER}@127.0.0.1:{port}/{database}")
            }
            Backend::Existing(url) => with_database(url, database),
        }
    }

    /// Returns the URL of a database for a role with a password.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        let url = self.url(database);
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{role}:{password}@{host}")
    }

    /// Stops the server like a crash: connections break, memory is not flushed. The data stays.
    pub async fn stop(&self) -> Result<()> {
        self.cluster()?.end(Signal::QUIT).await
    }

    /// Stops the server like a crash if it runs, and starts it again with the same port and data.
    pub async fn restart(&self) -> Result<()> {
        let cluster = self.cluster()?;
        cluster.end(Signal::QUIT).await?;
        cluster.run().await
    }

    /// Stops an ephemeral cluster and removes its data; removes the created databases from an existing server.
    pub async fn shutdown(self) -> Result<()> {
        if let Backend::Own(cluster) = &self.backend {
            return cluster.end(Signal::INT).await;
        }
        let created = std::mem::take(&mut *self.created.lock().expect("no holder panics"));
        for name in created {
            self.execute(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                identifier(&name)
            ))
            .await
            .with_context(|| format!("could not remove the database {name}"))?;
        }
        Ok(())
    }

    /// Returns the process id of a running ephemeral cluster.
    pub async fn pid(&self) -> Option<u32> {
        match &self.backend {
            Backend::Own(cluster) => cluster.process.lock().await.as_ref().map(Process::pid),
            Backend::Existing(_) => None,
        }
    }

    fn cluster(&self) -> Result<&Cluster> {
        match &self.backend {
            Backend::Own(cluster) => Ok(cluster),
            Backend::Existing(_) => bail!("the server of DATABASE_URL cannot be stopped: use start_own"),
        }
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        let url = match &self.backend {
            // Bypasses the TLS front.
            Backend::Own(cluster) => format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", cluster.port()),
            Backend::Existing(url) => url.clone(),
        };
        let statement = statement.to_owned();
        background::spawn(async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            let connection = tokio::spawn(connection);
            client.batch_execute(&statement).await?;
            drop(client);
            connection.await??;
            Ok(())
        })
        .await?
    }
}

impl Cluster {
    async fn start() -> Result<Self> {
        let name = format!("local-stack-postgres-{}", Uuid::new_v4().simple());
        // Ordered before the folder exists, so that it cannot remain.
        child_reaper::remove(&std::env::temp_dir().join(&name))?;
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .tempdir()
            .context("could not create a folder for PostgreSQL")?;
        let user = ServerUser::choose()?;
        user.own(folder.path())?;
        let cluster = Self {
            process: tokio::sync::Mutex::new(None),
            port: Mutex::new(0),
            tls: None,
            user,
            folder,
        };
        cluster.initialise().await?;
        cluster.run().await?;
        Ok(cluster)
    }

    fn port(&self) -> u16 {
        *self.port.lock().expect("no holder panics")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn initialise(&self) -> Result<()> {
        let log = self.log()?;
        let status = self
            .user
            .run(&venv::postgres_program("initdb")?)
            .arg("--pgdata")
            .arg(self.data().display().to_string())
            .args([
                "--no-sync",
                "--no-instructions",
                "--encoding=UTF8",
                "--username",
                SUPERUSER,
                "--auth=trust",
            ])
            // PostgreSQL's own C.UTF-8: some systems have no locale of that name.
            .args([
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ])
            .spawn(log)?
            .ended()
            .await;
        ensure!(status.success(), "initdb failed ({status}):\n{}", self.read_log());
        fs::write(
            self.data().join("pg_hba.conf"),
            format!("host all {SUPERUSER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"),
        )
        .context("could not write pg_hba.conf")?;
        self.user.own(&self.data().join("pg_hba.conf"))
    }

    /// Starts the server and waits until it accepts connections.
    async fn run(&self) -> Result<()> {
        let fixed = self.port();
        let mut tries = 0;
        loop {
            let port = if fixed == 0 { free_port()? } else { fixed };
            match self.run_on(port).await {
                Ok(process) => {
                    *self.port.lock().expect("no holder panics") = port;
                    *self.process.lock().await = Some(process);
                    return Ok(());
                }
                // Another process took the port, or the port is not free yet after a restart.
                Err(_) if tries < 5 && self.read_log().contains("could not bind") => {
                    tries += 1;
                    fs::remove_file(self.folder.path().join("log")).ok();
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn run_on(&self, port: u16) -> Result<Process> {
        let process = self
            .user
            .run(&venv::postgres_program("postgres")?)
            .arg("-D")
            .arg(self.data().display().to_string())
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
            // Commits still wait for the write-ahead log, so `stop` loses none.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=200", "-c", "shared_buffers=64MB"])
            // SIGQUIT is an immediate shutdown, which ends the server's own children.
            .orphan_signal("QUIT")
            .spawn(self.log()?)?;
        let ready = async {
            // The eighth line of the lock file has the server's state.
            while !fs::read_to_string(self.data().join("postmaster.pid"))
                .is_ok_and(|lock| lock.lines().nth(7).is_some_and(|status| status.trim() == "ready"))
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = ready => Ok(process),
            status = process.ended() => bail!("PostgreSQL ended ({status}):\n{}", self.read_log()),
            () = tokio::time::sleep(STARTS_WITHIN) => bail!("PostgreSQL did not start:\n{}", self.read_log()),
        }
    }

    async fn end(&self, signal: Signal) -> Result<()> {
        if let Some(process) = self.process.lock().await.take() {
            process.end(signal, ENDS_WITHIN).await;
            // A killed server leaves it behind, and PostgreSQL would take it for a running one.
            fs::remove_file(self.data().join("postmaster.pid")).ok();
        }
        Ok(())
    }

    fn log(&self) -> Result<impl Fn(String) + Send + Sync + 'static> {
        let path = self.folder.path().join("log");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        Ok(move |line| {
            writeln!(&file, "{line}").ok();
        })
    }

    fn read_log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    /// Waits up to 2 s, so that the folder can be removed. The child reaper removes the rest.
    fn drop(&mut self) {
        let Some(process) = self.process.get_mut().take() else {
            return;
        };
        process.signal(Signal::QUIT);
        for _ in 0..200 {
            if !process.is_running() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Replaces the database name in a URL.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    format!("{scheme}://{host}/{database}{query}")
}

/// Connects without TLS. The connection outlives the calling test's runtime.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .with_context(|| format!("could not connect to {url}"))?;
    background::spawn(connection);
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn replaces_only_the_database_of_a_url() {
        for (given, expected) in [
            (
                "postgres://u:p@host:5433/app?sslmode=disable",
                "postgres://u:p@host:5433/new?sslmode=disable",
            ),
            ("postgresql://host", "postgresql://host/new"),
        ] {
            assert_eq!(with_database(given, "new"), expected);
        }
    }
}
