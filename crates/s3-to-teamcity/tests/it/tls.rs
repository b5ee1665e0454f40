//! A TeamCity server with a certificate of a private authority.

use std::path::PathBuf;
use std::time::Duration;

use local_stack::certificate::{Certificate, certificate_for};
use local_stack::{Function, LambdaEmulator, Match};
use stand_ins::TeamCity;

use crate::setup::{Setup, event, settings};

async fn setup_with_tls(certificate: &Certificate) -> Setup {
    let setup = Setup {
        emulator: LambdaEmulator::start().await.unwrap(),
        teamcity: TeamCity::start_with_tls(settings(), certificate).await.unwrap(),
    };
    setup.emulator.deploy(setup.function());
    setup
}

fn ca_file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_private_authority_is_trusted_through_the_ca_file() {
    let certificate = certificate_for(&["localhost", "127.0.0.1"]).unwrap();
    let setup = setup_with_tls(&certificate).await;
    setup.deploy("TEAMCITY_CA_FILE", &ca_file("ours.pem", &certificate.authority));
    setup.invoke(&event("direct")).await;
    assert_eq!(setup.teamcity.builds().len(), 1);
}

#[tokio::test]
async fn other_authorities_are_not_trusted() {
    let certificate = certificate_for(&["localhost"]).unwrap();
    let other = certificate_for(&["localhost"]).unwrap();
    let setup = setup_with_tls(&certificate).await;
    let with_short_timeout = |function: Function| Function {
        timeout: Duration::from_secs(2),
        ..function
    };
    for function in [
        setup.function(),
        setup
            .function()
            .variable("TEAMCITY_CA_FILE", ca_file("other.pem", &other.authority)),
    ] {
        setup.emulator.deploy(with_short_timeout(function));
        let (_, message) = setup.invoke_failing(&event("direct")).await;
        assert!(message.contains("certificate"), "{message}");
    }
    assert_eq!(setup.teamcity.faults.count(&Match::path("GET", "/")), 0);
}

#[tokio::test]
async fn an_unusable_ca_file_fails_the_init() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_CA_FILE", "/nowhere.pem");
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(
        message.contains("could not read the CA file /nowhere.pem"),
        "{message}"
    );
    setup.deploy("TEAMCITY_CA_FILE", &ca_file("empty.pem", "nothing"));
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(message.contains("holds no certificate"), "{message}");
}
