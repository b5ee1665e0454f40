use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Configuration of a deployed function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Function name.
    pub name: String,
    /// Program, usually from [`crate::function_binary`].
    pub binary: PathBuf,
    /// Environment variables. The function sees these and Lambda's own, none of the test's.
    pub environment: BTreeMap<String, String>,
    /// Memory size that the function sees; not enforced.
    pub memory_mb: u32,
    /// Time after which an invocation is killed.
    pub timeout: Duration,
    /// Largest number of concurrent invocations. With 0, events wait and other calls are throttled.
    pub concurrency: usize,
    /// Largest number of retries of an event.
    pub max_retries: u32,
    /// Time before a retry. AWS waits one minute, then two.
    pub retry_delay: Duration,
}

impl Function {
    /// Returns a function with 128 MB, a timeout of 60 s, a concurrency of 10, and two retries 200 ms apart.
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

    /// Adds a variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Adds variables.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }
}
