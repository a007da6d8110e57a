//! The `sbom` action as its own small binary.

fn main() -> std::process::ExitCode {
    github::main::<sbom::Sbom>()
}
