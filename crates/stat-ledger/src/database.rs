//! Where the database is, and how to get in.

use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use lambda_core::secrets::{Secret, SecretSource, Secrets};
use lambda_core::variables::Variables;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use crate::tls::{self, TlsMode};

/// The connection's variables.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    url: SecretSource,
    credentials: Option<SecretSource>,
    ca_file: Option<PathBuf>,
}

impl DatabaseSettings {
    /// `DATABASE_URL` (or `DATABASE_URL_SECRET`), `DATABASE_CREDENTIALS_SECRET`, `DATABASE_CA_FILE`.
    pub fn from_variables(variables: &Variables) -> Option<Self> {
        let url = variables.required_secret("DATABASE_URL");
        if let Some(SecretSource::Given(url)) = &url
            && let Err(error) = Address::parse(url.expose())
        {
            variables.fault(format!("DATABASE_URL is malformed: {error}"));
        }
        Some(Self {
            url: url?,
            credentials: variables
                .text("DATABASE_CREDENTIALS_SECRET")
                .map(SecretSource::in_manager),
            ca_file: variables.text("DATABASE_CA_FILE").map(PathBuf::from),
        })
    }
}

/// Opens connections.
pub struct Database {
    settings: DatabaseSettings,
    secrets: Secrets,
}

/// The user that RDS keeps in Secrets Manager.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

impl Database {
    /// Keeps the settings; connects to nothing yet.
    pub fn new(settings: DatabaseSettings, sdk: &SdkConfig) -> Self {
        Self {
            settings,
            secrets: Secrets::new(sdk),
        }
    }

    /// A new connection, whose driver runs beside the caller until the client is dropped.
    ///
    /// When the database refuses the password, which RDS changes on its own schedule, the secrets are
    /// read again, once.
    ///
    /// # Errors
    /// With the server's own words, without the URL, which may hold a password.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        let secret = self.settings.credentials.as_ref().unwrap_or(&self.settings.url);
        let known = self.secrets.read(secret).await?;
        let refused = match self.connect_once().await {
            Err(error) if is_refused_password(&error) => error,
            outcome => return outcome,
        };
        match self.secrets.read_again(secret, &known).await? {
            Some(_) => self.connect_once().await,
            None => Err(refused),
        }
    }

    async fn connect_once(&self) -> anyhow::Result<Client> {
        let url = self.secrets.read(&self.settings.url).await?;
        let mut address =
            Address::parse(url.expose()).map_err(|error| anyhow!("DATABASE_URL is malformed: {error}"))?;
        if let Some(source) = &self.settings.credentials {
            let credentials = self.secrets.read(source).await?;
            let credentials: Credentials = parse_credentials(&credentials)?;
            address
                .config
                .user(credentials.username)
                .password(credentials.password);
        }
        let tls = tls::connector(
            address.tls,
            self.settings.ca_file.as_deref().or(address.root_cert.as_deref()),
        )?;
        let config = &address.config;
        let place = place(config);
        let (client, connection) = config
            .connect(tls)
            .await
            .with_context(|| format!("could not connect to the database at {place}"))?;
        tokio::spawn(async move {
            // Whoever waits for an answer gets the same error: it is handled there.
            if let Err(error) = connection.await {
                tracing::debug!("the connection to the database ended: {error}");
            }
        });
        // A frozen or lost invocation must not hold its locks until TCP gives it up.
        let session = "set idle_in_transaction_session_timeout = '90s'; set timezone = 'UTC'";
        client
            .batch_execute(session)
            .await
            .context("could not set up the database session")?;
        Ok(client)
    }
}

fn is_refused_password(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<tokio_postgres::Error>()
        .and_then(tokio_postgres::Error::code)
        .is_some_and(|code| *code == SqlState::INVALID_PASSWORD)
}

