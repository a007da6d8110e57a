//! Ruby: what Bundler locks, and the gems that are installed.

pub mod gemfile_lock;
pub mod gemspec;
mod version;

use super::{Format, Place, Reads, is_the_applications};

/// Ruby's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Gemfile.lock",
        claims: |file| matches!(file.file_name(), "Gemfile.lock" | "gems.locked") && is_the_applications(file),
        reads: Reads::Alone(|found| gemfile_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "installed gems",
        claims: |file| file.place == Place::Image && gemspec::folder(file.path).is_some(),
        reads: Reads::Together {
            key: |path| gemspec::folder(path).unwrap_or_default(),
            read: |files, _| Ok(vec![gemspec::installed(files)]),
        },
    },
];
