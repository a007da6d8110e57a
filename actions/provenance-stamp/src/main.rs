//! The `provenance-stamp` program.

fn main() -> std::process::ExitCode {
    github::main::<provenance_stamp::ProvenanceStamp>()
}
