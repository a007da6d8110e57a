//! Reading what the contract asks for: files, hashes, git, environment, run. Nothing is judged here.

use crate::{
    command,
    contract::{Contract, Form, Guard, Hashing, Program, Source},
    drift,
    facts::{Facts, HashedFile, Run, Trouble},
    format, git, hash,
};
use github::Runner;
use globset::{GlobBuilder, GlobSetBuilder};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use subject::Digest;

/// A file whose value is read, or brought into canonical form, may have this many bytes; hashed files may have any number.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// More files than this below the root means that a glob was meant to be narrower.
const MAX_FILES: usize = 100_000;

/// What is looked at: everything for a stamp, only what a document can be compared with for a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every source of the contract.
    Everything,
    /// Files and hashes, no git.
    Files,
    /// Nothing but the time.
    Nothing,
}

/// Reads the facts. `root` is the folder the contract's paths start from, `manifest` where a manifest may already be.
pub(crate) async fn facts(runner: &Runner, contract: &Contract, root: &Path, manifest: &Path, scope: Scope) -> Facts {
    let context = runner.context();
    let asks_git = contract.fields.iter().any(|field| matches!(field.source, Source::Git(_)));
    let git = if asks_git && scope == Scope::Everything {
        git::commit(root).await
    } else {
        Err("git was not asked".to_owned())
    };
    let mut facts = Facts {
        now: runner.now(),
        generated_at: generated_at(runner.env("SOURCE_DATE_EPOCH"), runner.now()),
        git,
        run_sha: context.sha.clone(),
        run: Run { id: context.run_id.clone(), attempt: context.run_attempt.clone(), url: context.run_url() },
        env: BTreeMap::new(),
        files: BTreeMap::new(),
        printed: BTreeMap::new(),
        hashes: BTreeMap::new(),
        guarded: BTreeMap::new(),
        existing: existing(manifest),
    };
    if scope == Scope::Nothing {
        return facts;
    }
    if scope == Scope::Everything {
        facts.printed = printed(runner, contract, root).await;
    }
    for field in &contract.fields {
        match &field.source {
            Source::Env(name) => {
                facts.env.extend(runner.env(name).map(|value| (name.clone(), value.to_owned())));
            }
            Source::File(file) => {
                facts.files.entry(file.path.clone()).or_insert_with(|| read_file(root, &file.path));
            }
            Source::Sha256(hashing) => {
                facts.hashes.insert(field.name.clone(), hashed(root, hashing));
            }
            Source::Git(_) | Source::Literal(_) | Source::Clock | Source::Run(_) | Source::Command(_) => {}
        }
    }
    for guard in contract.guards.iter().filter(|_| scope == Scope::Everything) {
        facts.guarded.insert(guard.name.clone(), guarded(root, contract, guard));
    }
    facts
}

/// What the contract's programs print, each run once and one after the other.
async fn printed(runner: &Runner, contract: &Contract, root: &Path) -> BTreeMap<Program, Result<Vec<u8>, Trouble>> {
    let environment = command::environment(runner.env("PATH"), runner.env("SOURCE_DATE_EPOCH"));
    let mut printed = BTreeMap::new();
    for field in &contract.fields {
        let Source::Command(wanted) = &field.source else { continue };
        if !printed.contains_key(&wanted.program) {
            runner.info(format!("running `{}` for {}", wanted.program.name, field.name));
            let output = command::output(root, &wanted.program, &environment).await;
            printed.insert(wanted.program.clone(), output);
        }
    }
    printed
}

/// The files of a guard; of the one that holds the version itself, everything but the version.
fn guarded(root: &Path, contract: &Contract, guard: &Guard) -> Result<Vec<HashedFile>, Trouble> {
    let mut files = hashed(root, &Hashing { patterns: guard.patterns.clone(), form: Form::Bytes })?;
    let field = contract.fields.iter().find(|field| field.name == guard.version);
    let Some(Source::File(own)) = field.map(|field| &field.source) else { return Ok(files) };
    for file in files.iter_mut().filter(|file| file.path == own.path && !own.pointer.is_empty()) {
        let document = format::read(&read_file(root, &own.path)?, own.format).map_err(Trouble::Broken)?;
        let rest = serde_json_canonicalizer::to_vec(&drift::without(document, &own.pointer));
        file.digest = Digest::of(&rest.map_err(|error| Trouble::Broken(error.to_string()))?);
    }
    // A file that holds nothing but the version says nothing else.
    files.retain(|file| file.path != own.path || !own.pointer.is_empty());
    Ok(files)
}

/// <https://reproducible-builds.org/specs/source-date-epoch/>: seconds since 1970, for builds whose outcome must not
/// depend on when they ran.
fn generated_at(epoch: Option<&str>, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = |epoch: &str| format!("SOURCE_DATE_EPOCH is `{epoch}`, not a number of seconds since 1970");
    match epoch {
        Some(epoch) => {
            let seconds = epoch.parse().map_err(|_| wrong(epoch))?;
            Timestamp::from_second(seconds).map_err(|_| wrong(epoch))
        }
        None => Timestamp::from_second(now.as_second()).map_err(|error| error.to_string()),
    }
}

