//! The `sbom` action as its own small binary.

/// As in the multi-call binary: musl's own allocator is slow.
#[cfg(target_env = "musl")]
#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    github::main::<sbom::Sbom>()
}
