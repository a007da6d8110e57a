//! Release manifest v0.1, ours: what a release consists of besides its bytes.
//!
//! Schema: `docs/predicates/release-manifest-v0.1.json`.

use super::{DigestSet, Digested, Predicate, Run, shape};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a release consists of besides its bytes. The subject is the released image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseManifest {
    /// The run manifest: every field of the contract, by name; texts, numbers, and yes or no.
    pub fields: Map<String, Value>,
    /// The run manifest as a file.
    pub manifest: Digested,
    /// The contract the fields were made by, as a file.
    pub contract: Digested,
    /// Every field that is a hash, with the files behind it.
    pub inputs: Vec<Input>,
    /// Every field that dates a source.
    pub sources: Vec<DatedSource>,
    /// Versions, each with the files it speaks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// The commit, when a field of the contract asks for one.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub source: Option<Commit>,
    /// The workflow run.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// A field that is a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The field's name.
    pub name: String,
    /// The field's value.
    pub digest: DigestSet,
    /// The files that went into it; left out when there are too many.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<InputFile>>,
}

/// A file behind a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path.
    pub name: String,
    /// Its digest.
    pub digest: DigestSet,
}

/// A version and the files it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// The guard's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The files; of the one that holds the version, everything but the version.
    pub files: Vec<InputFile>,
}

/// A field that dates a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatedSource {
    /// The field's name.
    pub name: String,
    /// RFC 3339, a moment or a date.
    pub as_of: String,
    /// The age the contract allows it, in hours.
    #[serde(default, deserialize_with = "shape::present_positive", skip_serializing_if = "Option::is_none")]
    pub max_age_hours: Option<u64>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// Its name, 40 or 64 hexadecimal digits.
    pub git_commit: String,
    /// Its tree.
    pub git_tree: String,
    /// Whether tracked files differed from it.
    pub modified: bool,
}

impl Predicate for ReleaseManifest {
    const TYPE: &'static str = super::RELEASE_MANIFEST;

    fn check(&self) -> Result<(), String> {
        if self.fields.is_empty() {
            return Err("`fields` is empty".to_owned());
        }
        if let Some((name, _)) =
            self.fields.iter().find(|(_, value)| value.is_null() || value.is_array() || value.is_object())
        {
            return Err(format!("field `{name}` is not one value"));
        }
        let dated = |text: &str| {
            shape::parse_moment(text).is_some() || (text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
        };
        if let Some(source) = self.sources.iter().find(|source| !dated(&source.as_of)) {
            return Err(format!("`asOf` of source `{}` is not RFC 3339", source.name));
        }
        let git = |name: &str| {
            matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        match &self.source {
            Some(commit) if !git(&commit.git_commit) || !git(&commit.git_tree) => {
                Err("`source` names no commit".to_owned())
            }
            _ => Ok(()),
        }
    }
}
