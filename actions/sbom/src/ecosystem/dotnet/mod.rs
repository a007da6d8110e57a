//! .NET: what NuGet locks, restores and ships.

pub mod deps_json;
mod package;
pub mod packages_config;
pub mod packages_lock;
pub mod project_assets;

use super::{Format, Reads, is_the_applications};

/// .NET's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "packages.lock.json",
        claims: |file| {
            let name = file.file_name();
            // `packages.<project>.lock.json` when several projects share a folder.
            (name == "packages.lock.json" || (name.starts_with("packages.") && name.ends_with(".lock.json")))
                && is_the_applications(file)
        },
        reads: Reads::Alone(|found| packages_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "project.assets.json",
        claims: |file| file.file_name() == "project.assets.json" && is_the_applications(file),
        reads: Reads::Alone(|found| project_assets::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "deps.json",
        claims: |file| file.file_name().ends_with(".deps.json") && is_the_applications(file),
        reads: Reads::Alone(|found| deps_json::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "packages.config",
        claims: |file| file.file_name() == "packages.config" && is_the_applications(file),
        reads: Reads::Alone(|found| packages_config::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];
