//! Outside tools: used where they are, loudly missed where they are not.

use std::process::Command;

/// Whether a tool answers. Without it there is a loud line; with `CI=true` it is a failure.
#[expect(clippy::print_stderr, reason = "a skipped check must be seen")]
pub(super) fn has(tool: &str, arguments: &[&str]) -> bool {
    let answers = Command::new(tool).args(arguments).output().is_ok_and(|output| output.status.success());
    if !answers {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "`{tool}` is missing");
        eprintln!("\n!!! SKIPPED: `{tool}` is missing\n");
    }
    answers
}

/// Runs a tool that must succeed; what it printed.
pub(super) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
    String::from_utf8(output.stdout).unwrap()
}
