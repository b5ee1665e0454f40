//! The function's variables.

use jiff::tz::TimeZone;
use lambda_core::variables::{ConfigurationError, Variables};
use stat_ledger::analysis_functions::AnalysisFunctions;
use stat_ledger::database::DatabaseSettings;
use std::path::PathBuf;
use std::time::Duration;

use crate::locale::Locale;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the database is.
    pub database: DatabaseSettings,
    /// Where the report goes.
    pub bucket: String,
    /// Whether S3's endpoint is an emulator's, which knows buckets in paths only.
    pub bucket_in_path: bool,
    /// Where the mail goes.
    pub topic: String,
    /// Who does the tasks.
    pub analysis_functions: AnalysisFunctions,
    /// In which zone times are shown.
    pub time_zone: TimeZone,
    /// Words that the dictionary lacks.
    pub user_dictionary: WordFile,
    /// Words that never become terms.
    pub stop_words: WordFile,
    /// An image to map instead of the embedded one.
    pub dictionary: Option<PathBuf>,
    /// How many terms the report has for a building.
    pub keywords_per_building: u32,
    /// The report's language.
    pub locale: Locale,
    /// How the mail links to the report.
    pub link: LinkKind,
    /// See `lambda-core`.
    pub function_timeout: Duration,
}

/// Where a list of words comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordFile {
    /// The list of building management that comes with the function.
    Shipped,
    /// A file.
    Path(PathBuf),
    /// An object.
    S3 {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
}

/// How the mail links to the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// To S3's page in the AWS console, for people who can log in there.
    Console,
    /// With a signature, for anybody, for as long as the signer's credentials live.
    Presigned,
}

impl Config {
    /// Reads all variables.
    ///
    /// # Errors
    /// One that names every missing and malformed variable.
    pub fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let database = DatabaseSettings::from_variables(variables);
        let bucket = variables.required("S3_BUCKET");
        let topic = variables.required("SNS_TOPIC_ARN");
        let analysis_functions = AnalysisFunctions::from_variables(variables);
        let time_zone = stat_ledger::period::time_zone(variables);
        let user_dictionary = variables.parsed("USER_DICTIONARY", WordFile::Shipped, WordFile::parse);
        let stop_words = variables.parsed("STOP_WORDS", WordFile::Shipped, WordFile::parse);
        let dictionary = variables.text("KO_DICTIONARY").map(PathBuf::from);
        if dictionary.is_none() && !cfg!(feature = "embedded-dictionary") {
            variables.fault("KO_DICTIONARY is missing: this build embeds no dictionary");
        }
        let keywords_per_building = variables.number("KEYWORDS_PER_BUILDING", 50, 1);
        let locale = variables.parsed("REPORT_LOCALE", Locale::Ko, str::parse);
        let link = variables.parsed("REPORT_LINK", LinkKind::Console, |kind| match kind {
            "console" => Ok(LinkKind::Console),
            "presigned" => Ok(LinkKind::Presigned),
            _ => Err("expected console or presigned"),
        });
        let function_timeout = variables.number("FUNCTION_TIMEOUT_S", 60, 1);
        let endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"];
        variables.finish(|| {
            Some(Self {
                database: database?,
                bucket: bucket?,
                bucket_in_path: endpoints.iter().any(|name| variables.text(name).is_some()),
                topic: topic?,
                analysis_functions: analysis_functions?,
                time_zone: time_zone?,
                user_dictionary: user_dictionary?,
                stop_words: stop_words?,
                dictionary,
                keywords_per_building: keywords_per_building?,
                locale: locale?,
                link: link?,
                function_timeout: Duration::from_secs(function_timeout?.into()),
            })
        })
    }
}

impl WordFile {
    fn parse(place: &str) -> Result<Self, &'static str> {
        let Some(object) = place.strip_prefix("s3://") else {
            return Ok(Self::Path(PathBuf::from(place)));
        };
        match object.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Self::S3 {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            _ => Err("expected a path or s3://bucket/key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_wrong_variable_at_once() {
        let variables: Variables = [
            ("USER_DICTIONARY", "s3://bucket"),
            ("KEYWORDS_PER_BUILDING", "-1"),
            ("REPORT_LOCALE", "fr"),
            ("REPORT_LINK", "public"),
        ]
        .into_iter()
        .collect();
        let message = Config::from_variables(&variables)
            .expect_err("seven faults")
            .to_string();
        for name in [
            "DATABASE_URL",
            "S3_BUCKET",
            "SNS_TOPIC_ARN",
            "USER_DICTIONARY",
            "KEYWORDS_PER_BUILDING",
            "REPORT_LOCALE",
            "REPORT_LINK",
        ] {
            assert!(message.contains(name), "{name} is not named in: {message}");
        }
    }

    #[test]
    fn takes_word_lists_from_files_and_from_s3() {
        assert_eq!(
            WordFile::parse("/etc/words.csv"),
            Ok(WordFile::Path("/etc/words.csv".into()))
        );
        let object = WordFile::S3 {
            bucket: "b".into(),
            key: "a/words.csv".into(),
        };
        assert_eq!(WordFile::parse("s3://b/a/words.csv"), Ok(object));
    }
}
