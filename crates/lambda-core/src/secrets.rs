//! Secrets: where they come from, read once, and read again once when the other side refuses them.

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use tokio::sync::{Mutex, OnceCell};

use crate::aws;

/// A value that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The variable held it.
    Given(Secret),
    /// AWS Secrets Manager holds it.
    Manager {
        /// Name or ARN.
        id: String,
        /// The key of a JSON secret whose value it is; the whole secret where there is none.
        key: Option<String>,
    },
}

impl SecretSource {
    /// Parses `id` or `id#key`.
    pub fn in_manager(reference: &str) -> Self {
        match reference.split_once('#') {
            Some((id, key)) => Self::Manager {
                id: id.to_owned(),
                key: Some(key.to_owned()),
            },
            None => Self::Manager {
                id: reference.to_owned(),
                key: None,
            },
        }
    }
}

/// Reads secrets and keeps them for the life of the environment.
pub struct Secrets {
    client: OnceCell<Client>,
    texts: Mutex<HashMap<String, Secret>>,
}

impl Secrets {
    /// A reader with an empty cache.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: OnceCell::new_with(Some(Client::new(config))),
            texts: Mutex::default(),
        }
    }

    /// A reader for a function that needs AWS for nothing else: the SDK is set up when the first secret is
    /// read from Secrets Manager. Its set-up reads every authority of the system, a third of a cold start.
    pub fn when_needed() -> Self {
        Self {
            client: OnceCell::new(),
            texts: Mutex::default(),
        }
    }

    /// The secret's value, from the cache where it was read before.
    ///
    /// # Errors
    /// When Secrets Manager refuses, or the JSON has no such key. The message holds the secret's name,
    /// never its content.
    pub async fn read(&self, source: &SecretSource) -> anyhow::Result<Secret> {
        match source {
            SecretSource::Given(secret) => Ok(secret.clone()),
            SecretSource::Manager { id, key } => {
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

    /// The value as it is now, after the other side refused the one from [`Secrets::read`]: `None` where
    /// it cannot have changed, so that trying again would be useless.
    ///
    /// # Errors
    /// As [`Secrets::read`].
    pub async fn read_again(
        &self,
        source: &SecretSource,
        refused: &Secret,
    ) -> anyhow::Result<Option<Secret>> {
        let SecretSource::Manager { id, .. } = source else {
            return Ok(None);
        };
        // Several may have been refused at once, and the first of them has read it again.
        let known = self.read(source).await?;
        if known != *refused {
            return Ok(Some(known));
        }
        self.texts.lock().await.remove(id);
        let fresh = self.read(source).await?;
        Ok((fresh != *refused).then_some(fresh))
    }

    async fn client(&self) -> &Client {
        let set_up = async || Client::new(&aws::sdk_config().await);
        self.client.get_or_init(set_up).await
    }

    async fn fetch(&self, id: &str) -> anyhow::Result<Secret> {
        let client = self.client().await;
        let answer = client.get_secret_value().secret_id(id).send().await;
        let secret = answer
            .map_err(aws::explain)
            .with_context(|| format!("could not read the secret {id}"))?;
        let Some(text) = secret.secret_string() else {
            bail!("the secret {id} is binary, expected text");
        };
        Ok(Secret::new(text))
    }
}

fn value_of_key(id: &str, key: &str, text: &Secret) -> anyhow::Result<Secret> {
    // The parser's error would quote the text: leave it out.
    let Ok(Value::Object(keys)) = serde_json::from_str(text.expose()) else {
        bail!("the secret {id} is not a JSON object, but its key {key} was asked for");
    };
    match keys.get(key) {
        Some(Value::String(value)) => Ok(Secret::new(value)),
        Some(Value::Number(value)) => Ok(Secret::new(value.to_string())),
        _ => bail!("the secret {id} has no text under the key {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_secret_in_debug_output() {
        let source = SecretSource::Given(Secret::new("hunter2"));
        assert_eq!(format!("{source:?}"), "Given(***)");
    }

    #[test]
    fn names_the_key_that_a_json_secret_lacks_and_not_its_content() {
        let error =
            value_of_key("db", "pass", &Secret::new(r#"{"password":"hunter2"}"#)).expect_err("no key");
        assert_eq!(error.to_string(), "the secret db has no text under the key pass");
    }

    #[test]
    fn picks_a_key_of_a_json_secret() {
        let SecretSource::Manager { id, key } = SecretSource::in_manager("db#password") else {
            panic!("a reference is in the manager")
        };
        let secret = value_of_key(
            &id,
            &key.expect("after #"),
            &Secret::new(r#"{"password":"hunter2"}"#),
        );
        assert_eq!(secret.expect("the key is there").expose(), "hunter2");
    }
}
