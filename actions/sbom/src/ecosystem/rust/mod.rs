//! Rust: `Cargo.lock` with the manifests of its workspace, and what `cargo auditable` builds into programs.

pub mod auditable;
pub mod cargo_lock;
mod manifest;
mod scopes;
pub mod workspace;

use super::{Format, Reads, is_the_applications};

/// What tells of Rust crates.
pub const FORMATS: &[Format] = &[Format {
    name: "Cargo.lock",
    claims: |file| matches!(file.file_name(), "Cargo.lock" | "Cargo.toml") && is_the_applications(file),
    reads: Reads::Together { key: |_| "", read: workspace::read },
}];
