//! Package managers' own listings against what is read from their lockfiles (`lockfiles/README.md`).

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use proptest::prelude::*;
use sbom::{
    ecosystem::{Candidate, Found, Place as Where, Sighting, inventories, recognise},
    graph::{Inventory, Knowledge, Origin, Package, Place, Scope},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

type Edges = BTreeSet<(String, String)>;

/// The lockfile of every fixture.
const LOCKFILES: [(&str, &str); 13] = [
    ("yarn-1", "yarn.lock"),
    ("yarn-2", "yarn.lock"),
    ("yarn-3", "yarn.lock"),
    ("yarn-4", "yarn.lock"),
    ("pnpm-5", "pnpm-lock.yaml"),
    ("pnpm-6", "pnpm-lock.yaml"),
    ("pnpm-7", "pnpm-lock.yaml"),
    ("pnpm-8", "pnpm-lock.yaml"),
    ("pnpm-9", "pnpm-lock.yaml"),
    ("pnpm-10", "pnpm-lock.yaml"),
    ("pnpm-11", "pnpm-lock.yaml"),
    ("bun", "bun.lock"),
    ("deno-2", "deno.lock"),
];

fn folder(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lockfiles").join(tool)
}

/// Reads bytes as the lockfile of a fixture, its neighbours on the disk.
fn read(tool: &str, file: &str, bytes: &[u8]) -> Inventory {
    let candidate = Candidate { path: file, place: Where::Tree, size: 1, executable: false };
    let mut sighting = Sighting::default();
    let place = Place { path: file.to_owned(), layer: None };
    sighting.add(recognise(&candidate).unwrap(), Found { place, bytes: bytes.to_vec() });
    for manifest in ["package.json", "packages/a/package.json", "packages/b/package.json"] {
        sighting.companion(manifest);
    }
    let folder = folder(tool);
    let neighbour = move |path: &str| fs::read(folder.join(path)).ok();
    inventories(sighting, Where::Tree, &neighbour).pop().unwrap()
}

fn whole(tool: &str, file: &str) -> Inventory {
    read(tool, file, &fs::read(folder(tool).join(file)).unwrap())
}

fn label(package: &Package) -> String {
    let group = package.group.as_deref().map(|group| format!("{group}/")).unwrap_or_default();
    format!("{group}{}@{}", package.name, package.version.as_deref().unwrap_or("-"))
}

/// Labels of all packages, and edges by labels; two entries of one package are one.
fn graph(inventory: &Inventory) -> (BTreeSet<String>, Edges) {
    let labels: Vec<String> = inventory.packages.iter().map(label).collect();
    let edges = inventory.packages.iter().zip(&labels);
    let edges = edges.flat_map(|(package, from)| package.needs.iter().map(|to| (from.clone(), labels[*to].clone())));
    (labels.iter().cloned().collect(), edges.filter(|(from, to)| from != to).collect())
}

fn json(tool: &str, file: &str) -> Value {
    serde_json::from_slice(&fs::read(folder(tool).join(file)).unwrap()).unwrap()
}

/// `npm ls` names a package by its folder.
fn real(name: &str) -> &str {
    if name == "is-odd-alias" { "is-odd" } else { name }
}

/// A listing that nests: `npm ls` and, with real names in `from`, `pnpm list`.
fn nested(from: &str, node: &Value, edges: &mut Edges, own: &BTreeMap<String, String>) {
    for list in ["dependencies", "devDependencies", "optionalDependencies"] {
        for (key, inner) in node[list].as_object().into_iter().flatten() {
            let name = inner["from"].as_str().unwrap_or_else(|| real(key));
            // An optional package that is not there is listed as an empty object.
            let Some(version) = inner["version"].as_str() else { continue };
            let to = match own.get(name).filter(|_| version.starts_with("link:")) {
                Some(version) => format!("{name}@{version}"),
                None => format!("{name}@{version}"),
            };
            edges.insert((from.to_owned(), to.clone()));
            nested(&to, inner, edges, own);
        }
    }
}

fn npm_ls(tool: &str) -> Edges {
    let listing = json(tool, "ls.json");
    let mut edges = Edges::new();
    nested("fixture@1.2.3", &listing, &mut edges, &BTreeMap::new());
    edges
}

fn pnpm_list(tool: &str) -> Edges {
    let listing = json(tool, "list.json");
    let projects = listing.as_array().unwrap();
    let text = |project: &Value, key: &str| project[key].as_str().unwrap().to_owned();
    let own = projects.iter().map(|project| (text(project, "name"), text(project, "version"))).collect();
    let mut edges = Edges::new();
    for project in projects {
        let from = format!("{}@{}", text(project, "name"), text(project, "version"));
        nested(&from, project, &mut edges, &own);
    }
    edges
}

/// `yarn info`: one line per package, which it names by locators.
fn yarn_info(tool: &str) -> Edges {
    let text = fs::read_to_string(folder(tool).join("info.ndjson")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let name = |locator: &str| locator[..locator[1..].find('@').unwrap() + 1].to_owned();
    // What a package is does not depend on who asks for it: `a@virtual:<hash>#npm:1.0.0`.
    let plain = |locator: &str| match locator.split_once("@virtual:") {
        Some((name, rest)) => format!("{name}@{}", rest.split_once('#').unwrap().1),
        None => locator.to_owned(),
    };
    // Yarn 2 does not say its own packages' versions.
    let version = |line: &Value| match line["children"]["Version"].as_str().unwrap() {
        "0.0.0-use.local" if line["value"] == "fixture@workspace:." => "1.2.3".to_owned(),
        "0.0.0-use.local" => "1.0.0".to_owned(),
        version => version.to_owned(),
    };
    let value = |line: &Value| plain(line["value"].as_str().unwrap());
    let versions: BTreeMap<String, String> = lines.iter().map(|line| (value(line), version(line))).collect();
    let label = |locator: &str| format!("{}@{}", name(locator), versions[&plain(locator)]);
    let mut edges = Edges::new();
    for line in &lines {
        for need in line["children"]["Dependencies"].as_array().into_iter().flatten() {
            edges.insert((label(line["value"].as_str().unwrap()), label(need["locator"].as_str().unwrap())));
        }
    }
    edges
}

/// The same edges, but for those to `peers`, which the lockfile does not record, and to what is `elsewhere`, which is not
/// installed here.
fn compare(tool: &str, file: &str, theirs: &Edges, peers: &[(&str, &str)], elsewhere: &[&str]) {
    let inventory = whole(tool, file);
    assert!(inventory.remarks.is_empty(), "{tool}: {:?}", inventory.remarks);
    assert_eq!(inventory.listing, Knowledge::Complete, "{tool}");
    let (labels, ours) = graph(&inventory);
    let missing: Vec<_> =
        theirs.difference(&ours).filter(|(a, b)| !peers.contains(&(a.as_str(), b.as_str()))).collect();
    let invented: Vec<_> = ours.difference(theirs).filter(|(_, to)| !elsewhere.contains(&to.as_str())).collect();
    assert!(missing.is_empty() && invented.is_empty(), "{tool}: missing {missing:?}, invented {invented:?}");
    let named: BTreeSet<String> = theirs.iter().flat_map(|(from, to)| [from.clone(), to.clone()]).collect();
    let unlisted: Vec<_> = named.difference(&labels).collect();
    let extra: Vec<_> = labels.difference(&named).filter(|label| !elsewhere.contains(&label.as_str())).collect();
    assert!(unlisted.is_empty() && extra.is_empty(), "{tool}: unlisted {unlisted:?}, extra {extra:?}");
    assert!(theirs.len() > 20, "{tool}: {}", theirs.len());
}

#[test]
fn npm_sees_in_what_yarn_1_installed_what_its_lockfile_says() {
    let peers = [
        ("use-sync-external-store@1.2.0", "react@18.3.1"),
        ("use-sync-external-store@1.2.0", "react@17.0.2"),
        ("@fixture/b@1.0.0", "debug@4.4.3"),
    ];
    let mut theirs = npm_ls("yarn-1");
    // Workspaces hang on the root in npm's eyes; Yarn links them and asks for nothing.
    theirs.retain(|(from, to)| from != "fixture@1.2.3" || !to.starts_with("@fixture/"));
    compare("yarn-1", "yarn.lock", &theirs, &peers, &["fsevents@2.3.3"]);
}

#[test]
fn yarn_info_knows_the_same_packages_and_edges() {
    for tool in ["yarn-2", "yarn-3", "yarn-4"] {
        compare(tool, "yarn.lock", &yarn_info(tool), &[], &[]);
    }
}

#[test]
fn pnpm_list_knows_the_same_packages_and_edges() {
    for tool in ["pnpm-5", "pnpm-6", "pnpm-7", "pnpm-8", "pnpm-9", "pnpm-10"] {
        compare(tool, "pnpm-lock.yaml", &pnpm_list(tool), &[], &["fsevents@2.3.3"]);
    }
    // pnpm does not list what it installs for itself.
    compare("pnpm-11", "pnpm-lock.yaml", &pnpm_list("pnpm-11"), &[], &["fsevents@2.3.3", "is-positive@3.1.0"]);
}

#[test]
fn npm_sees_in_what_bun_installed_what_its_lockfile_says() {
    let mut theirs = npm_ls("bun");
    theirs.retain(|(from, to)| from != "fixture@1.2.3" || !to.starts_with("@fixture/"));
    compare("bun", "bun.lock", &theirs, &[], &["fsevents@2.3.3"]);
}

#[test]
fn deno_locks_nine_packages_with_five_needs() {
    let (labels, edges) = graph(&whole("deno-2", "deno.lock"));
    assert_eq!((labels.len(), edges.len()), (9, 5), "{labels:?} {edges:?}");
    assert_eq!(whole("deno-2", "deno.lock").direct.map(|direct| direct.len()), Some(4));
}

#[test]
fn what_is_only_for_development_or_may_be_missing_is_told_apart() {
    for (tool, file) in LOCKFILES.iter().filter(|(tool, _)| *tool != "deno-2") {
        let inventory = whole(tool, file);
        let scope = |wanted: &str| {
            let found = inventory.packages.iter().filter(|package| label(package) == wanted);
            found.map(|package| package.scope).max().unwrap()
        };
        for (package, wanted) in [
            ("debug@4.4.3", Scope::Required),
            ("left-pad@1.3.0", Scope::Required),
            ("semver@7.3.8", Scope::Development),
            ("path-parse@1.0.7", Scope::Development),
            ("ms@2.0.0", Scope::Development),
            ("ms@2.1.3", Scope::Required),
            ("inherits@2.0.4", Scope::Optional),
            ("fsevents@2.3.3", Scope::Optional),
        ] {
            assert_eq!(scope(package), wanted, "{tool}: {package}");
        }
    }
}

/// Packages, and edges of all but the last entry: nothing in a format of lines tells the end of the last one.
fn listed(inventory: &Inventory) -> BTreeSet<String> {
    let purl = |package: &Package| match &package.origin {
        Origin::Purl(purl) => purl.clone(),
        _ => format!("own {}", label(package)),
    };
    inventory.packages.iter().map(purl).collect()
}

fn is_sound(inventory: &Inventory) -> bool {
    let within = |index: &usize| *index < inventory.packages.len();
    inventory.direct.iter().flatten().all(within)
        && inventory.packages.iter().all(|package| package.needs.iter().chain(&package.within).all(within))
}

#[test]
fn a_lockfile_cut_off_anywhere_is_said_or_lists_what_the_whole_one_lists() {
    for (tool, file) in LOCKFILES {
        let bytes = fs::read(folder(tool).join(file)).unwrap();
        let all = listed(&read(tool, file, &bytes));
        // Every line's end, and every 7th byte.
        for end in
            (0..bytes.len()).filter(|end| end % 7 == 0 || bytes[*end] == b'\n' || bytes[end.saturating_sub(1)] == b'\n')
        {
            let cut = read(tool, file, &bytes[..end]);
            let said = cut.listing != Knowledge::Complete;
            assert!(said || listed(&cut) == all, "{tool}: cut at {end} of {}", bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_reader_panics_on_a_changed_lockfile(
        which in 0..LOCKFILES.len(), at in 0..20_000_usize, gone in 0..40_usize, put in prop::collection::vec(any::<u8>(), 0..12)
    ) {
        let (tool, file) = LOCKFILES[which];
        let mut bytes = fs::read(folder(tool).join(file)).unwrap();
        let at = at % bytes.len();
        bytes.splice(at..(at + gone).min(bytes.len()), put);
        prop_assert!(is_sound(&read(tool, file, &bytes)));
    }

    #[test]
    fn no_reader_panics_on_words_of_lockfiles_in_any_order(which in 0..LOCKFILES.len(), order in prop::collection::vec(any::<u16>(), 1..40)) {
        let (tool, file) = LOCKFILES[which];
        let text = fs::read_to_string(folder(tool).join(file)).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mixed: String = order.iter().map(|line| lines[usize::from(*line) % lines.len()]).collect();
        prop_assert!(is_sound(&read(tool, file, mixed.as_bytes())));
    }
}
