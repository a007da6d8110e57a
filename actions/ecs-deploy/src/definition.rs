//! A task definition as an opaque document: what is asked for changed, everything else exactly as it was.

mod canonical;

pub(crate) use canonical::same;

use crate::overrides::Overrides;
use serde_json::{Map, Value, json};

/// What ECS adds when describing and refuses when registering (botocore 1.44.5, `TaskDefinition` without
/// `RegisterTaskDefinitionRequest`).
const READ_ONLY: [&str; 9] = [
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// The tag by which a revision says which run made it.
pub(crate) const RUN_TAG: &str = "lockkeeper:run-url";

/// ECS allows 50 tags on a resource.
const MOST_TAGS: usize = 50;

/// A task definition with its tags, as `DescribeTaskDefinition` gives them side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Definition {
    /// `taskDefinition`.
    pub(crate) document: Value,
    /// `tags`.
    pub(crate) tags: Vec<Value>,
}

/// The container that is meant cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ContainerError {
    /// No container of that name.
    #[error("the task definition has no container `{0}`; it has {1}")]
    Unknown(String, String),
    /// Several, and none was named.
    #[error("the task definition has several containers; say which by `container`: {0}")]
    Several(String),
    /// None at all.
    #[error("the task definition has no containers")]
    None,
}

impl Definition {
    /// Its ARN.
    #[must_use]
    pub(crate) fn arn(&self) -> &str {
        self.document["taskDefinitionArn"].as_str().unwrap_or_default()
    }

    /// Its family.
    #[must_use]
    pub(crate) fn family(&self) -> &str {
        self.document["family"].as_str().unwrap_or_default()
    }

    /// Whether it can be deployed: an inactive revision can be described, but not be the target of an update.
    #[must_use]
    pub(crate) fn is_active(&self) -> bool {
        self.document["status"].as_str() == Some("ACTIVE")
    }

    /// The page of the run that registered it, where it was one of ours.
    #[must_use]
    pub(crate) fn run_url(&self) -> Option<&str> {
        let tag = self.tags.iter().find(|tag| tag["key"] == RUN_TAG)?;
        tag["value"].as_str()
    }

