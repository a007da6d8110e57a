//! Inventories into one graph: merge what is the same, keep every edge, hang everything on the root.

use crate::graph::{
    Attribution, Component, Ecosystem, Graph, Inventory, Knowledge, Member, Origin, Package, Remark, Root, RootKind,
    Scope, Source,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

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
        attribution: Attribution::default(),
        root_ref,
        components: BTreeMap::new(),
        edges: BTreeMap::new(),
        sources: Vec::new(),
        listing: Knowledge::Complete,
        own: 0,
        root_needs: Knowledge::Complete,
        remarks: BTreeSet::new(),
        removed: Vec::new(),
    };
    graph.edges.insert(graph.root_ref.clone(), BTreeSet::new());
    let mut owners = Owners::new();
    for mut inventory in inventories {
        for (path, package) in std::mem::take(&mut inventory.owned) {
            owners.entry(path).or_insert_with(|| reference(&inventory, &inventory.packages[package]));
        }
        let source = add(&mut graph, inventory, development);
        graph.sources.push(source);
    }
    nest(&mut graph.components, &owners);
    for source in std::mem::take(&mut graph.sources) {
        attach(&mut graph, &source);
        graph.sources.push(source);
    }
    attach_the_rest(&mut graph);
    open_circles(&mut graph.components);
    graph.own = graph.components.values().filter(|component| component.package.origin == Origin::Own).count();
    if let Some(only) = only {
        become_root(&mut graph, &only);
    }
    graph
}

/// The system's packages by the files they own.
type Owners = BTreeMap<String, String>;

/// What a package of the system brought is part of that package: found in its files alone, it is nested in it.
fn nest(components: &mut BTreeMap<String, Component>, owners: &Owners) {
    let known: BTreeSet<String> = owners.values().filter(|owner| components.contains_key(*owner)).cloned().collect();
    for (reference, component) in components {
        let mut found = component.found.iter().map(|(place, _)| owners.get(&place.path));
        let Some(Some(owner)) = found.next() else { continue };
        let only = found.all(|other| other == Some(owner)) && known.contains(owner) && owner != reference;
        if only && component.within.is_none() && !component.ecosystem.is_of_a_system() {
            component.within = Some(owner.clone());
        }
    }
}

fn add(graph: &mut Graph, inventory: Inventory, development: Development) -> Source {
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
    let mut source = Source {
        ecosystem: inventory.ecosystem,
        path: inventory.files.first().map_or("", |place| place.source()).to_owned(),
        listing: inventory.listing,
        direct: inventory.direct.as_deref().map(among),
        members: BTreeMap::new(),
    };
    let Inventory { ecosystem, files, packages, .. } = inventory;
    for (index, mut package) in packages.into_iter().enumerate().filter(|(index, _)| kept[*index]) {
        let reference = &refs[index];
        let mut needs = among(&package.needs);
        needs.remove(reference);
        if development == Development::Include && package.scope == Scope::Development {
            package.scope = Scope::Required;
        }
        let member = source.members.entry(reference.clone());
        let member = member.or_insert_with(|| Member { scope: package.scope, needs: BTreeSet::new() });
        member.scope = member.scope.max(package.scope);
        member.needs.extend(needs.iter().cloned());
        graph.edges.entry(reference.clone()).or_default().extend(needs);
        let found = files.get(package.file).map(|place| (place.clone(), package.line));
        package.needs = Vec::new();
        let within = package.within.take().filter(|within| kept[*within]).map(|within| refs[within].clone());
        let component = Component { ecosystem, package, within, found: found.into_iter().collect() };
        match graph.components.get_mut(reference) {
            Some(known) => merge(known, component),
            None => _ = graph.components.insert(reference.clone(), component),
        }
    }
    source
}

/// The bom-ref: the purl, or for a package without one the file it is stated in, never a path of this machine.
pub(crate) fn reference(inventory: &Inventory, package: &Package) -> String {
    if let Origin::Purl(purl) = &package.origin {
        return purl.clone();
    }
    let version = package.version.as_deref().map(|version| format!("@{version}")).unwrap_or_default();
    let group = package.group.as_deref().map(|group| format!("{group}/")).unwrap_or_default();
    let path = inventory.files.get(package.file).map_or("", |place| &place.path);
    format!("{}:{path}#{group}{}{version}", inventory.ecosystem.name(), package.name)
}

