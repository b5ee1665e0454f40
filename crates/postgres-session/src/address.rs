//! `DATABASE_URL`.

use std::time::Duration;

use anyhow::bail;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::tls::{self, RootCertificates, TlsMode};
use crate::url_options::UrlOptions;

/// A parsed `DATABASE_URL`.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: Option<TlsMode>,
    pub(crate) roots: Option<RootCertificates>,
}

const EXPECTED: &str = "expected postgres://user@host:port/database?sslmode=…";
const ONE_AT_SIGN: &str =
    "expected one @, before the host; write %40 for an @ in the user, the password or the database";

impl Address {
    /// Parses the URL.
    ///
    /// tokio-postgres refuses `sslmode=verify-ca`, `verify-full`, `allow` and `sslrootcert`, which every
    /// other client knows. They are removed from the URL here and applied by [`tls::connector`].
    ///
    /// # Errors
    /// With the expected format or the name of a faulty option, and never with another part of the URL, which may
    /// contain a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (base, query) = split_query(url).ok_or(EXPECTED)?;
        // The driver ends the password at the first @, so that its rest would be the host, which errors name.
        if base.matches('@').count() > 1 {
            return Err(ONE_AT_SIGN.to_owned());
        }
        // Faulty options are named only if the rest is a URL: otherwise they may be a part of the password.
        base.parse::<Config>().map_err(|_| EXPECTED)?;
        if query.contains('@') && !base.contains('@') {
            return Err(EXPECTED.to_owned());
        }
        let options = UrlOptions::parse(query)?;
        let config: Config = format!("{base}?{}", options.driver)
            .parse()
            .map_err(|_| EXPECTED)?;
        Ok(Self {
            config: with_defaults(config, options.tls),
            tls: options.tls,
            roots: options.roots,
        })
    }

    /// Requires TLS where the URL leaves it open.
    ///
    /// # Errors
    /// When the URL switches TLS off.
    pub(crate) fn require_tls(&mut self) -> anyhow::Result<()> {
        match self.tls {
            Some(TlsMode::Disable) => {
                bail!("DATABASE_AUTH=iam needs TLS: remove sslmode=disable from DATABASE_URL")
            }
            // Root certificates without a mode imply the full check.
            None | Some(TlsMode::Prefer) => {
                self.config.ssl_mode(SslMode::Require);
            }
            Some(_) => {}
        }
        Ok(())
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
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(30));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(60));
    }
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
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn applies_the_tls_options_that_the_driver_refuses() {
        let address = Address::parse(
            "postgres://u:p@db:5433/stats?sslmode=verify-full&sslrootcert=/etc/rds.pem&application_name=x",
        )
        .expect("a full URL");
        assert_eq!(address.tls, Some(TlsMode::VerifyFull));
        let file = RootCertificates::File(PathBuf::from("/etc/rds.pem"));
        assert_eq!(address.roots, Some(file));
        assert_eq!(address.config.get_application_name(), Some("x"));
        assert_eq!(address.host(), "db port 5433");
    }

    #[test]
    fn options_of_the_url_win_over_defaults() {
        let times = |url: &str| {
            let config = Address::parse(url).expect("a valid URL").config;
            let seconds = |time: Option<&Duration>| time.map(Duration::as_secs);
            (
                seconds(config.get_connect_timeout()),
                config.get_keepalives_idle().as_secs(),
                seconds(config.get_tcp_user_timeout()),
            )
        };
        assert_eq!(times("postgres://u@db/x"), (Some(10), 30, Some(60)));
        // libpq counts tcp_user_timeout in milliseconds, the others in seconds.
        let url = "postgres://u@db/x?connect_timeout=3&keepalives_idle=5&tcp_user_timeout=20000";
        assert_eq!(times(url), (Some(3), 5, Some(20)));
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
    fn accepts_several_hosts() {
        let address = Address::parse("postgres://u:p@h1:1,h2:5432/db?target_session_attrs=read-write");
        assert_eq!(address.expect("a full URL").host(), "h1,h2 port 1,5432");
    }

    #[test]
    fn decodes_special_characters_of_the_password() {
        let address =
            Address::parse("postgres://u:p%40%3A%2F%3F%23%25%26%3D%20w@localhost/db").expect("a full URL");
        assert_eq!(address.config.get_password(), Some("p@:/?#%&= w".as_bytes()));
    }

    #[test]
    fn never_quotes_the_url_in_an_error() {
        for url in [
            "mysql://u:hunter2@db/x",
            "postgresql+asyncpg://u:hunter2@db/x",
            "postgres://u:hunter2@db:port/x",
            "postgres://u:1/2?hunter=x@db/x",
            "postgres://u:p/hunter?hunter=2@db/x",
        ] {
            let Err(error) = Address::parse(url) else {
                panic!("{url} is malformed")
            };
            assert_eq!(error, EXPECTED, "{url}");
        }
    }

    #[test]
    fn an_at_sign_that_is_not_encoded_does_not_make_a_host_of_the_password() {
        for url in [
            "postgres://u:p@hunter2@db/x",
            "postgres://u:p@hunter2@db:5432/x?sslmode=require",
            "postgres://u:p@hunter2/2@db/x",
            "postgres://me@example.com:hunter2@db/x",
            "postgres://u:p@hunter2?x@db/x",
        ] {
            assert_eq!(Address::parse(url).err().as_deref(), Some(ONE_AT_SIGN), "{url}");
        }
    }

    #[test]
    fn names_an_unknown_option() {
        let error = Address::parse("postgres://u:p@db/x?sslmod=require").err();
        assert_eq!(error.as_deref(), Some("the option sslmod is unknown: remove it"));
    }
}
