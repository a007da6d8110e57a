//! The `go` command on modules that are served from a folder: what it lists, vendors and builds.

use super::{
    purl,
    support::zip::Zip,
    tools::{has, output},
    understood,
};
use sbom::graph::{FindingKind, Inventory, Origin};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A folder with a module proxy, a module cache and the modules under test.
pub(super) struct Lab {
    folder: tempfile::TempDir,
}

/// Path, version, what it needs, and its source.
const PUBLISHED: &[(&str, &str, &str, &str)] = &[
    ("example.com/deep", "v1.2.0", "", "package deep\nfunc Deep() int { return 1 }\n"),
    ("example.com/deep", "v1.3.0", "", "package deep\nfunc Deep() int { return 3 }\n"),
    ("example.com/Upper/v2", "v2.0.1", "", "package upper\nfunc Upper() int { return 2 }\n"),
    ("example.com/fork", "v0.9.0", "", "package old\nfunc Old() int { return 4 }\n"),
    ("example.com/old", "v1.0.0", "", "package old\nfunc Old() int { return 5 }\n"),
    ("example.com/spare", "v1.0.0", "", "package spare\nfunc Spare() int { return 6 }\n"),
    (
        "example.com/lib",
        "v1.0.0-rc.1",
        "require example.com/deep v1.2.0\n",
        "package lib\nimport \"example.com/deep\"\nfunc Lib() int { return deep.Deep() }\n",
    ),
];

const APP: &str = "package main\nimport (\n\"example.com/lib\"\nold \"example.com/old\"\n\"example.com/local\"\n\
    upper \"example.com/Upper/v2\"\n)\nfunc main() { println(lib.Lib() + old.Old() + local.Local() + upper.Upper()) }\n";

impl Lab {
    /// None where there is no Go.
    pub(super) fn new() -> Option<Self> {
        if !has("go", &["version"]) {
            return None;
        }
        let lab = Self { folder: tempfile::tempdir().unwrap() };
        for (path, version, needs, source) in PUBLISHED {
            let module = format!("module {path}\n\ngo 1.21\n\n{needs}");
            // The proxy protocol spells capital letters with an exclamation mark.
            let folder = path.replace('U', "!u") + "/@v";
            let inside = |file: &str| format!("{path}@{version}/{file}");
            let zip = Zip::default().stored(&inside("go.mod"), &module).deflated(&inside("a.go"), source).finish();
            lab.write(&format!("proxy/{folder}/{version}.mod"), &module);
            lab.write(&format!("proxy/{folder}/{version}.info"), format!("{{\"Version\":\"{version}\"}}"));
            lab.write(&format!("proxy/{folder}/{version}.zip"), zip);
        }
        lab.write(
            "app/go.mod",
            "module example.com/app\n\ngo 1.21\n\nrequire (\n\texample.com/Upper/v2 v2.0.1\n\texample.com/lib v1.0.0-rc.1\n\
             \texample.com/local v0.0.0\n\texample.com/old v1.0.0\n)\n\nreplace example.com/local => ../local\n\n\
             replace example.com/old v1.0.0 => example.com/fork v0.9.0\n\nretract (\n\tv0.0.1 // wrong\n)\n",
        );
        lab.write("app/main.go", APP);
        lab.write("local/go.mod", "module example.com/local\n\ngo 1.21\n");
        lab.write("local/a.go", "package local\nfunc Local() int { return 7 }\n");
        lab.go("app", &["mod", "tidy"]);
        Some(lab)
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs Go in a folder, offline.
    pub(super) fn go(&self, folder: &str, arguments: &[&str]) -> String {
        self.go_with(folder, arguments, &[])
    }

    pub(super) fn go_with(&self, folder: &str, arguments: &[&str], env: &[(&str, &str)]) -> String {
        let mut go = Command::new("go");
        go.args(arguments)
            .current_dir(self.path(folder))
            .env("GOPROXY", format!("file://{}", self.path("proxy").display()));
        for (name, value) in
            [("GOSUMDB", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "-modcacherw"), ("CGO_ENABLED", "0")]
        {
            go.env(name, value);
        }
        go.env("GOMODCACHE", self.path("cache")).env_remove("GOWORK").envs(env.iter().copied());
        output(&mut go)
    }

    fn files<'a>(&self, paths: &[&'a str]) -> Vec<(&'a str, Vec<u8>)> {
        let there = paths.iter().filter(|path| self.path(path).exists());
        there.map(|path| (*path, fs::read(self.path(path)).unwrap())).collect()
    }
}

