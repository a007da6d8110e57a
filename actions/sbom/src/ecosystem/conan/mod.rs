//! C and C++: what Conan locks.

pub mod conan_lock;

use super::{Format, Reads, is_the_applications};

/// Conan's formats.
pub const FORMATS: &[Format] = &[Format {
    name: "conan.lock",
    claims: |file| file.file_name() == "conan.lock" && is_the_applications(file),
    reads: Reads::Alone(|found| conan_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
}];
