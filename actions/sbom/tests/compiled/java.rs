//! Maven's own listing of a project, and archives as Java's tools and Python make them.

use super::{found, purl, support::Workspace, tools, understood};
use sbom::{
    ecosystem::java,
    graph::{Inventory, Origin, Scope},
};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

const MODULES: &[&str] = &["", "app/", "bom/", "lib/"];

/// A line such as `io.netty:netty-x:jar:linux-x86_64:4.1.108.Final:runtime -- module …`: purl and scope.
fn listed(line: &str) -> Option<(String, String)> {
    let coordinates = line.trim().split(' ').next()?;
    let parts: Vec<&str> = coordinates.split(':').collect();
    let optional = if line.contains("(optional)") { "optional" } else { "" };
    let scope = |scope: &str| format!("{scope}{optional}");
    match parts[..] {
        [group, name, "jar", version, of] => Some((format!("pkg:maven/{group}/{name}@{version}"), scope(of))),
        [group, name, "jar", classifier, version, of] => {
            Some((format!("pkg:maven/{group}/{name}@{version}?classifier={classifier}"), scope(of)))
        }
        _ => None,
    }
}

fn ours(inventory: &Inventory) -> BTreeSet<(String, String)> {
    let direct = inventory.packages[0].needs.iter().map(|index| &inventory.packages[*index]);
    direct
        .map(|package| {
            let own =
                || format!("pkg:maven/com.example.reactor/{}@{}", package.name, package.version.as_deref().unwrap());
            let name = if package.origin == Origin::Own { own() } else { purl(package).to_owned() };
            let optional = if package.scope == Scope::Optional { "optional" } else { "" };
            (name, format!("{}{optional}", package.properties["lockkeeper:maven:scope"]))
        })
        .collect()
}

#[test]
fn maven_lists_the_same_dependencies_of_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java/reactor");
    let paths: Vec<String> = MODULES.iter().map(|module| format!("{module}pom.xml")).collect();
    let files: Vec<(&str, Vec<u8>)> =
        paths.iter().map(|path| (path.as_str(), fs::read(root.join(path)).unwrap())).collect();
    let inventories = understood(&files);
    for module in MODULES {
        let path = format!("{module}pom.xml");
        let inventory = inventories.iter().find(|inventory| inventory.files[0].path == path).unwrap();
        let listing = fs::read_to_string(root.join(format!("{module}list.txt"))).unwrap();
        let theirs: BTreeSet<(String, String)> = listing.lines().filter_map(listed).collect();
        assert_eq!(ours(inventory), theirs, "{module}");
    }
    let app = inventories.iter().find(|inventory| inventory.files[0].path == "app/pom.xml").unwrap();
    assert!(app.remarks.iter().any(|remark| remark.text.contains("`legacy`")), "{:?}", app.remarks);
}

#[test]
fn modules_of_a_tree_are_one_component_each_and_need_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/java/reactor");
    let mut workspace = Workspace::new();
    for module in MODULES {
        let path = format!("{module}pom.xml");
        workspace = workspace.with(&path, fs::read(root.join(&path)).unwrap());
    }
    workspace.run(&[]).expect(0, &["incomplete"]);
    let bom = workspace.bom();
    let own: Vec<&str> = bom["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|component| component["purl"].is_null())
        .map(|component| component["name"].as_str().unwrap())
        .collect();
    assert_eq!(own.len(), 4, "{own:?}");
    let edges = super::support::edges(&bom);
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let group = "com.example.reactor";
    assert!(edges.contains(&edge(&format!("{group}/app@1.4.2"), &format!("{group}/lib@1.4.2"))), "{edges:?}");
    assert!(edges.contains(&edge(&format!("{group}/lib@1.4.2"), "org.slf4j/slf4j-api@2.0.13")), "{edges:?}");
    super::support::validate(&[workspace.path("sbom.cdx.json")]);
}

/// A jar with Maven's files inside, as the JDK's `jar` and Python's `zipfile` write it.
#[test]
fn archives_of_other_tools_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in/META-INF/maven/org.example/lib");
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("pom.properties"), "groupId=org.example\nartifactId=lib\nversion=1.0\n").unwrap();
    let script = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)\n\
        z.write(sys.argv[2] + '/META-INF/maven/org.example/lib/pom.properties', 'META-INF/maven/org.example/lib/pom.properties')\n\
        with z.open(zipfile.ZipInfo('big.bin'), 'w', force_zip64=True) as f: f.write(b'x' * 100000)\n\
        z.comment = b'PK\\x05\\x06 in a comment'\n\
        z.close()\n";
    let (jar, input) = (folder.path().join("lib-1.0.jar"), folder.path().join("in"));
    let mut makers = Vec::new();
    if tools::has("jar", &["--version"]) {
        let mut command = Command::new("jar");
        command.args(["--create", "--file"]).arg(&jar).arg("-C").arg(&input).arg(".");
        makers.push(command);
    }
    if tools::has("python3", &["--version"]) {
        let mut command = Command::new("python3");
        command.args(["-c", script]).args([&jar, &input]);
        makers.push(command);
    }
    for mut maker in makers {
        tools::output(&mut maker);
        let bytes = fs::read(&jar).unwrap();
        let inventories = java::jar::read(&found("lib-1.0.jar", &bytes)).unwrap();
        assert_eq!(inventories[0].packages.len(), 1, "{maker:?}");
        assert_eq!(purl(&inventories[0].packages[0]), "pkg:maven/org.example/lib@1.0");
        for end in (0..bytes.len()).step_by(11) {
            assert!(java::jar::read(&found("lib-1.0.jar", &bytes[..end])).is_err(), "{end}");
        }
    }
}