/// `go list -m -json all`: path and version of every module, what replaces it in its place, and whether it is indirect.
fn listed(json: &str) -> BTreeSet<(String, String, bool)> {
    let modules = serde_json::Deserializer::from_str(json).into_iter::<Value>().map(Result::unwrap);
    let others = modules.filter(|module| module["Main"] != true);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    others
        .map(|module| {
            let used = match &module["Replace"] {
                Value::Object(replace) if replace.contains_key("Version") => Value::Object(replace.clone()),
                Value::Object(_) => serde_json::json!({ "Path": module["Path"] }),
                _ => module.clone(),
            };
            (text(&used["Path"]), text(&used["Version"]), module["Indirect"] == true)
        })
        .collect()
}

fn ours(inventory: &Inventory) -> BTreeSet<(String, String, bool)> {
    let others = inventory.packages.iter().skip(1);
    let indirect = |package: &sbom::graph::Package| package.properties.contains_key("lockkeeper:go:indirect");
    others.map(|p| (p.name.clone(), p.version.clone().unwrap_or_default(), indirect(p))).collect()
}

#[test]
fn go_lists_the_same_modules() {
    let Some(lab) = Lab::new() else { return };
    let inventories = understood(&lab.files(&["app/go.mod", "app/go.sum", "local/go.mod"]));
    let theirs = listed(&lab.go("app", &["list", "-m", "-json", "all"]));
    assert_eq!(ours(&inventories[0]), theirs);
    assert_eq!(theirs.len(), 5);
    let needs: BTreeSet<&str> =
        inventories[0].packages[0].needs.iter().map(|index| inventories[0].packages[*index].name.as_str()).collect();
    assert_eq!(
        needs,
        BTreeSet::from(["example.com/Upper/v2", "example.com/fork", "example.com/lib", "example.com/local"])
    );
    assert!(inventories.iter().all(|inventory| inventory.remarks.is_empty()), "{inventories:?}");
    let sums = fs::read_to_string(lab.path("app/go.sum")).unwrap();
    for package in inventories[0].packages.iter().filter(|package| package.origin != Origin::Own).skip(1) {
        let line = format!(
            "{} {} {}",
            package.name,
            package.version.as_deref().unwrap(),
            package.properties["lockkeeper:go:h1"]
        );
        assert!(sums.lines().any(|known| known == line), "{line}");
    }
}

#[test]
fn go_vendors_the_same_modules() {
    let Some(lab) = Lab::new() else { return };
    lab.go("app", &["mod", "vendor"]);
    let inventories = understood(&lab.files(&["app/vendor/modules.txt"]));
    let ours: BTreeSet<(&str, &str)> =
        inventories[0].packages.iter().map(|p| (p.name.as_str(), p.version.as_deref().unwrap_or_default())).collect();
    let wanted = [
        ("example.com/Upper/v2", "v2.0.1"),
        ("example.com/deep", "v1.2.0"),
        ("example.com/fork", "v0.9.0"),
        ("example.com/lib", "v1.0.0-rc.1"),
        ("example.com/local", ""),
    ];
    assert_eq!(ours, BTreeSet::from(wanted));
}

