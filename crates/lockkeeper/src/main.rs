//! Every action in one binary: `lockkeeper <action> …`. A release ships this one per platform.

use std::process::ExitCode;

fn main() -> ExitCode {
    github::dispatch(&lockkeeper::actions())
}
