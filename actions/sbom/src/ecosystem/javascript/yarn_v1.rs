//! `yarn.lock` of Yarn 1: blocks that answer selectors (`name@range`), in a format of its own.
//!
//! The file holds no word about the project: what it asks for is in the `package.json` files beside it. Yarn writes every
//! selector that anybody asks for, those that `resolutions` override too, so one that is missing means a broken file.

use super::{
    descriptor::split,
    locked::{Locked, Source, published, scope_of},
    manifest::Manifest,
    yarn_v1_blocks::{Block, blocks},
};
use crate::{
    ecosystem::{ParseError, resolution::Resolution, shorten, text},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
};
use std::collections::HashMap;

/// More of the same than this is counted, not listed.
const SHOWN: usize = 10;

/// The packages of a Yarn 1 `yarn.lock`. `manifests` are the project's `package.json` files, the root's first; without any,
/// what is asked for and what it is for stay unknown.
///
/// # Errors
/// [`ParseError`] for a line that Yarn would not write, a block without version, and an end in the middle of a block.
pub fn parse(bytes: &[u8], manifests: &[&[u8]]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let blocks = blocks(text)?;
    let mut inventory = Inventory::new(Ecosystem::Npm);
    let mut resolution = Resolution::default();
    let mut index: HashMap<&str, usize> = HashMap::with_capacity(blocks.len() * 2);
    for block in &blocks {
        let position = inventory.packages.len();
        inventory.packages.push(package(block)?);
        resolution.node(position);
        for selector in &block.selectors {
            if index.insert(selector, position).is_some() {
                return Err(ParseError::at(block.line, format!("`{}` is there twice", shorten(selector))));
            }
        }
    }
    let mut missing = Missing::default();
    for (from, block) in blocks.iter().enumerate() {
        let needs = block.dependencies.iter().map(|need| (need, Scope::Required));
        for ((name, range), scope) in needs.chain(block.optional.iter().map(|need| (need, Scope::Optional))) {
            match index.get(format!("{name}@{range}").as_str()) {
                Some(&to) => resolution.need(from, to, scope),
                None => missing.add(&mut inventory, block.line, (from, name, range)),
            }
        }
    }
    missing.finish(&mut inventory);
    let manifests: Vec<Manifest<'_>> = manifests.iter().filter_map(|bytes| Manifest::of_bytes(bytes)).collect();
    projects(&manifests, &index, &mut inventory, &mut resolution);
    resolution.fold(&mut inventory);
    Ok(inventory)
}

/// Blocks that a block asks for and that are not there.
#[derive(Default)]
struct Missing {
    count: usize,
}

impl Missing {
    fn add(&mut self, inventory: &mut Inventory, line: usize, (from, name, range): (usize, &str, &str)) {
        self.count += 1;
        inventory.packages[from].needs_known = Knowledge::Incomplete;
        if self.count <= SHOWN {
            let wanted = shorten(&format!("{name}@{range}"));
            let text = format!(
                "`{}` needs `{wanted}`, which is not in the file (is it cut off?)",
                inventory.packages[from].name
            );
            inventory.finding(FindingKind::Broken, u32::try_from(line).ok(), text);
        }
    }

    fn finish(self, inventory: &mut Inventory) {
        if let Some(more) = self.count.checked_sub(SHOWN).filter(|more| *more > 0) {
            inventory.finding(FindingKind::Broken, None, format!("{more} more that are needed are not in the file"));
        }
    }
}

/// The project's own packages and what they ask for: of each other by name, of the lockfile by selector.
fn projects(
    manifests: &[Manifest<'_>],
    index: &HashMap<&str, usize>,
    inventory: &mut Inventory,
    resolution: &mut Resolution,
) {
    let mut own: HashMap<&str, usize> = HashMap::new();
    let mut nodes = Vec::new();
    for manifest in manifests {
        let (group, name) = scope_of(manifest.title().unwrap_or("project"));
        let mut package = Package::new(name, manifest.version.as_deref().map(str::to_owned), Origin::Own);
        package.group = group.map(str::to_owned);
        package.licences.clone_from(&manifest.licences);
        let node = resolution.node(inventory.packages.len());
        resolution.root(node, Scope::Required);
        nodes.push(node);
        inventory.packages.push(package);
        if let Some(name) = manifest.title() {
            own.insert(name, node);
        }
    }
    for (manifest, &from) in manifests.iter().zip(&nodes) {
        for (list, scope) in [
            (&manifest.dependencies, Scope::Required),
            (&manifest.optional, Scope::Optional),
            (&manifest.development, Scope::Development),
        ] {
            for (name, range) in list {
                let found = index.get(format!("{}@{}", &**name, &**range).as_str()).or_else(|| own.get(&**name));
                match found {
                    Some(&to) => resolution.need(from, to, scope),
                    None if range.starts_with("link:") => {}
                    None => {
                        inventory.packages[from].needs_known = Knowledge::Incomplete;
                        let wanted = shorten(&format!("{}@{}", &**name, &**range));
                        let text = format!("package.json asks for `{wanted}`, which is not in the file");
                        inventory.finding(FindingKind::Partial, None, text);
                    }
                }
            }
        }
    }
    if !nodes.is_empty() {
        inventory.direct = Some(nodes);
    }
}

/// The name on the registry: of the archive that is installed, behind an alias (`alias@npm:real@range`), as stated, or the
/// selector's own.
fn name<'b>(block: &'b Block<'_>) -> &'b str {
    if let Some(name) = block.resolved.as_deref().and_then(published) {
        return name;
    }
    let ranges = block.selectors.iter().map(|selector| split(selector));
    let alias = ranges.clone().find_map(|(_, range)| range.strip_prefix("npm:")).map(|real| split(real).0);
    alias.or(block.name.as_deref()).or_else(|| ranges.clone().next().map(|(name, _)| name)).unwrap_or_default()
}

fn package(block: &Block<'_>) -> Result<Package, ParseError> {
    let local =
        |selector: &str| ["file:", "link:", "./", "../", "/"].iter().any(|start| split(selector).1.starts_with(start));
    let source = match block.resolved.as_deref() {
        Some(url) if url.contains("://") => Source::resolved(url),
        _ if block.selectors.iter().all(|selector| local(selector)) => Source::Own,
        Some(_) => Source::Own,
        None => Source::Registry,
    };
    let version = Some(&*block.version);
    let locked = Locked { full: name(block), version, source, integrity: block.integrity.as_deref() };
    let mut package = locked.package().map_err(|message| ParseError::at(block.line, message))?;
    package.line = u32::try_from(block.line).ok();
    Ok(package)
}

#[cfg(test)]
#[path = "yarn_v1_tests.rs"]
mod tests;
