//! Templates for the branch and the properties of a build.

use crate::key_pattern::{CapturedText, KeyPattern};
use crate::upload::Upload;

/// A text with placeholders, `{bucket}/{file_name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

/// Placeholders that every upload fills.
pub(crate) const PLACEHOLDERS: [&str; 8] = [
    "bucket",
    "key",
    "file_name",
    "version_id",
    "etag",
    "size",
    "event_name",
    "sequencer",
];

/// Placeholders of [`PLACEHOLDERS`] that are equal for many uploads.
const SHARED: [&str; 2] = ["bucket", "event_name"];

impl Template {
    /// Parses text with placeholders; `{{` and `}}` are braces. The placeholders of `key` are known too.
    ///
    /// # Errors
    ///
    /// An unknown placeholder, or a single brace.
    pub(crate) fn parse(text: &str, key: Option<&KeyPattern>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            if from_brace.starts_with("{{") || from_brace.starts_with("}}") {
                parts.push(Part::Text(from_brace[..1].to_owned()));
                rest = &from_brace[2..];
                continue;
            }
            let Some((name, after)) = from_brace.strip_prefix('{').and_then(|text| text.split_once('}'))
            else {
                return Err("unbalanced brace; write {{ or }} for a brace itself".to_owned());
            };
            parts.push(Part::Placeholder(known(name, key)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        match has_open_reference(&parts) {
            false => Ok(Self(parts)),
            true => Err("a single % beside a placeholder, by which an uploader could name a parameter; write %% for the \
                         sign itself"
                .to_owned()),
        }
    }

    /// Replaces the placeholders by values of the upload, which TeamCity passes on unchanged. A value that the upload
    /// lacks is empty. The template's own text may refer to TeamCity's parameters.
    pub(crate) fn render(&self, upload: &Upload, captured: &CapturedText) -> String {
        let texts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(name) => escape_percent_signs(&value(name, upload, captured)),
        });
        texts.collect()
    }

