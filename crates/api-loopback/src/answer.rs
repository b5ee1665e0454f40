//! What the function returns.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::context::Context;
use crate::event::Headers;
use crate::refusal::Refusal;

/// Lambda's limit for an answer, in bytes. Source: "Lambda quotas" in the Lambda Developer Guide, 6 MB, and what
/// the service names in its error `Function.ResponseSizeTooLarge`.
const LARGEST: usize = 6_291_556;

/// What every answer over HTTP says beside its body. A wildcard does not cover `Authorization`.
const HEADERS: [(&str, &str); 6] = [
    ("Content-Type", "application/json"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "*,Authorization"),
    (
        "Access-Control-Allow-Methods",
        "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
    ),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];

/// The answer to an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a plain invoke and a non-proxy integration.
    Echo(Box<Echo>),
    /// To a proxy integration.
    Http(Http),
}

/// What was received.
#[derive(Debug, Serialize)]
pub struct Echo {
    /// With its secrets masked.
    pub event: Value,
    /// Of the invocation.
    pub context: Context,
    /// With which the answer is as long as was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<String>,
}

/// The answer of a proxy integration, in both payload formats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    status_code: u16,
    #[serde(flatten)]
    headers: HeaderFields,
    is_base64_encoded: bool,
    body: String,
}

/// The headers, under the name that the integration looks at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum HeaderFields {
    Headers(BTreeMap<&'static str, &'static str>),
    MultiValueHeaders(BTreeMap<&'static str, [&'static str; 1]>),
}

impl HeaderFields {
    fn of(form: Headers) -> Self {
        match form {
            Headers::Single => Self::Headers(HEADERS.into()),
            Headers::Lists => Self::MultiValueHeaders(HEADERS.map(|(name, value)| (name, [value])).into()),
        }
    }
}

impl Echo {
    /// At least `bytes` long, where that is more than the echo itself.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn new(event: Value, context: Context, bytes: usize) -> serde_json::Result<Self> {
        let mut echo = Self {
            event,
            context,
            padding: None,
        };
        let itself = length(&echo)?;
        if itself < bytes {
            let frame = r#","padding":"""#.len();
            echo.padding = Some("x".repeat(bytes.saturating_sub(itself + frame)));
        }
        Ok(echo)
    }
}

impl Http {
    /// `echo` as the body of an answer with `status`. 204 and 304 have none.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn echo(status: u16, form: Headers, echo: &Echo) -> serde_json::Result<Self> {
        let body = match status {
            204 | 304 => String::new(),
            _ => serde_json::to_string(echo)?,
        };
        Ok(Self::new(status, form, body))
    }

    /// The refusal as an answer.
    pub fn refusal(form: Headers, refusal: &Refusal) -> Self {
        Self::new(refusal.status, form, refusal.to_string())
    }

    fn new(status: u16, form: Headers, body: String) -> Self {
        Self {
            status_code: status,
            headers: HeaderFields::of(form),
            is_base64_encoded: false,
            body,
        }
    }
}

impl Answer {
    /// Lambda would refuse a longer one with words that do not say why.
    ///
    /// # Errors
    /// A refusal for what is too long.
    pub fn within_limit(self) -> anyhow::Result<Self> {
        let length = length(&self)?;
        if length > LARGEST {
            return Err(Refusal {
                status: 413,
                message: format!("the echo is {length} bytes long, expected at most {LARGEST}: send less"),
            }
            .into());
        }
        Ok(self)
    }
}

/// As JSON, without holding it.
fn length(value: &impl Serialize) -> serde_json::Result<usize> {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value)?;
    Ok(count.0)
}
