//! Other tools' words on the same files: cargo, npm, Python itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};
use support::{Workspace, edges, validate};

type Edges = BTreeSet<(String, String)>;

/// `cargo metadata` on this very workspace: the same packages and the same edges.
#[test]
fn cargo_metadata_knows_the_same_crates_and_edges() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lock = fs::read(root.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(&root)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let workspace = Workspace::new().with("Cargo.lock", lock);
    workspace.run(&[]).expect(0, &[]);
    let bom = workspace.bom();
    let label =
        |package: &Value| format!("{}@{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
    let labels: BTreeMap<&str, String> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), label(package)))
        .collect();
    let mut theirs = Edges::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        for to in node["dependencies"].as_array().unwrap() {
            theirs.insert((labels[node["id"].as_str().unwrap()].clone(), labels[to.as_str().unwrap()].clone()));
        }
    }
    let ours: Edges = edges(&bom).into_iter().filter(|(from, _)| !from.starts_with("source@")).collect();
    // The lockfile also holds what other features would pull in: all of theirs are ours, and ours are of the lockfile.
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    assert!(theirs.len() > 500, "{}", theirs.len());
    validate(&[workspace.path("sbom.cdx.json")]);
}

/// The edges of `npm ls --all --json`, children by what they really are.
fn npm_edges(listing: &Value) -> Edges {
    fn walk(name: &str, node: &Value, edges: &mut Edges) {
        let label = |name: &str, node: &Value| {
            let real = if name == "is-odd-alias" { "is-odd" } else { name };
            format!("{real}@{}", node["version"].as_str().unwrap())
        };
        for (child, inner) in node["dependencies"].as_object().into_iter().flatten() {
            // An optional package that is not there is listed as an empty object.
            if inner["version"].is_string() {
                edges.insert((label(name, node), label(child, inner)));
                walk(child, inner, edges);
            }
        }
    }
    let mut edges = Edges::new();
    walk(listing["name"].as_str().unwrap(), listing, &mut edges);
    edges
}

#[test]
fn npm_ls_knows_the_same_packages_and_edges() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    for (case, root) in
        [("v1", "fixture@1.2.3"), ("v2", "fixture@1.2.3"), ("v3", "fixture@1.2.3"), ("workspaces", "source@-")]
    {
        let workspace =
            Workspace::new().with("package-lock.json", fs::read(folder.join(case).join("package-lock.json")).unwrap());
        workspace.run(&[]).expect(0, &[]);
        let bom = workspace.bom();
        let listing: Value = serde_json::from_slice(&fs::read(folder.join(case).join("ls.json")).unwrap()).unwrap();
        let not_root = |edges: Edges| -> Edges {
            // What the project asks for is not in version 1 files, and the root of several projects is ours.
            let skip = |from: &str| from == root || from == "root@0.0.1";
            edges.into_iter().filter(|(from, _)| !skip(from)).collect()
        };
        let (ours, theirs) = (edges(&bom), npm_edges(&listing));
        if case == "v2" || case == "v3" {
            assert_eq!(ours, theirs, "{case}");
        }
        assert_eq!(not_root(ours), not_root(theirs), "{case}");
        validate(&[workspace.path("sbom.cdx.json")]);
    }
}

/// What `importlib.metadata` lists and what pip's own `packaging` makes of the markers, extras spreading from package to
/// package until nothing changes.
const LISTING: &str = r"
import importlib.metadata, json, re, sys
from pip._vendor.packaging.requirements import Requirement
norm = lambda n: re.sub(r'[-_.]+', '-', n).lower()
dists = {norm(d.metadata['Name']): d for d in importlib.metadata.distributions(path=[sys.argv[1]])}
label = lambda n: n + '@' + dists[n].version
extras, edges, before = {n: {''} for n in dists}, set(), None
while before != (before := (len(edges), sum(map(len, extras.values())))):
    for name, dist in dists.items():
        for text in dist.requires or []:
            r = Requirement(text)
            to = norm(r.name)
            if to in dists and any(r.marker is None or r.marker.evaluate({'extra': e}) for e in extras[name]):
                edges.add((label(name), label(to)))
                extras[to] |= {norm(e) for e in r.extras}
