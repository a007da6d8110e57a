//! Packages installed in an image's `node_modules` folders.
//!
//! What is there is what has a `package.json` in the place where a package manager puts one. What a package needs is found
//! as Node finds it; the hidden lockfiles of npm (`.package-lock.json`) and pnpm (`.pnpm/lock.yaml`) add checksums, sources,
//! and the edges that pnpm keeps in symbolic links.

use super::{
    borrowed::{Object, Text},
    folders::Folders,
    locked::{Locked, Source, scope_of},
    manifest::{Manifest, is_json},
    package_lock::{self, Entry},
    pnpm,
};
use crate::{
    ecosystem::{BadFile, Candidate, Found, Place, Surroundings, shorten},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Package, Remark, Scope},
};
use std::collections::HashMap;

/// npm's lockfile of what it installed.
const NPM: &str = ".package-lock.json";
/// pnpm's.
const PNPM: &str = ".pnpm/lock.yaml";
/// More of the same than this is counted, not listed.
const SHOWN: usize = 10;

/// Whether a file of an image tells of an installed package.
pub(super) fn claims(file: &Candidate<'_>) -> bool {
    if file.place != Place::Image {
        return false;
    }
    let Some((_, rest)) = split(file.path) else { return false };
    rest == NPM || rest == PNPM || rest.strip_suffix("/package.json").is_some_and(is_package)
}

/// The outermost `node_modules` folder: one installation.
pub(super) fn installation(path: &str) -> &str {
    split(path).map_or(path, |(folder, _)| folder)
}

/// The outermost `node_modules` folder and what is in it.
fn split(path: &str) -> Option<(&str, &str)> {
    const FOLDER: &str = "node_modules/";
    let at = path.match_indices(FOLDER).map(|(at, _)| at).find(|&at| at == 0 || path.as_bytes()[at - 1] == b'/')?;
    let end = at + FOLDER.len();
    Some((&path[..end - 1], &path[end..]))
}

/// `a`, `@s/a`, `a/node_modules/b`, `.pnpm/a@1.0.0/node_modules/a`: never a folder somewhere inside a package, which may
/// hold a test's or a bundle's `package.json`.
fn is_package(folder: &str) -> bool {
    let mut parts = folder.split('/');
    loop {
        let Some(mut name) = parts.next() else { return false };
        if name.starts_with('.') {
            // A store whose packages are linked to: `<store>/<id>/node_modules/…`, Yarn's `.store/<id>/package`.
            let place = (parts.next(), parts.next());
            match place.1 {
                Some("node_modules") => continue,
                Some("package") => return parts.next().is_none(),
                _ => return false,
            }
        }
        if name.starts_with('@') {
            let Some(inner) = parts.next() else { return false };
            name = inner;
        }
        match (name.is_empty(), parts.next()) {
            (false, None) => return true,
            (false, Some("node_modules")) => {}
            _ => return false,
        }
    }
}

/// The packages of one installation.
///
/// # Errors
/// None: a file that cannot be read is a finding, and the others are listed.
pub(super) fn read(files: &[&Found], surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let root = files.first().map_or("", |found| installation(&found.place.path));
    let texts: Vec<_> = files.iter().map(|found| String::from_utf8_lossy(&found.bytes)).collect();
    let mut inventory = Inventory::new(Ecosystem::Npm);
    let npm = hidden(&mut inventory, root, files, &texts);
    let mut present = Vec::new();
    for (file, (found, text)) in files.iter().zip(&texts).enumerate() {
        let Some((_, folder)) = split(&found.place.path) else { continue };
        let Some(folder) = folder.strip_suffix("/package.json") else { continue };
        let manifest = Manifest::parse(text.trim_start_matches('\u{feff}'));
        match manifest.map(|manifest| package(manifest, folder, file, &npm)) {
            Some(Ok((package, manifest))) => {
                inventory.packages.push(package);
                present.push(Present { folder: format!("node_modules/{folder}"), manifest });
            }
            Some(Err(why)) => note(&mut inventory, found, FindingKind::Note, why),
            None if is_json(text) => note(&mut inventory, found, FindingKind::Note, "is no object; not listed".into()),
            None => note(&mut inventory, found, FindingKind::Broken, "is no JSON (is it cut off?)".into()),
        }
    }
    let project = project(root, surroundings);
    let project = project.as_deref().and_then(Manifest::of_bytes);
    let store = files.iter().find(|found| split(&found.place.path).is_some_and(|(_, rest)| rest == PNPM));
    let store = store.and_then(|found| match pnpm::parse(&found.bytes, &|_| None) {
        Ok(store) => Some(store),
        Err(error) => {
            note(&mut inventory, found, FindingKind::Broken, error.message);
            None
        }
    });
    match store {
        Some(store) => linked(&mut inventory, &present, &store),
        None => nested(&mut inventory, &present, project.as_ref()),
    }
    Ok(vec![inventory])
}

/// One installed folder that holds a package.
struct Present<'t> {
    /// From the folder that holds the outermost `node_modules`.
    folder: String,
    manifest: Manifest<'t>,
}

fn note(inventory: &mut Inventory, found: &Found, kind: FindingKind, text: String) {
    inventory.remarks.push(Remark { path: found.place.path.clone(), line: None, kind, text });
    if kind != FindingKind::Note {
        inventory.listing = inventory.listing.min(Knowledge::Incomplete);
    }
}

