//! The runner's list of what a job makes: `GITHUB_ARTIFACTS`, to which steps add, and `GITHUB_ARTIFACTS_LIST`, which later steps
//! read (`CreateArtifactsFileCommand.cs` and `ArtifactsListFileCommand.cs` of actions/runner 2.336 and later).
//!
//! One line per subject: a path, or `oci://` and a reference by digest. The runner ends the step over a line it cannot read, and
//! over a name that comes with another digest than before; so what it would refuse is not written.

use crate::{Runner, file_commands};
use serde::Deserialize;
use std::{fs::File, io::Read as _, path::Path};

/// The runner's own bound for the file of one step, in bytes; its list is held to the same.
const MAX_BYTES: u64 = 1 << 20;
/// The runner's own bound for one job.
const MAX_SUBJECTS: usize = 500;

/// Something a job has made, as the runner knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// A file's name without its folder, or an image's reference without its digest.
    pub name: String,
    /// Its digest, as `sha256:` and hexadecimal digits.
    pub digest: String,
    /// What it is.
    pub kind: SubjectKind,
}

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A file.
    File,
    /// An image or another artifact in a registry.
    Oci,
}

#[derive(Deserialize)]
struct List {
    version: u32,
    subjects: Vec<Subject>,
}

impl Runner {
    /// What earlier steps of this job have declared; nothing where the runner keeps no list.
    ///
    /// # Errors
    /// Why the list cannot be read.
    pub fn declared(&self) -> Result<Vec<Subject>, String> {
        let Some(path) = self.env("GITHUB_ARTIFACTS_LIST") else { return Ok(Vec::new()) };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| error.to_string())?;
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
        if text.len() as u64 > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        // Where the feature is off, the file is there and empty.
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let list: List = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if list.version != 1 {
            return Err(format!("version {} is not known", list.version));
        }
        Ok(list.subjects)
    }

    /// Declares an image by its repository and digest, where the runner keeps a list.
    pub fn declare_image(&self, repository: &str, digest: &str) {
        self.declare(repository, digest, &format!("oci://{repository}@{digest}"));
    }

    /// Declares a file of the workspace, where the runner keeps a list. The runner looks from the workspace, in a container
    /// too, so a file elsewhere is left out.
    pub fn declare_file(&self, path: &Path, digest: &str) {
        let below = path.strip_prefix(self.workspace()).ok().and_then(Path::to_str);
        match (below, path.file_name().and_then(|name| name.to_str())) {
            (Some(below), Some(name)) => self.declare(name, digest, &format!("file://{below}")),
            _ => self.detail(format!("{} is not declared as an artifact: not in the workspace", path.display())),
        }
    }

    fn declare(&self, name: &str, digest: &str, line: &str) {
        let Some(path) = self.env("GITHUB_ARTIFACTS") else { return };
        let known = self.declared().unwrap_or_default();
        let other = known.iter().find(|subject| subject.name == name && subject.digest != digest);
        let refused = match other {
            Some(other) => Some(format!("an earlier step declared {} under that name", other.digest)),
            None if known.len() >= MAX_SUBJECTS => Some(format!("the job has {MAX_SUBJECTS} of them already")),
            // `=` is reserved, and a line ends where it ends.
            None if line.contains('=') || line.contains(char::is_control) => Some("the name cannot be told".to_owned()),
            None => None,
        };
        let written = match refused {
            Some(why) => Err(why),
            None => file_commands::append(Path::new(path), &format!("{line}\n")).map_err(|error| error.to_string()),
        };
        if let Err(why) = written {
            self.warning(format!("{name} is not declared to the runner as an artifact: {why}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const SHA: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// What a step of a runner with the feature declares after `list`, and what it is told.
    fn step(list: &str, act: impl FnOnce(&Runner)) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        fs::write(place("list"), list).unwrap();
        fs::write(place("artifacts"), "").unwrap();
        let (list, artifacts) = (place("list"), place("artifacts"));
        let env = [("GITHUB_ARTIFACTS_LIST", &*list), ("GITHUB_ARTIFACTS", &*artifacts), ("GITHUB_WORKSPACE", "/w")];
        let (runner, told) = Runner::for_test(env);
        act(&runner);
        (fs::read_to_string(&artifacts).unwrap(), told.log())
    }

    fn list(subjects: &str) -> String {
        format!(r#"{{"version":1,"subjects":[{subjects}]}}"#)
    }

    #[test]
    fn subjects_are_declared_as_the_runner_reads_them() {
        let declare = |runner: &Runner| {
            runner.declare_image("ghcr.io/o/a", SHA);
            runner.declare_file(Path::new("/w/out/run-manifest.json"), SHA);
            runner.declare_file(Path::new("/elsewhere/x.json"), SHA);
        };
        let (lines, told) = step("", declare);
        assert_eq!(lines, format!("oci://ghcr.io/o/a@{SHA}\nfile://out/run-manifest.json\n"));
        assert_eq!(told, "");
        // A runner without the feature has no such file, and nothing is said about it.
        let (runner, told) = Runner::for_test([("GITHUB_WORKSPACE", "/w")]);
        declare(&runner);
        assert_eq!((told.log().as_str(), runner.declared()), ("", Ok(Vec::new())));
    }

    #[test]
    fn what_the_runner_would_end_the_step_over_is_not_written() {
        let same = format!(r#"{{"name":"ghcr.io/o/a","digest":"{SHA}","kind":"oci"}}"#);
        let other = same.replace(SHA, &format!("sha256:{}", "b".repeat(64)));
        let full: Vec<String> =
            (0..MAX_SUBJECTS).map(|n| format!(r#"{{"name":"{n}","digest":"{SHA}","kind":"file"}}"#)).collect();
        let image = |runner: &Runner| runner.declare_image("ghcr.io/o/a", SHA);
        assert!(step(&list(&same), image).0.starts_with("oci://"), "the same again is no conflict");
        let (lines, told) = step(&list(&other), image);
        assert!(lines.is_empty() && told.contains("an earlier step declared sha256:bbbb"), "{told}");
        let (lines, told) = step(&list(&full.join(",")), image);
        assert!(lines.is_empty() && told.contains("500"), "{told}");
        let (lines, told) = step("", |runner| runner.declare_file(Path::new("/w/a=b\nc"), SHA));
        assert!(lines.is_empty() && told.contains("cannot be told"), "{told}");
    }

    #[test]
    fn the_runners_list_is_read_and_nothing_else_is_taken_for_one() {
        let text = list(&format!(
            r#"{{"name":"app.tar","digest":"{SHA}","kind":"file"}},{{"name":"ghcr.io/o/a:1.0","digest":"{SHA}","kind":"oci"}}"#
        ));
        step(&text, |runner| {
            let subjects = runner.declared().unwrap();
            assert_eq!(
                (subjects.len(), subjects[1].kind, subjects[1].name.as_str()),
                (2, SubjectKind::Oci, "ghcr.io/o/a:1.0")
            );
        });
        step("", |runner| assert_eq!(runner.declared(), Ok(Vec::new())));
        for wrong in ["{", "[]", r#"{"version":2,"subjects":[]}"#, r#"{"version":1,"subjects":[{"name":"a"}]}"#] {
            step(wrong, |runner| assert!(runner.declared().is_err(), "{wrong}"));
        }
        step(&" ".repeat((1 << 20) + 1), |runner| assert!(runner.declared().unwrap_err().contains("more than")));
    }
}