print(json.dumps({'dists': sorted(map(label, dists)), 'edges': sorted(edges)}))
";

/// A folder of packages as `importlib.metadata` and `packaging` see it, and as an image that holds the same metadata.
fn compare_python(python: &Path) {
    let script = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    let Ok(found) = Command::new(python).args(["-c", script]).output() else { return };
    let folder = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    let listing = Command::new(python).args(["-c", LISTING, &folder]).output().unwrap();
    let Ok(theirs) = serde_json::from_slice::<Value>(&listing.stdout) else { return };
    let inside = folder.rsplit_once("/lib/").unwrap().1;
    let mut contents = oci::image::Contents::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for file in ["METADATA", "PKG-INFO"] {
            if let Ok(bytes) = fs::read(path.join(file)) {
                contents = contents.file(&format!("usr/lib/{inside}/{name}/{file}"), 0o644, bytes);
            }
        }
    }
    let workspace = Workspace::new();
    let layout = oci::layout::Layout::create(workspace.path("image")).unwrap();
    let builder = oci::image::Builder::new(oci::Platform::linux("amd64")).layer("venv", contents);
    builder.build(&layout, None).unwrap();
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let bom = workspace.bom();
    let components = bom["components"].as_array().unwrap();
    let label = |c: &Value| format!("{}@{}", c["name"].as_str().unwrap(), c["version"].as_str().unwrap());
    let ours: BTreeSet<String> = components.iter().map(label).collect();
    assert_eq!(ours, serde_json::from_value(theirs["dists"].clone()).unwrap());
    let ours: Edges = edges(&bom).into_iter().filter(|(from, _)| !from.starts_with("image@")).collect();
    let theirs: Edges = serde_json::from_value(theirs["edges"].clone()).unwrap();
    let (missing, invented): (Vec<_>, Vec<_>) =
        (theirs.difference(&ours).collect(), ours.difference(&theirs).collect());
    assert!(missing.is_empty() && invented.is_empty(), "missing {missing:?}, invented {invented:?}");
    validate(&[workspace.path("sbom.cdx.json")]);
}

#[test]
fn python_itself_knows_the_same_distributions_and_edges() {
    compare_python(Path::new("python3"));
    // The validator's own environment has extras and markers in plenty.
    if let Some(validator) = support::validator() {
        compare_python(Path::new(validator.get_program()));
    }
}

/// `dpkg-query` on this machine's own database, as an image would hold it.
#[test]
fn dpkg_query_knows_the_same_packages() {
    let Ok(status) = fs::read("/var/lib/dpkg/status") else { return };
    let query = ["-W", "-f", "${db:Status-Status} ${Package}@${Version} ${Architecture}\n"];
    let Ok(output) = Command::new("dpkg-query").args(query).output() else { return };
    let listing = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeSet<String> =
        listing.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect();
    let workspace = Workspace::new();
    let layout = oci::layout::Layout::create(workspace.path("image")).unwrap();
    let contents = oci::image::Contents::new().file("var/lib/dpkg/status", 0o644, status);
    oci::image::Builder::new(oci::Platform::linux("amd64")).layer("base", contents).build(&layout, None).unwrap();
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let bom = workspace.bom();
    let describe = |c: &Value| {
        let purl = c["purl"].as_str().unwrap();
        let architecture = purl.split(['?', '&']).find_map(|part| part.strip_prefix("arch=")).unwrap();
        format!("{}@{} {architecture}", c["name"].as_str().unwrap(), c["version"].as_str().unwrap())
    };
    let ours: BTreeSet<String> = bom["components"].as_array().unwrap().iter().map(describe).collect();
    assert_eq!(ours, theirs);
    validate(&[workspace.path("sbom.cdx.json")]);
}
