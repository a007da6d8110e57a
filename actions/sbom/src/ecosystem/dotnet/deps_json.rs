//! `*.deps.json`: what a built .NET program is shipped with (dotnet/runtime, "Runtime configuration files").
//!
//! Only the target the program runs on is read. A need names the very version that is shipped.

use super::{
    super::{ParseError, documents::json, needs::lacks, shorten},
    package,
};
use crate::{
    graph::{Ecosystem, Inventory, Origin, Package, Scope},
    purl::Purl,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependencies {
    runtime_target: Target,
    targets: BTreeMap<String, BTreeMap<String, Used>>,
    libraries: BTreeMap<String, Library>,
}

/// Older SDKs wrote the bare name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    Named { name: String },
    Bare(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    compile_only: bool,
}

#[derive(Deserialize)]
struct Library {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    sha512: String,
}

/// The packages a program is shipped with; the program itself is the project that no other needs.
///
/// # Errors
/// [`ParseError`] for broken JSON, a target that is not there, and a library that is used and not described.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    // The untagged enum would hide where the JSON is broken.
    json::<serde::de::IgnoredAny>(bytes)?;
    let file: Dependencies = json(bytes)?;
    let (Target::Named { name } | Target::Bare(name)) = &file.runtime_target;
    let used = file.targets.get(name);
    let used =
        used.ok_or_else(|| ParseError::at(1, format!("the target `{}` it runs on is not in it", shorten(name))))?;
    let mut inventory = Inventory::new(Ecosystem::Nuget);
    let mut index: HashMap<String, usize> = HashMap::new();
    for (position, (key, one)) in used.iter().enumerate() {
        let library = file.libraries.get(key);
        let library = library
            .ok_or_else(|| ParseError::at(1, format!("`{}` is used and is not among the libraries", shorten(key))))?;
        let mut package = stated(key, library)?;
        if one.compile_only {
            package.scope = Scope::Development;
        }
        index.insert(key.to_lowercase(), position);
        inventory.packages.push(package);
    }
    for (position, one) in used.values().enumerate() {
        let mut needs = BTreeSet::new();
        let mut missing = Vec::new();
        for (name, version) in &one.dependencies {
            match index.get(&format!("{name}/{version}").to_lowercase()) {
                Some(&found) => _ = needs.insert(found),
                None => missing.push(name.as_str()),
            }
        }
        inventory.packages[position].needs = needs.into_iter().collect();
        lacks(&mut inventory, position, &missing);
    }
    let needed: BTreeSet<usize> = inventory.packages.iter().flat_map(|package| package.needs.iter().copied()).collect();
    let own = |index: &usize| inventory.packages[*index].origin == Origin::Own && !needed.contains(index);
    let direct: Vec<usize> = (0..inventory.packages.len()).filter(own).collect();
    inventory.direct = (!direct.is_empty()).then_some(direct);
    Ok(inventory)
}

fn stated(key: &str, library: &Library) -> Result<Package, ParseError> {
    let (name, version) = key.split_once('/').unwrap_or((key, ""));
    let mut package = match library.kind.as_str() {
        "project" | "msbuildproject" => package::project(name, Some(version))?,
        // The part of .NET that a self-contained program carries is a package under the name behind the prefix.
        "runtimepack" => package::registered(name.strip_prefix("runtimepack.").unwrap_or(name), version)?,
        // An assembly that was referenced as a file: on no registry, and not the project's own.
        "reference" | "referenceassembly" => {
            let purl = Purl::new("generic", name).version(version).build();
            let purl = purl.ok_or_else(|| ParseError::at(1, "a referenced assembly without a name"))?;
            Package::new(name, Some(version.to_owned()), Origin::Purl(purl))
        }
        _ => package::registered(name, version)?,
    };
    package.scope = Scope::Required;
    package::content_hash(&mut package, &library.sha512)?;
    Ok(package)
}

#[cfg(test)]
#[path = "deps_json_tests.rs"]
mod tests;
