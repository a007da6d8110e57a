//! JavaScript: npm's lockfiles.

pub mod package_lock;
mod package_lock_v1;

use super::{Format, Reads, is_the_applications};

/// What tells of npm packages.
pub const FORMATS: &[Format] = &[
    Format {
        name: "package-lock.json",
        claims: |file| {
            matches!(file.file_name(), "package-lock.json" | "npm-shrinkwrap.json") && is_the_applications(file)
        },
        reads: Reads::Alone(|found| package_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "Bun",
        claims: |file| matches!(file.file_name(), "bun.lock" | "bun.lockb") && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "Deno",
        claims: |file| file.file_name() == "deno.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "pnpm",
        claims: |file| file.file_name() == "pnpm-lock.yaml" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "Yarn",
        claims: |file| file.file_name() == "yarn.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
];
