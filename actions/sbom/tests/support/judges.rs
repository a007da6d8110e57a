//! Other people's validators: two for each format, independent of each other, where `cargo xtask tools` has put them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the outside tools.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools")
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/validators")
}

/// A judge that is missing is a loud line, and with `CI=true` a failure.
#[expect(clippy::print_stderr, reason = "a skipped check must be seen")]
fn there(tool: &Path) -> bool {
    if !tool.exists() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{} is missing", tool.display());
        eprintln!("\n!!! SKIPPED: {} is missing; `cargo xtask tools` installs it\n", tool.display());
    }
    tool.exists()
}

fn python(script: &str) -> Option<Command> {
    let python = tools().join("python/validators/bin/python");
    there(&python).then(|| {
        let mut command = Command::new(python);
        command.arg(scripts().join(script));
        command
    })
}

fn node(script: &str) -> Option<Command> {
    let script = tools().join("validators").join(script);
    there(&script).then(|| {
        let mut command = Command::new("node");
        command.arg(script);
        command
    })
}

fn java() -> Option<Command> {
    let (jars, node) = (tools().join("java/lib"), tools().join("validators/node_modules"));
    (there(&jars) && there(&node)).then(|| {
        let mut command = Command::new("java");
        command.arg("-cp").arg(jars.join("*")).arg(scripts().join("java/Judge.java"));
        command.arg(node.join("@cyclonedx/cyclonedx-library/res/schema"));
        command
    })
}

fn spdx() -> Option<Command> {
    let jars = tools().join("java/lib");
    let mut command = python("spdx_validate.py").filter(|_| there(&jars))?;
    command.arg(jars);
    Some(command)
}

/// Has both judges of each file's format look at it; the format is in the name: `.cdx.json`, `.cdx.xml`, `.spdx.json`,
/// `.spdx3.json`, `.snapshot.json`. A CycloneDX XML file that follows its JSON must also say the same.
pub(crate) fn judge(files: &[PathBuf]) {
    let of = |endings: &[&str]| -> Vec<PathBuf> {
        let ends = |file: &&PathBuf| endings.iter().any(|ending| file.to_string_lossy().ends_with(ending));
        files.iter().filter(ends).cloned().collect()
    };
    for (judge, endings) in [
        (python("cyclonedx_validate.py"), &[".cdx.json", ".cdx.xml"][..]),
        (node("cyclonedx.mjs"), &[".cdx.json"]),
        (java(), &[".cdx.xml", ".spdx.json", ".spdx3.json"]),
        (spdx(), &[".spdx.json", ".spdx3.json"]),
        (python("snapshot_validate.py"), &[".snapshot.json"]),
        (node("snapshot.mjs"), &[".snapshot.json"]),
    ] {
        let (Some(mut judge), files) = (judge, of(endings)) else { continue };
        if !files.is_empty() {
            let judged = judge.args(files).output().unwrap();
            let words = String::from_utf8_lossy(&judged.stdout).into_owned() + &String::from_utf8_lossy(&judged.stderr);
            assert!(judged.status.success(), "{judge:?}\n{words}");
        }
    }
}
