//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs all functions on this machine, checks the results and leaves the month's report in target/demo.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// File to analyse instead of the demo's texts: UTF-8, each line a building, a tab and a text
    #[arg(long, value_name = "FILE", conflicts_with = "serve")]
    pub texts: Option<PathBuf>,

    /// Start only the servers, load the demo's texts, print the functions' variables and run COMMAND with them;
    /// without a COMMAND, wait for Ctrl-C
    #[arg(long)]
    pub serve: bool,

    /// Endpoint at which functions invoke each other
    #[arg(
        long,
        value_name = "URL",
        requires = "serve",
        default_value = "http://127.0.0.1:9000"
    )]
    pub lambda: String,

    /// Program and arguments that run the functions, such as cargo lambda watch
    #[arg(last = true, requires = "serve")]
    pub command: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn accepts_the_three_ways_to_start_the_demo() {
        let arguments = parse("demo").unwrap();
        assert_eq!((arguments.texts, arguments.serve), (None, false));
        let arguments = parse("demo --texts a.tsv").unwrap();
        assert_eq!(arguments.texts, Some("a.tsv".into()));
        let arguments = parse("demo --serve -- cargo --version").unwrap();
        assert!(arguments.serve);
        assert_eq!(arguments.lambda, "http://127.0.0.1:9000");
        assert_eq!(arguments.command, ["cargo", "--version"]);
    }

    #[test]
    fn rejects_other_arguments_and_shows_the_usage() {
        for line in [
            "--text a",
            "a.tsv",
            "--texts",
            "--serve --texts a",
            "--lambda http://a",
            "-- cargo",
        ] {
            let error = parse(&format!("demo {line}")).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains("--help"), "{line}: {error}");
        }
    }
}
