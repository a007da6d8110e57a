//! The dependency snapshot of GitHub's dependency graph (REST API, "Create a snapshot of dependencies for a repository").
//!
//! One manifest per lockfile with what that file says: which packages the project asks for itself, which are only for
//! development, and what each of them needs. The project's own packages are not listed: they are nobody's dependency.

mod event;
mod submit;

pub use event::looked_at;
pub use submit::{Destination, Submitted, submit};

use crate::{
    cyclonedx::timestamp,
    graph::{Graph, Origin, RootKind, Scope, Source},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The run that looked: what the graph cannot know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The commit that was looked at.
    pub sha: String,
    /// The full ref, `refs/heads/main`.
    pub full_ref: String,
    /// The same for every run of the same job: GitHub replaces the last snapshot with this name.
    pub correlator: String,
    /// The run's id.
    pub id: String,
    /// The run's page.
    pub url: Option<String>,
    /// When it looked.
    pub scanned: jiff::Timestamp,
    /// The folder of the scanned tree in the repository, empty for its root; `None` when it is not in the repository.
    pub folder: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    sha: &'a str,
    #[serde(rename = "ref")]
    full_ref: &'a str,
    job: Job<'a>,
    detector: Detector,
    scanned: String,
    manifests: BTreeMap<&'a str, Manifest<'a>>,
}

#[derive(Serialize)]
struct Job<'a> {
    correlator: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Detector {
    name: &'static str,
    version: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Manifest<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    resolved: BTreeMap<&'a str, Dependency<'a>>,
}

#[derive(Serialize)]
struct File {
    source_location: String,
}

#[derive(Serialize)]
struct Dependency<'a> {
    package_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<Relationship>,
    scope: Purpose,
    dependencies: BTreeSet<&'a str>,
}

/// The order is from weak to strong: of two words on the same package the stronger one counts.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Relationship {
    Indirect,
    Direct,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    Development,
    Runtime,
}

/// The snapshot on one line, with a newline at its end.
///
/// # Errors
/// When the JSON writer fails: a fault of this program.
pub fn write(graph: &Graph, run: &Run) -> Result<Vec<u8>, serde_json::Error> {
    let mut manifests: BTreeMap<&str, Manifest<'_>> = BTreeMap::new();
    for source in graph.sources.iter().filter(|source| !source.members.is_empty()) {
        let manifest = manifests.entry(&source.path).or_insert_with(|| Manifest {
            name: &source.path,
            file: location(graph, run, &source.path),
            resolved: BTreeMap::new(),
        });
        resolve(graph, source, manifest);
    }
    // The distribution's name, and a project that needs nothing from elsewhere.
    manifests.retain(|_, manifest| !manifest.resolved.is_empty());
    let document = Document {
        version: 0,
        sha: &run.sha,
        full_ref: &run.full_ref,
        job: Job { correlator: &run.correlator, id: &run.id, html_url: run.url.as_deref() },
        detector: Detector {
            name: "lockkeeper-sbom",
            version: env!("CARGO_PKG_VERSION"),
            url: "https://github.com/lockkeeper/actions",
        },
        scanned: timestamp(run.scanned),
        manifests,
    };
    let mut bytes = serde_json::to_vec(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Where a lockfile is in the repository. A file of an image is in none.
fn location(graph: &Graph, run: &Run, path: &str) -> Option<File> {
    let folder = run.folder.as_deref().filter(|_| graph.root.kind == RootKind::Application)?;
    let source_location = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    Some(File { source_location })
}

fn resolve<'a>(graph: &'a Graph, source: &'a Source, manifest: &mut Manifest<'a>) {
    let direct = direct(graph, source);
    for (reference, member) in source.members.iter().filter(|(reference, _)| is_foreign(graph, reference)) {
        let relationship = direct.as_ref().map(|direct| {
            if direct.contains(reference.as_str()) { Relationship::Direct } else { Relationship::Indirect }
        });
        let scope = if member.scope == Scope::Development { Purpose::Development } else { Purpose::Runtime };
        let needs = member.needs.iter().filter(|needed| is_foreign(graph, needed)).map(String::as_str);
        let found = manifest.resolved.entry(reference).or_insert_with(|| Dependency {
            package_url: reference,
            relationship,
            scope,
            dependencies: BTreeSet::new(),
        });
        found.relationship = found.relationship.max(relationship);
        found.scope = found.scope.max(scope);
        found.dependencies.extend(needs);
    }
}

/// What the project asks for itself: directly, or one of its packages does. `None` where the file tells neither.
fn direct<'a>(graph: &Graph, source: &'a Source) -> Option<BTreeSet<&'a str>> {
    let own = source.members.iter().filter(|(reference, _)| !is_foreign(graph, reference));
    let of_own = own.flat_map(|(_, member)| &member.needs);
    let all: BTreeSet<&str> = source.direct.iter().flatten().chain(of_own).map(String::as_str).collect();
    (source.direct.is_some() || !all.is_empty()).then_some(all)
}

/// Whether somebody else makes it: it has a purl. What is not a component is the project itself.
fn is_foreign(graph: &Graph, reference: &str) -> bool {
    graph.components.get(reference).is_some_and(|found| matches!(found.package.origin, Origin::Purl(_)))
}

#[cfg(test)]
mod tests;
