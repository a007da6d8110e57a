//! Which packages are in the binaries: what the suite's own bill of materials is about. Cargo.lock also has what only tests,
//! benchmarks and other platforms need.

use crate::{
    platform::Platform,
    shell::{command, read, root},
};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, fs};

/// The entries of Cargo.lock for packages that are linked into a binary of `platforms`, as a lockfile of their own.
pub(crate) fn lockfile(platforms: &[Platform]) -> Result<String> {
    let mut shipped = BTreeSet::new();
    for platform in platforms {
        let words = ["tree", "--locked", "--package", "lockkeeper", "--edges", "normal", "--prefix", "none"];
        let tree = read(command("cargo", &words).args(["--format", "{p}", "--target", platform.triple]))?;
        shipped.extend(tree.lines().filter_map(package));
    }
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("failed to read Cargo.lock")?;
    Ok(only(&lock, &shipped))
}

/// `name v1.2.3 (path) (*)`: name and version.
fn package(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
}

/// A lockfile without the entries of other packages, and without what is said of these in the entries that stay.
fn only(lock: &str, shipped: &BTreeSet<(String, String)>) -> String {
    let of = |entry: &str, key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    let stays = |line: &&str| match line.strip_prefix(" \"").and_then(|rest| rest.strip_suffix("\",")) {
        // A dependency: its name, and its version where several are locked.
        Some(dependency) => {
            let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
            let version = version.split(' ').next().unwrap_or_default();
            shipped.iter().any(|(known, locked)| known == name && (version.is_empty() || locked == version))
        }
        None => true,
    };
    let mut entries = lock.split("[[package]]\n");
    let head = entries.next().unwrap_or_default().to_owned();
    let kept = entries.filter(|entry| shipped.contains(&(of(entry, "name"), of(entry, "version"))));
    let kept = kept.map(|entry| entry.lines().filter(stays).map(|line| format!("{line}\n")).collect::<String>());
    kept.fold(head, |text, entry| text + "[[package]]\n" + &entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shipped_is_in_no_entry_and_no_list() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 2.0.0\",\n \"c\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n\
                    [[package]]\nname = \"c\"\nversion = \"3.0.0\"\n";
        let tree = ["a v1.0.0 (/src/a)", "b v2.0.0", "b v2.0.0 (*)"];
        let shipped = tree.into_iter().filter_map(package).collect();
        let wanted = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 2.0.0\",\n]\n\n\
                      [[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n";
        assert_eq!(only(lock, &shipped), wanted);
    }
}
