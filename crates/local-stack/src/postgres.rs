//! A PostgreSQL cluster of our own, gone with us.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::{
    background,
    certificate::Certificate,
    guardian,
    process::{Process, Spec},
    tls_front::{Beginning, TlsFront},
    venv,
};

const SUPERUSER: &str = "postgres";
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A server to make databases in: an ephemeral cluster, or the one that `DATABASE_URL` names.
///
/// The superuser `postgres` needs no password; every other role does, see [`PostgresServer::create_role`].
#[derive(Debug)]
pub struct PostgresServer {
    kind: Kind,
    /// The databases made, which are removed again from a server that is not ours.
    made: Mutex<Vec<String>>,
}

#[derive(Debug)]
enum Kind {
    Ours(Box<Cluster>),
    Given(String),
}

#[derive(Debug)]
struct Cluster {
    /// `None` while stopped.
    process: tokio::sync::Mutex<Option<Process>>,
    port: Mutex<u16>,
    tls: Option<TlsFront>,
    account: Account,
    // Last, so that the process is gone before its folder.
    folder: TempDir,
}

impl PostgresServer {
    /// Starts an ephemeral cluster on 127.0.0.1, or takes `DATABASE_URL` when the environment has it.
    pub async fn start() -> Result<Self> {
        match std::env::var("DATABASE_URL") {
            Ok(url) if !url.is_empty() => Ok(Self::at(&url)),
            _ => Self::start_own().await,
        }
    }

    /// The server of this URL, whose database is only used to make others.
    pub fn at(url: &str) -> Self {
        Self::of(Kind::Given(url.to_owned()))
    }

    /// An ephemeral cluster whatever `DATABASE_URL` says, for tests that stop it.
    pub async fn start_own() -> Result<Self> {
        Ok(Self::of(Kind::Ours(Box::new(Cluster::start().await?))))
    }

