//! What `uses:` names in a workflow or a composite action (docs.github.com, "Workflow syntax", "Metadata syntax").
//!
//! purl-spec has no registered type for actions (`githubactions`, which GitHub's own exports carry, was proposed and is not
//! in the list of types); an action is a repository at a commit or tag, so it is `pkg:github/owner/repo@ref#folder`, as Syft
//! and others write it too.
//!
//! A workflow ends wherever it ends: nothing in the format tells one that was cut off between two steps from a whole one.

use super::super::{ParseError, documents::yaml, shorten, text};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It builds, tests or releases: what it uses is for development.
    Workflow,
    /// It is the product: what it uses is needed by whoever uses it.
    Action,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    jobs: Option<BTreeMap<String, Job>>,
    #[serde(default)]
    runs: Option<Job>,
}

/// A job, or what an action runs.
#[derive(Deserialize)]
struct Job {
    uses: Option<String>,
    #[serde(default)]
    steps: Option<Vec<Option<Step>>>,
    /// An action's container.
    image: Option<String>,
}

#[derive(Deserialize)]
struct Step {
    uses: Option<String>,
}

/// The actions, reusable workflows and images that the file uses; what is in the repository itself is left out.
///
/// What they need in turn is not known from here.
///
/// # Errors
/// [`ParseError`] for broken YAML and for jobs and steps of another shape. A `uses` that names nothing GitHub would accept
/// is a finding.
pub fn parse(bytes: &[u8], role: Role) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let file: Option<File> = yaml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::GithubActions);
    let lines = lines(text);
    let mut seen = HashSet::new();
    let jobs = file.iter().flat_map(|file| file.jobs.iter().flatten().map(|(_, job)| job).chain(&file.runs));
    for used in jobs.flat_map(Job::used) {
        // `./` is in the workspace, `$/` in the very commit of the file's own repository.
        let own = ["./", "../", "$/"].iter().any(|start| used.starts_with(start));
        if own || used.is_empty() || !seen.insert(used) {
            continue;
        }
        let (line, comment) = lines.get(used).copied().unwrap_or((None, ""));
        let Some(mut package) = package(used, comment) else {
            inventory.finding(FindingKind::Broken, line, format!("`{}` is nothing that can be used", shorten(used)));
            continue;
        };
        package.line = line;
        package.needs_known = Knowledge::Unknown;
        package.scope = if role == Role::Workflow { Scope::Development } else { Scope::Required };
        inventory.packages.push(package);
    }
    inventory.direct = Some((0..inventory.packages.len()).collect());
    Ok(inventory)
}

impl Job {
    fn used(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.iter().flatten().flatten().filter_map(|step| step.uses.as_deref());
        // A `Dockerfile` is the action's own.
        let image = self.image.as_deref().filter(|image| image.starts_with("docker://"));
        steps.chain(self.uses.as_deref()).chain(image).map(str::trim)
    }
}

/// Where each `uses` first stands, and the comment behind it.
fn lines(text: &str) -> HashMap<&str, (Option<u32>, &str)> {
    let mut found = HashMap::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let rest = line.trim_start_matches([' ', '\t', '-', '{']);
        let Some(value) = rest.strip_prefix("uses:").or_else(|| rest.strip_prefix("image:")) else { continue };
        let (value, comment) = value.split_once(" #").unwrap_or((value, ""));
        let value = value.trim().trim_matches(['"', '\'']);
        found.entry(value).or_insert((Some(number), comment.trim()));
    }
    found
}

fn package(used: &str, comment: &str) -> Option<Package> {
    if let Some(image) = used.strip_prefix("docker://") {
        return from_docker(image);
    }
    let (place, reference) = used.split_once('@').filter(|(_, reference)| !reference.is_empty())?;
    let mut parts = place.splitn(3, '/');
    let (owner, name, folder) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    let plain = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if !plain(owner) || !plain(name) || reference.contains([' ', '{']) {
        return None;
    }
    let folder = folder.trim_matches('/');
    let purl = Purl::new("github", name).namespace(owner).version(reference).subpath(folder).build()?;
    let full = if folder.is_empty() { name.to_owned() } else { format!("{name}/{folder}") };
    let mut package = Package::new(full, Some(reference.to_owned()), Origin::Purl(purl));
    package.group = Some(owner.to_owned());
    let commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    // A tag and a branch look alike, and both can be moved.
    let pin = if commit { "commit" } else { "tag-or-branch" };
    package.properties.insert("lockkeeper:github:pin", pin.to_owned());
    let stated =
        comment.split_whitespace().find(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()));
    if let Some(stated) = stated.filter(|_| commit) {
        package.properties.insert("lockkeeper:github:stated-version", shorten(stated));
    }
    Some(package)
}

/// `docker://[registry/]path[:tag][@digest]`, as purl-spec's type `docker` has it.
fn from_docker(image: &str) -> Option<Package> {
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    let (place, tag) = match image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((place, tag)) => (place, Some(tag)),
        None => (image, None),
    };
    let (registry, path) = match place.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("", place),
    };
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let registry = if matches!(registry, "docker.io" | "index.docker.io") { "" } else { registry };
    let version = digest.or(tag);
    let purl = Purl::new("docker", name).namespace(namespace).version(version.unwrap_or_default());
    let purl = purl.qualifier("repository_url", registry).build().filter(|_| !name.contains(['{', ' ']))?;
    let mut package = Package::new(name, version.map(str::to_owned), Origin::Purl(purl));
    package.group = Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty());
    let pin = if digest.is_some() { "digest" } else { "tag-or-branch" };
    package.properties.insert("lockkeeper:github:pin", pin.to_owned());
    Some(package)
}

#[cfg(test)]
#[path = "workflow_tests.rs"]
mod tests;
