//! `go.mod` (Go Modules Reference, "go.mod files") and `go.work`: what their directives say.

use super::{
    directives::{Directive, directives},
    module::is_version,
};
use crate::ecosystem::{ParseError, shorten, text};
use std::{borrow::Cow, collections::BTreeSet};

/// A version of a module.
pub type Version = (String, String);

/// One `require`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The module's path.
    pub path: String,
    /// The lowest version that will do; in a tidy file it is the one that is used.
    pub version: String,
    /// Whether no package of the main module imports it.
    pub indirect: bool,
    /// The line, counted from 1.
    pub line: usize,
}

/// One `replace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub path: String,
    /// The only version that is replaced; `None` for all.
    pub version: Option<String>,
    /// By what.
    pub by: Target,
}

/// What stands in for a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Another module, of a version.
    Module(String, String),
    /// A folder, relative to the file.
    Folder(String),
}

/// What a `go.mod` or a `go.work` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The main module's path and its line; none in `go.work`.
    pub module: Option<(String, usize)>,
    /// The version of the language.
    pub go: Option<String>,
    /// The toolchain that is proposed.
    pub toolchain: Option<String>,
    /// What is required.
    pub requirements: Vec<Requirement>,
    /// What is replaced; of several that fit the one for a version comes first.
    pub replacements: Vec<Replacement>,
    /// Versions that may not be used.
    pub excluded: BTreeSet<Version>,
    /// The folders of a workspace.
    pub folders: Vec<String>,
    /// Lines whose directive is not known here, with the directive.
    pub unknown: Vec<(usize, String)>,
    /// Whether the last line ends as a line does.
    pub ended: bool,
}

impl Manifest {
    /// What stands in for a version of a module, if anything does.
    #[must_use]
    pub fn replacement(&self, path: &str, version: &str) -> Option<&Target> {
        let of_path = || self.replacements.iter().filter(|replacement| replacement.path == path);
        let exact = of_path().find(|replacement| replacement.version.as_deref() == Some(version));
        exact.or_else(|| of_path().find(|replacement| replacement.version.is_none())).map(|found| &found.by)
    }

    /// Whether the file lists all modules that are needed, as it does since Go 1.17 ("Module graph pruning").
    #[must_use]
    pub fn lists_everything(&self) -> bool {
        let numbers = self.go.as_deref().map(|go| go.split('.').map(|part| part.parse::<u32>().unwrap_or(0)));
        numbers.is_some_and(|mut numbers| (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (1, 17))
    }
}

/// Understands a `go.mod` or a `go.work`.
///
/// # Errors
/// [`ParseError`] for a directive that is not what its name promises. One whose name is not known is kept in
/// [`Manifest::unknown`]: Go adds directives with new versions.
pub fn parse(bytes: &[u8]) -> Result<Manifest, ParseError> {
    let text = text(bytes)?;
    let mut manifest = Manifest { ended: text.ends_with('\n'), ..Manifest::default() };
    for directive in directives(text)? {
        let known = take(&mut manifest, &directive).map_err(|why| ParseError::at(directive.line, why))?;
        if !known {
            manifest.unknown.push((directive.line, shorten(directive.verb)));
        }
    }
    Ok(manifest)
}

/// Adds one directive; false when its name is not known.
fn take(manifest: &mut Manifest, directive: &Directive<'_>) -> Result<bool, String> {
    let words: Vec<&str> = directive.words.iter().map(Cow::as_ref).collect();
    let wrong = || Err(format!("`{}` is not written like that", directive.verb));
    match (directive.verb, words.as_slice()) {
        ("module", [path]) if manifest.module.is_none() => {
            manifest.module = Some(((*path).to_owned(), directive.line));
        }
        ("go", [version]) => manifest.go = Some((*version).to_owned()),
        ("toolchain", [name]) => manifest.toolchain = Some((*name).to_owned()),
        ("require", [path, version]) => manifest.requirements.push(Requirement {
            path: (*path).to_owned(),
            version: (*version).to_owned(),
            indirect: directive.comment == "indirect" || directive.comment.starts_with("indirect; "),
            line: directive.line,
        }),
        ("exclude", [path, version]) => {
            manifest.excluded.insert(((*path).to_owned(), (*version).to_owned()));
        }
        ("replace", words) => manifest.replacements.push(replacement(words)?),
        ("use", [folder]) => manifest.folders.push((*folder).to_owned()),
        // They change nothing of what is listed: a retraction speaks of the module's own versions.
        ("retract" | "godebug" | "tool" | "ignore", [_, ..]) => {}
        (
            "module" | "go" | "toolchain" | "require" | "exclude" | "use" | "retract" | "godebug" | "tool" | "ignore",
            _,
        ) => {
            return wrong();
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn replacement(words: &[&str]) -> Result<Replacement, String> {
    let wrong = || "`replace` is not written like that".to_owned();
    let arrow = words.iter().position(|word| *word == "=>").ok_or_else(wrong)?;
    let (path, version) = match words[..arrow] {
        [path] => (path, None),
        [path, version] => (path, Some(version.to_owned())),
        _ => return Err(wrong()),
    };
    let by = match words[arrow + 1..] {
        [folder] if is_folder(folder) => Target::Folder(folder.to_owned()),
        [module, version] if is_version(version) => Target::Module(module.to_owned(), version.to_owned()),
        // Go asks the module's repository what a branch is.
        [module, branch] => Target::Module(module.to_owned(), branch.to_owned()),
        _ => return Err(wrong()),
    };
    Ok(Replacement { path: path.to_owned(), version, by })
}

/// A path that begins as paths of the file system do (Go Modules Reference, "replace directive").
pub(super) fn is_folder(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") || path.starts_with('/') || drive
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
