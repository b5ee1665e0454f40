use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::locator::{BuildLocator, StateFilter};
use super::refusal::Refusal;
use super::{Permission, Settings};

/// State of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for an agent.
    Queued,
    /// Runs on an agent.
    Running,
    /// Ended or cancelled.
    Finished,
}

/// Build in its current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Id; ids grow.
    pub id: u64,
    /// Id of the build configuration.
    pub build_type: String,
    /// Branch; `None` is the default branch.
    pub branch: Option<String>,
    /// Properties by name.
    pub properties: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Comment of the request that queued it.
    pub comment: Option<String>,
    /// Whether the request put it at the top of the queue.
    pub queue_at_top: bool,
    /// Comment of the cancellation, if it was cancelled.
    pub cancelled: Option<String>,
    /// Time in the queue before the cancellation.
    pub cancelled_after: Option<Duration>,
    /// State.
    pub state: State,
    /// Moment at which it was queued.
    pub queued_at: Instant,
}

/// Builds of a server.
#[derive(Debug, Default)]
pub(super) struct Builds {
    builds: Vec<Build>,
    by_tag: HashMap<String, Vec<usize>>,
}

const FIRST_ID: u64 = 1001;

impl Builds {
    pub(super) fn all(&self, settings: &Settings) -> Vec<Build> {
        self.builds.iter().map(|build| build.now(settings)).collect()
    }

    /// Queues the build that `body` describes, or returns a queued build that absorbs it.
    pub(super) fn queue(&mut self, body: &Value, settings: &Settings) -> Result<Build, Refusal> {
        let build = parse(body, FIRST_ID + self.builds.len() as u64)?;
        find_build_type(&build.build_type, settings)?;
        check_permissions(&build, settings)?;
        let is_to_move = build.queue_at_top;
        let queued = self.add(build, settings);
        // TeamCity moves a build after it has queued it.
        if is_to_move {
            Permission::ReorderBuilds.check(settings)?;
        }
        Ok(queued)
    }

    fn add(&mut self, build: Build, settings: &Settings) -> Build {
        if settings.merges
            && let Some(at) = self.waiting_twin(&build, settings)
        {
            return self.builds[at].now(settings);
        }
        for tag in &build.tags {
            self.by_tag
                .entry(tag.clone())
                .or_default()
                .push(self.builds.len());
        }
        self.builds.push(build.clone());
        build.now(settings)
    }

    /// Position of a queued build with the same branch and properties. The newest builds are queued: search from the end.
    fn waiting_twin(&self, build: &Build, settings: &Settings) -> Option<usize> {
        let is_twin = |other: &Build| {
            other.build_type == build.build_type
                && other.branch == build.branch
                && other.properties == build.properties
                && other.now(settings).state == State::Queued
        };
        self.builds.iter().rposition(is_twin)
    }

    /// Cancels a queued build.
    pub(super) fn cancel(&mut self, id: u64, comment: &str, settings: &Settings) -> Result<Build, Refusal> {
        let waiting = self
            .builds
            .iter_mut()
            .find(|build| build.id == id && build.now(settings).state == State::Queued);
        let Some(build) = waiting else {
            return Err(Refusal::not_found(format!(
                "No queued build can be found by locator 'id:{id}'."
            )));
        };
        build.cancelled = Some(comment.to_owned());
        build.cancelled_after = Some(build.queued_at.elapsed());
        Ok(build.now(settings))
    }

    /// Returns the builds that `locator` selects, the newest first, as TeamCity lists them.
    pub(super) fn find(&self, locator: &BuildLocator, settings: &Settings) -> Result<Vec<Build>, Refusal> {
        if let Some(build_type) = &locator.build_type {
            find_build_type(build_type, settings)?;
        }
        let candidates: Vec<usize> = match &locator.tag {
            Some(tag) => self.by_tag.get(tag).cloned().unwrap_or_default(),
            None => (0..self.builds.len()).collect(),
        };
        let found = candidates
            .into_iter()
            .rev()
            .map(|at| self.builds[at].now(settings));
        Ok(found
            .filter(|build| fits(build, locator))
            .take(locator.count)
            .collect())
    }
}

/// Fails if there is no such build configuration, or if the token may not see it.
fn find_build_type(id: &str, settings: &Settings) -> Result<(), Refusal> {
    let is_visible = Permission::ViewProject.check(settings).is_ok();
    if is_visible && settings.build_types.iter().any(|build_type| build_type == id) {
        return Ok(());
    }
    Err(Refusal::not_found(format!(
        "No build type nor template is found by id '{id}'."
    )))
}

/// Returns a build configuration, without its settings.
pub(super) fn build_type(id: &str, settings: &Settings) -> Result<Value, Refusal> {
    find_build_type(id, settings)?;
    Ok(json!({
        "id": id,
        "name": id.rsplit('_').next(),
        "projectName": id.split('_').next(),
        "paused": settings.paused.iter().any(|paused| paused == id),
        "templateFlag": settings.templates.iter().any(|template| template == id),
    }))
}

