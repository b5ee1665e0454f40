//! The environment as a value, with all its faults reported together.
//!
//! # Example
//!
//! ```
//! use lambda_core::variables::Variables;
//!
//! struct Config {
//!     bucket: String,
//!     limit: u32,
//! }
//!
//! let variables: Variables = [("BUCKET", "inbox"), ("LIMIT", "many")].into_iter().collect();
//! let bucket = variables.required("BUCKET");
//! let limit = variables.number("LIMIT", 100, 1);
//! let config = variables.finish(|| Some(Config { bucket: bucket?, limit: limit? }));
//! assert_eq!(
//!     config.err().expect("LIMIT is no number").to_string(),
//!     "invalid configuration: LIMIT is malformed: expected a whole number of at least 1"
//! );
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::check::Check;
use crate::secrets::{Secret, SecretSource};

/// The function's environment variables, and the faults found in them so far.
///
/// Every reading method returns `None` if it recorded a fault. [`Variables::finish`] reports them all at once, so that a
/// deployment with three mistakes needs one correction, not three.
pub struct Variables {
    values: BTreeMap<String, String>,
    /// Names that have been read, for the check event.
    read: RefCell<BTreeSet<String>>,
    faults: RefCell<Vec<String>>,
}

/// The error that lists all missing and malformed variables.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("invalid configuration: {}", .0.join("; "))]
pub struct ConfigurationError(Vec<String>);

impl Variables {
    /// Reads the environment of the process.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the lint points to"
    )]
    pub fn from_environment() -> Self {
        let text = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        text.collect()
    }

    /// Returns the variable's value. An empty one counts as not set, because templates cannot leave a variable out.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.read.borrow_mut().insert(name.to_owned());
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Returns the values of all variables whose names begin with `prefix` and that are set.
    pub(crate) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(move |(name, _)| name.starts_with(prefix))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Reports whether the variable is set to an empty text, for variables of which that is a value of its own.
    pub fn is_blank(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| value.trim().is_empty())
    }

    /// Returns a check for each variable that was read and is set. No value is reported: it may hold a secret.
    pub(crate) fn checks(&self) -> Vec<Check> {
        let read = self.read.borrow();
        let is_set = |name: &&String| {
            self.values
                .get(*name)
                .is_some_and(|value| !value.trim().is_empty())
        };
        let set = read.iter().filter(is_set);
        set.map(|name| Check::passed(format!("variable {name}"), "set"))
            .collect()
    }

    /// Returns a value that must be set.
    pub fn required(&self, name: &str) -> Option<String> {
        let value = self.text(name);
        if value.is_none() {
            self.fault(format!("{name} is missing"));
        }
        value.map(str::to_owned)
    }

    /// Parses a value; returns `default` if it is not set.
    pub fn parsed<T, E: fmt::Display>(
        &self,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.optional(name, parse).map(|value| value.unwrap_or(default))
    }

    /// Parses a value, unless it is not set. The outer `None` is a fault, the inner one means not set.
    pub fn optional<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match self.text(name).map(parse) {
            None => Some(None),
            Some(Ok(value)) => Some(Some(value)),
            Some(Err(error)) => {
                self.fault(format!("{name} is malformed: {error}"));
                None
            }
        }
    }

    /// Parses a whole number of at least `least`.
    pub fn number(&self, name: &str, default: u32, least: u32) -> Option<u32> {
        self.parsed(name, default, |value| match value.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => Err(format!("expected a whole number of at least {least}")),
        })
    }

    /// Parses `true` or `false`. Other spellings (`1`, `yes`, `True`) are faults, because they are easily taken for
    /// `false`.
    pub fn boolean(&self, name: &str, default: bool) -> Option<bool> {
        self.parsed(name, default, |value| match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("expected true or false"),
        })
    }

    /// Returns the source of a secret: the variable `name` itself, or the one that `name_SECRET` refers to in Secrets
    /// Manager, a name or ARN (`id#key` selects a key of a JSON secret). Both at once is a fault.
    pub fn secret(&self, name: &str) -> Option<Option<SecretSource>> {
        let secret_name = format!("{name}_SECRET");
        match (self.text(name), self.text(&secret_name)) {
            (Some(_), Some(_)) => {
                self.fault(format!("{name} and {secret_name} are both set, give one of them"));
                None
            }
            (Some(value), None) => Some(Some(SecretSource::Variable(Secret::new(value)))),
            (None, Some(id)) => Some(Some(SecretSource::in_secrets_manager(id))),
            (None, None) => Some(None),
        }
    }

    /// Returns the source of a secret that must be set.
    pub fn required_secret(&self, name: &str) -> Option<SecretSource> {
        let source = self.secret(name)?;
        if source.is_none() {
            self.fault(format!("{name} (or {name}_SECRET) is missing"));
        }
        source
    }

    /// Records a fault that the caller found.
    pub fn fault(&self, fault: impl Into<String>) {
        self.faults.borrow_mut().push(fault.into());
    }

    /// Returns the configuration that `build` assembles, or all faults at once.
    ///
    /// # Errors
    ///
    /// A fault was recorded, even if `build` succeeds.
    pub fn finish<T>(&self, build: impl FnOnce() -> Option<T>) -> Result<T, ConfigurationError> {
        let built = build();
        let faults = self.faults.take();
        match built {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigurationError(faults)),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            values,
            read: RefCell::default(),
            faults: RefCell::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_all_missing_and_malformed_variables_in_one_message() {
        let variables: Variables = [
            ("LIMIT", "many"),
            ("DRY_RUN", "yes"),
            ("TOKEN", "a"),
            ("TOKEN_SECRET", "b"),
            ("BUCKET", " "),
        ]
        .into_iter()
        .collect();
        let bucket = variables.required("BUCKET");
        let limit = variables.number("LIMIT", 5, 1);
        let dry_run = variables.boolean("DRY_RUN", false);
        let token = variables.required_secret("TOKEN");
        let password = variables.required_secret("PASSWORD");
        let error = variables
            .finish(|| Some((bucket?, limit?, dry_run?, token?, password?)))
            .expect_err("five variables are faulty");
        assert_eq!(
            error.to_string(),
            "invalid configuration: BUCKET is missing; \
             LIMIT is malformed: expected a whole number of at least 1; \
             DRY_RUN is malformed: expected true or false; \
             TOKEN and TOKEN_SECRET are both set, give one of them; \
             PASSWORD (or PASSWORD_SECRET) is missing"
        );
    }

    #[test]
    fn uses_the_default_if_a_variable_is_not_set_or_empty() {
        let variables: Variables = [("LIMIT", "")].into_iter().collect();
        assert_eq!(variables.number("LIMIT", 5, 1), Some(5));
        assert_eq!(variables.boolean("DRY_RUN", true), Some(true));
        assert_eq!(variables.finish(|| Some(())), Ok(()));
    }
}
