//! What wakes the function: a task, handed out by `stat-prep` or by the function itself.

use lambda_core::invalid_event::InvalidEvent;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// One task of a run; task 0 is the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The run.
    pub run_id: Uuid,
    /// The task's number in it.
    pub task: i32,
    /// How often the function has invoked itself to go on with this task.
    #[serde(default)]
    pub hop: u32,
}

impl Event {
    /// Understands `{"run_id","task"}`, with `"hop"` where the function has invoked itself.
    ///
    /// # Errors
    /// [`InvalidEvent`], which says what was expected.
    pub fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        Self::deserialize(event)
            .ok()
            .filter(|event| event.task >= 0)
            .ok_or_else(|| {
                InvalidEvent::new(
                    r#"expected {"run_id": a UUID, "task": a number from 0}, as stat-prep hands it out"#,
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(case: &str) -> Value {
        let path = format!(
            "{}/../../events/stat-analysis/{case}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).expect("a fixture is JSON")
    }

    #[test]
    fn understands_what_is_handed_out() {
        let event = |case| Event::parse(&fixture(case)).expect("a good event");
        assert_eq!((event("task").task, event("task").hop), (1, 0));
        assert_eq!((event("report").task, event("report").hop), (0, 0));
        assert_eq!((event("continued").task, event("continued").hop), (1, 3));
    }

    #[test]
    fn refuses_everything_else_and_says_what_it_expects() {
        for event in [
            json!({}),
            json!({"run_id": "x", "task": 1}),
            json!({"task": 1}),
            json!([1]),
        ] {
            assert!(
                Event::parse(&event)
                    .expect_err("a bad event")
                    .to_string()
                    .contains("run_id"),
                "{event}"
            );
        }
        let negative = json!({"run_id": Uuid::nil(), "task": -1});
        assert!(Event::parse(&negative).is_err());
    }
}
