//! The parsers of foreign bytes, for the targets in `fuzz/`. Unit tests compile this module too, so it cannot fall behind.

use lambda_core::secrets::Secret;

use crate::address::Address;
use crate::database::Credentials;
use crate::session::SchemaName;

/// Parses a database URL. Returns host and port as messages name them, or the error.
pub fn database_url(url: &str) -> Result<String, String> {
    Address::parse(url).map(|address| address.host())
}

/// Parses the secret with user and password. Returns the user.
pub fn credentials(secret: &str) -> Result<String, String> {
    let credentials = Credentials::parse(&Secret::new(secret));
    let credentials = credentials.map_err(|error| format!("{error:#}"))?;
    Ok(credentials.username)
}

/// Parses the name of a schema. Returns it as an identifier in SQL.
pub fn schema(name: &str) -> Result<String, String> {
    let schema = name.parse::<SchemaName>().map_err(str::to_owned)?;
    Ok(schema.quoted())
}