/// Fails if the token lacks a permission that queueing the build needs.
fn check_permissions(build: &Build, settings: &Settings) -> Result<(), Refusal> {
    let needed = [
        (Permission::RunBuild, true),
        (Permission::CommentBuild, build.comment.is_some()),
        (Permission::CustomizeBuildParameters, !build.properties.is_empty()),
        (Permission::TagBuild, !build.tags.is_empty()),
    ];
    let mut needed = needed.into_iter().filter(|(_, is_needed)| *is_needed);
    needed.try_for_each(|(permission, _)| permission.check(settings))
}

fn fits(build: &Build, locator: &BuildLocator) -> bool {
    let has_state = match locator.state {
        StateFilter::Any => true,
        StateFilter::Only(state) => build.state == state,
    };
    let is_plain = build.cancelled.is_none() && build.branch.is_none();
    locator
        .build_type
        .as_ref()
        .is_none_or(|build_type| *build_type == build.build_type)
        && has_state
        && (is_plain || !locator.has_default_filter)
}

impl Build {
    /// Value of a property as the build sees it: TeamCity resolves `%%` to a percent sign.
    pub fn resolved(&self, property: &str) -> Option<String> {
        Some(self.properties.get(property)?.replace("%%", "%"))
    }

    /// Time at which it leaves the queue if it waits for `time_in_queue`.
    pub fn starts_at(&self, time_in_queue: Duration) -> Instant {
        self.queued_at + time_in_queue
    }

    fn now(&self, settings: &Settings) -> Self {
        let waited = self.queued_at.elapsed();
        let state = match (&self.cancelled, waited.checked_sub(settings.time_in_queue)) {
            (Some(_), _) => State::Finished,
            (None, None) => State::Queued,
            (None, Some(ran)) if ran < settings.time_running => State::Running,
            (None, Some(_)) => State::Finished,
        };
        Self {
            state,
            ..self.clone()
        }
    }

    /// Returns TeamCity's JSON for the build.
    pub(super) fn json(&self, server: &str) -> Value {
        let properties = self
            .properties
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        let tags = self.tags.iter().map(|tag| json!({"name": tag}));
        let (state, path) = match self.state {
            State::Queued => ("queued", "buildQueue"),
            State::Running => ("running", "builds"),
            State::Finished => ("finished", "builds"),
        };
        let mut json = json!({
            "id": self.id,
            "buildTypeId": self.build_type,
            "state": state,
            "href": format!("/app/rest/{path}/id:{}", self.id),
            "webUrl": format!("{server}/viewLog.html?buildId={}", self.id),
            "properties": {"count": self.properties.len(), "property": properties.collect::<Vec<_>>()},
            "tags": {"count": self.tags.len(), "tag": tags.collect::<Vec<_>>()},
        });
        if let Some(branch) = &self.branch {
            json["branchName"] = json!(branch);
        }
        if let Some(comment) = &self.comment {
            json["comment"] = json!({"text": comment});
        }
        if self.state != State::Queued {
            json["status"] = json!(if self.cancelled.is_some() {
                "UNKNOWN"
            } else {
                "SUCCESS"
            });
        }
        if let Some(comment) = &self.cancelled {
            json["canceledInfo"] = json!({"text": comment});
        }
        json
    }
}

fn parse(body: &Value, id: u64) -> Result<Build, Refusal> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let Some(build_type) = text(&body["buildType"]["id"]) else {
        return Err(Refusal::bad_request(
            "Could not find build type by the submitted data: no id.",
        ));
    };
    if body
        .get("comment")
        .is_some_and(|comment| text(&comment["text"]).is_none())
    {
        return Err(Refusal::bad_request("Comment text is not specified."));
    }
    let empty = Vec::new();
    let list = |value: &'_ Value| value.as_array().unwrap_or(&empty).clone();
    let mut properties = BTreeMap::new();
    for property in list(&body["properties"]["property"]) {
        let name = text(&property["name"]).filter(|name| !name.is_empty());
        let (Some(name), Some(value)) = (name, text(&property["value"])) else {
            return Err(Refusal::bad_request("Property name or value is not specified."));
        };
        properties.insert(name, value);
    }
    Ok(Build {
        id,
        build_type,
        branch: text(&body["branchName"]),
        properties,
        tags: list(&body["tags"]["tag"])
            .iter()
            .filter_map(|tag| text(&tag["name"]))
            .collect(),
        comment: text(&body["comment"]["text"]),
        queue_at_top: body["triggeringOptions"]["queueAtTop"] == true,
        cancelled: None,
        cancelled_after: None,
        state: State::Queued,
        queued_at: Instant::now(),
    })
}

/// Returns the parts of `whole` that `fields` selects, such as `count,build(id,state)`; empty selects all.
pub(super) fn select(whole: &Value, fields: &str) -> Value {
    let Value::Object(all) = whole else {
        return match whole {
            Value::Array(items) => items.iter().map(|item| select(item, fields)).collect(),
            other => other.clone(),
        };
    };
    if fields.is_empty() {
        return whole.clone();
    }
    let mut selected = Map::new();
    for field in super::locator::split(fields) {
        let (name, inner) = field.split_once('(').unwrap_or((field, ""));
        if let Some(value) = all.get(name) {
            selected.insert(name.to_owned(), select(value, inner.trim_end_matches(')')));
        }
    }
    Value::Object(selected)
}
