//! The function's variables.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use lambda_core::locale::Locale;
use lambda_core::variables::{ConfigurationError, Variables};
use postgres_session::DatabaseSettings;
use stat_ledger::analysis_functions::AnalysisFunctions;

use crate::statistics::thresholds::{KEYWORDS_PER_BUILDING, MIN_DOCUMENTS};

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: DatabaseSettings,
    /// Bucket of the report.
    pub(crate) bucket: String,
    /// `true` if S3's endpoint is an emulator, which accepts buckets in paths only.
    pub(crate) bucket_in_path: bool,
    /// ARN of the SNS topic for the mail.
    pub(crate) topic: String,
    pub(crate) analysis_functions: AnalysisFunctions,
    /// Time zone of the times that people read.
    pub(crate) time_zone: TimeZone,
    pub(crate) user_dictionary: WordFile,
    pub(crate) stop_words: WordFile,
    pub(crate) terms: WordFile,
    /// Path of a dictionary image that replaces the embedded one.
    pub(crate) dictionary: Option<PathBuf>,
    /// Number of terms that the report has for a building.
    pub(crate) keywords_per_building: u32,
    /// Texts that a term needs to be shown on the page and in the mail.
    pub(crate) min_documents: u32,
    /// Number of months whose terms are kept.
    pub(crate) keep_months: u32,
    pub(crate) locale: Locale,
    pub(crate) link: LinkKind,
    /// `false` if no sentence may leave the database.
    pub(crate) quotes_examples: bool,
    pub(crate) function_timeout: Duration,
}

/// Source of a word list, which extends the shipped one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WordFile {
    /// None: the list for building management that ships with the function is used alone.
    Shipped,
    Path(PathBuf),
    S3 {
        bucket: String,
        key: String,
    },
}

/// Kind of the mail's links to the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// Links to the objects' pages in the AWS console, which need a login.
    Console,
    /// Presigned URLs: they need no login, and expire with the credentials that signed them.
    Presigned,
}

impl Config {
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let database = DatabaseSettings::from_variables(variables);
        let bucket = variables.required("S3_BUCKET");
        let topic = variables.required("SNS_TOPIC_ARN");
        let analysis_functions = AnalysisFunctions::from_variables(variables);
        let time_zone = stat_ledger::period::time_zone(variables);
        let user_dictionary = variables.parsed("USER_DICTIONARY", WordFile::Shipped, WordFile::parse);
        let stop_words = variables.parsed("STOP_WORDS", WordFile::Shipped, WordFile::parse);
        let terms = variables.parsed("TERMS", WordFile::Shipped, WordFile::parse);
        let dictionary = variables.text("KO_DICTIONARY").map(PathBuf::from);
        if dictionary.is_none() && !cfg!(feature = "embedded-dictionary") {
            variables.fault("KO_DICTIONARY is missing: this build embeds no dictionary");
        }
        let keywords_per_building = variables.number("KEYWORDS_PER_BUILDING", KEYWORDS_PER_BUILDING, 1);
        let min_documents = variables.number("REPORT_MIN_DOCUMENTS", MIN_DOCUMENTS, 1);
        // The report compares with the month before.
        let keep_months = variables.number("STAT_KEEP_MONTHS", 25, 2);
        let locale = variables.parsed("REPORT_LOCALE", Locale::Korean, str::parse);
        let quotes_examples = variables.boolean("REPORT_EXAMPLES", true);
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
                terms: terms?,
                dictionary,
                keywords_per_building: keywords_per_building?,
                min_documents: min_documents?,
                keep_months: keep_months?,
                locale: locale?,
                link: link?,
                quotes_examples: quotes_examples?,
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
    fn reports_all_malformed_variables_at_once() {
        let variables: Variables = [
            ("USER_DICTIONARY", "s3://bucket"),
            ("KEYWORDS_PER_BUILDING", "-1"),
            ("REPORT_MIN_DOCUMENTS", "0"),
            ("REPORT_LOCALE", "fr"),
            ("REPORT_LINK", "public"),
        ]
        .into_iter()
        .collect();
        let message = Config::from_variables(&variables)
            .expect_err("nine faults")
            .to_string();
        for name in [
            "DATABASE_URL",
            "S3_BUCKET",
            "SNS_TOPIC_ARN",
            "USER_DICTIONARY",
            "KEYWORDS_PER_BUILDING",
            "REPORT_MIN_DOCUMENTS",
            "REPORT_LOCALE",
            "REPORT_LINK",
        ] {
            assert!(message.contains(name), "{name} is missing in: {message}");
        }
    }

    #[test]
    fn a_word_list_is_a_file_or_an_s3_object() {
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
