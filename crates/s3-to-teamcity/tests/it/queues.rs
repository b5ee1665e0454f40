//! FIFO queues, the dead-letter queue, pipes, destinations of Lambda, replays, and messages about something else.

use local_stack::{Fault, Match, Moto};
use serde_json::{Value, json};

use crate::setup::{Setup, counts, event, reasons, record, records, sqs_message};

fn failed_ids(response: &Value) -> Vec<&str> {
    let failures = response["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

fn keys(setup: &Setup) -> Vec<String> {
    setup
        .teamcity
        .builds()
        .iter()
        .map(|build| build.resolved("eventKey").unwrap())
        .collect()
}

fn fifo_id(number: usize) -> String {
    format!("059f36b4-87a3-44ab-83d2-66197595010{number}")
}

#[tokio::test]
async fn a_fifo_queue_is_processed_in_order() {
    let setup = Setup::new().await;
    // The first message of each group takes longest.
    let slow = Fault::DelayRequest(std::time::Duration::from_millis(200));
    setup
        .teamcity
        .faults
        .inject(Match::path("POST", "/").and_containing("-1.csv"), slow, 2);
    let response = setup.invoke(&event("fifo-batch")).await;
    assert_eq!(failed_ids(&response), [""; 0]);
    let keys = keys(&setup);
    let of = |group: &str| {
        keys.iter()
            .filter(|key| key.contains(group))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of("a-"), ["in/a-1.csv", "in/a-2.csv", "in/a-3.csv"]);
    assert_eq!(of("b-"), ["in/b-1.csv", "in/b-2.csv"]);
}

#[tokio::test]
async fn after_a_failure_the_rest_of_its_message_group_fails_too() {
    let setup = Setup::new().await;
    let failing = Match::path("POST", "/").and_containing("in/a-1.csv");
    setup
        .teamcity
        .faults
        .inject(failing, Fault::respond(400, "no"), 1);
    let response = setup.invoke(&event("fifo-batch")).await;
    assert_eq!(failed_ids(&response), [fifo_id(1), fifo_id(3), fifo_id(5)]);
    assert_eq!(keys(&setup), ["in/b-1.csv", "in/b-2.csv"]);
    let rest = format!(
        "not processed: message {} of its group failed before it",
        fifo_id(1)
    );
    assert!(setup.logs().contains(&rest), "{}", setup.logs());
}

#[tokio::test]
async fn a_pipe_is_answered_with_the_messages_that_failed() {
    let setup = Setup::new().await;
    let pipe = event("pipe");
    assert_eq!(setup.invoke(&pipe).await, json!({"batchItemFailures": []}));
    assert_eq!(setup.teamcity.builds().len(), 2);
    let mut broken = pipe.clone();
    broken[1]["body"] = json!("hello");
    let response = setup.invoke(&broken).await;
    assert_eq!(failed_ids(&response), [broken[1]["messageId"].as_str().unwrap()]);
}

#[tokio::test]
async fn records_of_destinations_and_replays_are_uploads() {
    let setup = Setup::new().await;
    setup.invoke(&event("destination-record")).await;
    let replay = setup.invoke(&event("replay")).await;
    assert_eq!(counts(&replay), (1, 0));
    assert_eq!(keys(&setup), ["in/from destination.csv", "in/replayed.csv"]);
    let record: Value = serde_json::from_str(
        event("destination-record")["Records"][0]["body"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(counts(&setup.invoke(&record).await), (0, 1));
    let bus = json!({"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": record});
    assert_eq!(counts(&setup.invoke(&bus).await), (0, 1));
}

#[tokio::test]
async fn the_confirmation_of_an_sns_subscription_is_named() {
    let setup = Setup::new().await;
    let confirmation = event("sns-confirmation");
    let (_, message) = setup.invoke_failing(&confirmation).await;
    assert!(
        message.contains("a confirmation of an SNS subscription"),
        "{message}"
    );
    assert!(!message.contains("2336412f37f"), "{message}");
    let in_queue = records([sqs_message("m", &json!(confirmation["body"]))]);
    assert_eq!(failed_ids(&setup.invoke(&in_queue).await), ["m"]);
    assert!(setup.logs().contains("a confirmation of an SNS subscription"));
}

#[tokio::test]
async fn an_event_about_something_else_is_skipped() {
    let setup = Setup::new().await;
    assert_eq!(
        reasons(&setup.invoke(&event("cloudtrail-call")).await),
        ["foreign"]
    );
    let batch = records([sqs_message("m", &event("cloudtrail-call"))]);
    assert_eq!(failed_ids(&setup.invoke(&batch).await), [""; 0]);
}

/// The dead-letter queue in moto.
struct Queue {
    moto: Moto,
    url: String,
}

impl Queue {
    async fn new() -> Self {
        let moto = Moto::start().await.unwrap();
        let name = json!({"QueueName": "dead-letters"});
        let queue = moto.json("sqs", "AmazonSQS.CreateQueue", &name).await.unwrap();
        let url = queue["QueueUrl"].as_str().unwrap().to_owned();
        Self { moto, url }
    }

    fn deploy(&self, setup: &Setup) {
        let function = setup.function().variables(self.moto.environment());
        setup
            .emulator
            .deploy(function.variable("DEAD_LETTER_QUEUE_URL", &self.url));
    }

    async fn messages(&self) -> Vec<Value> {
        let request =
            json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]});
        let received = self
            .moto
            .json("sqs", "AmazonSQS.ReceiveMessage", &request)
            .await
            .unwrap();
        received["Messages"].as_array().cloned().unwrap_or_default()
    }
}

fn batch_of(keys: &[&str]) -> Value {
    records(
        keys.iter()
            .map(|key| sqs_message(key, &records([record(key, "0A")]))),
    )
}

#[tokio::test]
async fn a_message_that_no_retry_can_repair_goes_to_the_dead_letter_queue_at_once() {
    let setup = Setup::new().await;
    let queue = Queue::new().await;
    queue.deploy(&setup);
    let rejection = r#"{"errors":[{"message":"Build configuration is a template"}]}"#;
    setup
        .teamcity
        .faults
        .inject(Match::containing("wrong"), Fault::respond(400, rejection), 1);
    let mut batch = batch_of(&["good", "wrong"]);
    let no_json = sqs_message("no JSON", &json!("hello"));
    batch["Records"].as_array_mut().unwrap().push(no_json);
    let response = setup.invoke(&batch).await;
    assert_eq!(failed_ids(&response), [""; 0]);
    let mut messages = queue.messages().await;
    messages.sort_by_key(|message| message["Body"].as_str().unwrap().len());
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["Body"], "hello");
    assert_eq!(messages[1]["Body"], batch["Records"][1]["body"]);
    let error = messages[1]["MessageAttributes"]["Error"]["StringValue"]
        .as_str()
        .unwrap();
    assert!(error.contains("Build configuration is a template"), "{error}");
    assert_eq!(setup.metric("DeadLetters").await, 2.0);
}

