//! Conda: what is installed, and what conda-lock and pixi lock.

pub mod conda_lock;
pub mod installed;
mod package;
pub mod pixi_lock;

use super::{Format, Place, Reads, is_the_applications};

/// Conda's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "installed Conda packages",
        claims: |file| file.place == Place::Image && installed::folder(file.path).is_some(),
        reads: Reads::Together {
            key: |path| installed::folder(path).unwrap_or_default(),
            read: |files, _| Ok(vec![installed::environment(files)]),
        },
    },
    Format {
        name: "conda-lock.yml",
        claims: |file| {
            let name = file.file_name();
            let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
            stem.is_some_and(|stem| stem == "conda-lock" || stem.ends_with(".conda-lock")) && is_the_applications(file)
        },
        reads: Reads::Alone(|found| conda_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "pixi.lock",
        claims: |file| file.file_name() == "pixi.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| pixi_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];