    /// An ephemeral cluster whose addresses speak TLS only, with this certificate.
    pub async fn start_with_tls(certificate: &Certificate) -> Result<Self> {
        let mut cluster = Cluster::start().await?;
        cluster.tls = Some(TlsFront::start(certificate, cluster.port(), Beginning::SslRequest).await?);
        Ok(Self::of(Kind::Ours(Box::new(cluster))))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            made: Mutex::default(),
        }
    }

    /// Makes an empty database, `{prefix}_{unique}`, and gives its URL.
    pub async fn create_database(&self, prefix: &str) -> Result<String> {
        let name = format!("{prefix}_{}", Uuid::new_v4().simple());
        self.execute(&format!("CREATE DATABASE {}", identifier(&name)))
            .await
            .with_context(|| format!("could not make the database {name}"))?;
        let url = self.url(&name);
        self.made.lock().expect("no holder panics").push(name);
        Ok(url)
    }

    /// Makes a role that must give this password; for the way a refused password (28P01) is handled.
    pub async fn create_role(&self, name: &str, password: &str) -> Result<()> {
        let name = identifier(name);
        let password = literal(password);
        // Superuser, because PostgreSQL lets nobody else into a schema without a grant per database.
        self.execute(&format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD {password}"))
            .await
            .with_context(|| format!("could not make the role {name}"))
    }

    /// Changes a role's password, as a rotation does.
    pub async fn set_password(&self, role: &str, password: &str) -> Result<()> {
        let role = identifier(role);
        self.execute(&format!("ALTER ROLE {role} PASSWORD {}", literal(password)))
            .await
            .with_context(|| format!("could not change the password of {role}"))
    }

    /// The address of a database: `postgres://postgres@127.0.0.1:port/name`.
    pub fn url(&self, database: &str) -> String {
        match &self.kind {
            Kind::Ours(cluster) => {
                let port = cluster
                    .tls
                    .as_ref()
                    .map_or_else(|| cluster.port(), |front| front.port);
                format!("postgres://{SUPERUSER}@127.0.0.1:{port}/{database}")
            }
            Kind::Given(url) => with_database(url, database),
        }
    }

    /// The same for another role, with its password.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        let url = self.url(database);
        let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", &url));
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{role}:{password}@{host}")
    }

    /// Stops as a crash does: connections break, nothing is written back. The data stays.
    pub async fn stop(&self) -> Result<()> {
        self.cluster()?.end(Signal::QUIT).await
    }

    /// Starts again after [`PostgresServer::stop`], or crashes and starts: same port, same data.
    pub async fn restart(&self) -> Result<()> {
        let cluster = self.cluster()?;
        cluster.end(Signal::QUIT).await?;
        cluster.run().await
    }

    /// Stops in an orderly way, and removes the data; from a server that is not ours, the databases we made.
    pub async fn shutdown(self) -> Result<()> {
        if let Kind::Ours(cluster) = &self.kind {
            return cluster.end(Signal::INT).await;
        }
        let made = std::mem::take(&mut *self.made.lock().expect("no holder panics"));
        for name in made {
            self.execute(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                identifier(&name)
            ))
            .await
            .with_context(|| format!("could not remove the database {name}"))?;
        }
        Ok(())
    }

    /// The server's process, if it is ours and runs.
    pub async fn pid(&self) -> Option<u32> {
        match &self.kind {
            Kind::Ours(cluster) => cluster.process.lock().await.as_ref().map(Process::pid),
            Kind::Given(_) => None,
        }
    }

    fn cluster(&self) -> Result<&Cluster> {
        match &self.kind {
            Kind::Ours(cluster) => Ok(cluster),
            Kind::Given(_) => bail!("the server of DATABASE_URL is not ours to stop: use start_own"),
        }
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        let url = match &self.kind {
            // Past the TLS front: this is not what is being tested.
            Kind::Ours(cluster) => format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", cluster.port()),
            Kind::Given(url) => url.clone(),
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
        // Known to the guardian before it exists, so that there is no moment in which it could be forgotten.
        guardian::remove(&std::env::temp_dir().join(&name))?;
        let folder = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .tempdir()
            .context("could not make a folder for PostgreSQL")?;
        let account = Account::for_us()?;
        account.hand_over(folder.path())?;
        let cluster = Self {
            process: tokio::sync::Mutex::new(None),
            port: Mutex::new(0),
            tls: None,
            account,
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
            .account
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
            // PostgreSQL's own C.UTF-8, because not every system has a locale of that name.
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
        self.account.hand_over(&self.data().join("pg_hba.conf"))
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
                // Somebody was quicker to take the free port; or, on a restart, the old one is not yet free.
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
            .account
            .run(&venv::postgres_program("postgres")?)
            .arg("-D")
            .arg(self.data().display().to_string())
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
            // Commits wait for the log all the same, so that `stop` loses none.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=200", "-c", "shared_buffers=64MB"])
            // SIGQUIT is an immediate shutdown: it takes the server's own children along.
            .orphan_signal("QUIT")
            .spawn(self.log()?)?;
        let ready = async {
            // The eighth line of the lock file says how far the server is; no connection is needed.
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
            // Left behind only where the server had to be killed; it would be taken for a running one.
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
    /// Waits for a moment, so that the folder can be removed; what remains of it the guardian removes.
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

/// Who PostgreSQL runs as: it refuses to be root.
#[derive(Debug)]
enum Account {
    /// We are not root.
    Ourselves,
    /// A user namespace in which our files belong to user 1000.
    Namespace,
    /// The user nobody, to whom the folder is given.
    Nobody,
}

const NOBODY: u32 = 65534;

impl Account {
    fn for_us() -> Result<Self> {
        let works = |program: &str, arguments: &[&str]| {
            Command::new(program)
                .args(arguments)
                .arg("true")
                .output()
                .is_ok_and(|output| output.status.success())
        };
        if !rustix::process::geteuid().is_root() {
            Ok(Self::Ourselves)
        } else if works("unshare", &["-U", "--map-user=1000", "--map-group=1000"]) {
            Ok(Self::Namespace)
        } else if works("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]) {
            Ok(Self::Nobody)
        } else {
            bail!("PostgreSQL does not run as root, and neither unshare nor setpriv can make us another user")
        }
    }

    fn run(&self, program: &Path) -> Spec {
        let (wrapper, arguments): (_, &[&str]) = match self {
            Self::Ourselves => return Spec::new(program),
            Self::Namespace => ("unshare", &["-U", "--map-user=1000", "--map-group=1000"]),
            Self::Nobody => ("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]),
        };
        // `env` finds the wrapper on the path; all three end up being PostgreSQL, in one and the same process.
        Spec::new("/usr/bin/env")
            .arg(wrapper)
            .args(arguments.iter().copied())
            .arg(program.display().to_string())
    }

    fn hand_over(&self, path: &Path) -> Result<()> {
        if matches!(self, Self::Nobody) {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))
                .with_context(|| format!("could not give {} to nobody", path.display()))?;
        }
        Ok(())
    }
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The URL with another database name: what stands between the host's `/` and the `?`.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    format!("{scheme}://{host}/{database}{query}")
}

/// A connection whose driver lives on the stack's own runtime.
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
    fn a_given_url_keeps_everything_but_its_database() {
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
