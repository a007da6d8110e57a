//! The `image-promote` program.

fn main() -> std::process::ExitCode {
    github::main::<image_promote::ImagePromote>()
}