/// The `package.json` beside the outermost `node_modules`: what was asked for.
fn project(root: &str, surroundings: &Surroundings<'_>) -> Option<Vec<u8>> {
    let folder = root.strip_suffix("node_modules").unwrap_or(root);
    surroundings.file(&format!("{folder}package.json"))
}

/// npm's word on each folder.
type Hidden<'t> = HashMap<String, Entry<'t>>;

fn hidden<'t>(
    inventory: &mut Inventory,
    root: &str,
    files: &[&Found],
    texts: &'t [std::borrow::Cow<'_, str>],
) -> Hidden<'t> {
    let path = format!("{root}/{NPM}");
    let Some(at) = files.iter().position(|found| found.place.path == path) else { return Hidden::new() };
    match package_lock::hidden(&texts[at]) {
        Ok(Object(entries)) => entries.into_iter().map(|(Text(key), entry)| (key.into_owned(), entry)).collect(),
        Err(error) => {
            let text = format!("{} (line {})", error.message, error.line);
            note(inventory, files[at], FindingKind::Broken, text);
            Hidden::new()
        }
    }
}

/// The package of a folder, or why there is none.
fn package<'t>(
    manifest: Manifest<'t>,
    folder: &str,
    file: usize,
    npm: &Hidden<'_>,
) -> Result<(Package, Manifest<'t>), String> {
    let (Some(name), Some(version)) = (manifest.title(), manifest.version.as_deref()) else {
        return Err("has no name or no version; not listed".to_owned());
    };
    let entry = npm.get(&format!("node_modules/{folder}"));
    let resolved = entry.and_then(|entry| entry.resolved.as_deref());
    // An archive of the project that was installed is a package like any other here.
    let source = match resolved.map(Source::resolved) {
        None | Some(Source::Own) => Source::Registry,
        Some(source) => source,
    };
    let integrity = entry.and_then(|entry| entry.integrity.as_deref());
    let mut package = Locked { full: name, version: Some(version), source, integrity }.package()?;
    package.licences.clone_from(&manifest.licences);
    package.scope = entry.map_or(Scope::Required, Entry::scope);
    package.file = file;
    Ok((package, manifest))
}

/// npm, Yarn and Bun: packages within packages.
fn nested(inventory: &mut Inventory, present: &[Present<'_>], project: Option<&Manifest<'_>>) {
    let folders = Folders::new(present.iter().map(|one| one.folder.as_str()));
    let mut missing = 0;
    for (at, one) in present.iter().enumerate() {
        // A store's links are not in sight: only pnpm says elsewhere where they lead.
        if one.folder.starts_with("node_modules/.") {
            inventory.packages[at].needs_known = Knowledge::Unknown;
            continue;
        }
        for (name, _) in &one.manifest.dependencies {
            match folders.lookup(&one.folder, name) {
                Some(to) => inventory.packages[at].needs.push(to),
                None => {
                    inventory.packages[at].needs_known = Knowledge::Incomplete;
                    missing += 1;
                    if missing <= SHOWN {
                        let text =
                            format!("`{}` needs `{}`, which is not installed", shorten(&one.folder), shorten(name));
                        inventory.remark(None, text);
                    }
                }
            }
        }
        let may = one.manifest.optional.iter().chain(&one.manifest.peers);
        let found = may.filter_map(|(name, _)| folders.lookup(&one.folder, name));
        inventory.packages[at].needs.extend(found);
        inventory.packages[at].needs.sort_unstable();
        inventory.packages[at].needs.dedup();
    }
    if let Some(project) = project {
        let lists = [&project.dependencies, &project.optional, &project.development];
        let asked = lists.into_iter().flatten().filter_map(|(name, _)| folders.lookup("", name));
        inventory.direct = Some(asked.collect());
    }
}

/// pnpm: packages beside each other, and links between them that its lockfile knows.
fn linked(inventory: &mut Inventory, present: &[Present<'_>], store: &Inventory) {
    let identity = |package: &Package| (package.group.clone(), package.name.clone(), package.version.clone());
    let mut here: HashMap<_, usize> = HashMap::new();
    for (at, package) in inventory.packages.iter().enumerate() {
        here.entry(identity(package)).or_insert(at);
    }
    let place: Vec<Option<usize>> =
        store.packages.iter().map(|package| here.get(&identity(package)).copied()).collect();
    let known: HashMap<usize, usize> =
        place.iter().enumerate().filter_map(|(locked, at)| Some(((*at)?, locked))).collect();
    for (at, one) in present.iter().enumerate() {
        let (group, name) = scope_of(one.manifest.title().unwrap_or_default());
        let version = one.manifest.version.as_deref();
        let key = (group.map(str::to_owned), name.to_owned(), version.map(str::to_owned));
        let package = &mut inventory.packages[at];
        match here.get(&key).and_then(|first| known.get(first)).map(|&locked| &store.packages[locked]) {
            Some(locked) => {
                package.origin.clone_from(&locked.origin);
                package.checksums.extend(locked.checksums.iter().cloned());
                package.references.extend(locked.references.iter().cloned());
                package.scope = locked.scope;
                package.needs = locked.needs.iter().filter_map(|&need| place[need]).collect();
            }
            None => package.needs_known = Knowledge::Unknown,
        }
    }
    let direct = store.direct.iter().flatten().flat_map(|&own| &store.packages[own].needs);
    inventory.direct = Some(direct.filter_map(|&need| place[need]).collect());
}

#[cfg(test)]
#[path = "installed_tests.rs"]
mod tests;
