//! Gradle's lockfiles (Gradle, "Locking Versions"): packages and the configurations that use them, one a line, no edges.

use super::package::{Artifact, third_party};
use crate::{
    ecosystem::{ParseError, shorten, text},
    graph::{Ecosystem, Inventory, Knowledge, Scope},
};

/// `gradle.lockfile`, and `buildscript-gradle.lockfile`, whose packages only build.
///
/// # Errors
/// [`ParseError`] for a line Gradle would not write, and for a file without its last line, `empty=`.
pub fn parse(path: &str, bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let builds = path.rsplit('/').next() != Some("gradle.lockfile");
    let mut inventory = Inventory::new(Ecosystem::Maven);
    let mut ended = false;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        let stated = line.split_once('=').ok_or("without the configurations that use it (is the file cut off?)");
        let (package, configurations) = stated.map_err(|why| ParseError::at(index + 1, why))?;
        if package == "empty" {
            ended = true;
            continue;
        }
        let scope = if builds { Scope::Development } else { scope(configurations.split(',')) };
        add(&mut inventory, package, scope, index + 1)?;
    }
    if !ended {
        return Err(ParseError::at(text.lines().count(), "without the line `empty=` (is the file cut off?)"));
    }
    Ok(inventory)
}

/// A file of `gradle/dependency-locks`, as Gradle wrote them before version 7: one per configuration.
///
/// # Errors
/// [`ParseError`] for a line Gradle would not write, and for a file that does not end with a line.
pub fn parse_old(path: &str, bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let configuration = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".lockfile");
    let builds = configuration.starts_with("buildscript-");
    let scope = if builds { Scope::Development } else { scope([configuration].into_iter()) };
    let mut inventory = Inventory::new(Ecosystem::Maven);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        add(&mut inventory, line, scope, index + 1)?;
    }
    if !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count().max(1), "does not end with a line (is it cut off?)"));
    }
    Ok(inventory)
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn add(inventory: &mut Inventory, package: &str, scope: Scope, line: usize) -> Result<(), ParseError> {
    let parts: Vec<&str> = package.trim().split(':').collect();
    let read = match parts[..] {
        [group, name, version] if !version.is_empty() => third_party(group, name, Some(version), Artifact::default()),
        _ => None,
    };
    let wrong = || ParseError::at(line, format!("`{}` is not group, name and version", shorten(package)));
    let mut package = read.ok_or_else(wrong)?;
    package.scope = scope;
    package.needs_known = Knowledge::Unknown;
    package.line = u32::try_from(line).ok();
    inventory.packages.push(package);
    Ok(())
}

/// By the names that Gradle's Java plugins give to configurations; one of another name may be for anything.
fn scope<'a>(configurations: impl Iterator<Item = &'a str>) -> Scope {
    let one = |name: &str| {
        let lower = name.to_lowercase();
        if name.starts_with("test") || name.contains("Test") || lower.ends_with("annotationprocessor") {
            Scope::Development
        } else if lower.ends_with("runtimeclasspath") || lower.ends_with("compileclasspath") {
            Scope::Required
        } else {
            Scope::Unstated
        }
    };
    configurations.map(one).max().unwrap_or(Scope::Unstated)
}

#[cfg(test)]
#[path = "gradle_tests.rs"]
mod tests;
