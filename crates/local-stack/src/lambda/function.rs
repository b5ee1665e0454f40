use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// What is deployed under a name.
#[derive(Debug, Clone)]
pub struct Function {
    /// The name by which it is invoked.
    pub name: String,
    /// Its program, usually from [`crate::function_binary`].
    pub binary: PathBuf,
    /// Its variables. It gets these and Lambda's own, nothing of ours.
    pub environment: BTreeMap<String, String>,
    /// Told to the function; not enforced.
    pub memory_mb: u32,
    /// After which it is killed.
    pub timeout: Duration,
    /// How many environments may work at the same time. With 0, events wait and other calls are refused.
    pub concurrency: usize,
    /// How often an event is tried again.
    pub max_retries: u32,
    /// How long before it is tried again. AWS waits a minute, then two.
    pub retry_delay: Duration,
}

impl Function {
    /// A function with 128 MB, 60 s, ten environments, and AWS's two retries without AWS's patience.
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            environment: BTreeMap::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(60),
            concurrency: 10,
            max_retries: 2,
            retry_delay: Duration::from_millis(200),
        }
    }

    /// With one more variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// With more variables.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }
}
