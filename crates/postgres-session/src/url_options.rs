//! The options of a database URL: `?sslmode=require&channel_binding=require`.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

use crate::tls::{RootCertificates, TlsMode};

/// Options that the driver does not know and that change nothing for us: settings of pools and of other drivers,
/// libpq's Kerberos and compression, and limits of TLS that rustls exceeds anyway.
const IGNORED: [&str; 26] = [
    "client_encoding",
    "connection_limit",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "max_overflow",
    "pgbouncer",
    "pool_max_conns",
    "pool_mode",
    "pool_recycle",
    "pool_size",
    "pool_timeout",
    "prepareThreshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "socket_timeout",
    "sslcompression",
    "sslsni",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "statement_cache_size",
    "supa",
    "uselibpqcompat",
    "workaround",
];

/// Options with another spelling here: ignoring them would connect with less than the user requested.
const ADVICE: [(&str, &str); 11] = [
    ("requiressl", "use sslmode=require or sslmode=verify-full"),
    ("sslcrldir", "revocation lists are not supported"),
    ("ssl", "use sslmode=require or sslmode=verify-full"),
    ("sslaccept", "use sslmode=require or sslmode=verify-full"),
    ("sslcert", "client certificates are not supported"),
    ("sslkey", "client certificates are not supported"),
    ("sslidentity", "client certificates are not supported"),
    ("sslcrl", "revocation lists are not supported"),
    (
        "schema",
        "use DATABASE_SCHEMA, or the role's search_path for the views",
    ),
    ("service", "write host, port and database in the URL"),
    ("passfile", "use DATABASE_CREDENTIALS_SECRET"),
];

/// The options that the driver does not know, and the rest.
#[derive(Debug, Default)]
pub(crate) struct UrlOptions {
    pub(crate) tls: Option<TlsMode>,
    pub(crate) roots: Option<RootCertificates>,
    /// Query of the driver's own options, as they were written.
    pub(crate) driver: String,
}

impl UrlOptions {
    /// Parses the query of a URL.
    ///
    /// # Errors
    /// Names the first option that is unknown or has an unsupported value, and never quotes a value.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut options = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            options.add(&decoded(name), &decoded(value), pair)?;
        }
        if options.roots == Some(RootCertificates::System) && options.tls != Some(TlsMode::VerifyFull) {
            if options.tls.is_some() {
                return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
            }
            options.tls = Some(TlsMode::VerifyFull);
        }
        Ok(options)
    }

    fn add(&mut self, name: &str, value: &str, pair: &str) -> Result<(), String> {
        match (name, value) {
            ("sslmode", mode) => {
                let modes = "expected sslmode=disable, allow, prefer, require, verify-ca or verify-full";
                self.tls = Some(mode.parse().map_err(|()| modes.to_owned())?);
            }
            ("sslrootcert", "system") => self.roots = Some(RootCertificates::System),
            ("sslrootcert", path) => self.roots = Some(RootCertificates::File(PathBuf::from(path))),
            ("target_session_attrs", "primary") => self.push("target_session_attrs=read-write"),
            ("keepalives_count", _) => self.push(&pair.replacen("count", "retries", 1)),
            ("tcp_user_timeout", value) => {
                let milliseconds: u32 = value
                    .parse()
                    .map_err(|_| "tcp_user_timeout: expected a whole number of milliseconds".to_owned())?;
                // The driver counts seconds.
                self.push(&format!("tcp_user_timeout={}", milliseconds.div_ceil(1000)));
            }
            ("schema", "public") => {}
            ("gssencmode", "require") => {
                return Err("gssencmode=require is not supported: use sslmode=require".to_owned());
            }
            (name, _) if IGNORED.contains(&name) => {}
            (name, _) if is_driver_option(name) => {
                if !is_accepted(pair) {
                    return Err(format!("the option {name} has a value that is not supported"));
                }
                self.push(pair);
            }
            (name, _) => return Err(unknown(name)),
        }
        Ok(())
    }

    fn push(&mut self, pair: &str) {
        if !self.driver.is_empty() {
            self.driver.push('&');
        }
        self.driver.push_str(pair);
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn is_driver_option(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "application_name",
        "channel_binding",
        "connect_timeout",
        "dbname",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_retries",
        "load_balance_hosts",
        "options",
        "password",
        "port",
        "sslnegotiation",
        "target_session_attrs",
    ];
    name == "user" || NAMES.contains(&name)
}

