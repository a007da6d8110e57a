//! The parts of the release tree that are copied: actions, launcher, workflows, texts.

use crate::shell::root;
use anyhow::{Context, Result};
use std::{fs, path::Path};

const TEXTS: [&str; 5] = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Copies everything but the binaries into `folder`.
pub(crate) fn assemble(folder: &Path) -> Result<()> {
    copy("dist/launcher.cjs", &folder.join("dist/launcher.cjs"))?;
    for text in TEXTS {
        copy(text, &folder.join(text))?;
    }
    for action in actions()? {
        let place = folder.join(&action);
        copy(&format!("actions/{action}/action.yml"), &place.join("action.yml"))?;
        copy(&format!("actions/{action}/README.md"), &place.join("README.md"))?;
        for phase in ["main", "post"] {
            let stub = format!("'use strict';\nrequire('../dist/launcher.cjs')('{action}', '{phase}');\n");
            fs::write(place.join(format!("{phase}.cjs")), stub)?;
        }
    }
    reusable_workflows(&folder.join(".github/workflows"))
}

/// The names of the actions: the folders under `actions`.
pub(crate) fn actions() -> Result<Vec<String>> {
    let entries = fs::read_dir(root().join("actions"))?;
    let mut names: Vec<String> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// The workflows that can be called, with their inner references moved to where the actions are in this tree: in both
/// trees `$/` means "this repository at the very commit that was pinned".
fn reusable_workflows(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(root().join(".github/workflows"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        if text.contains("workflow_call:") {
            let name = path.file_name().context("a workflow has no name")?;
            fs::write(folder.join(name), text.replace("uses: $/actions/", "uses: $/"))?;
        }
    }
    Ok(())
}

fn copy(from: &str, to: &Path) -> Result<()> {
    let from = root().join(from);
    fs::create_dir_all(to.parent().context("a file has no folder")?)?;
    fs::copy(&from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}
