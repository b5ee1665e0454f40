//! `DATABASE_URL`.

use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::tls::{self, TlsMode};

/// A parsed `DATABASE_URL`.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: Option<TlsMode>,
    pub(crate) root_cert: Option<PathBuf>,
}

impl Address {
    /// Parses the URL.
    ///
    /// tokio-postgres refuses `sslmode=verify-ca`, `verify-full`, `allow` and `sslrootcert`, which every
    /// other client knows. They are removed from the URL here and applied by [`tls::connector`].
    ///
    /// # Errors
    /// With the expected format, and never with a part of the URL, which may contain a password.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
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
        let config: Config = format!("{base}?{}", rest.join("&"))
            .parse()
            .map_err(|_| "expected postgres://user@host:port/database with known options")?;
        Ok(Self {
            config: with_defaults(config, tls),
            tls,
            root_cert,
        })
    }

    /// Returns host and port for messages.
    pub(crate) fn host(&self) -> String {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(name).collect();
        let ports: Vec<String> = self.config.get_ports().iter().map(u16::to_string).collect();
        let ports = if ports.is_empty() {
            "5432".to_owned()
        } else {
            ports.join(",")
        };
        format!("{} port {ports}", hosts.join(","))
    }
}

fn with_defaults(mut config: Config, tls: Option<TlsMode>) -> Config {
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
    config
}

/// Splits the URL at the question mark before its options. The password may contain one as well.
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
    use std::path::Path;

    #[test]
    fn applies_the_tls_options_that_the_driver_refuses() {
        let address = Address::parse(
            "postgres://u:p@db:5433/stats?sslmode=verify-full&sslrootcert=/etc/rds.pem&application_name=x",
        )
        .expect("a full URL");
        assert_eq!(address.tls, Some(TlsMode::VerifyFull));
        assert_eq!(address.root_cert.as_deref(), Some(Path::new("/etc/rds.pem")));
        assert_eq!(address.config.get_application_name(), Some("x"));
        assert_eq!(address.host(), "db port 5433");
    }

    #[test]
    fn accepts_a_question_mark_in_the_password() {
        let address = Address::parse("postgres://u:hun?ter2@db/x?sslmode=require").expect("a full URL");
        assert_eq!(address.config.get_password(), Some("hun?ter2".as_bytes()));
        assert_eq!(address.tls, Some(TlsMode::Require));
    }

    #[test]
    fn accepts_an_at_sign_in_the_options() {
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
