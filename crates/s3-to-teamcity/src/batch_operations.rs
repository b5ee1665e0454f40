//! Jobs of S3 Batch Operations, which invoke the function for objects that are in a bucket already.
//!
//! Source: "Invoke AWS Lambda function" in the Amazon S3 User Guide. Schema 1.0 names the bucket by its ARN, schema 2.0 by
//! its name; only the latter has arguments.

use lambda_core::invalid_event::InvalidEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event_name::EventName;
use crate::notification::Notice;
use crate::upload::{BatchJob, ObjectKey, Upload};

/// The greatest length of a task's result in characters; the completion report has one line per task.
const MAX_RESULT_CHARS: usize = 1000;

/// The tasks of one invocation, in most cases a single one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchTasks {
    invocation_schema_version: String,
    invocation_id: String,
    pub(crate) tasks: Vec<BatchTask>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchTask {
    id: String,
    pub(crate) notice: Notice,
}

/// The response to S3 Batch Operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchTaskResults {
    invocation_schema_version: String,
    /// The result of tasks that the response leaves out; there are none.
    treat_missing_keys_as: TaskResultCode,
    invocation_id: String,
    results: Vec<TaskResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskResult {
    task_id: String,
    result_code: TaskResultCode,
    result_string: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum TaskResultCode {
    Succeeded,
    /// The job repeats the task.
    TemporaryFailure,
    PermanentFailure,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventJson {
    invocation_schema_version: String,
    invocation_id: String,
    job: JobJson,
    tasks: Vec<TaskJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobJson {
    id: String,
    user_arguments: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskJson {
    task_id: String,
    s3_key: Option<String>,
    s3_version_id: Option<String>,
    s3_bucket: Option<String>,
    s3_bucket_arn: Option<String>,
}

impl BatchTasks {
    /// Parses an event of S3 Batch Operations. Returns `None` for other events.
    ///
    /// # Errors
    ///
    /// The event lacks a part that the response needs. A faulty task or argument becomes a [`Notice::Malformed`].
    pub(crate) fn parse(event: &Value) -> Option<Result<Self, InvalidEvent>> {
        event.get("invocationSchemaVersion")?;
        event.get("tasks")?;
        Some(Self::parse_fields(event))
    }

    /// Returns the response, with the result of each task in the order of the tasks.
    pub(crate) fn results(
        self,
        results: impl IntoIterator<Item = (TaskResultCode, String)>,
    ) -> BatchTaskResults {
        let results = self
            .tasks
            .into_iter()
            .zip(results)
            .map(|(task, (code, text))| TaskResult {
                task_id: task.id,
                result_code: code,
                result_string: text.chars().take(MAX_RESULT_CHARS).collect(),
            });
        BatchTaskResults {
            invocation_schema_version: self.invocation_schema_version,
            treat_missing_keys_as: TaskResultCode::PermanentFailure,
            invocation_id: self.invocation_id,
            results: results.collect(),
        }
    }

    fn parse_fields(event: &Value) -> Result<Self, InvalidEvent> {
        let expected = "expected an event of S3 Batch Operations with invocationSchemaVersion, invocationId, job.id, and a \
                        taskId in each task";
        let event = EventJson::deserialize(event).map_err(|_| InvalidEvent::new(expected))?;
        let again = again(event.job.user_arguments.as_ref());
        let tasks = event.tasks.into_iter().map(|task| BatchTask {
            id: task.task_id.clone(),
            notice: match upload(task, &event.job.id, again) {
                Ok(upload) => Notice::Upload(upload),
                Err(fault) => Notice::Malformed(fault),
            },
        });
        Ok(Self {
            invocation_schema_version: event.invocation_schema_version,
            invocation_id: event.invocation_id,
            tasks: tasks.collect(),
        })
    }
}

/// Reads the argument `again`. S3 stores arguments as texts.
fn again(arguments: Option<&Value>) -> Result<bool, &'static str> {
    match arguments.and_then(|arguments| arguments.get("again")) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(again)) => Ok(*again),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" => Ok(false),
        Some(_) => Err("job.userArguments.again: expected true or false"),
    }
}

fn upload(task: TaskJson, job: &str, again: Result<bool, &str>) -> Result<Upload, String> {
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    let by_arn = present(task.s3_bucket_arn);
    let by_arn = by_arn.and_then(|arn| Some(arn.rsplit_once(':')?.1.to_owned()));
    let key = present(task.s3_key).ok_or("the task has no s3Key")?;
    let bucket = present(task.s3_bucket).or(by_arn);
    Ok(Upload {
        bucket: bucket.ok_or("the task has neither s3Bucket nor s3BucketArn")?,
        key: ObjectKey::from_notification(&key).map_err(|fault| format!("the task has {fault}"))?,
        event_name: EventName::batch_task(),
        version_id: present(task.s3_version_id),
        etag: None,
        size: None,
        sequencer: None,
        event_time: None,
        batch_job: Some(BatchJob {
            id: job.to_owned(),
            again: again?,
        }),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(version: &str, task: Value) -> Value {
        json!({"invocationSchemaVersion": version, "invocationId": "i", "job": {"id": "j"}, "tasks": [task]})
    }

    fn parse(event: &Value) -> BatchTasks {
        let tasks = BatchTasks::parse(event).expect("an event of S3 Batch Operations");
        tasks.expect("a good event")
    }

    fn upload_of(event: &Value) -> Result<Upload, String> {
        match parse(event).tasks.remove(0).notice {
            Notice::Upload(upload) => Ok(upload),
            Notice::Malformed(fault) => Err(fault),
            other => panic!("neither an upload nor a fault: {other:?}"),
        }
    }

    #[test]
    fn reads_both_schemas() {
        let first = json!({"taskId": "t", "s3Key": "in/a%2Bb+c.csv", "s3VersionId": null, "s3BucketArn": "arn:aws:s3:::inbox"});
        let upload = upload_of(&event("1.0", first)).expect("a good task");
        assert_eq!(
            (upload.to_string().as_str(), upload.version()),
            ("s3://inbox/in/a+b c.csv", None)
        );
        let second = json!({"taskId": "t", "s3Key": "in/a.csv", "s3VersionId": "v1", "s3Bucket": "inbox"});
        let upload = upload_of(&event("2.0", second)).expect("a good task");
        assert_eq!(
            (upload.to_string().as_str(), upload.version()),
            ("s3://inbox/in/a.csv", Some("v1"))
        );
    }

    #[test]
    fn the_job_says_whether_to_build_again() {
        let again = |again: Value| {
            let mut event = event("2.0", json!({"taskId": "t", "s3Key": "a", "s3Bucket": "inbox"}));
            event["job"]["userArguments"] = json!({"again": again});
            upload_of(&event).map(|upload| upload.batch_job.expect("it is a task").again)
        };
        assert_eq!(again(json!("true")), Ok(true));
        assert_eq!(again(json!(true)), Ok(true));
        assert_eq!(again(json!("false")), Ok(false));
        assert_eq!(
            again(json!("yes")),
            Err("job.userArguments.again: expected true or false".to_owned())
        );
    }

    #[test]
    fn a_faulty_task_is_reported_by_its_result() {
        let no_key = event("2.0", json!({"taskId": "t", "s3Bucket": "inbox"}));
        assert_eq!(upload_of(&no_key), Err("the task has no s3Key".to_owned()));
        let results = parse(&no_key).results([(TaskResultCode::PermanentFailure, "x".repeat(2000))]);
        let expected = json!({
            "invocationSchemaVersion": "2.0",
            "treatMissingKeysAs": "PermanentFailure",
            "invocationId": "i",
            "results": [{"taskId": "t", "resultCode": "PermanentFailure", "resultString": "x".repeat(1000)}],
        });
        assert_eq!(serde_json::to_value(results).expect("it is JSON"), expected);
    }

    #[test]
    fn other_events_are_left_alone() {
        assert!(BatchTasks::parse(&json!({"Records": []})).is_none());
        let no_id = json!({"invocationSchemaVersion": "2.0", "tasks": []});
        assert!(BatchTasks::parse(&no_id).expect("it is one").is_err());
    }
}
