use super::*;
use crate::graph::Place;

fn inventory(ecosystem: Ecosystem, path: &str, packages: &[(&str, &[usize])]) -> Inventory {
    let mut inventory = Inventory::new(ecosystem);
    inventory.files.push(Place { path: path.to_owned(), layer: None });
    for (name, needs) in packages {
        let own = name.starts_with("own");
        let origin = if own { Origin::Own } else { Origin::Purl(format!("pkg:x/{name}@1")) };
        let mut package = Package::new(*name, Some("1".to_owned()), origin);
        package.needs = needs.to_vec();
        inventory.packages.push(package);
    }
    inventory
}

fn root() -> Root {
    Root { kind: RootKind::Application, name: "r".to_owned(), version: None, purl: None, properties: BTreeMap::new() }
}

fn children(graph: &Graph, of: &str) -> Vec<String> {
    graph.edges[of].iter().cloned().collect()
}

#[test]
fn the_same_package_in_two_files_is_one_component_with_the_edges_of_both() {
    let mut one = inventory(Ecosystem::Npm, "a", &[("p", &[1]), ("q", &[])]);
    one.packages[0].scope = Scope::Development;
    let two = inventory(Ecosystem::Npm, "b", &[("p", &[1]), ("s", &[])]);
    let graph = assemble(Some(root()), vec![one, two], Development::Mark);
    assert_eq!(graph.components.len(), 3);
    assert_eq!(children(&graph, "pkg:x/p@1"), ["pkg:x/q@1", "pkg:x/s@1"]);
    let merged = &graph.components["pkg:x/p@1"];
    assert_eq!((merged.found.len(), merged.package.scope), (2, Scope::Required));
}

#[test]
fn the_order_of_files_makes_no_difference() {
    let files = || {
        vec![
            inventory(Ecosystem::Npm, "a", &[("p", &[1]), ("q", &[])]),
            inventory(Ecosystem::Cargo, "b", &[("own", &[1]), ("c", &[])]),
            inventory(Ecosystem::Npm, "c", &[("p", &[])]),
        ]
    };
    let straight = assemble(Some(root()), files(), Development::Mark);
    let turned = assemble(Some(root()), files().into_iter().rev().collect(), Development::Mark);
    assert_eq!(straight, turned);
}

#[test]
fn every_component_hangs_on_the_root_even_a_circle() {
    let circle = inventory(Ecosystem::Deb, "s", &[("a", &[1]), ("b", &[0]), ("top", &[0]), ("c", &[4]), ("d", &[3])]);
    let graph = assemble(Some(root()), vec![circle], Development::Mark);
    assert_eq!(children(&graph, "root:r"), ["pkg:x/c@1", "pkg:x/top@1"]);
    assert_eq!(graph.root_needs, Knowledge::Incomplete);
    assert_eq!(graph.edges.len(), graph.components.len() + 1, "leaves have an entry too");
}

#[test]
fn distribution_packages_hang_on_the_distribution() {
    let mut os = inventory(Ecosystem::Os, "etc/os-release", &[("own-debian", &[])]);
    os.packages[0].origin = Origin::System;
    let deb = inventory(Ecosystem::Deb, "status", &[("a", &[])]);
    let graph = assemble(Some(root()), vec![deb, os], Development::Mark);
    assert_eq!(children(&graph, "root:r"), ["os:etc/os-release#own-debian@1"]);
    assert_eq!(children(&graph, "os:etc/os-release#own-debian@1"), ["pkg:x/a@1"]);
}

#[test]
fn development_packages_are_kept_marked_or_left_out_with_their_edges() {
    let lock = || {
        let mut lock = inventory(Ecosystem::Npm, "a", &[("own", &[1, 2]), ("dev", &[2]), ("run", &[])]);
        lock.packages[1].scope = Scope::Development;
        lock.direct = Some(vec![0]);
        vec![lock]
    };
    for (policy, count, scope) in [
        (Development::Include, 3, Some(Scope::Required)),
        (Development::Mark, 3, Some(Scope::Development)),
        (Development::Omit, 2, None),
    ] {
        let graph = assemble(Some(root()), lock(), policy);
        assert_eq!(graph.components.len(), count, "{policy:?}");
        assert_eq!(graph.components.get("pkg:x/dev@1").map(|c| c.package.scope), scope);
        let all: BTreeSet<_> = graph.edges.values().flatten().collect();
        assert!(all.iter().all(|r| graph.components.contains_key(*r)), "no edge into nothing");
    }
}

#[test]
fn a_tree_with_one_own_package_is_named_after_it() {
    let mut lock = inventory(Ecosystem::Cargo, "Cargo.lock", &[("own", &[1]), ("a", &[])]);
    lock.direct = Some(vec![0]);
    let graph = assemble(None, vec![lock.clone()], Development::Mark);
    assert_eq!((graph.root.name.as_str(), graph.components.len()), ("own", 1));
    assert_eq!(children(&graph, "root:own"), ["pkg:x/a@1"]);
    lock.files[0].path = "sub/Cargo.lock".to_owned();
    let two = inventory(Ecosystem::Cargo, "Cargo.lock", &[("own", &[])]);
    assert_eq!(assemble(None, vec![lock, two], Development::Mark).root.name, "source");
}