fn is_accepted(pair: &str) -> bool {
    format!("postgres://localhost/x?{pair}").parse::<Config>().is_ok()
}

fn unknown(name: &str) -> String {
    // A password with an unescaped / or ? would end up here: only a plain word is an option's name.
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    if name.is_empty() || name.len() > 40 || !name.bytes().all(is_plain) {
        return "an option has an unknown name, or the password has a character that must be percent-encoded"
            .to_owned();
    }
    match ADVICE.iter().find(|(known, _)| *known == name) {
        Some((_, advice)) => format!("the option {name} is not supported: {advice}"),
        None => format!("the option {name} is unknown: remove it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, driver: &str) {
        assert_eq!(UrlOptions::parse(query).expect("valid options").driver, driver);
    }

    #[track_caller]
    fn check_fault(query: &str, expected: &str) {
        assert_eq!(UrlOptions::parse(query).expect_err("a faulty option"), expected);
    }

    #[test]
    fn passes_the_options_of_the_driver_on() {
        check(
            "sslmode=require&channel_binding=require",
            "channel_binding=require",
        );
        check(
            "options=endpoint%3Dep-cool-1&application_name=a%20b",
            "options=endpoint%3Dep-cool-1&application_name=a%20b",
        );
        check("target_session_attrs=primary", "target_session_attrs=read-write");
        check("keepalives_count=3", "keepalives_retries=3");
    }

    #[test]
    fn ignores_harmless_options_of_providers_and_other_drivers() {
        check("pgbouncer=true&connection_limit=1&pool_timeout=0", "");
        check("supa=base-pooler.x&schema=public&gssencmode=disable&sslsni=1", "");
    }

    #[test]
    fn decodes_the_path_of_the_certificates() {
        let options =
            UrlOptions::parse("sslmode=verify-full&sslrootcert=%2Fopt%2Frds.pem").expect("valid options");
        assert_eq!(
            options.roots,
            Some(RootCertificates::File(PathBuf::from("/opt/rds.pem")))
        );
    }

    #[test]
    fn the_systems_certificates_imply_the_full_check_as_in_libpq() {
        let options = UrlOptions::parse("sslrootcert=system").expect("valid options");
        assert_eq!(
            (options.tls, options.roots),
            (Some(TlsMode::VerifyFull), Some(RootCertificates::System))
        );
        check_fault(
            "sslmode=require&sslrootcert=system",
            "sslrootcert=system needs sslmode=verify-full",
        );
    }

    #[test]
    fn names_an_option_that_it_cannot_apply() {
        check_fault("sslmod=require", "the option sslmod is unknown: remove it");
        check_fault(
            "connect_timeout=soon",
            "the option connect_timeout has a value that is not supported",
        );
        check_fault(
            "ssl=true",
            "the option ssl is not supported: use sslmode=require or sslmode=verify-full",
        );
        check_fault(
            "requiressl=1",
            "the option requiressl is not supported: use sslmode=require or sslmode=verify-full",
        );
        check_fault(
            "gssencmode=require",
            "gssencmode=require is not supported: use sslmode=require",
        );
        check_fault(
            "schema=app",
            "the option schema is not supported: use DATABASE_SCHEMA, or the role's search_path for the views",
        );
    }

    #[test]
    fn never_quotes_a_value_or_a_part_of_a_password() {
        for query in [
            "hunter2@db/x=1",
            "unknown=hunter2",
            "sslmode=hunter2",
            "port=hunter2",
        ] {
            let fault = UrlOptions::parse(query).expect_err("a faulty option");
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }
}
