//! What the contract asks of the world, read but not judged.

use crate::contract::Program;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use subject::Digest;

/// The world as the contract asks for it. Only what some field names is in it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The present.
    pub now: Timestamp,
    /// The moment of stamping: `SOURCE_DATE_EPOCH` where it is set, else now; to the second.
    pub generated_at: Result<Timestamp, String>,
    /// The checked-out commit, when a field asks for it.
    pub git: Result<Commit, String>,
    /// The commit the workflow run is for (`GITHUB_SHA`).
    pub run_sha: Option<String>,
    /// The workflow run.
    pub run: Run,
    /// The variables that fields name.
    pub env: BTreeMap<String, String>,
    /// The files that fields name, by path.
    pub files: BTreeMap<String, Result<Vec<u8>, Trouble>>,
    /// What the programs that fields name have printed.
    pub printed: BTreeMap<Program, Result<Vec<u8>, Trouble>>,
    /// The hashed files of each field of that kind, by field.
    pub hashes: BTreeMap<String, Result<Vec<HashedFile>, Trouble>>,
    /// The files of each guard, by guard.
    pub guarded: BTreeMap<String, Result<Vec<HashedFile>, Trouble>>,
    /// The manifest that is already there, when it is one.
    pub existing: Option<Map<String, Value>>,
}

/// A commit as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its full name.
    pub sha: String,
    /// The full name of its tree.
    pub tree: String,
    /// `git describe --tags --always`.
    pub describe: String,
    /// Tracked files that differ from the commit.
    pub modified: Vec<String>,
}

/// The workflow run as its context tells it; everything is `None` outside of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// `GITHUB_RUN_ID`.
    pub id: Option<String>,
    /// `GITHUB_RUN_ATTEMPT`.
    pub attempt: Option<String>,
    /// The page of this attempt.
    pub url: Option<String>,
}

/// Why there is nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there: the contract is broken.
    Absent(String),
    /// It is there, but is not what the contract says: the contract is broken.
    Broken(String),
    /// It could not be read: nobody knows.
    Unreadable(String),
}

/// One file that went into a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// Below the contract's root, with `/` between folders.
    pub path: String,
    /// Of its bytes, or of its canonical JSON.
    pub digest: Digest,
}
