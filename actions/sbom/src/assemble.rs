//! Inventories into one graph: merge what is the same, keep every edge, hang everything on the root.

use crate::graph::{Component, Ecosystem, Graph, Inventory, Knowledge, Origin, Package, Remark, Root, RootKind, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// What happens to packages that are for development only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Development {
    /// Listed like any other.
    Include,
    /// Listed with the scope `excluded`.
    Mark,
    /// Left out.
    Omit,
}

/// Joins the inventories under `root`; `None` names a source tree after its only own package, which then is the root.
///
/// The same purl in several files is one component found in several places, with the edges of all of them. The order of the
/// inventories does not matter.
#[must_use]
pub fn assemble(root: Option<Root>, mut inventories: Vec<Inventory>, development: Development) -> Graph {
    inventories.sort_by(|a, b| (a.ecosystem, &a.files).cmp(&(b.ecosystem, &b.files)));
    let only = if root.is_none() { only_own(&inventories) } else { None };
    let root = root.unwrap_or_else(|| Root {
        kind: RootKind::Application,
        name: "source".to_owned(),
        version: None,
        purl: None,
        properties: BTreeMap::new(),
    });
    let root_ref = root.purl.clone().unwrap_or_else(|| format!("root:{}", root.name));
    let mut graph = Graph {
        root,
        root_ref,
        components: BTreeMap::new(),
        edges: BTreeMap::new(),
        listing: Knowledge::Complete,
        own: 0,
        root_needs: Knowledge::Complete,
        remarks: BTreeSet::new(),
    };
    graph.edges.insert(graph.root_ref.clone(), BTreeSet::new());
    let mut anchors = Vec::new();
    for inventory in inventories {
        anchors.push(add(&mut graph, inventory, development));
    }
    for anchor in anchors {
        attach(&mut graph, anchor);
    }
    attach_the_rest(&mut graph);
    graph.own = graph.components.values().filter(|component| component.package.origin == Origin::Own).count();
    if let Some(only) = only {
        become_root(&mut graph, &only);
    }
    graph
}

/// What of an inventory hangs on the root.
struct Anchor {
    ecosystem: Ecosystem,
    refs: BTreeSet<String>,
    direct: Option<BTreeSet<String>>,
}

fn add(graph: &mut Graph, inventory: Inventory, development: Development) -> Anchor {
    let refs: Vec<String> = inventory.packages.iter().map(|package| reference(&inventory, package)).collect();
    let kept: Vec<bool> = inventory
        .packages
        .iter()
        .map(|package| development != Development::Omit || package.scope != Scope::Development)
        .collect();
    graph.listing = graph.listing.min(inventory.listing);
    for remark in &inventory.remarks {
        let path = inventory.files.first().map_or(String::new(), |place| place.path.clone());
        let path = if remark.path.is_empty() { path } else { remark.path.clone() };
        graph.remarks.insert(Remark { path, ..remark.clone() });
    }
    let among = |indexes: &[usize]| -> BTreeSet<String> {
        indexes.iter().filter(|&&index| kept[index]).map(|&index| refs[index].clone()).collect()
    };
    let direct = inventory.direct.as_deref().map(among);
    let all: BTreeSet<String> = (0..refs.len()).filter(|&i| kept[i]).map(|i| refs[i].clone()).collect();
    for (index, package) in inventory.packages.iter().enumerate().filter(|(index, _)| kept[*index]) {
        let mut needs = among(&package.needs);
        needs.remove(&refs[index]);
        graph.edges.entry(refs[index].clone()).or_default().extend(needs);
        let mut package = package.clone();
        if development == Development::Include && package.scope == Scope::Development {
            package.scope = Scope::Required;
        }
        let found = inventory.files.get(package.file).map(|place| (place.clone(), package.line));
        package.needs = Vec::new();
        match graph.components.get_mut(&refs[index]) {
            Some(known) => merge(known, package, found),
            None => {
                let component =
                    Component { ecosystem: inventory.ecosystem, package, found: found.into_iter().collect() };
                graph.components.insert(refs[index].clone(), component);
            }
        }
    }
    Anchor { ecosystem: inventory.ecosystem, refs: all, direct }
}

/// The bom-ref: the purl, or for a package without one the file it is stated in, never a path of this machine.
fn reference(inventory: &Inventory, package: &Package) -> String {
    if let Origin::Purl(purl) = &package.origin {
        return purl.clone();
    }
    let version = package.version.as_deref().map(|version| format!("@{version}")).unwrap_or_default();
    let group = package.group.as_deref().map(|group| format!("{group}/")).unwrap_or_default();
    let path = inventory.files.get(package.file).map_or("", |place| &place.path);
    format!("{}:{path}#{group}{}{version}", inventory.ecosystem.name(), package.name)
}