#[test]
fn what_no_stated_edge_reaches_hangs_on_the_root_which_then_is_not_exact() {
    let mut lock = inventory(Ecosystem::Npm, "a", &[("own", &[1]), ("used", &[]), ("stray", &[3]), ("below", &[])]);
    lock.direct = Some(vec![0]);
    let graph = assemble(Some(root()), vec![lock], Development::Mark);
    assert_eq!(children(&graph, "root:r"), ["npm:a#own@1", "pkg:x/stray@1"]);
    assert_eq!(graph.root_needs, Knowledge::Incomplete);
}

#[test]
fn what_each_file_says_is_kept_beside_what_they_say_together() {
    let mut one = inventory(Ecosystem::Npm, "a", &[("own", &[1]), ("p", &[2]), ("q", &[])]);
    one.packages[2].scope = Scope::Development;
    one.direct = Some(vec![0]);
    let two = inventory(Ecosystem::Npm, "b", &[("p", &[]), ("q", &[])]);
    let graph = assemble(None, vec![two, one], Development::Mark);
    let [a, b] = &graph.sources[..] else { panic!("{:?}", graph.sources) };
    assert_eq!((a.path.as_str(), b.path.as_str()), ("a", "b"));
    assert_eq!((&a.direct, &b.direct), (&Some(BTreeSet::from(["root:own".to_owned()])), &None));
    assert_eq!(a.members["root:own"].needs, BTreeSet::from(["pkg:x/p@1".to_owned()]));
    assert_eq!((a.members["pkg:x/q@1"].scope, b.members["pkg:x/q@1"].scope), (Scope::Development, Scope::Required));
    assert_eq!((a.members["pkg:x/p@1"].needs.len(), b.members["pkg:x/p@1"].needs.len()), (1, 0));
    assert_eq!(graph.edges["pkg:x/p@1"].len(), 1);
}

#[test]
fn a_package_is_within_another_only_where_all_files_agree_and_never_in_a_circle() {
    let within = |path: &str, inside: &[(usize, usize)]| {
        let mut file = inventory(Ecosystem::Npm, path, &[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[])]);
        inside.iter().for_each(|(inner, outer)| file.packages[*inner].within = Some(*outer));
        file
    };
    let of = |files: Vec<Inventory>| {
        let graph = assemble(Some(root()), files, Development::Mark);
        graph.components.into_values().map(|c| c.within).collect::<Vec<_>>()
    };
    let names = |all: [Option<&str>; 4]| all.map(|name| name.map(|name| format!("pkg:x/{name}@1"))).to_vec();
    assert_eq!(of(vec![within("x", &[(1, 0), (2, 1)])]), names([None, Some("a"), Some("b"), None]));
    assert_eq!(of(vec![within("x", &[(1, 0), (2, 1)]), within("y", &[(1, 0)])]), names([None, Some("a"), None, None]));
    assert_eq!(of(vec![within("x", &[(0, 0), (1, 2), (2, 1), (3, 1)])]), names([None, Some("c"), None, Some("b")]));
}

#[test]
fn what_a_package_of_the_system_installed_is_within_it_and_what_others_installed_is_not() {
    let place = |path: &str| Place { path: path.to_owned(), layer: None };
    let named = |name: &str, purl: &str| Package::new(name, None, Origin::Purl(purl.to_owned()));
    let mut system = Inventory::new(Ecosystem::Deb);
    system.files.push(place("var/lib/dpkg/status"));
    system.packages = vec![named("python3-six", "pkg:deb/python3-six"), named("tool", "pkg:deb/tool")];
    system.owned = vec![("dist/six/METADATA".to_owned(), 0), ("usr/bin/tool".to_owned(), 1)];
    let of = |path: &str, packages: Vec<Package>| {
        let mut inventory = Inventory::new(Ecosystem::Pypi);
        inventory.files.push(place(path));
        inventory.packages = packages;
        inventory
    };
    let six = || named("six", "pkg:pypi/six");
    let both = || named("both", "pkg:pypi/both");
    let inventories = vec![
        system,
        of("dist/six/METADATA", vec![six(), both()]),
        of("site/both/METADATA", vec![both()]),
        of("usr/bin/tool", vec![named("part", "pkg:pypi/part")]),
    ];
    let graph = assemble(None, inventories, Development::Mark);
    let within = |purl: &str| graph.components[purl].within.as_deref();
    assert_eq!(within("pkg:pypi/six"), Some("pkg:deb/python3-six"));
    assert_eq!(within("pkg:pypi/part"), Some("pkg:deb/tool"));
    assert_eq!(within("pkg:pypi/both"), None, "somebody else brought it as well");
    assert_eq!(within("pkg:deb/tool"), None);
}
