//! The image `sbom` is measured on: five layers of some 860 MB, made with the tools that make such images.
//!
//! Debian's own packages, Python's, Node's, programs that carry the list of what they were built from, and a layer that
//! takes away from each of the first three. Made once; what it holds is pinned, except Debian's packages of the day.

use super::layout::{Layer, Layout};
use crate::{
    platform,
    shell::{cargo, command, is_there, root, run, target},
    tools,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

const SUITE: &str = "bookworm";

/// What the image has of Debian besides the least.
const DEBIAN: &str = "ca-certificates,curl,git,gnupg,imagemagick,less,libpq5,libxml2,openssl,perl,procps,python3,python3-distutils,unzip,xz-utils";

const SITE: &str = "usr/local/lib/python3.11/site-packages";
const APP: &str = "srv/app";

const AUDITABLE: &str = "cargo-auditable@0.7.5";

/// Fills a folder with what one layer adds.
type Stage = fn(&Path) -> Result<()>;

/// The image's layout; built where it is not there.
pub(super) fn layout() -> Result<PathBuf> {
    let folder = target().join("bench/image");
    let layout = folder.join("layout");
    if layout.join("index.json").exists() {
        return Ok(layout);
    }
    fs::create_dir_all(&folder)?;
    let stages: [(&str, Stage); 5] =
        [("debian", debian), ("python", python), ("node", node), ("programs", programs), ("removed", removed)];
    let mut image = Layout::create(&layout)?;
    for (name, make) in stages {
        let place = folder.join(name);
        if !place.exists() {
            // A stage that was broken off is made again from its start.
            let unfinished = folder.join(format!("{name}.unfinished"));
            if unfinished.exists() {
                run(&mut tools::as_root(&["rm", "--recursive", &unfinished.display().to_string()])?)?;
            }
            fs::create_dir_all(&unfinished)?;
            make(&unfinished)?;
            fs::rename(&unfinished, &place)?;
        }
        image.add(&Layer { folder: &place, made_by: name })?;
    }
    image.finish()?;
    Ok(layout)
}

fn debian(place: &Path) -> Result<()> {
    if !is_there("debootstrap", &["--version"]) {
        run(&mut tools::as_root(&["apt-get", "install", "--yes", "--quiet=2", "debootstrap"])?)?;
    }
    let (include, folder) = (format!("--include={DEBIAN}"), place.display().to_string());
    run(&mut tools::as_root(&["debootstrap", "--variant=minbase", &include, SUITE, &folder])?)?;
    let caches = ["var/cache/apt", "var/lib/apt/lists"].map(|cache| format!("{folder}/{cache}"));
    run(&mut tools::as_root(&["rm", "--recursive", &caches[0], &caches[1]])?)
}

fn python(place: &Path) -> Result<()> {
    let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
    let mut pip = command("python3", &flags);
    // As the image's Python would install them, whatever this machine's is.
    pip.args(["--only-binary=:all:", "--python-version", "3.11", "--platform", "manylinux2014_x86_64"]);
    pip.arg("--requirement").arg(root().join("tests/peers/image/requirements.txt"));
    run(pip.arg("--target").arg(place.join(SITE)))
}

fn node(place: &Path) -> Result<()> {
    let app = place.join(APP);
    fs::create_dir_all(&app)?;
    fs::copy(root().join("tests/peers/image/package.json"), app.join("package.json"))?;
    run(command("npm", &["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).current_dir(app))
}

/// The sample service with its list of crates in it, and Go programs, which always have theirs.
fn programs(place: &Path) -> Result<()> {
    let bin = place.join("usr/local/bin");
    fs::create_dir_all(&bin)?;
    if !tools::folder().join("bin/cargo-auditable").exists() {
        let tools = tools::folder().display().to_string();
        run(&mut cargo(&["install", "--quiet", "--locked", AUDITABLE, "--root", &tools]))?;
    }
    let (built, triple) = (target().join("bench/auditable"), platform::native()?);
    let mut build = cargo(&["auditable", "build", "--locked", "--release", "--quiet", "--target", &triple]);
    build
        .current_dir(root().join("examples/recommendation"))
        .env("PATH", tools::path())
        .env("CARGO_TARGET_DIR", &built);
    run(&mut build)?;
    fs::copy(built.join(triple).join("release/recommendation"), bin.join("recommendation"))?;
    let go = fs::read_dir(tools::folder().join("bin"))?.map(|entry| Ok(entry?.path()));
    for program in go.collect::<Result<Vec<_>>>()?.iter().filter(|path| path.ends_with("act")) {
        fs::copy(program, bin.join("act"))?;
    }
    Ok(())
}

/// Django, webpack and Git go, each as its own manager would do it.
fn removed(place: &Path) -> Result<()> {
    let below = place.with_file_name("");
    let whiteout = |path: &Path| -> Result<()> {
        let name = path.file_name().context("a whiteout needs a name")?.to_string_lossy();
        let path = place.join(path).with_file_name(format!(".wh.{name}"));
        fs::create_dir_all(path.parent().unwrap_or(place))?;
        Ok(fs::write(path, "")?)
    };
    for entry in fs::read_dir(below.join("python").join(SITE))? {
        let name = entry?.file_name();
        if name.to_string_lossy().to_lowercase().starts_with("django") {
            whiteout(&Path::new(SITE).join(name))?;
        }
    }
    whiteout(&Path::new(APP).join("node_modules/webpack"))?;
    let (database, debian) = (Path::new("var/lib/dpkg"), below.join("debian"));
    for entry in fs::read_dir(debian.join(database).join("info"))? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("git.") {
            whiteout(&database.join("info").join(name))?;
        }
    }
    whiteout(Path::new("usr/bin/git"))?;
    let status = fs::read_to_string(debian.join(database).join("status"))?;
    let left: Vec<&str> = status.split("\n\n").filter(|entry| !entry.starts_with("Package: git\n")).collect();
    Ok(fs::write(place.join(database).join("status"), left.join("\n\n"))?)
}
