//! `cargo xtask gen`: what is generated from the declarations, rewritten.

use crate::shell::{self, cargo};
use anyhow::Result;

/// Runs the test that owns the generated files, in the mode in which it rewrites them.
pub(crate) fn run() -> Result<()> {
    shell::run(
        cargo(&["test", "--quiet", "--package", "lockkeeper", "--test", "generated", "generated_files_are_fresh"])
            .env("REFRESH", "1"),
    )
}
