//! Events that S3 gives no sequencer: restores, tags and access control.

use serde_json::{Value, json};

use crate::setup::{BUILD_TYPE, Setup, counts, event};

/// Sends the events, each twice, and returns the event names that builds received.
async fn names_of_builds(patterns: &[&str], events: &[Value]) -> Vec<String> {
    // TeamCity merges queued builds that have equal properties.
    let setup = Setup::with(|settings| settings.merges = true).await;
    setup.deploy_routes(&json!([{"events": patterns, "build_type": BUILD_TYPE}]));
    for event in events {
        assert_eq!(counts(&setup.invoke(event).await), (1, 0), "{event}");
        assert_eq!(counts(&setup.invoke(event).await), (0, 1), "{event}");
    }
    let builds = setup.teamcity.builds();
    builds
        .iter()
        .map(|build| build.properties["eventName"].clone())
        .collect()
}

#[tokio::test]
async fn a_restore_has_a_build_when_it_begins_and_when_it_ends() {
    let events = ["restore-initiated", "restore-completed"].map(event);
    let names = names_of_builds(&["ObjectRestore:*"], &events).await;
    assert_eq!(names, ["ObjectRestore:Post", "ObjectRestore:Completed"]);
}

#[tokio::test]
async fn a_build_starts_only_when_the_object_is_readable_if_the_route_says_so() {
    let setup = Setup::new().await;
    setup.deploy_routes(&json!([{"events": ["Object Restore Completed"], "build_type": BUILD_TYPE}]));
    setup.invoke(&event("restore-initiated")).await;
    assert!(setup.teamcity.builds().is_empty());
    assert_eq!(counts(&setup.invoke(&event("restore-completed")).await), (1, 0));
}

#[tokio::test]
async fn different_events_on_one_version_at_the_same_time_have_builds_of_their_own() {
    let events = ["tags-added", "acl-updated", "tags-deleted"].map(event);
    let names = names_of_builds(&["ObjectTagging:*", "ObjectAcl:*"], &events).await;
    assert_eq!(
        names,
        ["ObjectTagging:Put", "ObjectAcl:Put", "ObjectTagging:Delete"]
    );
}

#[tokio::test]
async fn the_same_kind_of_event_later_on_one_version_has_a_build_of_its_own() {
    let mut later = event("tags-added");
    later["time"] = json!("2026-11-03T02:03:05Z");
    let names = names_of_builds(&["Object Tags Added"], &[event("tags-added"), later]).await;
    assert_eq!(names.len(), 2);
}
