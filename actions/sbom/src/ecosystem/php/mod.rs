//! PHP: what Composer locks and installs.

pub mod composer;
pub mod installed;
pub mod lock;

use super::{Format, Place, Reads, is_the_applications};

/// PHP's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "composer.lock",
        claims: |file| file.file_name() == "composer.lock" && !is_vendored(file.path) && is_the_applications(file),
        reads: Reads::Among(lock::read),
    },
    Format {
        name: "composer.json",
        claims: |file| file.file_name() == "composer.json" && !is_vendored(file.path) && is_the_applications(file),
        reads: Reads::Companion,
    },
    Format {
        name: "installed PHP packages",
        claims: |file| file.place == Place::Image && file.path.ends_with("vendor/composer/installed.json"),
        reads: Reads::Alone(|found| installed::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];

/// Whether a path is inside an installed package: some ship the lockfile of their own development.
fn is_vendored(path: &str) -> bool {
    path.starts_with("vendor/") || path.contains("/vendor/")
}
