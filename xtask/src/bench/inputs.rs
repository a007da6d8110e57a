//! Lockfiles of any size, the same for the same seed: a thousand packages that need each other.

use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A generator of numbers that are the same on every machine (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or_default() % bound.max(1)
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }

    /// The base64 of 64 bytes.
    fn sha512(&mut self) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text: String = (0..85).map(|_| char::from(DIGITS[self.below(64)])).collect();
        text.push(char::from(DIGITS[self.below(4) * 16]));
        text + "=="
    }
}

struct Package {
    name: String,
    version: String,
    /// Packages before it in the list.
    needs: Vec<usize>,
}

fn packages(count: usize, numbers: &mut Numbers) -> Vec<Package> {
    let package = |index: usize| {
        let mut needs: Vec<usize> = (0..numbers.below(7)).map(|_| numbers.below(index)).collect();
        needs.retain(|other| *other < index);
        needs.sort_unstable();
        needs.dedup();
        let version = format!("{}.{}.{}", numbers.below(9), numbers.below(30), numbers.below(50));
        Package { name: format!("package-{index:05}"), version, needs }
    };
    (0..count).map(package).collect()
}

/// Writes a project for each kind of lockfile; the folders, by their names.
pub(super) fn write(folder: &Path, count: usize) -> Result<Vec<(String, PathBuf)>> {
    let numbers = &mut Numbers(0x10C4_4EE9);
    let packages = packages(count, numbers);
    let files = [
        ("Cargo.lock", cargo_lock(&packages, numbers)),
        ("package-lock.json", package_lock(&packages, numbers)),
        ("pnpm-lock.yaml", pnpm_lock(&packages, numbers)),
    ];
    let mut projects = Vec::new();
    for (name, text) in files {
        let project = folder.join(format!("{}-{count}", name.split('.').next().unwrap_or(name)));
        fs::create_dir_all(&project)?;
        fs::write(project.join(name), text)?;
        projects.push((format!("{name}, {count} generated"), project));
    }
    Ok(projects)
}

fn cargo_lock(packages: &[Package], numbers: &mut Numbers) -> String {
    let mut text = "version = 4\n\n[[package]]\nname = \"project\"\nversion = \"0.1.0\"\ndependencies = [\n".to_owned();
    packages.iter().for_each(|package| text += &format!(" \"{}\",\n", package.name));
    text += "]\n";
    for Package { name, version, needs } in packages {
        let source = "registry+https://github.com/rust-lang/crates.io-index";
        let checksum = numbers.hex(64);
        text += &format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n");
        text += &format!("checksum = \"{checksum}\"\n");
        if !needs.is_empty() {
            text += "dependencies = [\n";
            needs.iter().for_each(|need| text += &format!(" \"{}\",\n", packages[*need].name));
            text += "]\n";
        }
    }
    text
}

fn package_lock(packages: &[Package], numbers: &mut Numbers) -> String {
    let ranges = |needs: &mut dyn Iterator<Item = &Package>| {
        let ranges: serde_json::Map<_, _> =
            needs.map(|need| (need.name.clone(), format!("^{}", need.version).into())).collect();
        serde_json::Value::from(ranges)
    };
    let root = ranges(&mut packages.iter());
    let mut entries = serde_json::Map::new();
    entries.insert(String::new(), serde_json::json!({ "name": "project", "version": "0.1.0", "dependencies": root }));
    for Package { name, version, needs } in packages {
        let resolved = format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz");
        let integrity = format!("sha512-{}", numbers.sha512());
        let dependencies = ranges(&mut needs.iter().map(|need| &packages[*need]));
        let entry = serde_json::json!({
            "version": version, "resolved": resolved, "integrity": integrity, "license": "MIT", "dependencies": dependencies,
        });
        entries.insert(format!("node_modules/{name}"), entry);
    }
    let lock = serde_json::json!({ "name": "project", "version": "0.1.0", "lockfileVersion": 3, "requires": true, "packages": entries });
    format!("{lock:#}\n")
}

fn pnpm_lock(packages: &[Package], numbers: &mut Numbers) -> String {
    let mut text =
        "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n\nimporters:\n\n  .:\n    dependencies:\n"
            .to_owned();
    for Package { name, version, .. } in packages {
        text += &format!("      {name}:\n        specifier: ^{version}\n        version: {version}\n");
    }
    text += "\npackages:\n";
    for Package { name, version, .. } in packages {
        let integrity = numbers.sha512();
        text += &format!("\n  {name}@{version}:\n    resolution: {{integrity: sha512-{integrity}}}\n");
    }
    text += "\nsnapshots:\n";
    for Package { name, version, needs } in packages {
        text += &format!("\n  {name}@{version}:");
        text += if needs.is_empty() { " {}\n" } else { "\n    dependencies:\n" };
        for need in needs.iter().map(|need| &packages[*need]) {
            text += &format!("      {}: {}\n", need.name, need.version);
        }
    }
    text
}