    fn containers(&self) -> &[Value] {
        self.document["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of its containers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.containers().iter().filter_map(|container| container["name"].as_str())
    }

    /// The options of a container's log, where it logs to CloudWatch; null otherwise.
    #[must_use]
    pub(crate) fn log_options(&self, container: &str) -> &Value {
        let log = self.containers().iter().find(|one| one["name"] == container).map(|one| &one["logConfiguration"]);
        log.filter(|log| log["logDriver"] == "awslogs").map_or(&Value::Null, |log| &log["options"])
    }

    /// The names of the containers whose end ends the task.
    pub(crate) fn essential(&self) -> impl Iterator<Item = &str> {
        let essential = self.containers().iter().filter(|container| container["essential"] != false);
        essential.filter_map(|container| container["name"].as_str())
    }

    /// The name of the container meant: the one wanted, else the only one.
    ///
    /// # Errors
    /// [`ContainerError`] with the names there are.
    pub(crate) fn container(&self, wanted: Option<&str>) -> Result<String, ContainerError> {
        let names: Vec<&str> = self.names().collect();
        match (wanted, names.as_slice()) {
            (_, []) => Err(ContainerError::None),
            (Some(wanted), names) if names.contains(&wanted) => Ok(wanted.to_owned()),
            (Some(wanted), names) => Err(ContainerError::Unknown(wanted.to_owned(), names.join(", "))),
            (None, [only]) => Ok((*only).to_owned()),
            (None, names) => Err(ContainerError::Several(names.join(", "))),
        }
    }

    /// The image of a container as it is written.
    #[must_use]
    pub(crate) fn image(&self, container: &str) -> Option<&str> {
        self.containers().iter().find(|one| one["name"] == container)?["image"].as_str()
    }

    /// The request that registers this definition with these overrides and the run's tag.
    ///
    /// Members this program does not know are passed on; only what ECS itself adds is left out.
    #[must_use]
    pub(crate) fn registration(&self, overrides: &Overrides, run_url: Option<&str>) -> Value {
        let mut request = self.writable();
        overrides.apply(&mut request);
        let mut tags: Vec<Value> = self.tags.iter().filter(|tag| tag["key"] != RUN_TAG).cloned().collect();
        overrides.apply_tags(&mut tags);
        if let Some(tag) = run_tag(run_url).filter(|_| tags.len() < MOST_TAGS) {
            tags.push(tag);
        }
        // An empty list of tags is refused by ECS; absent is not.
        if !tags.is_empty() {
            request.insert("tags".to_owned(), Value::Array(tags));
        }
        Value::Object(request)
    }

    /// The document without what ECS adds when describing.
    fn writable(&self) -> Map<String, Value> {
        let mut request = self.document.as_object().cloned().unwrap_or_else(Map::new);
        for name in READ_ONLY {
            request.shift_remove(name);
        }
        request
    }

    /// Whether deploying this one would come to what that registration asks for: the same tasks, the same tags but the
    /// run's own.
    #[must_use]
    pub(crate) fn fulfils(&self, registration: &Value) -> bool {
        let tags = |tags: &[Value]| {
            let mut tags: Vec<String> = tags
                .iter()
                .filter(|tag| tag["key"] != RUN_TAG)
                .map(|tag| format!("{}={}", tag["key"], tag["value"]))
                .collect();
            tags.sort();
            tags
        };
        let wanted = registration["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        same(&Value::Object(self.writable()), registration) && tags(&self.tags) == tags(wanted)
    }

    /// What a registration changes, as a unified diff of the two documents. `None` where nothing differs.
    #[must_use]
    pub(crate) fn diff(&self, registration: &Value) -> Option<String> {
        let mut old = self.writable();
        if !self.tags.is_empty() {
            old.insert("tags".to_owned(), Value::Array(self.tags.clone()));
        }
        let text = |value: &Value| format!("{value:#}\n");
        let (old, new) = (text(&Value::Object(old)), text(registration));
        let diff = similar::TextDiff::from_lines(&old, &new);
        let shown = diff.unified_diff().context_radius(2).header("running", "planned").to_string();
        (!shown.is_empty()).then_some(shown)
    }
}

/// The tag of a run.
#[must_use]
pub(crate) fn run_tag(run_url: Option<&str>) -> Option<Value> {
    run_url.map(|url| json!({"key": RUN_TAG, "value": url.chars().take(256).collect::<String>()}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use subject::{Digest, ImageRef};

    fn image(text: &str) -> ImageRef {
        let repository: subject::Repository = "registry.example/app".parse().unwrap();
        repository.image(Digest::of(text.as_bytes()))
    }

    fn to(name: &str) -> Overrides {
        Overrides::default().with(Some(&image(name)), Some("api"), &described()).unwrap()
    }

    fn described() -> Definition {
        let mut document = json!({
            "family": "api", "taskRoleArn": "r", "invented": {"by": ["tomorrow", null]}, "volumes": [],
            "containerDefinitions": [
                {"name": "api", "image": image("old").to_string(), "essential": true, "future": {"a": 1}},
                {"name": "proxy", "image": "registry.example/proxy:1", "environment": [{"name": "A", "value": ""}]}
            ],
            "enableFaultInjection": false
        });
        for name in READ_ONLY {
            document[name] = json!("read-only");
        }
        Definition {
            document,
            tags: vec![json!({"key": "team", "value": "a"}), json!({"key": RUN_TAG, "value": "old"})],
        }
    }

    #[test]
    fn only_the_image_the_runs_tag_and_the_nine_read_only_members_change() {
        let request = described().registration(&to("new"), Some("https://server/run"));
        let wanted = json!({
            "family": "api", "taskRoleArn": "r", "invented": {"by": ["tomorrow", null]}, "volumes": [],
            "containerDefinitions": [
                {"name": "api", "image": image("new").to_string(), "essential": true, "future": {"a": 1}},
                {"name": "proxy", "image": "registry.example/proxy:1", "environment": [{"name": "A", "value": ""}]}
            ],
            "enableFaultInjection": false,
            "tags": [{"key": "team", "value": "a"}, {"key": RUN_TAG, "value": "https://server/run"}]
        });
        assert_eq!(request, wanted);
        assert_eq!(request.to_string(), wanted.to_string(), "the order is kept too");
    }

    #[test]
    fn tags_are_never_an_empty_list_and_never_too_many() {
        let bare = Definition { tags: vec![], ..described() };
        assert!(bare.registration(&to("new"), None).get("tags").is_none());
        let full =
            Definition { tags: (0..50).map(|n| json!({"key": n.to_string(), "value": ""})).collect(), ..described() };
        assert_eq!(full.registration(&to("new"), Some("url"))["tags"].as_array().unwrap().len(), 50);
    }

    #[test]
    fn the_container_is_the_only_one_or_the_named_one() {
        let two = described();
        assert_eq!(two.container(Some("proxy")).unwrap(), "proxy");
        assert_eq!(two.container(None), Err(ContainerError::Several("api, proxy".into())));
        assert_eq!(two.container(Some("x")), Err(ContainerError::Unknown("x".into(), "api, proxy".into())));
        let one = Definition { document: json!({"containerDefinitions": [{"name": "api"}]}), tags: vec![] };
        assert_eq!(one.container(None).unwrap(), "api");
        assert_eq!(Definition::default().container(None), Err(ContainerError::None));
    }

    #[test]
    fn a_revision_fulfils_what_means_the_same_and_has_the_same_tags() {
        let asked = |name: &str| described().registration(&to(name), Some("https://server/run/2"));
        assert!(described().fulfils(&asked("old")), "the run's own tag is no difference");
        assert!(!described().fulfils(&asked("new")));
        let retagged = Overrides::read("tags: {team: b}").unwrap();
        assert!(!described().fulfils(&described().registration(&retagged, None)));
    }

    #[test]
    fn the_diff_shows_the_image_and_nothing_else() {
        let described = described();
        let diff = described.diff(&described.registration(&to("new"), Some("old"))).unwrap();
        let changed: Vec<_> = diff
            .lines()
            .filter(|l| l.starts_with(['+', '-']) && !l.starts_with("+++") && !l.starts_with("---"))
            .collect();
        assert_eq!(changed.len(), 2, "{diff}");
        assert_eq!(described.diff(&described.registration(&to("old"), Some("old"))), None);
    }
}
