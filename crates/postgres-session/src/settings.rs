//! The connection's environment variables.

use lambda_core::secrets::SecretSource;
use lambda_core::variables::Variables;
use std::path::PathBuf;

use crate::address::Address;

/// Settings of a connection, as the environment gives them.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    pub(crate) url: SecretSource,
    pub(crate) credentials: Option<SecretSource>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl DatabaseSettings {
    /// Reads `DATABASE_URL` (or `DATABASE_URL_SECRET`), `DATABASE_CREDENTIALS_SECRET` and
    /// `DATABASE_CA_FILE`. Reports a missing or malformed URL as a fault of `variables`.
    pub fn from_variables(variables: &Variables) -> Option<Self> {
        let url = variables.required_secret("DATABASE_URL");
        if let Some(SecretSource::Variable(url)) = &url
            && let Err(error) = Address::parse(url.expose())
        {
            variables.fault(format!("DATABASE_URL is malformed: {error}"));
        }
        Some(Self {
            url: url?,
            credentials: variables
                .text("DATABASE_CREDENTIALS_SECRET")
                .map(SecretSource::in_secrets_manager),
            ca_file: variables.text("DATABASE_CA_FILE").map(PathBuf::from),
        })
    }
}
