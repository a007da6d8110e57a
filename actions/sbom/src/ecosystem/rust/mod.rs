//! Rust: `Cargo.lock`.

pub mod cargo_lock;

use super::{Format, Reads, is_the_applications};

/// What tells of Rust crates.
pub const FORMATS: &[Format] = &[Format {
    name: "Cargo.lock",
    claims: |file| file.file_name() == "Cargo.lock" && is_the_applications(file),
    reads: Reads::Alone(|found| cargo_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
}];
