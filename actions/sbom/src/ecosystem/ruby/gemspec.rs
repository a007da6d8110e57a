//! Installed gems: `specifications/*.gemspec`, which RubyGems writes itself (`Gem::Specification#to_ruby_for_cache`).
//!
//! The file is Ruby, but its assignments are literals on lines of their own; nothing is executed. One `specifications`
//! folder, with its `default` folder, is one installation.

use super::{
    super::{
        Found, ParseError,
        needs::{Names, lacks},
        shorten, text,
    },
    version,
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Remark},
    licence,
    purl::Purl,
};

/// The `specifications` folder a path is in, with its `/`.
#[must_use]
pub fn folder(path: &str) -> Option<&str> {
    const HOME: &str = "specifications/";
    let at = path.rfind(HOME).filter(|at| *at == 0 || path.as_bytes()[at - 1] == b'/')?;
    let file = &path[at + HOME.len()..];
    let file = file.strip_prefix("default/").unwrap_or(file);
    (file.ends_with(".gemspec") && !file.contains('/')).then(|| &path[..at + HOME.len()])
}

/// What one gemspec says.
struct Gem {
    package: Package,
    version: String,
    /// Name and conditions.
    needs: Vec<(String, Vec<String>)>,
}

/// The gems of one installation; a file that is not as RubyGems writes it is a finding, and the others are still listed.
///
/// What a gem needs is the highest installed version that meets its conditions, which is what RubyGems activates.
#[must_use]
pub fn installed(files: &[&Found]) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Gem);
    inventory.files = files.iter().map(|found| found.place.clone()).collect();
    let mut gems = Vec::new();
    for (file, found) in files.iter().enumerate() {
        match gem(&found.bytes) {
            Ok(mut gem) => {
                gem.package.file = file;
                gems.push(gem);
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
    for (index, gem) in gems.iter().enumerate() {
        names.add(gem.package.name.clone(), index);
    }
    inventory.packages = gems.iter().map(|gem| gem.package.clone()).collect();
    for (index, gem) in gems.iter().enumerate() {
        let mut missing = Vec::new();
        for (name, conditions) in &gem.needs {
            let meets = |at: &&usize| conditions.iter().all(|one| version::meets(&gems[**at].version, one));
            let best = names.of(name).iter().filter(meets);
            match best.max_by(|a, b| version::compare(&gems[**a].version, &gems[**b].version)) {
                Some(&found) => inventory.packages[index].needs.push(found),
                None => missing.push(name.as_str()),
            }
        }
        lacks(&mut inventory, index, &missing);
    }
    inventory
}

/// Reads one gemspec.
fn gem(bytes: &[u8]) -> Result<Gem, ParseError> {
    let text = text(bytes)?;
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    if last != Some("end") {
        return Err(ParseError::at(text.lines().count().max(1), "does not end as RubyGems ends it (is it cut off?)"));
    }
    let (mut name, mut number, mut platform, mut needs) = (None, None, None, Vec::new());
    let (mut licences, mut authors) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        let Some((key, value)) = line.strip_prefix("s.").and_then(|line| line.split_once([' ', '('])) else { continue };
        let value = value.trim_start_matches(['=', ' ']);
        match key {
            "name" => name = literals(value).into_iter().next(),
            "version" => number = literals(value).into_iter().next(),
            "platform" => platform = literals(value).into_iter().next(),
            "license" | "licenses" => licences = literals(value),
            "author" | "authors" => authors = literals(value),
            // `add_dependency` is what RubyGems writes since 3.4; older ones write both, one in an `else`.
            "add_dependency" | "add_runtime_dependency" => {
                let mut words = literals(value).into_iter();
                if let Some(name) = words.next() {
                    needs.push((name, words.collect()));
                }
            }
            _ => {}
        }
    }
    needs.sort();
    needs.dedup();
    let missing = |what| ParseError::at(1, format!("no {what} that is a plain text in it"));
    let (name, number) = (name.ok_or_else(|| missing("name"))?, number.ok_or_else(|| missing("version"))?);
    let platform = platform.filter(|platform| platform != "ruby").unwrap_or_default();
    let purl = Purl::new("gem", &name).version(&number).qualifier("platform", &platform).build();
    let purl = purl.ok_or_else(|| ParseError::at(1, format!("`{}` cannot be a gem's name", shorten(&name))))?;
    let mut package = Package::new(&name, Some(number.clone()), Origin::Purl(purl));
    // Whether several are a choice is not said.
    package.licences = licences.iter().filter_map(|text| licence::normalise(text)).collect();
    package.publisher = (!authors.is_empty()).then(|| authors.join(", "));
    Ok(Gem { package, version: number, needs })
}

/// The Ruby string literals of a line, `"…"` and `%q<…>`, in their order.
fn literals(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let close = match c {
            '"' | '\'' => c,
            '%' if chars.next_if_eq(&'q').is_some() && chars.next_if_eq(&'<').is_some() => '>',
            '#' => break,
            _ => continue,
        };
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => literal.extend(chars.next()),
                c if c == close => break,
                c => literal.push(c),
            }
        }
        found.push(literal);
    }
    found
}

#[cfg(test)]
#[path = "gemspec_tests.rs"]
mod tests;
