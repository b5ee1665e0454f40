//! A server with a certificate of a private authority.

use local_stack::certificate::{Certificate, certificate_for};
use local_stack::{Emulator, Function};
use stand_ins::TeamCity;
use std::path::PathBuf;
use std::time::Duration;

use crate::stage::{Stage, event, settings};

async fn stage(certificate: &Certificate) -> Stage {
    let stage = Stage {
        emulator: Emulator::start().await.unwrap(),
        teamcity: TeamCity::start_with_tls(settings(), certificate).await.unwrap(),
    };
    stage.emulator.deploy(stage.function());
    stage
}

fn ca_file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_with_an_authority_of_its_own_is_trusted_by_its_ca_file() {
    let certificate = certificate_for(&["localhost", "127.0.0.1"]).unwrap();
    let stage = stage(&certificate).await;
    stage.deploy("TEAMCITY_CA_FILE", &ca_file("ours.pem", &certificate.authority));
    stage.answer(&event("direct")).await;
    assert_eq!(stage.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn any_other_server_is_not() {
    let certificate = certificate_for(&["localhost"]).unwrap();
    let other = certificate_for(&["localhost"]).unwrap();
    let stage = stage(&certificate).await;
    let quick = |function: Function| Function {
        timeout: Duration::from_secs(2),
        ..function
    };
    for function in [
        stage.function(),
        stage
            .function()
            .variable("TEAMCITY_CA_FILE", ca_file("other.pem", &other.authority)),
    ] {
        stage.emulator.deploy(quick(function));
        let (_, message) = stage.error(&event("direct")).await;
        assert!(message.contains("certificate"), "{message}");
    }
    assert_eq!(stage.teamcity.traffic().look_ups, 0);
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_ends_the_init() {
    let stage = Stage::new().await;
    stage.deploy("TEAMCITY_CA_FILE", "/nowhere.pem");
    let (_, message) = stage.error(&event("direct")).await;
    assert!(
        message.contains("could not read the CA file /nowhere.pem"),
        "{message}"
    );
    stage.deploy("TEAMCITY_CA_FILE", &ca_file("empty.pem", "nothing"));
    let (_, message) = stage.error(&event("direct")).await;
    assert!(message.contains("holds no certificate"), "{message}");
}