fn parse_credentials(secret: &Secret) -> anyhow::Result<Credentials> {
    // The parser's error would quote the secret: leave it out.
    serde_json::from_str(secret.expose()).map_err(|_| {
        anyhow!(r#"DATABASE_CREDENTIALS_SECRET holds something else than {{"username": …, "password": …}}"#)
    })
}

fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    format!(
        "{} port {}",
        hosts.join(","),
        if ports.is_empty() {
            "5432".to_owned()
        } else {
            ports.join(",")
        }
    )
}

/// `DATABASE_URL`, taken apart.
struct Address {
    config: Config,
    tls: Option<TlsMode>,
    root_cert: Option<PathBuf>,
}

impl Address {
    /// tokio-postgres refuses `sslmode=verify-ca`, `verify-full`, `allow` and `sslrootcert`, which every
    /// other client knows: they are taken out here and honoured by [`tls::connector`].
    fn parse(url: &str) -> Result<Self, &'static str> {
        let Some((base, query)) = split_query(url) else {
            return Err("expected postgres://user@host:port/database?sslmode=…");
        };
        let mut tls = None;
        let mut root_cert = None;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => {
                    tls = Some(mode.parse().map_err(
                        |_| "expected sslmode=disable, allow, prefer, require, verify-ca or verify-full",
                    )?);
                }
                Some(("sslrootcert", path)) => root_cert = Some(PathBuf::from(path)),
                _ => rest.push(pair),
            }
        }
        let plain = format!("{base}?{}", rest.join("&"));
        // The parser's error may quote a part of the password: leave it out.
        let mut config: Config = plain
            .parse()
            .map_err(|_| "expected postgres://user@host:port/database with known options")?;
        config.ssl_mode(tls::negotiation(tls));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        if config.get_application_name().is_none() {
            config.application_name("nightshift");
        }
        config
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(60));
        Ok(Self {
            config,
            tls,
            root_cert,
        })
    }
}

/// The options follow a question mark, which may stand in the password as well.
fn split_query(url: &str) -> Option<(&str, &str)> {
    let scheme = ["postgres://", "postgresql://"]
        .into_iter()
        .find(|scheme| url.starts_with(scheme))?;
    let authority_end = url[scheme.len()..]
        .find('/')
        .map_or(url.len(), |slash| scheme.len() + slash);
    let host = url[..authority_end].rfind('@').unwrap_or(scheme.len());
    match url[host..].find('?') {
        Some(mark) => Some((&url[..host + mark], &url[host + mark + 1..])),
        None => Some((url, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_the_tls_options_that_the_driver_refuses() {
        let address = Address::parse(
            "postgres://u:p@db:5433/stats?sslmode=verify-full&sslrootcert=/etc/rds.pem&application_name=x",
        )
        .expect("a full URL");
        assert_eq!(address.tls, Some(TlsMode::VerifyFull));
        assert_eq!(
            address.root_cert.as_deref(),
            Some(std::path::Path::new("/etc/rds.pem"))
        );
        assert_eq!(address.config.get_application_name(), Some("x"));
        assert_eq!(place(&address.config), "db port 5433");
    }

    #[test]
    fn knows_a_question_mark_in_a_password() {
        let address = Address::parse("postgres://u:hun?ter2@db/x?sslmode=require").expect("a full URL");
        assert_eq!(address.config.get_password(), Some("hun?ter2".as_bytes()));
        assert_eq!(address.tls, Some(TlsMode::Require));
    }

    #[test]
    fn knows_an_at_sign_in_the_options() {
        let address =
            Address::parse("postgres://u@db/x?application_name=a@b&sslmode=require").expect("a full URL");
        assert_eq!(address.config.get_application_name(), Some("a@b"));
        assert_eq!(address.tls, Some(TlsMode::Require));
    }

    #[test]
    fn never_quotes_the_url_in_an_error() {
        for url in ["mysql://u:hunter2@db/x", "postgres://u:hunter2@db:port/x"] {
            let Err(error) = Address::parse(url) else {
                panic!("{url} is malformed")
            };
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