/// An earlier manifest; whatever else is at that path will be overwritten and is of no interest.
fn existing(manifest: &Path) -> Option<serde_json::Map<String, Value>> {
    match attest::parse_strict(&fs::read(manifest).ok()?).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

fn read_file(root: &Path, path: &str) -> Result<Vec<u8>, Trouble> {
    let file = File::open(root.join(path)).map_err(|error| trouble(path, &error))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| trouble(path, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Trouble::Unreadable(format!("{path} has more than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

fn hashed(root: &Path, hashing: &Hashing) -> Result<Vec<HashedFile>, Trouble> {
    let paths = match hashing.single() {
        Some(path) => vec![path.to_owned()],
        None => matching(root, &hashing.patterns)?,
    };
    let digests = match hashing.form {
        Form::Bytes => hash::files(root, &paths).map_err(|(path, error)| trouble(&path, &error))?,
        Form::CanonicalJson => {
            let digest = |path: &String| {
                digest_of_json(&read_file(root, path)?).map_err(|why| {
                    Trouble::Broken(format!("{path} is not JSON that can be brought into canonical form: {why}"))
                })
            };
            paths.iter().map(digest).collect::<Result<Vec<_>, _>>()?
        }
    };
    Ok(paths.into_iter().zip(digests).map(|(path, digest)| HashedFile { path, digest }).collect())
}

/// RFC 8785, the JSON Canonicalization Scheme.
fn digest_of_json(bytes: &[u8]) -> Result<Digest, String> {
    let value = attest::parse_strict(bytes).map_err(|error| error.to_string())?;
    let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|error| error.to_string())?;
    Ok(Digest::of(&canonical))
}

/// The files below `root` that match any pattern, by path; `*` stays within a folder, `**` crosses folders.
fn matching(root: &Path, patterns: &[String]) -> Result<Vec<String>, Trouble> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        globs.add(glob.map_err(|error| Trouble::Unreadable(error.to_string()))?);
    }
    let globs = globs.build().map_err(|error| Trouble::Unreadable(error.to_string()))?;
    let mut found: Vec<String> = walk(root)?.into_iter().filter(|path| globs.is_match(path)).collect();
    found.sort_unstable();
    Ok(found)
}

/// Every file below `root`, without `.git`. Links to folders are not followed, so that there is an end.
fn walk(root: &Path) -> Result<Vec<String>, Trouble> {
    let mut files = Vec::new();
    let mut folders: Vec<(PathBuf, String)> = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| trouble(&folder.display().to_string(), &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| trouble(&prefix, &error))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(|error| trouble(&path, &error))?;
            if kind.is_dir() {
                if name != ".git" {
                    folders.push((entry.path(), format!("{path}/")));
                }
            } else if kind.is_file() || entry.path().is_file() {
                files.push(path);
            }
        }
        if files.len() > MAX_FILES {
            return Err(Trouble::Unreadable(format!("more than {MAX_FILES} files below the contract's root")));
        }
    }
    Ok(files)
}

fn trouble(path: &str, error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound => Trouble::Absent(format!("there is no {path}")),
        _ => Trouble::Unreadable(format!("{path} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashing(patterns: &[&str], form: Form) -> Hashing {
        Hashing { patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(), form }
    }

    #[test]
    fn globs_find_files_in_one_order_and_stay_out_of_git() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["b.json", "a.json", "sub/c.json", "sub/deep/d.json", ".git/e.json", "x.txt"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), path).unwrap();
        }
        std::os::unix::fs::symlink("..", root.join("sub/loop")).unwrap();
        for (patterns, wanted) in [
            (vec!["*.json"], vec!["a.json", "b.json"]),
            (vec!["**/*.json"], vec!["a.json", "b.json", "sub/c.json", "sub/deep/d.json"]),
            (vec!["sub/**", "x.txt", "x.*"], vec!["sub/c.json", "sub/deep/d.json", "x.txt"]),
            (vec!["none/*"], vec![]),
        ] {
            let found = hashed(root, &hashing(&patterns, Form::Bytes)).unwrap();
            assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), wanted, "{patterns:?}");
            assert!(found.iter().all(|file| file.digest == Digest::of(file.path.as_bytes())));
        }
        assert_eq!(hashed(root, &hashing(&["no"], Form::Bytes)), Err(Trouble::Absent("there is no no".into())));
    }

    /// RFC 8785, §3.2.2 "Serialization of Primitive Data Types": the RFC's own input and output.
    #[test]
    fn json_is_hashed_in_the_canonical_form_of_rfc_8785() {
        let input = br#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let canonical = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(digest_of_json(input).unwrap(), Digest::of(canonical.as_bytes()));
        assert!(digest_of_json(br#"{"a":1,"a":1}"#).is_err());
    }

    #[test]
    fn the_moment_of_stamping_is_the_source_date_epoch_where_it_is_set() {
        let now: Timestamp = "2026-09-21T12:00:00.987Z".parse().unwrap();
        assert_eq!(generated_at(None, now).unwrap().to_string(), "2026-09-21T12:00:00Z");
        assert_eq!(generated_at(Some("1790000000"), now).unwrap().to_string(), "2026-09-21T14:13:20Z");
        for wrong in ["yesterday", "", "1e9", "99999999999999999"] {
            assert!(generated_at(Some(wrong), now).unwrap_err().contains("SOURCE_DATE_EPOCH"), "{wrong}");
        }
    }
}
