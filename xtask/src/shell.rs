//! Running other programs, aloud.

use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where builds go; an absolute `CARGO_TARGET_DIR` is respected.
pub(crate) fn target() -> PathBuf {
    root().join(variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".to_owned()))
}

/// A variable of the environment; empty is as unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::vars().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
}

/// A program started in the workspace's root.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).args(args);
    command
}

/// cargo as it was used to start this program.
pub(crate) fn cargo(args: &[&str]) -> Command {
    command(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()), args)
}

fn line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs to the end with the terminal's output, and says how long it took.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = line(command);
    println!("$ {text}");
    let start = Instant::now();
    let status = command.status().with_context(|| format!("failed to start `{text}`"))?;
    if !status.success() {
        bail!("`{text}` ended with {status}");
    }
    println!("  ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs to the end and returns what it printed to standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let text = line(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("failed to start `{text}`"))?;
    if !output.status.success() {
        bail!("`{text}` ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the program can be started at all.
pub(crate) fn is_there(program: impl AsRef<OsStr>, args: &[&str]) -> bool {
    command(program, args).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
