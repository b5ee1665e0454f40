//! Templates for the properties of a build.

use crate::upload::Upload;

/// A text with placeholders, `{bucket}/{file_name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Bucket,
    Key,
    FileName,
    VersionId,
    ETag,
    Size,
    EventName,
    Sequencer,
}

const PLACEHOLDERS: [(&str, Placeholder); 8] = [
    ("bucket", Placeholder::Bucket),
    ("key", Placeholder::Key),
    ("file_name", Placeholder::FileName),
    ("version_id", Placeholder::VersionId),
    ("etag", Placeholder::ETag),
    ("size", Placeholder::Size),
    ("event_name", Placeholder::EventName),
    ("sequencer", Placeholder::Sequencer),
];

impl Template {
    /// Parses text with placeholders; `{{` and `}}` are braces.
    ///
    /// # Errors
    ///
    /// An unknown placeholder, or a single brace.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
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
            parts.push(Part::Placeholder(placeholder(name)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Replaces the placeholders by values of the upload. A value that the upload lacks is empty.
    pub(crate) fn render(&self, upload: &Upload) -> String {
        let texts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(placeholder) => value(*placeholder, upload),
        });
        texts.collect()
    }
}

fn placeholder(name: &str) -> Result<Placeholder, String> {
    match PLACEHOLDERS.iter().find(|(known, _)| *known == name) {
        Some((_, placeholder)) => Ok(*placeholder),
        None => {
            let known = PLACEHOLDERS.map(|(known, _)| format!("{{{known}}}"));
            Err(format!(
                "unknown placeholder {{{name}}}, expected one of {}",
                known.join(" ")
            ))
        }
    }
}

fn value(placeholder: Placeholder, upload: &Upload) -> String {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    match placeholder {
        Placeholder::Bucket => upload.bucket.clone(),
        Placeholder::Key => upload.key.to_string(),
        Placeholder::FileName => upload.key.file_name().to_owned(),
        Placeholder::VersionId => or_empty(&upload.version_id),
        Placeholder::ETag => or_empty(&upload.etag),
        Placeholder::Size => upload.size.map(|size| size.to_string()).unwrap_or_default(),
        Placeholder::EventName => upload.event_name.to_string(),
        Placeholder::Sequencer => or_empty(&upload.sequencer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_name::EventName;
    use crate::upload::ObjectKey;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let upload = Upload {
            bucket: "inbox".to_owned(),
            key: ObjectKey::from_eventbridge("in/{size} 누수.csv").expect("a good key"),
            event_name: EventName::from_notification("ObjectCreated:Put"),
            version_id: None,
            etag: Some("e1".to_owned()),
            size: Some(7),
            sequencer: Some("0A".to_owned()),
            event_time: None,
        };
        assert_eq!(
            Template::parse(template)
                .expect("a good template")
                .render(&upload),
            expected
        );
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
    fn rejects_unknown_placeholders_and_unbalanced_braces() {
        let error = Template::parse("{name}").expect_err("no such placeholder");
        assert!(
            error.starts_with("unknown placeholder {name}, expected one of {bucket} {key}"),
            "{error}"
        );
        for wrong in ["{", "}", "{key", "{{key}", "a } b", "{Key}", "{}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