#[tokio::test]
async fn a_failure_that_may_pass_stays_in_the_queue() {
    let setup = Setup::new().await;
    let queue = Queue::new().await;
    queue.deploy(&setup);
    for fault in [
        Fault::respond(403, "no permission"),
        Fault::respond(401, "no token"),
        stand_ins::teamcity::not_found_page(),
        stand_ins::teamcity::redirect(302, "/login.html"),
    ] {
        setup.teamcity.faults.inject(Match::path("POST", "/"), fault, 1);
        assert_eq!(failed_ids(&setup.invoke(&batch_of(&["a"])).await), ["a"]);
    }
    assert_eq!(queue.messages().await, [json!(null); 0]);
}

#[tokio::test]
async fn a_message_that_the_dead_letter_queue_rejects_stays_in_the_queue() {
    let setup = Setup::new().await;
    let queue = Queue::new().await;
    let function = setup.function().variables(queue.moto.environment());
    let nowhere = queue.url.replace("dead-letters", "nowhere");
    setup
        .emulator
        .deploy(function.variable("DEAD_LETTER_QUEUE_URL", nowhere));
    let batch = records([sqs_message("no JSON", &json!("hello"))]);
    assert_eq!(failed_ids(&setup.invoke(&batch).await), ["no JSON"]);
    assert!(
        setup
            .logs()
            .contains("could not send it to the dead-letter queue"),
        "{}",
        setup.logs()
    );
}
