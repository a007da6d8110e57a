//! Installed Conda packages: `conda-meta/*.json`, one file for each (conda docs, "conda-meta").
//!
//! One `conda-meta` folder is one environment, in which a name stands for one package.

use super::{
    super::{
        Found, ParseError,
        documents::json,
        needs::{Names, lacks},
        shorten,
    },
    package::{Stored, add_checksum, is_virtual, name_of},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Package, Remark},
    licence,
};
use serde::Deserialize;

/// The `conda-meta` folder a path is in, with its `/`.
#[must_use]
pub fn folder(path: &str) -> Option<&str> {
    const HOME: &str = "conda-meta/";
    let at = path.rfind(HOME).filter(|at| *at == 0 || path.as_bytes()[at - 1] == b'/')?;
    let file = &path[at + HOME.len()..];
    (file.ends_with(".json") && !file.contains('/')).then(|| &path[..at + HOME.len()])
}

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    #[serde(default)]
    build: Option<String>,
    build_string: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    #[serde(rename = "fn")]
    file_name: Option<String>,
    url: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    depends: Vec<String>,
    license: Option<String>,
    requested_spec: Option<String>,
    #[serde(default)]
    requested_specs: Vec<String>,
}

/// The packages of one environment; a record that cannot be read is a finding, and the others are still listed.
///
/// What was asked for by name is known where conda noted it.
#[must_use]
pub fn environment(files: &[&Found]) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Conda);
    inventory.files = files.iter().map(|found| found.place.clone()).collect();
    let mut records = Vec::new();
    for (file, found) in files.iter().enumerate() {
        match record(&found.bytes) {
            Ok((record, mut package)) => {
                package.file = file;
                inventory.packages.push(package);
                records.push(record);
            }
            Err(error) => {
                let path = found.place.path.clone();
                let (line, text) = (Some(error.line), error.message);
                inventory.remarks.push(Remark { path, line, kind: FindingKind::Broken, text });
                inventory.listing = Knowledge::Incomplete;
            }
        }
    }
    let mut names = Names::default();
    for (index, record) in records.iter().enumerate() {
        names.add(record.name.as_str(), index);
    }
    for (index, record) in records.iter().enumerate() {
        let wanted = record.depends.iter().map(|need| name_of(need));
        let (found, mut missing): (Vec<_>, Vec<_>) = wanted.partition(|name| !names.of(name).is_empty());
        missing.retain(|name| !is_virtual(name));
        let needs = &mut inventory.packages[index].needs;
        needs.extend(found.iter().filter_map(|name| names.of(name).first()));
        needs.sort_unstable();
        needs.dedup();
        lacks(&mut inventory, index, &missing);
    }
    let asked = |record: &Record| {
        let spec = record.requested_spec.as_deref().is_some_and(|spec| !spec.is_empty() && spec != "None");
        spec || !record.requested_specs.is_empty()
    };
    let direct: Vec<usize> = (0..records.len()).filter(|index| asked(&records[*index])).collect();
    inventory.direct = (!direct.is_empty()).then_some(direct);
    inventory
}

fn record(bytes: &[u8]) -> Result<(Record, Package), ParseError> {
    let record: Record = json(bytes)?;
    let package = package(&record);
    let wrong = || ParseError::at(1, format!("`{}` is not described as Conda describes it", shorten(&record.name)));
    let package = package.ok_or_else(wrong)?;
    Ok((record, package))
}

fn package(record: &Record) -> Option<Package> {
    // The address is what was downloaded; a record without one is put together from its parts.
    let build = record.build.as_deref().or(record.build_string.as_deref()).unwrap_or_default();
    let subdir = record.subdir.as_deref().unwrap_or("noarch");
    let channel = record.channel.as_deref().unwrap_or_default().trim_end_matches('/');
    let channel = channel.strip_suffix(subdir).map_or(channel, |channel| channel.trim_end_matches('/'));
    let channel = match channel {
        "defaults" => "https://repo.anaconda.com/pkgs/main".to_owned(),
        name if !name.contains("://") && !name.is_empty() => format!("https://conda.anaconda.org/{name}"),
        url => url.to_owned(),
    };
    let file = record.file_name.clone().unwrap_or_else(|| format!("{}-{}-{build}.conda", record.name, record.version));
    let put_together = format!("{channel}/{subdir}/{file}");
    let stored = record.url.as_deref().and_then(Stored::at).or_else(|| Stored::at(&put_together))?;
    let mut package = Stored { name: &record.name, version: &record.version, ..stored }.package()?;
    add_checksum(&mut package, "MD5", record.md5.as_deref())?;
    add_checksum(&mut package, "SHA-256", record.sha256.as_deref())?;
    package.licences.extend(record.license.as_deref().and_then(licence::normalise));
    Some(package)
}

#[cfg(test)]
#[path = "installed_tests.rs"]
mod tests;
