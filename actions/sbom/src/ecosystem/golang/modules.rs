//! The list of modules in a Go program, as `runtime/debug.BuildInfo` prints it: a kind, tabs, fields.

use super::{
    manifest::is_folder,
    module::{H1, in_folder, own, package, replaces},
};
use crate::{
    ecosystem::shorten,
    graph::{Ecosystem, Inventory, Origin, Package},
    purl::Purl,
};

/// Settings of the build that tell which source and which platform it was; flags may hold anything and are left out.
const SETTINGS: &[(&str, &str)] = &[
    ("CGO_ENABLED", "lockkeeper:go:cgo"),
    ("GOARCH", "lockkeeper:go:arch"),
    ("GOOS", "lockkeeper:go:os"),
    ("vcs", "lockkeeper:go:vcs"),
    ("vcs.modified", "lockkeeper:go:vcs-modified"),
    ("vcs.revision", "lockkeeper:go:vcs-revision"),
    ("vcs.time", "lockkeeper:go:vcs-time"),
];

/// The program's own module needs all others, among them the standard library; what those need is not recorded.
///
/// # Errors
/// What is wrong, as a predicate of the list.
pub fn inventory(toolchain: &str, listing: &str) -> Result<Inventory, String> {
    let mut inventory = Inventory::new(Ecosystem::Golang);
    let mut main = None;
    let mut program = None;
    let mut settings = Vec::new();
    for line in listing.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["path", path] => program = Some(path),
            ["mod", path, ref rest @ ..] => {
                main = Some(inventory.packages.len());
                inventory.packages.push(main_module(path, rest)?);
            }
            ["dep", path, ref rest @ ..] => inventory.packages.push(named(path, rest)?),
            ["=>", path, ref rest @ ..] => {
                let replaced = inventory.packages.pop().ok_or("replaces a module that is not there")?;
                inventory.packages.push(replacement(&replaced, path, rest)?);
            }
            ["build", setting] => settings.extend(setting.split_once('=')),
            // Lines of later versions.
            _ => {}
        }
    }
    inventory.packages.push(standard_library(toolchain)?);
    let main = match (main, program) {
        (Some(main), _) => Some(main),
        (None, Some(program)) => {
            inventory.packages.push(own(program));
            Some(inventory.packages.len() - 1)
        }
        (None, None) => None,
    };
    let others = (0..inventory.packages.len()).filter(|index| Some(*index) != main).collect();
    let Some(main) = main else {
        inventory.direct = Some(others);
        return Ok(inventory);
    };
    let package = &mut inventory.packages[main];
    package.needs = others;
    for (setting, property) in SETTINGS {
        if let Some((_, value)) = settings.iter().find(|(key, _)| key == setting) {
            package.properties.insert(property, shorten(value.trim_matches('"')));
        }
    }
    inventory.direct = Some(vec![main]);
    Ok(inventory)
}

/// `(devel)` is what Go calls a version that it does not know.
fn version<'a>(rest: &[&'a str]) -> Option<&'a str> {
    rest.first().copied().filter(|version| !matches!(*version, "" | "(devel)"))
}

fn named(path: &str, rest: &[&str]) -> Result<Package, String> {
    let mut package =
        package(path, version(rest)).ok_or_else(|| format!("names `{}`, which is no module", shorten(path)))?;
    if let Some(sum) = rest.get(1).filter(|sum| sum.starts_with("h1:")) {
        package.properties.insert(H1, shorten(sum));
    }
    Ok(package)
}

/// Only a path whose first part is a host can be anybody else's.
fn main_module(path: &str, rest: &[&str]) -> Result<Package, String> {
    let host = path.split('/').next().is_some_and(|host| host.contains('.'));
    let mut package = if host { named(path, rest)? } else { own(path) };
    package.version = version(rest).map(str::to_owned);
    Ok(package)
}

fn replacement(replaced: &Package, path: &str, rest: &[&str]) -> Result<Package, String> {
    if is_folder(path) {
        return Ok(in_folder(own(&replaced.name), path));
    }
    let mut package = named(path, rest)?;
    replaces(&mut package, &replaced.name, replaced.version.as_deref());
    Ok(package)
}

/// `go1.22.3 X:boringcrypto` is release 1.22.3; a toolchain between releases has no version that others would know.
fn standard_library(toolchain: &str) -> Result<Package, String> {
    let release = toolchain.split(' ').next().and_then(|word| word.strip_prefix("go"));
    let release = release.filter(|release| release.starts_with(|c: char| c.is_ascii_digit()));
    let purl = Purl::new("golang", "stdlib").version(release.unwrap_or_default()).build();
    let purl = purl.ok_or_else(|| format!("names the toolchain `{}`", shorten(toolchain)))?;
    let mut package = Package::new("stdlib", release.map(str::to_owned), Origin::Purl(purl));
    package.properties.insert("lockkeeper:go:toolchain", shorten(toolchain));
    Ok(package)
}

#[cfg(test)]
#[path = "modules_tests.rs"]
mod tests;
