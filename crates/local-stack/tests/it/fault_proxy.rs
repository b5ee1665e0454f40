//! Fault proxy in front of the emulator's Invoke API.

use std::time::Duration;

use local_stack::{Fault, FaultProxy, LambdaEmulator, Match};

use crate::support::{SOON, emulator};

async fn invoke(proxy: &FaultProxy) -> reqwest::Result<(u16, String)> {
    let url = format!("{}/2015-03-31/functions/probe/invocations?x=1", proxy.endpoint());
    let response = reqwest::Client::new()
        .post(url)
        .header("x-amz-target", "Some.Target")
        .body("{}")
        .send()
        .await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn emulator_and_proxy() -> (LambdaEmulator, FaultProxy) {
    let emulator = emulator().await;
    let proxy = FaultProxy::start(&emulator.endpoint()).await.unwrap();
    (emulator, proxy)
}

#[tokio::test]
async fn forwards_a_request_and_records_it() {
    let (_emulator, proxy) = emulator_and_proxy().await;
    let (status, body) = invoke(&proxy).await.unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("\"function\":\"probe\""));
    let seen = &proxy.faults.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("POST", "/2015-03-31/functions/probe/invocations?x=1")
    );
    assert_eq!(seen.action.as_deref(), Some("Some.Target"));
}

#[tokio::test]
async fn loses_the_response_to_a_handled_request() {
    let (emulator, proxy) = emulator_and_proxy().await;
    proxy
        .faults
        .inject(Match::path("POST", "/2015-03-31/"), Fault::LoseResponse, 1);
    invoke(&proxy).await.unwrap_err();
    assert_eq!(emulator.invocations().len(), 1);
    assert_eq!(
        invoke(&proxy).await.unwrap().0,
        200,
        "the fault was for one request"
    );
}

#[tokio::test]
async fn refuses_and_responds_in_the_place_of_the_target() {
    let (emulator, proxy) = emulator_and_proxy().await;
    proxy
        .faults
        .inject(Match::containing("Some.Target"), Fault::Refuse, 1);
    proxy
        .faults
        .inject(Match::any(), Fault::respond(503, "SlowDown"), 2);
    invoke(&proxy).await.unwrap_err();
    assert_eq!(invoke(&proxy).await.unwrap(), (503, "SlowDown".to_owned()));
    assert_eq!(invoke(&proxy).await.unwrap(), (503, "SlowDown".to_owned()));
    assert!(emulator.invocations().is_empty());
}

#[tokio::test]
async fn forwards_requests_that_no_rule_matches() {
    let (_emulator, proxy) = emulator_and_proxy().await;
    proxy.faults.inject(Match::path("GET", "/"), Fault::Refuse, 1);
    proxy
        .faults
        .inject(Match::containing("Action=Publish"), Fault::Refuse, 1);
    assert_eq!(invoke(&proxy).await.unwrap().0, 200);
}

#[tokio::test]
async fn holds_a_request_until_it_is_released() {
    let (emulator, proxy) = emulator_and_proxy().await;
    proxy.faults.inject(Match::any(), Fault::Hold, 1);
    let caller = {
        let proxy = proxy.clone();
        tokio::spawn(async move { invoke(&proxy).await })
    };
    proxy.faults.wait_until_held(SOON).await.unwrap();
    assert!(emulator.invocations().is_empty());
    proxy.faults.release();
    assert_eq!(caller.await.unwrap().unwrap().0, 200);
}

#[tokio::test]
async fn delays_a_request_or_its_response() {
    let (emulator, proxy) = emulator_and_proxy().await;
    let delay = Duration::from_millis(300);
    for fault in [Fault::DelayRequest(delay), Fault::DelayResponse(delay)] {
        proxy.faults.inject(Match::any(), fault, 1);
        let began = std::time::Instant::now();
        assert_eq!(invoke(&proxy).await.unwrap().0, 200);
        assert!(began.elapsed() >= delay);
    }
    let [_, before_its_response] = emulator.invocations().try_into().unwrap();
    assert!(before_its_response.ended.unwrap().elapsed().unwrap() >= delay);
    assert_eq!(proxy.faults.count_status(200), 2);
}
