//! Secrets: read once, and read again once after the other system rejects them.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::aws;

/// A value that its `Debug` form hides.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// The place of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The value of an environment variable.
    Variable(Secret),
    /// A secret in AWS Secrets Manager.
    SecretsManager {
        /// The secret's name or ARN.
        id: String,
        /// The key of a JSON secret; the whole secret if there is none.
        key: Option<String>,
    },
}

impl SecretSource {
    /// Parses a reference to Secrets Manager, `id` or `id#key`.
    pub fn in_secrets_manager(reference: &str) -> Self {
        match reference.split_once('#') {
            Some((id, key)) => Self::SecretsManager {
                id: id.to_owned(),
                key: Some(key.to_owned()),
            },
            None => Self::SecretsManager {
                id: reference.to_owned(),
                key: None,
            },
        }
    }
}

/// A reader of secrets, which caches them for the life of the environment.
pub struct Secrets {
    config: Option<SdkConfig>,
    client: OnceCell<Client>,
    texts: Mutex<HashMap<String, Secret>>,
}

impl Secrets {
    /// Creates a reader, and its client when it first reads from Secrets Manager.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: Some(config.clone()),
            client: OnceCell::new(),
            texts: Mutex::default(),
        }
    }

    /// Creates a reader for a function that uses AWS for nothing else. It also loads the SDK's configuration when it first
    /// reads from Secrets Manager.
    pub fn lazy() -> Self {
        Self {
            config: None,
            client: OnceCell::new(),
            texts: Mutex::default(),
        }
    }

    /// Returns the secret's value, from the cache if it was read before.
    ///
    /// # Errors
    ///
    /// Secrets Manager rejects the call, or the JSON has no such key. The message names the secret and never quotes its
    /// content.
    pub async fn read(&self, source: &SecretSource) -> anyhow::Result<Secret> {
        match source {
            SecretSource::Variable(secret) => Ok(secret.clone()),
            SecretSource::SecretsManager { id, key } => {
                let mut texts = self.texts.lock().await;
                if !texts.contains_key(id) {
                    texts.insert(id.clone(), self.fetch(id).await?);
                }
                let text = &texts[id];
                match key {
                    None => Ok(text.clone()),
                    Some(key) => value_of_key(id, key, text),
                }
            }
        }
    }

    /// Reads the secret again after the other system rejected the value from [`Secrets::read`]. Returns `None` if the
    /// value has not changed, so that a retry would be useless.
    ///
    /// # Errors
    ///
    /// The same as those of [`Secrets::read`].
    pub async fn refresh(&self, source: &SecretSource, rejected: &Secret) -> anyhow::Result<Option<Secret>> {
        let SecretSource::SecretsManager { id, .. } = source else {
            return Ok(None);
        };
        // After several concurrent requests were rejected, the first of them has already refreshed the cache.
        let cached = self.read(source).await?;
        if cached != *rejected {
            return Ok(Some(cached));
        }
        self.texts.lock().await.remove(id);
        let fresh = self.read(source).await?;
        Ok((fresh != *rejected).then_some(fresh))
    }

    async fn client(&self) -> &Client {
        let set_up = async || match &self.config {
            Some(config) => Client::new(config),
            None => Client::new(&Box::pin(aws::sdk_config()).await),
        };
        self.client.get_or_init(set_up).await
    }

    async fn fetch(&self, id: &str) -> anyhow::Result<Secret> {
        let client = self.client().await;
        let response = client.get_secret_value().secret_id(id).send().await;
        let secret = response
            .map_err(aws::readable_error)
            .with_context(|| format!("could not read the secret {id}"))?;
        let Some(text) = secret.secret_string() else {
            bail!("the secret {id} is binary, expected text");
        };
        Ok(Secret::new(text))
    }
}

fn value_of_key(id: &str, key: &str, text: &Secret) -> anyhow::Result<Secret> {
    // The parser's error is left out: it would quote the secret.
    let Ok(Value::Object(keys)) = serde_json::from_str(text.expose()) else {
        bail!("the secret {id} is not a JSON object, expected one with the key {key}");
    };
    match keys.get(key) {
        Some(Value::String(value)) => Ok(Secret::new(value)),
        Some(Value::Number(value)) => Ok(Secret::new(value.to_string())),
        _ => bail!("the secret {id} has no text or number under the key {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_value() {
        let source = SecretSource::Variable(Secret::new("hunter2"));
        assert_eq!(format!("{source:?}"), "Variable(***)");
    }

    #[test]
    fn a_missing_key_is_named_without_the_secrets_content() {
        let error =
            value_of_key("db", "pass", &Secret::new(r#"{"password":"hunter2"}"#)).expect_err("no key");
        assert_eq!(
            error.to_string(),
            "the secret db has no text or number under the key pass"
        );
    }

    #[test]
    fn selects_a_key_of_a_json_secret() {
        let SecretSource::SecretsManager { id, key } = SecretSource::in_secrets_manager("db#password") else {
            panic!("it is a reference")
        };
        let secret = value_of_key(
            &id,
            &key.expect("after #"),
            &Secret::new(r#"{"password":"hunter2"}"#),
        );
        assert_eq!(secret.expect("the key is there").expose(), "hunter2");
    }
}