#[test]
fn go_builds_the_same_versions_in_a_workspace() {
    let Some(lab) = Lab::new() else { return };
    lab.write("other/go.mod", "module example.com/other\n\ngo 1.21\n\nrequire example.com/deep v1.3.0\n");
    lab.write("other/a.go", "package other\nimport \"example.com/deep\"\nfunc Other() int { return deep.Deep() }\n");
    lab.write("go.work", "go 1.21\n\nuse (\n\t./app\n\t./local\n\t./other\n)\n");
    lab.go("other", &["mod", "tidy"]);
    let inventories = understood(&lab.files(&["app/go.mod", "app/go.sum", "go.work", "local/go.mod", "other/go.mod"]));
    let theirs = lab.go(
        "app",
        &[
            "list",
            "-m",
            "-f",
            "{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}",
            "all",
        ],
    );
    let theirs: BTreeSet<String> = theirs.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let packages = inventories.iter().flat_map(|inventory| &inventory.packages);
    let others = packages.filter(|package| package.origin != Origin::Own);
    let ours: BTreeSet<String> = others.map(|p| format!("{} {}", p.name, p.version.as_deref().unwrap())).collect();
    assert_eq!(ours, theirs);
    assert!(ours.contains("example.com/deep v1.3.0"));
}

#[test]
fn a_go_mod_cut_off_is_refused_or_said_unless_a_line_ends_where_a_module_could() {
    let Some(lab) = Lab::new() else { return };
    let text = fs::read(lab.path("app/go.mod")).unwrap();
    let whole = understood(&[("go.mod", text.clone())]);
    for end in 0..text.len() {
        let inventories = understood(&[("go.mod", text[..end].to_vec())]);
        let said =
            inventories.iter().flat_map(|inventory| &inventory.remarks).any(|remark| remark.kind > FindingKind::Note);
        let whole_lines = text[..end].ends_with(b"\n");
        assert!(said || whole_lines || inventories == whole, "{end}");
    }
}

/// What `go version -m` prints of a program: path and version, what replaces a module in its place.
pub(super) fn embedded(printed: &str) -> BTreeSet<(String, String)> {
    let mut modules: Vec<(String, String)> = Vec::new();
    for line in printed.lines().map(|line| line.trim_start_matches('\t')) {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["mod" | "dep", path, version, ..] => modules.push((path.to_owned(), version.to_owned())),
            ["=>", path, version, ..] => {
                let replaced = modules.pop().unwrap();
                let folder = path.starts_with('.');
                modules.push(if folder { (replaced.0, String::new()) } else { (path.to_owned(), version.to_owned()) });
            }
            _ => {}
        }
    }
    modules.into_iter().map(|(path, version)| (path, version.replace("(devel)", ""))).collect()
}

/// The same of an inventory, the standard library left out.
pub(super) fn built_in(inventory: &Inventory) -> BTreeSet<(String, String)> {
    let modules = inventory.packages.iter().filter(|package| package.name != "stdlib");
    modules.map(|package| (package.name.clone(), package.version.clone().unwrap_or_default())).collect()
}

/// The standard library's purl for the Go at hand.
pub(super) fn standard_library(lab: &Lab) -> String {
    format!("pkg:golang/stdlib@{}", lab.go(".", &["env", "GOVERSION"]).trim().trim_start_matches("go"))
}

/// Whether an inventory has the standard library of that purl.
pub(super) fn has_library(inventory: &Inventory, library: &str) -> bool {
    inventory.packages.iter().any(|package| purl(package) == library)
}

/// A program built of the application for an operating system and an architecture.
pub(super) fn program(lab: &Lab, system: &str, architecture: &str, flags: &[&str]) -> PathBuf {
    let name = format!("{system}-{architecture}{}", flags.concat().replace([' ', '=', '"'], ""));
    let path = lab.path(&name);
    let target = path.to_str().unwrap().to_owned();
    let arguments = [&["build", "-o", &target], flags].concat();
    lab.go_with("app", &arguments, &[("GOOS", system), ("GOARCH", architecture)]);
    assert!(Path::new(&path).exists());
    path
}
