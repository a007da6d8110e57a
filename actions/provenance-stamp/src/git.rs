//! The checked-out commit, asked of the `git` program.
//!
//! The program and not a library: it is on every runner, it knows every repository format, and the alternatives weigh
//! more than the rest of this action. It is called with fixed arguments and no shell, and without anything a repository's
//! own configuration could make it run.

use crate::facts::Commit;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// Settings that keep a repository's configuration from starting programs.
const HARMLESS: [&str; 4] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];

/// Asks for the commit checked out in `folder`.
///
/// # Errors
/// Why it cannot be told, with the cure: git is not there, the folder is no repository, or has no commit.
pub(crate) async fn commit(folder: &Path) -> Result<Commit, String> {
    let sha = ask(folder, &["rev-parse", "--verify", "--end-of-options", "HEAD^{commit}"]).await?;
    let tree = ask(folder, &["rev-parse", "--verify", "--end-of-options", "HEAD^{tree}"]).await?;
    let describe = ask(folder, &["describe", "--tags", "--always", "--abbrev=12"]).await?;
    let status = ask(folder, &["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"]).await?;
    let modified = status.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect();
    Ok(Commit { sha, tree, describe, modified })
}

async fn ask(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.args(HARMLESS).arg("-C").arg(folder).args(arguments);
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match command.output().await {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err("git is not installed; install it, or take the commit `env: GITHUB_SHA`".to_owned());
        }
        Err(error) => return Err(format!("git did not start: {error}")),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").trim();
    Err(match said {
        said if said.contains("not a git repository") => {
            "the contract's root is not in a git repository; check the repository out first".to_owned()
        }
        said if said.contains("dubious ownership") => {
            "git trusts only repositories of its own user; run `git config --global --add safe.directory` with the workspace first".to_owned()
        }
        said if said.contains("Needed a single revision") => "the repository has no commit".to_owned(),
        said => format!("git says: {}", said.chars().take(200).collect::<String>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-C"])
            .arg(folder)
            .args(arguments)
            .env("GIT_AUTHOR_DATE", "2026-09-21T12:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-09-21T12:00:00Z")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[tokio::test]
    async fn a_commit_is_told_with_its_tree_and_what_differs_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(commit(path).await.unwrap_err().contains("not in a git repository"));
        git(path, &["init", "-q"]);
        assert!(commit(path).await.unwrap_err().contains("no commit"));
        std::fs::write(path.join("a b.txt"), "one").unwrap();
        git(path, &["add", "."]);
        git(path, &["commit", "-qm", "one"]);
        git(path, &["tag", "v1.2.3"]);
        let told = commit(path).await.unwrap();
        assert_eq!(told.sha, git(path, &["rev-parse", "HEAD"]));
        assert_eq!(told.tree, git(path, &["rev-parse", "HEAD^{tree}"]));
        assert_eq!((told.describe.as_str(), told.modified.as_slice()), ("v1.2.3", &[] as &[String]));

        std::fs::write(path.join("a b.txt"), "two").unwrap();
        std::fs::write(path.join("untracked"), "").unwrap();
        assert_eq!(commit(path).await.unwrap().modified, ["a b.txt"]);
    }

    #[tokio::test]
    async fn a_repository_cannot_make_us_run_its_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        git(path, &["init", "-q"]);
        std::fs::write(path.join("a"), "one").unwrap();
        git(path, &["add", "."]);
        git(path, &["commit", "-qm", "one"]);
        let program = path.join("monitor.sh");
        std::fs::write(&program, format!("#!/bin/sh\ntouch {}/ran\n", path.display())).unwrap();
        std::process::Command::new("chmod").arg("+x").arg(&program).status().unwrap();
        git(path, &["config", "core.fsmonitor", program.to_str().unwrap()]);
        commit(path).await.unwrap();
        assert!(!path.join("ran").exists());
    }
}
