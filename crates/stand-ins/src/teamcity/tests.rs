//! Requests that TeamCity refuses.

use local_stack::Match;
use reqwest::{Client, RequestBuilder, header};
use serde_json::{Value, json};

use super::*;

const ALL: &str = "state:any,defaultFilter:false";

async fn server(change: impl FnOnce(&mut Settings)) -> TeamCity {
    let mut settings = Settings::default();
    change(&mut settings);
    TeamCity::start(settings).await.unwrap()
}

fn get(server: &TeamCity, locator: &str) -> RequestBuilder {
    let locator = locator.replace(',', "%2C");
    let url = format!(
        "{}/app/rest/builds?locator={locator}&fields=count%2Cbuild(id%2Cstate%2Cstatus)",
        server.url()
    );
    Client::new()
        .get(url)
        .bearer_auth("teamcity-token")
        .header(header::ACCEPT, "application/json")
}

fn post(server: &TeamCity, path: &str, body: &Value) -> RequestBuilder {
    let request = Client::new().post(format!("{}/app/rest/buildQueue{path}", server.url()));
    request
        .bearer_auth("teamcity-token")
        .header(header::ACCEPT, "application/json")
        .json(body)
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn json(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}

fn build() -> Value {
    json!({
        "buildType": {"id": "Nightly_Import"},
        "comment": {"text": "by hand"},
        "properties": {"property": [{"name": "eventKey", "value": "a"}]},
        "tags": {"tag": [{"name": "t"}]},
    })
}

#[tokio::test]
async fn refuses_requests_with_wrong_headers() {
    let server = server(|_| {}).await;
    let replaced = |name, value| {
        let request = post(&server, "", &build()).build().unwrap();
        let (client, mut request) = (Client::new(), request);
        request
            .headers_mut()
            .insert(name, header::HeaderValue::from_static(value));
        RequestBuilder::from_parts(client, request)
    };
    assert_eq!(
        status(replaced(header::AUTHORIZATION, "Bearer another")).await,
        401
    );
    assert_eq!(status(replaced(header::COOKIE, "TCSESSIONID=8F4B2C")).await, 403);
    assert_eq!(status(replaced(header::ACCEPT, "text/html")).await, 406);
    assert_eq!(status(replaced(header::CONTENT_TYPE, "text/plain")).await, 415);
    assert!(server.builds().is_empty());
}

#[tokio::test]
async fn refuses_builds_that_teamcity_would_not_queue() {
    let server = server(|_| {}).await;
    let changed = |field: &str, value: Value| {
        let mut build = build();
        build[field] = value;
        post(&server, "", &build)
    };
    assert_eq!(status(changed("buildType", json!({"id": "Unknown"}))).await, 404);
    assert_eq!(status(changed("buildType", json!({}))).await, 400);
    assert_eq!(status(changed("comment", json!({}))).await, 400);
    let nameless = json!({"property": [{"name": null, "value": "x"}]});
    assert_eq!(status(changed("properties", nameless)).await, 400);
    assert!(server.builds().is_empty());
}

#[tokio::test]
async fn hides_queued_and_cancelled_builds_by_default() {
    let server = server(|_| {}).await;
    let id = json(post(&server, "", &build())).await["id"].clone();
    let of_tag = |more: &str| get(&server, &format!("tag:(name:t){more}"));
    let count = async |more: &str| json(of_tag(more)).await["count"].clone();
    assert_eq!((count("").await, count(",state:any").await), (json!(0), json!(1)));
    assert_eq!(
        json(of_tag(&format!(",{ALL}"))).await,
        json!({"count": 1, "build": [{"id": id, "state": "queued"}]})
    );

    let cancel = json!({"comment": "no", "readdIntoQueue": false});
    assert_eq!(status(post(&server, &format!("/id:{id}"), &cancel)).await, 200);
    assert_eq!(count(",state:any").await, json!(0));
    let cancelled = json!({"id": id, "state": "finished", "status": "UNKNOWN"});
    assert_eq!(
        json(of_tag(&format!(",{ALL}"))).await["build"],
        json!([cancelled])
    );
}

#[tokio::test]
async fn a_running_build_cannot_be_cancelled_in_the_queue() {
    let server = server(|settings| settings.time_in_queue = Duration::ZERO).await;
    let id = json(post(&server, "", &build())).await["id"].clone();
    let cancel = json!({"comment": "no", "readdIntoQueue": false});
    assert_eq!(status(post(&server, &format!("/id:{id}"), &cancel)).await, 404);
    assert_eq!(server.builds()[0].state, State::Running);
}

#[tokio::test]
async fn queued_builds_with_the_same_properties_become_one() {
    let server = server(|_| {}).await;
    let first = json(post(&server, "", &build())).await["id"].clone();
    assert_eq!(json(post(&server, "", &build())).await["id"], first);
    let mut other = build();
    other["properties"]["property"][0]["value"] = json!("b");
    assert_ne!(json(post(&server, "", &other)).await["id"], first);
}

/// Queues a build with a token that lacks `permission`.
async fn queue_without(permission: Permission, build: &Value) -> (TeamCity, u16, String) {
    let server = server(|settings| settings.permissions.retain(|own| *own != permission)).await;
    let refused = post(&server, "", build).send().await.unwrap();
    let status = refused.status().as_u16();
    (server, status, refused.text().await.unwrap())
}

#[tokio::test]
async fn a_build_needs_a_permission_for_each_of_its_parts() {
    for permission in [
        Permission::RunBuild,
        Permission::CommentBuild,
        Permission::CustomizeBuildParameters,
        Permission::TagBuild,
    ] {
        let (server, status, body) = queue_without(permission, &build()).await;
        assert_eq!(status, 403, "{permission:?}");
        let message = format!(
            "You do not have \\\"{}\\\" permission in project",
            permission.name()
        );
        assert!(body.contains(&message), "{body}");
        assert!(server.builds().is_empty());
    }
    let bare = json!({"buildType": {"id": "Nightly_Import"}});
    for permission in [
        Permission::CommentBuild,
        Permission::TagBuild,
        Permission::StopBuild,
    ] {
        assert_eq!(queue_without(permission, &bare).await.1, 200, "{permission:?}");
    }
    assert_eq!(
        queue_without(Permission::ViewProject, &bare).await.1,
        404,
        "the configuration is hidden"
    );
}

#[tokio::test]
async fn a_build_that_may_not_move_to_the_top_stays_in_the_queue() {
    let mut build = build();
    build["triggeringOptions"] = json!({"queueAtTop": true});
    let (server, status, _) = queue_without(Permission::ReorderBuilds, &build).await;
    assert_eq!((status, server.builds().len()), (403, 1));
}

#[tokio::test]
async fn a_build_may_be_cancelled_only_with_the_permission() {
    let (server, status, _) = queue_without(Permission::StopBuild, &build()).await;
    assert_eq!(status, 200);
    let path = format!("/id:{}", server.builds()[0].id);
    let cancel = json!({"comment": "no", "readdIntoQueue": false});
    assert_eq!(super::tests::status(post(&server, &path, &cancel)).await, 403);
}

#[tokio::test]
async fn outside_of_its_path_the_servlet_container_answers() {
    let server = server(|settings| settings.context_path = "/teamcity".to_owned()).await;
    assert_eq!(status(post(&server, "", &build())).await, 200);
    let outside = server.url().replace("/teamcity", "/app/rest/buildQueue");
    let page = Client::new().post(outside).send().await.unwrap();
    assert_eq!(page.status().as_u16(), 404);
    assert!(page.text().await.unwrap().contains("HTTP Status 404"));
}

#[tokio::test]
async fn a_malformed_locator_is_a_bad_request() {
    let server = server(|_| {}).await;
    assert_eq!(status(get(&server, "tag:(name:a(b)")).await, 400);
    assert_eq!(status(get(&server, "key:a")).await, 400);
    assert_eq!(status(get(&server, "buildType:(id:Unknown)")).await, 404);
}

#[tokio::test]
async fn a_rate_limited_client_gets_retry_after() {
    let server = server(|_| {}).await;
    server.faults.inject(Match::any(), too_many_requests(7), 1);
    let refused = get(&server, ALL).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()[header::RETRY_AFTER]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(status(get(&server, ALL)).await, 200);
}
