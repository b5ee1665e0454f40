//! Function for the emulator's tests. Its payload says how it ends: respond, fail, exit, abort, sleep.
#![allow(clippy::disallowed_methods, reason = "it returns its clock and environment")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("FAIL_INIT").is_ok() {
        return Err("requested failure of the init".into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if let Some(line) = payload["print"].as_str() {
        use std::io::Write;
        writeln!(std::io::stdout(), "{line}")?;
    }
    if let Some(mib) = payload["use_mib"].as_u64() {
        let memory = vec![1_u8; usize::try_from(mib)? * 1024 * 1024];
        std::hint::black_box(&memory);
    }
    if let Some(target) = payload["invoke"].as_str() {
        let status = invoke(target, &payload["with"]).await?;
        return Ok(json!({"invoked": status}));
    }
    if let Some(ms) = payload["sleep_ms"].as_u64() {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    match payload["do"].as_str() {
        Some("fail") => Err("requested failure".into()),
        Some("exit") => std::process::exit(3),
        Some("abort") => std::process::abort(),
        Some("exit_after_response") => {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                std::process::exit(0)
            });
            Ok(json!({"pid": std::process::id()}))
        }
        Some("large") => Ok(Value::String("x".repeat(6_400_000))),
        _ => Ok(json!({
            "pid": std::process::id(),
            "request_id": context.request_id,
            "arn": context.invoked_function_arn,
            "trace_id": context.xray_trace_id,
            "function": context.env_config.function_name,
            "memory": context.env_config.memory,
            "log_group": context.env_config.log_group,
            "deadline_in_ms": context.deadline.saturating_sub(now_ms()),
            "environment": std::env::vars().collect::<std::collections::BTreeMap<_, _>>(),
        })),
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

async fn invoke(function: &str, payload: &Value) -> Result<i32, Error> {
    let config = aws_config::load_from_env().await;
    let response = aws_sdk_lambda::Client::new(&config)
        .invoke()
        .function_name(function)
        .invocation_type(aws_sdk_lambda::types::InvocationType::Event)
        .payload(aws_sdk_lambda::primitives::Blob::new(payload.to_string()))
        .send()
        .await?;
    Ok(response.status_code())
}
