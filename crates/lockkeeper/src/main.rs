//! Every action in one binary: `lockkeeper <action> …`. A release ships this one per platform.

use std::process::ExitCode;

/// musl's own allocator asks the kernel for each larger piece, which takes half of the time of a short run.
#[cfg(target_env = "musl")]
#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    github::dispatch(&lockkeeper::actions())
}
