//! The event `{"run_id","task"}` that invokes `stat-analysis`, written and parsed here alone.

use lambda_core::invalid_event::InvalidEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// One task of a run. Task 0 is the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskEvent {
    /// Id of the run.
    pub run_id: Uuid,
    /// Number of the task in the run, from 0.
    pub task: i32,
    /// Number of times that `stat-analysis` has invoked itself to continue this task.
    #[serde(default, skip_serializing_if = "is_first_hop")]
    pub hop: u32,
}

fn is_first_hop(hop: &u32) -> bool {
    *hop == 0
}

impl TaskEvent {
    /// Returns the first event of a task.
    pub fn new(run_id: Uuid, task: i32) -> Self {
        Self { run_id, task, hop: 0 }
    }

    /// Returns the event by which the task is continued in another invocation.
    pub fn next_hop(self) -> Self {
        Self {
            hop: self.hop + 1,
            ..self
        }
    }

    /// Parses `{"run_id","task"}`, with `"hop"` in the event of a continued task.
    ///
    /// # Errors
    /// [`InvalidEvent`] with the expected fields.
    pub fn parse(event: &Value) -> Result<Self, InvalidEvent> {
        Self::deserialize(event)
            .ok()
            .filter(|event| event.task >= 0)
            .ok_or_else(|| {
                InvalidEvent::new(
                    r#"expected {"run_id": a UUID, "task": a number from 0}, as stat-prep sends it"#,
                )
            })
    }

    /// Returns the event as JSON.
    pub fn to_json(self) -> Value {
        json!(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(case: &str, task: i32, hop: u32) {
        let json = local_stack::event("stat-analysis", case);
        let event = TaskEvent::parse(&json).expect("a valid event");
        assert_eq!((event.task, event.hop), (task, hop));
        assert_eq!(event.to_json(), json);
    }

    #[test]
    fn parses_and_writes_the_events_of_tasks_and_report() {
        check("task", 1, 0);
        check("report", 0, 0);
        check("continued", 1, 3);
    }

    #[test]
    fn a_continued_task_counts_its_hops() {
        let event = TaskEvent::new(Uuid::nil(), 1).next_hop().next_hop();
        assert_eq!(
            event.to_json(),
            json!({"run_id": Uuid::nil(), "task": 1, "hop": 2})
        );
    }

    #[test]
    fn refuses_any_other_event_with_the_expected_fields() {
        for event in [
            json!({}),
            json!({"run_id": "x", "task": 1}),
            json!({"task": 1}),
            json!([1]),
        ] {
            let error = TaskEvent::parse(&event).expect_err("an invalid event");
            assert!(error.to_string().contains("run_id"), "{event}");
        }
        let negative = json!({"run_id": Uuid::nil(), "task": -1});
        assert!(TaskEvent::parse(&negative).is_err());
    }
}
