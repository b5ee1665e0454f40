//! The connection's environment variables.

use std::path::PathBuf;

use lambda_core::secrets::SecretSource;
use lambda_core::variables::Variables;

use crate::address::Address;
use crate::session::SchemaName;

/// The proof of identity that the server receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Password of the URL or of `DATABASE_CREDENTIALS_SECRET`.
    Password,
    /// Token that the function's role signs for every connection.
    Iam,
}

/// Settings of a connection, as the environment gives them.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    pub(crate) url: SecretSource,
    pub(crate) credentials: Option<SecretSource>,
    pub(crate) authentication: Authentication,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) schema: Option<SchemaName>,
}

impl DatabaseSettings {
    /// Reads `DATABASE_URL` (or `DATABASE_URL_SECRET`), `DATABASE_CREDENTIALS_SECRET`, `DATABASE_AUTH`,
    /// `DATABASE_CA_FILE` and `DATABASE_SCHEMA`. Reports a missing or malformed value as a fault of `variables`.
    pub fn from_variables(variables: &Variables) -> Option<Self> {
        let url = variables.required_secret("DATABASE_URL");
        if let Some(SecretSource::Variable(url)) = &url
            && let Err(error) = Address::parse(url.expose())
        {
            variables.fault(format!("DATABASE_URL is malformed: {error}"));
        }
        let credentials = variables
            .text("DATABASE_CREDENTIALS_SECRET")
            .map(SecretSource::in_secrets_manager);
        let authentication = variables.parsed("DATABASE_AUTH", Authentication::Password, |name| match name {
            "password" => Ok(Authentication::Password),
            "iam" => Ok(Authentication::Iam),
            _ => Err("expected password or iam"),
        });
        if authentication == Some(Authentication::Iam) && credentials.is_some() {
            variables.fault(
                "DATABASE_CREDENTIALS_SECRET has a password, and DATABASE_AUTH=iam uses none: remove one",
            );
        }
        let schema = variables.optional("DATABASE_SCHEMA", str::parse);
        Some(Self {
            url: url?,
            credentials,
            authentication: authentication?,
            ca_file: variables.text("DATABASE_CA_FILE").map(PathBuf::from),
            schema: schema?,
        })
    }
}
