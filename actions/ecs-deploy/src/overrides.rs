//! What is to be different from the base, for as many containers as wanted: read strictly, applied to the opaque document.

use crate::definition::{ContainerError, Definition};
use document::{Fields, Json, Problem};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use subject::{ImageRef, Reference};

/// Names and what they are set to; `None` takes the name out.
type Pairs = Vec<(String, Option<String>)>;

/// What is to be different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    containers: BTreeMap<String, Container>,
    sizes: Vec<(&'static str, String)>,
    tags: Pairs,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Container {
    image: Option<ImageRef>,
    /// Member of the definition, its names and values.
    named: Vec<(&'static str, Pairs)>,
    labels: Pairs,
    log_options: Pairs,
    words: Vec<(&'static str, Vec<String>)>,
    numbers: Vec<(&'static str, u64)>,
}

impl Overrides {
    /// Reads the document (YAML or JSON).
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Problem>> {
        document::read(text, |top| {
            let top = top.clone().only(&["containers", "cpu", "memory", "tags"]);
            let mut overrides = Self { tags: pairs(&top, "tags"), ..Self::default() };
            for name in ["cpu", "memory"] {
                overrides.sizes.extend(top.text(name).map(|size| (name, size)));
            }
            if let Some(containers) = top.child("containers") {
                for name in containers.keys() {
                    if let Some(fields) = containers.child(name) {
                        overrides.containers.insert(name.to_owned(), container(&fields));
                    }
                }
            }
            Some(overrides)
        })
    }

    /// Whether nothing is to be different.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same, with this image in that container; the container is the only one where none is named.
    ///
    /// # Errors
    /// [`ContainerError`] for a container the definition does not have.
    pub(crate) fn with(
        mut self,
        image: Option<&ImageRef>,
        container: Option<&str>,
        base: &Definition,
    ) -> Result<Self, ContainerError> {
        if let Some(image) = image {
            let name = base.container(container)?;
            self.containers.entry(name).or_default().image = Some(image.clone());
        }
        for name in self.containers.keys() {
            base.container(Some(name))?;
        }
        Ok(self)
    }

    /// The images by their containers.
    #[must_use]
    pub(crate) fn images(&self) -> Vec<(String, ImageRef)> {
        let named = self.containers.iter().filter_map(|(name, one)| Some((name.clone(), one.image.clone()?)));
        named.collect()
    }

    /// Applies it to a registration, tags apart.
    pub(crate) fn apply(&self, registration: &mut Map<String, Value>) {
        for (name, size) in &self.sizes {
            registration.insert((*name).to_owned(), json!(size));
        }
        let containers = registration.get_mut("containerDefinitions").and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let changes = container.get("name").and_then(Value::as_str).and_then(|name| self.containers.get(name));
            if let Some(changes) = changes.cloned() {
                changes.apply(container);
            }
        }
    }

    /// Applies it to a list of tags.
    pub(crate) fn apply_tags(&self, tags: &mut Vec<Value>) {
        for (key, value) in &self.tags {
            set_named(tags, ("key", "value"), key, value.as_deref());
        }
    }
}

impl Container {
    fn apply(&self, container: &mut Map<String, Value>) {
        if let Some(image) = &self.image {
            container.insert("image".to_owned(), json!(image.to_string()));
        }
        for (member, words) in &self.words {
            container.insert((*member).to_owned(), json!(words));
        }
        for (member, number) in &self.numbers {
            container.insert((*member).to_owned(), json!(number));
        }
        for (member, pairs) in &self.named {
            let value = if *member == "secrets" { "valueFrom" } else { "value" };
            let list = container.entry((*member).to_owned()).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                pairs.iter().for_each(|(name, text)| set_named(list, ("name", value), name, text.as_deref()));
            }
        }
        set_members(container, "dockerLabels", &self.labels);
        if let (false, Some(Value::Object(log))) = (self.log_options.is_empty(), container.get_mut("logConfiguration"))
        {
            set_members(log, "options", &self.log_options);
        }
    }
}

fn set_members(object: &mut Map<String, Value>, member: &str, pairs: &Pairs) {
    if pairs.is_empty() {
        return;
    }
    let Value::Object(members) = object.entry(member.to_owned()).or_insert_with(|| json!({})) else { return };
    for (name, text) in pairs {
        match text {
            Some(text) => drop(members.insert(name.clone(), json!(text))),
            None => drop(members.shift_remove(name)),
        }
    }
}

/// Sets, adds or takes out one entry of a list of names and values; the others keep their places.
fn set_named(list: &mut Vec<Value>, (key, value): (&str, &str), name: &str, text: Option<&str>) {
    let Some(text) = text else { return list.retain(|entry| entry[key] != name) };
    match list.iter_mut().find(|entry| entry[key] == name) {
        Some(entry) => entry[value] = json!(text),
        None => list.push(json!({key: name, value: text})),
    }
}

fn container(fields: &Fields<'_>) -> Container {
    let known = [
        "image",
        "environment",
        "secrets",
        "command",
        "entry-point",
        "cpu",
        "memory",
        "memory-reservation",
        "labels",
        "log-options",
    ];
    let fields = fields.clone().only(&known);
    let mut container = Container {
        image: fields.parsed::<Reference>("image").and_then(|reference| match reference {
            Reference::Image(image) => Some(image),
            Reference::Tag(_) => {
                fields.refuse("image", "is a tag, which can move between check and deployment; pin the digest");
                None
            }
        }),
        labels: pairs(&fields, "labels"),
        log_options: pairs(&fields, "log-options"),
        ..Container::default()
    };
    for member in ["environment", "secrets"] {
        let pairs = pairs(&fields, member);
        container.named.extend((!pairs.is_empty()).then_some((member, pairs)));
    }
    for (key, member) in [("command", "command"), ("entry-point", "entryPoint")] {
        container.words.extend(words(&fields, key).map(|words| (member, words)));
    }
    for (key, member) in [("cpu", "cpu"), ("memory", "memory"), ("memory-reservation", "memoryReservation")] {
        container.numbers.extend(fields.whole(key, 0..=1 << 30).map(|number| (member, number)));
    }
    container
}

/// A mapping of names to texts; `null` takes a name out.
fn pairs(fields: &Fields<'_>, key: &str) -> Pairs {
    let Some(mapping) = fields.child(key) else { return Vec::new() };
    let pair = |name: &str| match mapping.get(name) {
        Some(Json::Null) => Some((name.to_owned(), None)),
        _ => mapping.text(name).map(|text| (name.to_owned(), Some(text))),
    };
    mapping.keys().filter_map(pair).collect()
}

fn words(fields: &Fields<'_>, key: &str) -> Option<Vec<String>> {
    let value = fields.get(key)?.to_value();
    let words = value.as_array().and_then(|words| {
        let text = |word: &Value| match word {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        words.iter().map(text).collect::<Option<Vec<_>>>()
    });
    if words.is_none() {
        fields.refuse(key, "must be a list of words; nothing is split by a shell");
    }
    words
}

#[cfg(test)]
#[path = "overrides_tests.rs"]
mod tests;
