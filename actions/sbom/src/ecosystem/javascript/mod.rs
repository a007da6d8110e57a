//! JavaScript: npm's, Yarn's, pnpm's, Bun's and Deno's lockfiles, and what is installed in an image.

mod borrowed;
pub mod bun;
pub mod deno;
mod descriptor;
mod folders;
mod installed;
mod jsonc;
mod locked;
mod manifest;
pub mod package_lock;
mod package_lock_v1;
pub mod pnpm;
mod pnpm_path;
#[cfg(test)]
mod shown_tests;
mod workspaces;
pub mod yarn_berry;
pub mod yarn_v1;
mod yarn_v1_blocks;

use super::{BadFile, Format, Found, ParseError, Reads, Surroundings, is_the_applications};
use crate::graph::Inventory;

/// What tells of npm packages.
pub const FORMATS: &[Format] = &[
    Format {
        name: "installed JavaScript packages",
        claims: installed::claims,
        reads: Reads::Together { key: installed::installation, read: installed::read },
    },
    Format {
        name: "package-lock.json",
        claims: |file| {
            matches!(file.file_name(), "package-lock.json" | "npm-shrinkwrap.json") && is_the_applications(file)
        },
        reads: Reads::Among(|found, surroundings| {
            let manifest = surroundings.file(&beside(found, "package.json"));
            one(found, package_lock::parse(&found.bytes, manifest.as_deref()))
        }),
    },
    Format {
        name: "Yarn",
        claims: |file| file.file_name() == "yarn.lock" && is_the_applications(file),
        reads: Reads::Among(yarn),
    },
    Format {
        name: "pnpm",
        claims: |file| file.file_name() == "pnpm-lock.yaml" && is_the_applications(file),
        reads: Reads::Among(|found, surroundings| {
            let read = |path: &str| surroundings.file(&beside(found, path));
            one(found, pnpm::parse(&found.bytes, &read))
        }),
    },
    Format {
        name: "Bun",
        claims: |file| file.file_name() == "bun.lock" && is_the_applications(file),
        reads: Reads::Among(|found, surroundings| {
            let read = |path: &str| surroundings.file(&beside(found, path));
            one(found, bun::parse(&found.bytes, &read))
        }),
    },
    Format {
        name: "Bun (binary)",
        claims: |file| file.file_name() == "bun.lockb" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "Deno",
        claims: |file| file.file_name() == "deno.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| deno::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "package.json",
        claims: |file| file.file_name() == "package.json" && is_the_applications(file),
        reads: Reads::Companion,
    },
];

/// Two formats share the name: Yarn 1's own, and YAML since.
fn yarn(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let read = |path: &str| surroundings.file(&beside(found, path));
    if yarn_berry::is_one(&found.bytes) {
        return one(found, yarn_berry::parse(&found.bytes, &read));
    }
    let manifests = workspaces::manifests(found, surroundings);
    let manifests: Vec<&[u8]> = manifests.iter().map(Vec::as_slice).collect();
    one(found, yarn_v1::parse(&found.bytes, &manifests))
}

/// The path of a file seen from the folder of another.
fn beside(found: &Found, name: &str) -> String {
    let path = &found.place.path;
    path.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

fn one(found: &Found, read: Result<Inventory, ParseError>) -> Result<Vec<Inventory>, BadFile> {
    let bad = |error| BadFile { path: found.place.path.clone(), error };
    read.map(|inventory| vec![inventory]).map_err(bad)
}
