//! `cargo xtask dist`: the tree a release tag has, in `target/dist`.

use crate::{
    platform::{self, Platform},
    shell::{command, read, target},
    shipped, sums, tree,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What to assemble.
#[derive(clap::Args)]
pub(crate) struct Dist {
    /// The folder to assemble it in, emptied first.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
}

impl Default for Dist {
    fn default() -> Self {
        Self { out: PathBuf::from("dist") }
    }
}

/// Builds the binaries and assembles the tree; returns its folder.
pub(crate) fn run(dist: &Dist) -> Result<PathBuf> {
    let folder = target().join(&dist.out);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("failed to empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    let platforms = platform::buildable()?;
    for platform in &platforms {
        let place = folder.join("bin").join(platform.name);
        fs::create_dir_all(&place)?;
        fs::copy(platform.build()?, place.join("lockkeeper"))?;
    }
    sums::write(&folder.join("bin"))?;
    tree::assemble(&folder)?;
    describe(&folder, &platforms)?;
    sums::write(&folder)?;
    let bytes: u64 = sums::files(&folder)?.values().filter_map(|path| fs::metadata(path).ok()).map(|m| m.len()).sum();
    println!(
        "release tree: {} ({:.1} MB, {} files)",
        folder.display(),
        bytes as f64 / 1e6,
        sums::files(&folder)?.len()
    );
    Ok(folder)
}

/// What the tree is made from: the suite's own SBOM, and a manifest that names the source and every binary.
fn describe(folder: &Path, platforms: &[Platform]) -> Result<()> {
    let native = platforms.first().context("no platform was built")?;
    let lockkeeper = folder.join("bin").join(native.name).join("lockkeeper");
    let sbom = folder.join("sbom.cdx.json");
    let lock = target().join("shipped/Cargo.lock");
    fs::create_dir_all(target().join("shipped"))?;
    fs::write(&lock, shipped::lockfile(platforms)?)?;
    let words = ["sbom", "--project-name", "lockkeeper", "--project-version", env!("CARGO_PKG_VERSION")];
    let mut describe = command(&lockkeeper, &words);
    describe.arg("--path").arg(lock).arg("--output-file").arg(&sbom).env_remove("GITHUB_OUTPUT");
    read(&mut describe)?;
    let binaries: serde_json::Map<String, serde_json::Value> = platforms
        .iter()
        .map(|platform| {
            let path = folder.join("bin").join(platform.name).join("lockkeeper");
            let entry = serde_json::json!({ "sha256": sums::sha256(&path)?, "bytes": fs::metadata(&path)?.len() });
            Ok((platform.name.to_owned(), entry))
        })
        .collect::<Result<_>>()?;
    let manifest = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "source": { "commit": commit()?, "repository": env!("CARGO_PKG_REPOSITORY") },
        "rustc": read(&mut command("rustc", &["--version"]))?,
        "binaries": binaries,
        "sbom": "sbom.cdx.json",
    });
    Ok(fs::write(folder.join("manifest.json"), format!("{manifest:#}\n"))?)
}

/// The commit the tree is built from, marked when the work tree differs from it.
fn commit() -> Result<String> {
    let commit = read(&mut command("git", &["rev-parse", "HEAD"]))?;
    let changed = !read(&mut command("git", &["status", "--porcelain", "--untracked-files=no"]))?.is_empty();
    Ok(if changed { format!("{commit}-dirty") } else { commit })
}
