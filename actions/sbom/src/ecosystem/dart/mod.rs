//! Dart: what pub locks.

pub mod pubspec_lock;

use super::{Format, Reads, is_the_applications};

/// Dart's formats.
pub const FORMATS: &[Format] = &[Format {
    name: "pubspec.lock",
    claims: |file| file.file_name() == "pubspec.lock" && is_the_applications(file),
    reads: Reads::Alone(|found| pubspec_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
}];
