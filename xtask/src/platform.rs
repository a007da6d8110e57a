//! The platforms a release has binaries for, and how each is built from here.

use crate::{
    shell::{cargo, command, is_there, read, root, run, target, variable},
    tools,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One platform: the name the launcher looks for, and Rust's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Platform {
    /// Node's `process.platform` and `process.arch`.
    pub(crate) name: &'static str,
    /// Rust's name for it.
    pub(crate) triple: &'static str,
    linker: Linker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linker {
    /// The machine's own compiler; the C parts of the crypto library need no libc headers.
    System,
    /// zig, which compiles and links for foreign platforms.
    Zig,
}

const X64: Platform = Platform { name: "linux-x64", triple: "x86_64-unknown-linux-musl", linker: Linker::System };
const ARM64: Platform = Platform { name: "linux-arm64", triple: "aarch64-unknown-linux-musl", linker: Linker::Zig };

/// What can be built here, with a line for what cannot. On a machine that is neither, only its own platform is built.
pub(crate) fn buildable() -> Result<Vec<Platform>> {
    let host = host()?;
    if host.name != X64.name {
        return Ok(vec![host]);
    }
    let zig = tools::has_zig() && has_target(ARM64.triple);
    if !zig {
        println!(
            "note: linux-arm64 is left out: no cargo-zigbuild with ziglang at hand (`pip install cargo-zigbuild ziglang`)"
        );
    }
    Ok([host].into_iter().chain(zig.then_some(ARM64)).collect())
}

/// This machine: statically linked with musl where Rust's target can be had, else its default target.
pub(crate) fn host() -> Result<Platform> {
    let triple = native()?;
    Ok(match triple.as_str() {
        "x86_64-unknown-linux-gnu" | "x86_64-unknown-linux-musl" if has_target(X64.triple) => X64,
        "aarch64-unknown-linux-gnu" | "aarch64-unknown-linux-musl" if has_target(ARM64.triple) => {
            Platform { linker: Linker::System, ..ARM64 }
        }
        "x86_64-unknown-linux-gnu" => Platform { triple: "x86_64-unknown-linux-gnu", ..X64 },
        "aarch64-unknown-linux-gnu" => {
            Platform { triple: "aarch64-unknown-linux-gnu", linker: Linker::System, ..ARM64 }
        }
        "aarch64-apple-darwin" => {
            Platform { name: "darwin-arm64", triple: "aarch64-apple-darwin", linker: Linker::System }
        }
        "x86_64-apple-darwin" => Platform { name: "darwin-x64", triple: "x86_64-apple-darwin", linker: Linker::System },
        other => anyhow::bail!("no release is built on {other}"),
    })
}

/// The compiler's own target.
pub(crate) fn native() -> Result<String> {
    let version = read(&mut command("rustc", &["-vV"]))?;
    let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(triple.context("rustc names no host")?.to_owned())
}

fn has_target(triple: &str) -> bool {
    let installed = read(&mut command("rustup", &["target", "list", "--installed"])).unwrap_or_default();
    installed.lines().any(|line| line == triple) || is_there("rustup", &["target", "add", triple])
}

impl Platform {
    /// Builds the multi-call binary and returns where it is.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let verb = if self.linker == Linker::Zig { "zigbuild" } else { "build" };
        let mut build =
            cargo(&[verb, "--locked", "--profile", "ship", "--package", "lockkeeper", "--target", self.triple]);
        run(self.reproducible(&mut build)?)?;
        Ok(target().join(self.triple).join("ship/lockkeeper"))
    }

    /// Nothing of this machine in the binary: no folder names, no build times.
    fn reproducible<'a>(&self, build: &'a mut Command) -> Result<&'a mut Command> {
        let mut flags: Vec<String> =
            remapped().iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
        if self.linker == Linker::System && self.triple.ends_with("-musl") {
            flags.extend(small().into_iter().chain(folded()?).map(|flag| format!("-Clink-arg={flag}")));
            build.env(format!("CC_{}", self.triple.replace('-', "_")), "cc");
        }
        Ok(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).env("SOURCE_DATE_EPOCH", "0"))
    }
}

/// Folders of this machine, and what they are called in the binary: a panic names the file it is in. Where packages lie has
/// a long name that stands there some thousand times; the last that fits is taken.
fn remapped() -> Vec<(String, &'static str)> {
    let home = variable("CARGO_HOME").or_else(|| variable("HOME").map(|home| format!("{home}/.cargo")));
    let home = home.unwrap_or_default();
    let packages = fs::read_dir(Path::new(&home).join("registry/src")).into_iter().flatten().flatten();
    let mut packages: Vec<String> = packages.map(|folder| folder.path().display().to_string()).collect();
    packages.sort();
    let known = [(root().display().to_string(), "/lockkeeper"), (home, "/cargo")];
    known.into_iter().chain(packages.into_iter().map(|folder| (folder, "/cargo"))).collect()
}

/// What makes the linker write less, by a seventh: a word for each run of pointers to relocate instead of three for each
/// pointer (binutils 2.38, musl 1.2.4), and no tables for unwinding.
fn small() -> [String; 3] {
    let script = root().join("dist/no-unwind.ld");
    ["-z,pack-relative-relocs".to_owned(), "--no-eh-frame-hdr".to_owned(), format!("-T,{}", script.display())]
        .map(|flag| format!("-Wl,{flag}"))
}

/// The linker that comes with the compiler folds functions of the same instructions into one, which takes off another fortieth.
/// Nothing here compares the addresses of functions. A compiler that comes without one links as the machine does.
fn folded() -> Result<Vec<String>> {
    let sysroot = read(&mut command("rustc", &["--print", "sysroot"]))?;
    let linker = Path::new(sysroot.trim()).join("lib/rustlib").join(native()?).join("bin/gcc-ld");
    if !linker.join("ld.lld").exists() {
        println!("note: the binary is larger than it could be: the compiler has no linker of its own");
        return Ok(Vec::new());
    }
    Ok(vec!["-fuse-ld=lld".to_owned(), format!("-B{}", linker.display()), "-Wl,--icf=all".to_owned()])
}
