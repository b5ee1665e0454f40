//! The environment, read once as a value, with all its faults reported together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::secrets::{Secret, SecretSource};

/// The function's environment variables as a value, and the faults found in them so far.
///
/// Every reading method returns `None` where it noted a fault; [`Variables::finish`] then names them
/// all at once, so that a deployment with three mistakes needs one round to mend.
pub struct Variables {
    values: BTreeMap<String, String>,
    faults: RefCell<Vec<String>>,
}

/// All missing and malformed variables, in one message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the configuration is wrong: {}", .0.join("; "))]
pub struct ConfigurationError(Vec<String>);

impl Variables {
    /// Reads the process's environment; the only place of the suite that does.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the lint points to"
    )]
    pub fn from_environment() -> Self {
        let text = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        text.collect()
    }

    /// The variable's value; an empty one counts as not set, as templates cannot leave one out.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    pub fn required(&self, name: &str) -> Option<String> {
        let value = self.text(name);
        if value.is_none() {
            self.fault(format!("{name} is missing"));
        }
        value.map(str::to_owned)
    }

    /// A value that is parsed, or `default` where it is not set.
    pub fn parsed<T, E: fmt::Display>(
        &self,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.optional(name, parse).map(|value| value.unwrap_or(default))
    }

    /// A value that is parsed where it is set. The outer `None` is a fault, the inner one means not set.
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

    /// A whole number of at least `least`.
    pub fn number(&self, name: &str, default: u32, least: u32) -> Option<u32> {
        self.parsed(name, default, |value| match value.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => Err(format!("expected a whole number of at least {least}")),
        })
    }

    /// `true` or `false`, nothing else: `1`, `yes` and `True` are mistakes that would go unnoticed.
    pub fn boolean(&self, name: &str, default: bool) -> Option<bool> {
        self.parsed(name, default, |value| match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("expected true or false"),
        })
    }

    /// A secret, given as `name` itself or as `name_SECRET`, a Secrets Manager name or ARN
    /// (`id#key` picks a key of a JSON secret). Both at once is a fault.
    pub fn secret(&self, name: &str) -> Option<Option<SecretSource>> {
        let secret_name = format!("{name}_SECRET");
        match (self.text(name), self.text(&secret_name)) {
            (Some(_), Some(_)) => {
                self.fault(format!("{name} and {secret_name} are both set, give one of them"));
                None
            }
            (Some(value), None) => Some(Some(SecretSource::Given(Secret::new(value)))),
            (None, Some(id)) => Some(Some(SecretSource::in_manager(id))),
            (None, None) => Some(None),
        }
    }

    /// A secret that must be there.
    pub fn required_secret(&self, name: &str) -> Option<SecretSource> {
        let source = self.secret(name)?;
        if source.is_none() {
            self.fault(format!("{name} (or {name}_SECRET) is missing"));
        }
        source
    }

    /// Notes a fault that a caller found by itself.
    pub fn fault(&self, fault: impl Into<String>) {
        self.faults.borrow_mut().push(fault.into());
    }

    /// The configuration that `build` puts together, or all faults at once.
    ///
    /// # Errors
    /// When any fault was noted, also where `build` succeeds.
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
            faults: RefCell::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_all_missing_and_malformed_variables_in_one_message() {
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
            .expect_err("five faults were planted");
        assert_eq!(
            error.to_string(),
            "the configuration is wrong: BUCKET is missing; \
             LIMIT is malformed: expected a whole number of at least 1; \
             DRY_RUN is malformed: expected true or false; \
             TOKEN and TOKEN_SECRET are both set, give one of them; \
             PASSWORD (or PASSWORD_SECRET) is missing"
        );
    }

    #[test]
    fn takes_the_default_where_a_variable_is_not_set_or_empty() {
        let variables: Variables = [("LIMIT", "")].into_iter().collect();
        assert_eq!(variables.number("LIMIT", 5, 1), Some(5));
        assert_eq!(variables.boolean("DRY_RUN", true), Some(true));
        assert_eq!(variables.finish(|| Some(())), Ok(()));
    }
}
