//! GitHub Actions: what workflows and composite actions use.

pub mod workflow;

use super::{Format, Place, Reads, is_the_applications};
use workflow::Role;

/// GitHub Actions' formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "GitHub workflow",
        claims: |file| file.place == Place::Tree && is_workflow(file.path),
        reads: Reads::Alone(|found| workflow::parse(&found.bytes, Role::Workflow).map(|inventory| vec![inventory])),
    },
    Format {
        name: "GitHub action",
        claims: |file| {
            matches!(file.file_name(), "action.yml" | "action.yaml")
                && file.place == Place::Tree
                && is_the_applications(file)
        },
        reads: Reads::Alone(|found| workflow::parse(&found.bytes, Role::Action).map(|inventory| vec![inventory])),
    },
];

/// GitHub runs only what is directly in the folder at the repository's root.
fn is_workflow(path: &str) -> bool {
    let file = path.strip_prefix(".github/workflows/").unwrap_or_default();
    (file.ends_with(".yml") || file.ends_with(".yaml")) && !file.contains('/')
}