fn merge(known: &mut Component, other: Component) {
    known.found.extend(other.found);
    if known.within != other.within {
        known.within = None;
    }
    let (into, package) = (&mut known.package, other.package);
    into.scope = into.scope.max(package.scope);
    into.identification = into.identification.max(package.identification);
    into.needs_known = into.needs_known.min(package.needs_known);
    into.licences.extend(package.licences);
    into.checksums.extend(package.checksums);
    into.references.extend(package.references);
    into.publisher = into.publisher.take().or(package.publisher);
    for (key, value) in package.properties {
        into.properties.entry(key).or_insert(value);
    }
}

/// A package cannot be within itself, however many steps away; what claims to be stands on its own.
fn open_circles(components: &mut BTreeMap<String, Component>) {
    let mut inner: BTreeMap<String, String> =
        components.iter().filter_map(|(r, c)| Some((r.clone(), c.within.clone()?))).collect();
    let mut sound: BTreeSet<String> = BTreeSet::new();
    for start in components.iter().filter(|(_, c)| c.within.is_some()).map(|(r, _)| r.clone()).collect::<Vec<_>>() {
        let mut path = BTreeSet::new();
        let mut at = start;
        while let Some(outer) = inner.get(&at).filter(|_| !sound.contains(&at)) {
            let outer = outer.clone();
            path.insert(at.clone());
            if path.contains(&outer) {
                inner.remove(&at);
                break;
            }
            at = outer;
        }
        sound.extend(path);
    }
    for (reference, component) in components {
        component.within = component.within.take().filter(|_| inner.contains_key(reference));
    }
}

/// Operating-system packages hang on the system, all else on the root.
fn attach(graph: &mut Graph, source: &Source) {
    let system = graph.components.iter().find(|(_, c)| c.ecosystem == Ecosystem::Os).map(|(r, _)| r.clone());
    let parent = match (source.ecosystem, system) {
        (ecosystem, Some(system)) if ecosystem.is_of_a_system() => system,
        _ => graph.root_ref.clone(),
    };
    let known = source.direct.is_some();
    let children =
        source.direct.clone().unwrap_or_else(|| tops(&source.members.keys().cloned().collect(), &graph.edges));
    graph.edges.entry(parent).or_default().extend(children);
    // A database of what is installed does not say what was asked for: what nothing else needs stands for it.
    if !known && source.ecosystem != Ecosystem::Os {
        graph.root_needs = Knowledge::Incomplete;
    }
}

/// What nothing else among `refs` needs, and one of every circle that nothing outside it needs.
fn tops(refs: &BTreeSet<String>, edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let needed: HashSet<&String> = refs.iter().filter_map(|r| edges.get(r)).flatten().collect();
    let mut reached = HashSet::new();
    let (mut tops, needed): (Vec<&String>, Vec<&String>) = refs.iter().partition(|r| !needed.contains(r));
    tops.iter().for_each(|top| reach(top, edges, &mut reached));
    for reference in needed {
        if !reached.contains(reference.as_str()) {
            tops.push(reference);
            reach(reference, edges, &mut reached);
        }
    }
    tops.into_iter().cloned().collect()
}

fn reach<'g>(from: &'g str, edges: &'g BTreeMap<String, BTreeSet<String>>, reached: &mut HashSet<&'g str>) {
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(edges.get(next).into_iter().flatten().map(String::as_str));
        }
    }
}

/// Nothing stays outside the graph: what no stated edge reaches hangs on the root, which then is not exact.
fn attach_the_rest(graph: &mut Graph) {
    let mut reached = HashSet::new();
    reach(&graph.root_ref, &graph.edges, &mut reached);
    let rest: BTreeSet<String> = graph.components.keys().filter(|r| !reached.contains(r.as_str())).cloned().collect();
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
    let root_ref = format!("root:{}", component.package.name);
    let rename = |refs: &mut BTreeSet<String>| {
        if refs.remove(reference) {
            refs.insert(root_ref.clone());
        }
    };
    graph.edges.values_mut().for_each(rename);
    for source in &mut graph.sources {
        source.direct.as_mut().map(rename);
        source.members.values_mut().for_each(|member| rename(&mut member.needs));
        if let Some(member) = source.members.remove(reference) {
            source.members.insert(root_ref.clone(), member);
        }
    }
    for component in graph.components.values_mut() {
        component.within = component.within.take().filter(|within| within != reference);
    }
    let group = component.package.group.map(|group| format!("{group}/")).unwrap_or_default();
    graph.root.name = format!("{group}{}", component.package.name);
    graph.root.version = component.package.version;
    graph.root_needs = graph.root_needs.min(component.package.needs_known);
    graph.edges.insert(root_ref.clone(), children);
    graph.root_ref = root_ref;
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
