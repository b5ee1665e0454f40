//! The command line.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context, Result, bail};

pub const HELP: &str = "\
usage: demo [--texts FILE]
       demo --serve [--lambda URL] [-- COMMAND …]

Runs the month's statistics on this computer and leaves the report in target/demo.

  --texts FILE   analyse this file instead, with lines of building<TAB>text in UTF-8
  --serve        only start the surroundings with the demo's texts, print the variables that the
                 functions need, and run COMMAND with them; without one, until Ctrl-C
  --lambda URL   where functions find each other under --serve (default http://127.0.0.1:9000)
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Mode {
    /// Say how this is used.
    Help,
    /// Compute a month and check everything.
    Demo {
        /// Instead of the demo's own texts.
        texts: Option<PathBuf>,
    },
    /// Surroundings for functions that somebody else runs.
    Serve {
        /// Address of the Invoke API.
        lambda: String,
        /// What runs them, if anything.
        command: Vec<String>,
    },
}

/// Understands the arguments behind the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Mode> {
    let mut arguments = arguments.into_iter();
    let (mut texts, mut serves, mut lambda, mut command) = (None, false, None, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = |name| {
            let value = arguments.next();
            value.with_context(|| format!("{name} needs a value\n\n{HELP}"))
        };
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Mode::Help),
            Some("--texts") => texts = Some(PathBuf::from(value("--texts")?)),
            Some("--serve") => serves = true,
            Some("--lambda") => lambda = Some(text(value("--lambda")?)?),
            Some("--") => {
                command = arguments.by_ref().map(text).collect::<Result<_>>()?;
            }
            _ => bail!("unknown argument {}\n\n{HELP}", argument.display()),
        }
    }
    match (serves, texts, lambda) {
        (true, None, lambda) => Ok(Mode::Serve {
            lambda: lambda.unwrap_or_else(|| "http://127.0.0.1:9000".to_owned()),
            command,
        }),
        (false, texts, None) if command.is_empty() => Ok(Mode::Demo { texts }),
        _ => bail!("--lambda and a command go with --serve, --texts without it\n\n{HELP}"),
    }
}

fn text(argument: OsString) -> Result<String> {
    let text = argument.into_string();
    text.map_err(|argument| anyhow::anyhow!("{} is not UTF-8", argument.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Mode> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn understands_its_three_ways() {
        assert_eq!(parsed("").unwrap(), Mode::Demo { texts: None });
        let texts = Some("a.tsv".into());
        assert_eq!(parsed("--texts a.tsv").unwrap(), Mode::Demo { texts });
        let serve = Mode::Serve {
            lambda: "http://127.0.0.1:9000".into(),
            command: vec!["cargo".into(), "--version".into()],
        };
        assert_eq!(parsed("--serve -- cargo --version").unwrap(), serve);
    }

    #[test]
    fn refuses_the_rest_and_says_what_there_is() {
        for line in ["--text a", "a.tsv", "--texts", "--serve --texts a", "-- cargo"] {
            assert!(
                parsed(line).unwrap_err().to_string().contains("usage: demo"),
                "{line}"
            );
        }
    }
}
