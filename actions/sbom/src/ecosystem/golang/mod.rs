//! Go: `go.mod` with `go.sum` and `go.work`, `vendor/modules.txt`, and what the linker writes into programs.

pub mod build_info;
pub mod directives;
pub mod manifest;
mod module;
pub mod modules;
pub mod project;
pub mod sums;
pub mod vendor;
mod workspace;

use super::{Candidate, Format, Place, Reads, is_the_applications};

/// What tells of Go modules.
pub const FORMATS: &[Format] = &[
    Format { name: "Go modules", claims: is_of_modules, reads: Reads::Together { key: |_| "", read: project::read } },
    Format {
        name: "Go vendor folder",
        claims: |file| file.file_name() == "modules.txt" && in_vendor(file) && is_the_projects(file),
        reads: Reads::Alone(|found| vendor::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];

fn is_of_modules(file: &Candidate<'_>) -> bool {
    matches!(file.file_name(), "go.mod" | "go.sum" | "go.work") && is_the_projects(file)
}

fn in_vendor(file: &Candidate<'_>) -> bool {
    file.folder().rsplit('/').next() == Some("vendor")
}

/// Not one of the module cache, and not of the toolchain's own source, in an image that builds Go programs.
fn is_the_projects(file: &Candidate<'_>) -> bool {
    let foreign =
        file.path.contains("pkg/mod/") || file.path.starts_with("usr/local/go/") || file.path.starts_with("usr/lib/go");
    is_the_applications(file) && (file.place == Place::Tree || !foreign)
}