    /// Returns the first placeholder that names a single upload.
    pub(crate) fn placeholder_of_one_upload(&self, key: Option<&KeyPattern>) -> Option<&str> {
        self.0.iter().find_map(|part| match part {
            Part::Placeholder(name) if names_one_upload(name, key) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// Escapes a value of the upload, so that TeamCity passes it to the build unchanged.
///
/// In TeamCity `%name%` refers to a parameter, and `%%` is a percent sign. Without escaping, an object with the key
/// `%system.password%` would put a password into the build's properties. Source: "Using Build Parameters" in TeamCity's
/// help.
pub(crate) fn escape_percent_signs(value: &str) -> String {
    value.replace('%', "%%")
}

/// Reports whether text between placeholders holds an odd number of percent signs. `%{file_name}` would let an object named
/// `system.password%` refer to a parameter, although its own sign is escaped.
fn has_open_reference(parts: &[Part]) -> bool {
    let is_placeholder = |part: &Part| matches!(part, Part::Placeholder(_));
    let signs = |part: &Part| match part {
        Part::Text(text) => text.matches('%').count(),
        Part::Placeholder(_) => 0,
    };
    let mut texts = parts.split(is_placeholder);
    parts.iter().any(is_placeholder) && texts.any(|text| text.iter().map(signs).sum::<usize>() % 2 == 1)
}

fn known(name: &str, key: Option<&KeyPattern>) -> Result<String, String> {
    let own = || {
        PLACEHOLDERS
            .into_iter()
            .chain(key.iter().flat_map(|key| key.names()))
    };
    if own().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let known: Vec<String> = own().map(|known| format!("{{{known}}}")).collect();
    let known = known.join(" ");
    Err(format!("unknown placeholder {{{name}}}, expected one of {known}"))
}

fn names_one_upload(name: &str, key: Option<&KeyPattern>) -> bool {
    let is_own = PLACEHOLDERS.contains(&name) && !SHARED.contains(&name);
    is_own || key.is_some_and(|key| key.reaches_file_name(name))
}

fn value(name: &str, upload: &Upload, captured: &CapturedText) -> String {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    match name {
        "bucket" => upload.bucket.clone(),
        "key" => upload.key.to_string(),
        "file_name" => upload.key.file_name().to_owned(),
        "version_id" => or_empty(&upload.version_id),
        "etag" => or_empty(&upload.etag),
        "size" => upload.size.map(|size| size.to_string()).unwrap_or_default(),
        "event_name" => upload.event_name.to_string(),
        "sequencer" => or_empty(&upload.sequencer),
        of_key => captured.get(of_key).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::tests::upload;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let upload = Upload {
            size: Some(7),
            sequencer: Some("0A".to_owned()),
            ..upload("in/{size} 누수.csv", "ObjectCreated:Put")
        };
        let template = Template::parse(template, None).expect("a good template");
        assert_eq!(template.render(&upload, &CapturedText::new()), expected);
    }

    #[test]
    fn replaces_placeholders() {
        check("", "");
        check("plain", "plain");
        check("s3://{bucket}/{key}", "s3://inbox/in/{size} 누수.csv");
        check("{file_name}:{size}", "{size} 누수.csv:7");
        check("{event_name} {etag} {sequencer}", "ObjectCreated:Put e1 0A");
    }

    #[test]
    fn a_value_that_the_upload_lacks_is_empty() {
        check("[{version_id}]", "[]");
    }

    #[test]
    fn doubled_braces_are_braces() {
        check(r#"{{"key": "{etag}"}}"#, r#"{"key": "e1"}"#);
    }

    #[test]
    fn the_key_fills_the_placeholders_of_its_pattern() {
        let pattern = KeyPattern::parse("in/{branch}/{name}.zip", &PLACEHOLDERS).expect("a good pattern");
        let template = Template::parse("{name}@{branch}", Some(&pattern)).expect("a good template");
        let captured = pattern.captured("in/main/50%.zip").expect("it matches");
        let upload = upload("in/main/50%.zip", "ObjectCreated:Put");
        assert_eq!(template.render(&upload, &captured), "50%%@main");
        let error = Template::parse("{nam}", Some(&pattern)).expect_err("no such placeholder");
        assert!(error.ends_with("{sequencer} {branch} {name}"), "{error}");
    }

    #[test]
    fn percent_signs_of_the_upload_are_escaped_and_those_of_the_operator_are_not() {
        let template = Template::parse("%build.counter%/{file_name}", None).expect("a good template");
        let rendered = |key| template.render(&upload(key, "ObjectCreated:Put"), &CapturedText::new());
        assert_eq!(rendered("50%.csv"), "%build.counter%/50%%.csv");
        assert_eq!(
            rendered("%system.password%"),
            "%build.counter%/%%system.password%%"
        );
        assert_eq!(rendered("a%%b"), "%build.counter%/a%%%%b");
    }

    #[test]
    fn an_upload_cannot_complete_a_reference_that_the_operator_left_open() {
        for open in ["100%{file_name}", "%env.{file_name}%", "{size}% of {{%}}%"] {
            let error = Template::parse(open, None).expect_err("an open reference");
            assert!(error.contains("write %%"), "{error}");
        }
        for closed in ["100%", "{size}%% of %a%", "%a%{key}%b%"] {
            assert!(Template::parse(closed, None).is_ok(), "{closed}");
        }
    }

    #[test]
    fn rejects_unknown_placeholders_and_unbalanced_braces() {
        let error = Template::parse("{name}", None).expect_err("no such placeholder");
        assert!(
            error.starts_with("unknown placeholder {name}, expected one of {bucket} {key}"),
            "{error}"
        );
        for wrong in ["{", "}", "{key", "{{key}", "a } b", "{Key}", "{}"] {
            assert!(Template::parse(wrong, None).is_err(), "{wrong:?}");
        }
    }
}
