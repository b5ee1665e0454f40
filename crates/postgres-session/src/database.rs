//! Opens connections.

use anyhow::{Context, anyhow};
use aws_config::SdkConfig;
use lambda_core::clock;
use lambda_core::secrets::{Secret, Secrets};
use serde::Deserialize;
use tokio_postgres::Client;

use crate::address::Address;
use crate::error_class::{is_refused_password, is_refused_sign_in};
use crate::iam_token;
use crate::session::Session;
use crate::settings::{Authentication, DatabaseSettings};
use crate::tls::{self, RootCertificates};

/// A database that connections can be opened to.
pub struct Database {
    settings: DatabaseSettings,
    secrets: Secrets,
    sdk: SdkConfig,
}

impl Database {
    /// Returns the database of these settings, without connecting yet.
    pub fn new(settings: DatabaseSettings, sdk: &SdkConfig) -> Self {
        Self {
            settings,
            secrets: Secrets::new(sdk),
            sdk: sdk.clone(),
        }
    }

    /// Reads the secrets and returns host and port, without connecting.
    ///
    /// # Errors
    /// When a secret cannot be read, the URL is malformed, or the IAM token cannot be signed.
    pub async fn host(&self) -> anyhow::Result<String> {
        Ok(self.address().await?.host())
    }

    /// Opens a connection. Its driver runs as a task of its own until the session is dropped.
    ///
    /// When the server refuses the password, which RDS rotates on its own schedule, the secret is read
    /// again, once.
    ///
    /// # Errors
    /// When a secret cannot be read or the server refuses the connection. The message holds the server's
    /// own message, and never the URL, which may contain a password.
    pub async fn session(&self) -> anyhow::Result<Session> {
        let schema = self.settings.schema.clone();
        // Boxed: the compiler limits how deeply futures are nested.
        Ok(Session::new(Box::pin(self.open()).await?, schema))
    }

    /// Opens a connection with settings of its session: not for a pooler in transaction mode.
    ///
    /// # Errors
    /// As [`Database::session`].
    pub async fn connect(&self) -> anyhow::Result<Client> {
        let client = self.open().await?;
        // A frozen or lost invocation must not hold its locks until TCP notices.
        let session = "set idle_in_transaction_session_timeout = '90s'; set timezone = 'UTC'";
        client
            .batch_execute(session)
            .await
            .context("could not set up the database session")?;
        Ok(client)
    }

    async fn open(&self) -> anyhow::Result<Client> {
        if self.settings.authentication == Authentication::Iam {
            let opened = self.open_once().await;
            return opened.map_err(|error| match is_refused_sign_in(&error) {
                true => error.context(IAM_REFUSED),
                false => error,
            });
        }
        let secret = self.settings.credentials.as_ref().unwrap_or(&self.settings.url);
        let known = self.secrets.read(secret).await?;
        let refused = match self.open_once().await {
            Err(error) if is_refused_password(&error) => error,
            outcome => return outcome,
        };
        match self.secrets.refresh(secret, &known).await? {
            Some(_) => self.open_once().await,
            None => Err(refused),
        }
    }

    async fn open_once(&self) -> anyhow::Result<Client> {
        let address = self.address().await?;
        let ca_file = self.settings.ca_file.clone().map(RootCertificates::File);
        let tls = tls::connector(address.tls, ca_file.as_ref().or(address.roots.as_ref()))?;
        let host = address.host();
        let (client, connection) = address
            .config
            .connect(tls)
            .await
            .with_context(|| format!("could not connect to the database at {host}"))?;
        tokio::spawn(async move {
            // The statement that waits for an answer fails with the same error, which is handled there.
            if let Err(error) = connection.await {
                tracing::debug!(host, "the connection to the database at {host} ended: {error}");
            }
        });
        Ok(client)
    }

    /// Reads the secrets and returns the address with user and password.
    async fn address(&self) -> anyhow::Result<Address> {
        let url = self.secrets.read(&self.settings.url).await?;
        let mut address =
            Address::parse(url.expose()).map_err(|error| anyhow!("DATABASE_URL is malformed: {error}"))?;
        if let Some(source) = &self.settings.credentials {
            let secret = self.secrets.read(source).await?;
            let Credentials { username, password } = Credentials::parse(&secret)?;
            address.config.user(username).password(password);
        }
        if self.settings.authentication == Authentication::Iam {
            address.require_tls()?;
            let token = iam_token::sign(&self.sdk, &address.config, clock::now().into()).await;
            address
                .config
                .password(token.context("could not sign the database's IAM token")?);
        }
        Ok(address)
    }
}

const IAM_REFUSED: &str = "the database refused the IAM token: grant rds_iam to the database user, and \
                           rds-db:connect for that user to the function's role";

/// User and password in the format that RDS keeps in Secrets Manager.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    password: String,
}

impl Credentials {
    pub(crate) fn parse(secret: &Secret) -> anyhow::Result<Self> {
        // The parser's error would quote the secret: leave it out.
        serde_json::from_str(secret.expose()).map_err(|_| {
            anyhow!(r#"DATABASE_CREDENTIALS_SECRET is malformed: expected {{"username": …, "password": …}}"#)
        })
    }
}
