//! A lockfile against what is installed: what is locked and not shipped, shipped and not locked, shipped in another
//! version. Pure.

use crate::{
    bill::Bill,
    diff::{Change, Diff, Item, Packages, Single, of, packages},
    graph::Source,
};
use github::Summary;
use serde::Serialize;
use std::collections::BTreeSet;

/// Rows of one table.
const MOST_ROWS: usize = 100;

/// The names of files that state what ought to be installed.
const LOCKFILES: [&str; 24] = [
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "requirements.txt",
    "go.mod",
    "go.sum",
    "Gemfile.lock",
    "gems.locked",
    "composer.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "project.assets.json",
    "mix.lock",
    "pubspec.lock",
    "Package.resolved",
    "conan.lock",
];

/// What differs between lockfiles and installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The ecosystems that both sides have; nothing is said of others.
    pub ecosystems: BTreeSet<String>,
    /// Locked, and not shipped.
    pub not_shipped: Vec<Single>,
    /// Of these, how many more are for development only, as they should be.
    pub development_left_out: usize,
    /// Shipped, and in no lockfile.
    pub not_locked: Vec<Single>,
    /// Shipped, though the lockfile says that it is for development only.
    pub development_shipped: Vec<Item>,
    /// Locked and shipped in different versions.
    pub drifted: Vec<Change>,
}

impl Drift {
    /// Is everything shipped that is locked, and nothing else?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.not_shipped.is_empty()
            && self.not_locked.is_empty()
            && self.development_shipped.is_empty()
            && self.drifted.is_empty()
    }
}

/// What differs between what is `locked` and what is `shipped`.
#[must_use]
pub fn between(locked: &Packages, shipped: &Packages) -> Drift {
    let ecosystems =
        |packages: &Packages| -> BTreeSet<String> { packages.keys().map(|key| key.ecosystem().to_owned()).collect() };
    let shared: BTreeSet<String> = ecosystems(locked).intersection(&ecosystems(shipped)).cloned().collect();
    let only = |packages: &Packages| -> Packages {
        let kept = packages.iter().filter(|(key, _)| shared.contains(key.ecosystem()));
        kept.map(|(key, versions)| (key.clone(), versions.clone())).collect()
    };
    let (locked, shipped) = (only(locked), only(shipped));
    let Diff { added, removed, changed, .. } = of(&locked, &shipped);
    let (development, not_shipped): (Vec<_>, Vec<_>) = removed.into_iter().partition(|single| single.item.development);
    let development_shipped = locked
        .iter()
        .flat_map(|(key, versions)| versions.iter().map(move |(version, item)| (key, version, item)))
        .filter(|(key, version, item)| item.development && shipped.get(*key).is_some_and(|v| v.contains_key(*version)))
        .map(|(_, _, item)| item.clone())
        .collect();
    Drift {
        ecosystems: shared,
        not_shipped,
        development_left_out: development.len(),
        not_locked: added,
        development_shipped,
        // The same version in both is no drift, whatever else the two sources know of it.
        drifted: changed.into_iter().filter(|change| change.before.version != change.after.version).collect(),
    }
}

/// Whether an ecosystem has both lockfiles and something installed among these sources.
#[must_use]
pub fn is_possible(sources: &[Source]) -> bool {
    let (locked, shipped): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(|source| is_lockfile(&source.path));
    locked.iter().any(|locked| shipped.iter().any(|shipped| shipped.ecosystem == locked.ecosystem))
}

/// What an image's own lockfiles state, and what is installed in it; `None` when it has not both.
#[must_use]
pub fn within(bill: &Bill) -> Option<Drift> {
    let (mut locked, mut shipped) = (bill.clone(), bill.clone());
    locked.parts.retain(|_, part| part.is_foreign() && part.places.iter().any(|path| is_lockfile(path)));
    shipped.parts.retain(|_, part| part.is_foreign() && part.places.iter().any(|path| !is_lockfile(path)));
    let drift = between(&packages(&locked), &packages(&shipped));
    (!drift.ecosystems.is_empty()).then_some(drift)
}

/// A lockfile inside an installed package is that package's own business, and the one npm hides in `node_modules`
/// states what is installed.
fn is_lockfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let inside = path.contains("node_modules/") || path.contains("-packages/");
    !inside && (LOCKFILES.contains(&name) || (name.starts_with("requirements") && name.ends_with(".txt")))
}

/// The tables of a drift.
#[must_use]
pub fn table(summary: Summary, drift: &Drift, against: &str) -> Summary {
    let ecosystems: Vec<&str> = drift.ecosystems.iter().map(String::as_str).collect();
    let summary = summary
        .heading("Lockfile and installation")
        .paragraph(&format!("Locked by: `{against}`; compared: {}", ecosystems.join(", ")));
    let counts = [
        ("locked, not shipped", drift.not_shipped.len()),
        ("locked for development, not shipped, as it should be", drift.development_left_out),
        ("shipped, not locked", drift.not_locked.len()),
        ("shipped, though for development only", drift.development_shipped.len()),
        ("shipped in another version", drift.drifted.len()),
    ];
    let rows = counts.into_iter().map(|(what, count)| vec![what.to_owned(), count.to_string()]);
    let summary = summary.table(&["packages", "count"], rows);
    let rows = |singles: &[Single], word: &str| -> Vec<Vec<String>> {
        singles.iter().map(|s| vec![s.package.to_string(), s.item.version.clone(), word.to_owned()]).collect()
    };
    let mut all = rows(&drift.not_locked, "shipped, not locked");
    all.extend(drift.drifted.iter().map(|change| {
        let what = format!("locked as {}", change.before.version);
        vec![change.package.to_string(), change.after.version.clone(), what]
    }));
    let development = drift.development_shipped.iter();
    all.extend(
        development.map(|item| vec![item.name.clone(), item.version.clone(), "for development only".to_owned()]),
    );
    all.extend(rows(&drift.not_shipped, "locked, not shipped"));
    if all.is_empty() {
        return summary;
    }
    let more = all.len().saturating_sub(MOST_ROWS);
    all.truncate(MOST_ROWS);
    let summary = summary.table(&["package", "version", "what"], all);
    if more > 0 { summary.paragraph(&format!("{more} more are in the JSON report.")) } else { summary }
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;
