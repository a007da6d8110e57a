//! What a suite needs from outside cargo: the release tree, the sample service, Node, third-party tools.
//!
//! On a developer's machine a missing one skips the suite with a loud line; with `CI=true` it is a failure.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The release tree that `cargo xtask dist` makes.
#[must_use]
pub fn tree() -> Option<PathBuf> {
    there("the release tree (cargo xtask dist)", target().join("dist"), "manifest.json")
}

/// The sample service's binary that `cargo xtask test` builds.
#[must_use]
pub fn sample_service() -> Option<PathBuf> {
    let triples = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-unknown-linux-gnu"];
    let folder = root().join("examples/recommendation/target");
    let mut built = triples.iter().map(|triple| folder.join(triple).join("release/recommendation"));
    built.find(|path| path.exists()).or_else(|| missing("the sample service (cargo xtask test builds it)"))
}

/// A program: from the tools `cargo xtask test` installed, else from `PATH`.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let tools = target().join("tools");
    let installed = ["bin", "python/linters/bin", "debian/usr/bin"].map(|folder| tools.join(folder).join(name));
    let found = installed.into_iter().find(|path| path.exists());
    let on_path = || Command::new(name).arg("--version").output().is_ok().then(|| PathBuf::from(name));
    found.or_else(on_path).or_else(|| missing(name))
}

/// The Python whose packages `tests/<name>/requirements.txt` pins.
#[must_use]
pub fn python(name: &str) -> Option<PathBuf> {
    Some(tool_folder(&format!("python/{name}"))?.join("bin/python"))
}

/// A folder of the installed tools, such as `node`.
#[must_use]
pub fn tool_folder(name: &str) -> Option<PathBuf> {
    there(name, target().join("tools").join(name), ".")
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where this test's own binary was built: `target/debug/deps/x` is three below it.
#[must_use]
pub fn target() -> PathBuf {
    let this = std::env::current_exe().unwrap_or_default();
    this.ancestors().nth(3).map(Path::to_path_buf).unwrap_or_default()
}

fn there(name: &str, path: PathBuf, inside: &str) -> Option<PathBuf> {
    if path.join(inside).exists() { Some(path) } else { missing(name) }
}

/// Says loudly what is missing. In CI that is a failure.
///
/// # Panics
/// With `CI=true`.
#[expect(clippy::print_stderr, reason = "a skipped suite must be seen")]
fn missing<T>(name: &str) -> Option<T> {
    let ci = std::env::vars().any(|(key, value)| key == "CI" && value == "true");
    assert!(!ci, "{name} is missing, and CI runs every suite");
    eprintln!("\n!!! SKIPPED: {name} is missing; `cargo xtask test` installs or builds it\n");
    None
}