fn merge(known: &mut Component, package: Package, found: Option<(crate::graph::Place, Option<u32>)>) {
    known.found.extend(found);
    let into = &mut known.package;
    into.scope = into.scope.max(package.scope);
    into.needs_known = into.needs_known.min(package.needs_known);
    into.licences.extend(package.licences);
    into.checksums.extend(package.checksums);
    into.publisher = into.publisher.take().or(package.publisher);
    for (key, value) in package.properties {
        into.properties.entry(key).or_insert(value);
    }
}

/// Operating-system packages hang on the system, all else on the root.
fn attach(graph: &mut Graph, anchor: Anchor) {
    let system = graph.components.iter().find(|(_, c)| c.ecosystem == Ecosystem::Os).map(|(r, _)| r.clone());
    let parent = match (anchor.ecosystem, system) {
        (Ecosystem::Deb, Some(system)) => system,
        _ => graph.root_ref.clone(),
    };
    let known = anchor.direct.is_some();
    let children = anchor.direct.unwrap_or_else(|| tops(&anchor.refs, &graph.edges));
    graph.edges.entry(parent).or_default().extend(children);
    // A database of what is installed does not say what was asked for: what nothing else needs stands for it.
    if !known && anchor.ecosystem != Ecosystem::Os {
        graph.root_needs = Knowledge::Incomplete;
    }
}

/// What nothing else among `refs` needs, and one of every circle that nothing outside it needs.
fn tops(refs: &BTreeSet<String>, edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let needed: BTreeSet<&String> = refs.iter().filter_map(|r| edges.get(r)).flatten().collect();
    let mut tops: BTreeSet<String> = refs.iter().filter(|r| !needed.contains(r)).cloned().collect();
    let mut reached = BTreeSet::new();
    tops.iter().for_each(|top| reach(top, edges, &mut reached));
    for reference in refs {
        if !reached.contains(reference) {
            tops.insert(reference.clone());
            reach(reference, edges, &mut reached);
        }
    }
    tops
}

fn reach(from: &str, edges: &BTreeMap<String, BTreeSet<String>>, reached: &mut BTreeSet<String>) {
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        if reached.insert(next.to_owned()) {
            open.extend(edges.get(next).into_iter().flatten().map(String::as_str));
        }
    }
}

/// Nothing stays outside the graph: what no stated edge reaches hangs on the root, which then is not exact.
fn attach_the_rest(graph: &mut Graph) {
    let mut reached = BTreeSet::new();
    reach(&graph.root_ref, &graph.edges, &mut reached);
    let rest: BTreeSet<String> = graph.components.keys().filter(|r| !reached.contains(*r)).cloned().collect();
    if rest.is_empty() {
        return;
    }
    graph.root_needs = graph.root_needs.min(Knowledge::Incomplete);
    let tops = tops(&rest, &graph.edges);
    graph.edges.entry(graph.root_ref.clone()).or_default().extend(tops);
}

/// The bom-ref of the only own package of a tree, if there is exactly one.
fn only_own(inventories: &[Inventory]) -> Option<String> {
    let mut own = inventories.iter().flat_map(|inventory| {
        let packages = inventory.packages.iter().filter(|package| package.origin == Origin::Own);
        packages.map(|package| reference(inventory, package))
    });
    let first = own.next()?;
    own.next().is_none().then_some(first)
}

/// The only own package is what the document is about: it takes the root's place.
fn become_root(graph: &mut Graph, reference: &str) {
    let Some(component) = graph.components.remove(reference) else { return };
    let mut children = graph.edges.remove(reference).unwrap_or_default();
    children.extend(graph.edges.remove(&graph.root_ref).unwrap_or_default());
    children.remove(reference);
    for edges in graph.edges.values_mut() {
        if edges.remove(reference) {
            edges.insert(format!("root:{}", component.package.name));
        }
    }
    let group = component.package.group.map(|group| format!("{group}/")).unwrap_or_default();
    graph.root.name = format!("{group}{}", component.package.name);
    graph.root.version = component.package.version;
    graph.root_needs = graph.root_needs.min(component.package.needs_known);
    graph.root_ref = format!("root:{}", component.package.name);
    graph.edges.insert(graph.root_ref.clone(), children);
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
