//! The check event: reads the server's version and the routes' build configurations.

use futures_util::{StreamExt, stream};
use lambda_core::check::Check;
use lambda_core::deadline::Deadline;
use serde::Deserialize;

use super::error::TeamCityError;
use super::{TeamCity, in_time};
use crate::build_request::BuildTypeId;

const SECRET: &str = "secret TEAMCITY_TOKEN";
const REACHABLE: &str = "TeamCity reachable";
const ACCEPTED: &str = "token accepted by TeamCity";
/// Build configurations that are read at the same time.
const CONCURRENT_READS: usize = 8;

#[derive(Deserialize)]
struct ServerJson {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildTypeJson {
    name: String,
    project_name: String,
    #[serde(default)]
    paused: bool,
    #[serde(default)]
    template_flag: bool,
}

impl TeamCity {
    /// Checks the token, the server and each build configuration, with `GET` requests only.
    pub(crate) async fn checks(&self, build_types: &[BuildTypeId], deadline: Deadline) -> Vec<Check> {
        let mut checks = Vec::new();
        if let Err(error) = in_time(deadline, self.secrets.read(&self.token)).await {
            checks.push(Check::failed(SECRET, error.to_string()));
            checks.push(Check::not_tried(REACHABLE, "the token could not be read"));
            return checks;
        }
        checks.push(Check::passed(SECRET, "read"));
        let mut url = self.resource(&["server"]);
        url.query_pairs_mut().append_pair("fields", "version");
        let server = self.send::<ServerJson>(self.http.get(url), deadline).await;
        let is_usable = server.is_ok();
        checks.extend(server_checks(server));
        if !is_usable {
            let untried = |id| Check::not_tried(name_of(id), "TeamCity gave no usable response");
            checks.extend(build_types.iter().map(untried));
            return checks;
        }
        let mut reads: Vec<_> = stream::iter(build_types.iter().enumerate())
            .map(|(index, id)| async move { (index, self.check_build_type(id, deadline).await) })
            .buffer_unordered(CONCURRENT_READS)
            .collect()
            .await;
        reads.sort_by_key(|(index, _)| *index);
        checks.extend(reads.into_iter().map(|(_, check)| check));
        checks
    }

    async fn check_build_type(&self, id: &BuildTypeId, deadline: Deadline) -> Check {
        let mut url = self.resource(&["buildTypes", &format!("id:{id}")]);
        url.query_pairs_mut()
            .append_pair("fields", "id,name,projectName,paused,templateFlag");
        match self.send::<BuildTypeJson>(self.http.get(url), deadline).await {
            Ok(found) if found.template_flag => Check::failed(
                name_of(id),
                "it is a template, from which no build runs: name a build configuration made of it in the route",
            ),
            Ok(found) => {
                let place = format!("{} / {}", found.project_name, found.name);
                Check::passed(
                    name_of(id),
                    match found.paused {
                        true => format!("{place}; it is paused, so queued builds wait until it is activated"),
                        false => place,
                    },
                )
            }
            Err(error) if is_out_of_reach(&error) => Check::not_tried(name_of(id), error.to_string()),
            Err(error) => Check::failed(name_of(id), error.to_string()),
        }
    }
}

fn name_of(build_type: &BuildTypeId) -> String {
    format!("build configuration {build_type}")
}

fn server_checks(server: Result<ServerJson, TeamCityError>) -> Vec<Check> {
    let error = match server {
        Ok(server) => {
            return vec![
                Check::passed(REACHABLE, format!("version {}", server.version)),
                Check::passed(ACCEPTED, "the REST API responded"),
            ];
        }
        Err(error) => error,
    };
    if is_out_of_reach(&error) {
        let advice =
            format!("{error}: check TEAMCITY_URL, the server, and the function's way to it (VPC, firewall)");
        return vec![
            Check::failed(REACHABLE, advice),
            Check::not_tried(ACCEPTED, "TeamCity is not reachable"),
        ];
    }
    if error.is_unauthorized() || error.is_forbidden() {
        return vec![
            Check::passed(REACHABLE, "it responded"),
            Check::failed(ACCEPTED, error.to_string()),
        ];
    }
    // Another server, a path that is missing, or a sign-in before TeamCity: the configuration is wrong, not the network.
    vec![
        Check::failed("TeamCity's REST API at TEAMCITY_URL", error.to_string()),
        Check::not_tried(ACCEPTED, "TeamCity's REST API did not respond"),
    ]
}

/// Reports whether the network or the server is the cause, and not this deployment's configuration.
fn is_out_of_reach(error: &TeamCityError) -> bool {
    error.is_transient() || matches!(error, TeamCityError::NoTimeLeft)
}
