//! `{"check":true}` reports configuration, permissions and TeamCity, and queues no build.

use std::time::{Duration, Instant};

use local_stack::{CheckReport, Fault, Function, Match, Moto};
use serde_json::{Value, json};
use stand_ins::teamcity::{self, Permission};

use crate::setup::{BUILD_TYPE, NAME, Setup, TOKEN};

const SERVER: &str = "/app/rest/server";
const REACHABLE: &str = "TeamCity reachable";
const ACCEPTED: &str = "token accepted by TeamCity";

async fn report_of(setup: &Setup) -> CheckReport {
    let report = setup.invoke(&json!({"check": true})).await;
    assert_eq!(setup.teamcity.builds(), [], "a check queues nothing");
    assert_eq!(setup.teamcity.faults.count(&Match::path("POST", "/")), 0);
    CheckReport(report)
}

fn with_short_timeout(function: Function) -> Function {
    Function {
        timeout: Duration::from_secs(5),
        ..function
    }
}

#[tokio::test]
async fn a_sound_deployment_passes() {
    let setup = Setup::with(|settings| {
        settings.build_types = ["Nightly_Import", "Daily_Export"].map(str::to_owned).to_vec();
        settings.paused = vec!["Daily_Export".to_owned()];
    })
    .await;
    let route = |prefix: &str, build_type: &str| json!({"prefix": prefix, "build_type": build_type});
    setup.deploy_routes(&json!([
        route("a/", BUILD_TYPE),
        route("b/", "Daily_Export"),
        route("c/", BUILD_TYPE)
    ]));
    let report = report_of(&setup).await;
    assert_eq!(
        (&report.0["function"], &report.0["ok"]),
        (&json!(NAME), &json!(true))
    );
    report.assert("variable BUILD_ROUTES", true, "set");
    report.assert("secret TEAMCITY_TOKEN", true, "read");
    report.assert(REACHABLE, true, "version 2025.07");
    report.assert(ACCEPTED, true, "");
    report.assert("build configuration Nightly_Import", true, "Nightly / Import");
    report.assert("build configuration Daily_Export", true, "paused");
    report.assert(
        "permissions to run, tag, comment and cancel builds",
        Value::Null,
        "README",
    );
    let reads = setup
        .teamcity
        .faults
        .count(&Match::path("GET", "/app/rest/buildTypes/"));
    assert_eq!(reads, 2, "each build configuration is read once");
}

#[tokio::test]
async fn a_build_configuration_that_does_not_exist_or_is_hidden_fails() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_BUILD_TYPE", "Nightly_Imprt");
    let report = report_of(&setup).await;
    assert_eq!(report.0["ok"], false);
    report.assert(
        "build configuration Nightly_Imprt",
        false,
        "does not exist, or the token may not see it",
    );
    setup.deploy("TEAMCITY_BUILD_TYPE", BUILD_TYPE);
    setup.teamcity.change(|settings| {
        settings
            .permissions
            .retain(|held| *held != Permission::ViewProject)
    });
    let report = report_of(&setup).await;
    report.assert(ACCEPTED, true, "");
    report.assert("build configuration Nightly_Import", false, "may not see it");
}

#[tokio::test]
async fn a_template_fails() {
    let setup = Setup::with(|settings| settings.templates = vec![BUILD_TYPE.to_owned()]).await;
    let report = report_of(&setup).await;
    report.assert("build configuration Nightly_Import", false, "it is a template");
}

#[tokio::test]
async fn a_wrong_token_fails_and_the_server_counts_as_reachable() {
    let setup = Setup::new().await;
    setup.deploy("TEAMCITY_TOKEN", &format!("{TOKEN}-old"));
    let report = report_of(&setup).await;
    report.assert(REACHABLE, true, "");
    report.assert(ACCEPTED, false, "401 (the token is not valid)");
    report.assert(
        "build configuration Nightly_Import",
        Value::Null,
        "no usable response",
    );
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_fails() {
    let setup = Setup::new().await;
    let moto = Moto::start().await.unwrap();
    let mut function = setup.function().variables(moto.environment());
    function.environment.remove("TEAMCITY_TOKEN");
    setup
        .emulator
        .deploy(function.variable("TEAMCITY_TOKEN_SECRET", "no-such-secret"));
    let report = report_of(&setup).await;
    report.assert("secret TEAMCITY_TOKEN", false, "no-such-secret");
    report.assert(REACHABLE, Value::Null, "token could not be read");
}

#[tokio::test]
async fn a_server_that_is_down_or_overloaded_is_not_reachable_and_nothing_else_fails() {
    let unavailable = teamcity::maintenance();
    let throttled = Fault::respond(429, "slow down");
    for fault in [Fault::Refuse, unavailable, throttled] {
        let setup = Setup::new().await;
        setup.emulator.deploy(with_short_timeout(setup.function()));
        setup
            .teamcity
            .faults
            .inject(Match::path("GET", SERVER), fault, usize::MAX);
        let report = report_of(&setup).await;
        report.assert(REACHABLE, false, "check TEAMCITY_URL");
        report.assert(ACCEPTED, Value::Null, "not reachable");
        report.assert("build configuration Nightly_Import", Value::Null, "");
        assert_eq!(report.failed(), [REACHABLE]);
    }
}

#[tokio::test]
async fn a_server_that_never_responds_leaves_time_for_the_report() {
    let setup = Setup::new().await;
    setup.emulator.deploy(with_short_timeout(setup.function()));
    setup.teamcity.faults.inject(
        Match::any(),
        Fault::DelayRequest(Duration::from_secs(60)),
        usize::MAX,
    );
    let began = Instant::now();
    let report = report_of(&setup).await;
    report.assert(REACHABLE, false, "check TEAMCITY_URL");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "the invocation did not time out"
    );
}

#[tokio::test]
async fn an_address_that_leads_elsewhere_is_a_fault_of_the_configuration() {
    let name = "TeamCity's REST API at TEAMCITY_URL";
    let setup = Setup::with(|settings| settings.context_path = "/teamcity".to_owned()).await;
    setup.deploy("TEAMCITY_URL", &setup.teamcity.url().replace("/teamcity", ""));
    report_of(&setup)
        .await
        .assert(name, false, "TEAMCITY_URL may lack a path such as /teamcity");

    let setup = Setup::new().await;
    let redirect = teamcity::redirect(302, "https://sso.example.com/login?back=x");
    setup
        .teamcity
        .faults
        .inject(Match::path("GET", SERVER), redirect, 1);
    report_of(&setup).await.assert(name, false, "a login page");
    setup
        .teamcity
        .faults
        .inject(Match::path("GET", SERVER), teamcity::login_page(), 1);
    report_of(&setup)
        .await
        .assert(name, false, "TEAMCITY_URL may lead to another server");
}
