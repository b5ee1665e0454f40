//! The permissions of the token, and the README's list of them.

use serde_json::json;
use stand_ins::teamcity::{Permission, State};

use crate::setup::{BUILD_TYPE, Setup, counts, event};

const README: &str = include_str!("../../README.md");

/// Starts the function and a TeamCity whose token has exactly these permissions.
async fn setup_with(permissions: &[Permission]) -> Setup {
    Setup::with(|settings| settings.permissions = permissions.to_vec()).await
}

async fn setup_without(permission: Permission) -> Setup {
    Setup::with(|settings| settings.permissions.retain(|own| *own != permission)).await
}

#[tokio::test]
async fn the_permissions_of_the_readme_suffice() {
    let permissions = Permission::required_by(README);
    assert_eq!(
        permissions.len(),
        6,
        "all but the one for queue_at_top: {permissions:?}"
    );
    let setup = setup_with(&permissions).await;
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
    for permission in &permissions {
        let setup = setup_without(*permission).await;
        let is_for_duplicates = *permission == Permission::StopBuild;
        let outcome = setup.outcome(&event("direct")).await;
        assert_eq!(
            outcome.is_response(),
            is_for_duplicates,
            "{permission:?} is needed"
        );
    }
}

#[tokio::test]
async fn the_readme_names_every_permission_as_teamcity_does() {
    for permission in Permission::ALL {
        assert!(
            README.contains(&format!("*{}*", permission.name())),
            "{permission:?}"
        );
    }
    assert!(
        !README.contains("Cancel build in queue"),
        "TeamCity has no such permission"
    );
}

#[tokio::test]
async fn a_missing_permission_is_named_with_its_project() {
    for permission in [
        Permission::RunBuild,
        Permission::CommentBuild,
        Permission::CustomizeBuildParameters,
        Permission::TagBuild,
    ] {
        let setup = setup_without(permission).await;
        let (_, message) = setup.invoke_failing(&event("direct")).await;
        let name = permission.name();
        for part in [
            "status 403",
            &format!("grant \"{name}\" to the token's role"),
            &format!("You do not have \"{name}\" permission in project with internal id: project1"),
            &format!("build configuration {BUILD_TYPE}"),
        ] {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
    }
}

#[tokio::test]
async fn an_empty_comment_is_not_sent_and_needs_no_permission() {
    let setup = setup_without(Permission::CommentBuild).await;
    for blank in ["", "   "] {
        setup.deploy("BUILD_COMMENT", blank);
        setup.invoke(&event("direct")).await;
    }
    let builds = setup.teamcity.builds();
    assert_eq!((builds.len(), builds[0].comment.as_deref()), (1, None));
    let seen = setup.teamcity.faults.seen();
    assert!(seen.iter().all(|request| !request.text().contains("comment")));
}

#[tokio::test]
async fn a_build_that_may_not_move_to_the_top_counts_nevertheless() {
    let setup = setup_without(Permission::ReorderBuilds).await;
    setup.deploy_routes(&json!([{"build_type": BUILD_TYPE, "queue_at_top": true}]));
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (1, 0));
    assert_eq!(counts(&setup.invoke(&event("direct")).await), (0, 1));
    assert_eq!(setup.teamcity.builds().len(), 1);
    assert!(
        setup.logs().contains("could not move it to the top of the queue"),
        "{}",
        setup.logs()
    );
    assert!(setup.logs().contains("Reorder builds in queue"));
}

#[tokio::test]
async fn a_duplicate_that_may_not_be_cancelled_is_no_failure() {
    let setup = setup_without(Permission::StopBuild).await;
    let event = event("direct");
    let (first, second) = tokio::join!(setup.invoke(&event), setup.invoke(&event));
    assert!(first["queued"].is_array() && second["queued"].is_array());
    assert!(
        setup
            .teamcity
            .builds()
            .iter()
            .all(|build| build.state == State::Queued)
    );
}
