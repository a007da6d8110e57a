//! The provenance contract: which fields a release carries, where each comes from, what it must look like.

mod command;
mod guards;
mod labels;
mod parse;

use serde_json::Value;

/// A contract as declared in `provenance.yml`; fields keep the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// At least one field, every name once.
    pub fields: Vec<Field>,
    /// Versions, each with the files it speaks for.
    pub guards: Vec<Guard>,
    /// The labels that the image carries, in the file's order.
    pub labels: Vec<Label>,
}

/// A label or annotation of the image, and the field whose value it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name, such as `org.opencontainers.image.revision`.
    pub name: String,
    /// The field.
    pub field: String,
}

/// A version and the files it speaks for: neither changes without the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its name, such as `logic`.
    pub name: String,
    /// The field that holds the version.
    pub version: String,
    /// Paths or globs of the files, below the contract's root.
    pub patterns: Vec<String>,
}

/// One field of the manifest and of every response.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name in the manifest.
    pub name: String,
    /// Where its value comes from when a release is stamped.
    pub source: Source,
    /// What its value must look like, wherever it is met.
    pub kind: Kind,
    /// How old a timestamp or date may be, in hours; more is stale.
    pub max_age_hours: Option<u32>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The commit that is checked out.
    Git(GitFact),
    /// The contract itself.
    Literal(Value),
    /// A variable of the environment.
    Env(String),
    /// A value inside a file, or a whole text file.
    File(FileValue),
    /// What a program prints, or a value inside it.
    Command(CommandValue),
    /// The digest of files.
    Sha256(Hashing),
    /// The moment of stamping, or `SOURCE_DATE_EPOCH`.
    Clock,
    /// The workflow run.
    Run(RunFact),
}

/// What is asked of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitFact {
    /// The commit's full name.
    Sha,
    /// The name of the commit's tree: the same files always have the same one.
    Tree,
    /// The nearest tag, as `git describe --tags --always` puts it.
    Describe,
}

/// What is asked of the workflow run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunFact {
    /// `GITHUB_RUN_ID`.
    Id,
    /// `GITHUB_RUN_ATTEMPT`.
    Attempt,
    /// The page of this attempt.
    Url,
}

/// A value inside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileValue {
    /// Below the contract's root, with `/` between folders.
    pub path: String,
    /// JSON Pointer (RFC 6901) to the value; always empty for plain text.
    pub pointer: String,
    /// How the file is read.
    pub format: Format,
}

/// A value a program prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandValue {
    /// The program; fields that name the same one share one run of it.
    pub program: Program,
    /// JSON Pointer (RFC 6901) to the value; always empty for plain text.
    pub pointer: String,
    /// How what it prints is read.
    pub format: Format,
}

/// A program with its arguments, started without a shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// A name that is looked for in `PATH`, or `./` and a path below the contract's root.
    pub name: String,
    /// Its arguments, as they are.
    pub arguments: Vec<String>,
    /// How long it may take, in seconds.
    pub seconds: u32,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value.
    Json,
    /// One YAML document.
    Yaml,
    /// TOML.
    Toml,
    /// The whole file without the white space around it.
    Text,
}

/// Which files are hashed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashing {
    /// Paths or globs below the contract's root.
    pub patterns: Vec<String>,
    /// Whether the one JSON file is brought into its canonical form (RFC 8785) first, so that layout does not matter.
    pub form: Form,
}

/// What of a file is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its bytes.
    Bytes,
    /// Its JSON value in canonical form (RFC 8785).
    CanonicalJson,
}

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text that is not empty.
    Text,
    /// A version by Semantic Versioning 2.0.
    Semver,
    /// `sha256:` and 64 lowercase hexadecimal digits.
    Sha256,
    /// A full git object name: 40 lowercase hexadecimal digits, or 64 in a SHA-256 repository.
    GitObject,
    /// A moment with its offset from UTC (RFC 3339), not in the future.
    Timestamp,
    /// A day (RFC 3339 `full-date`), not in the future.
    Date,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Semver,
        Self::Sha256,
        Self::GitObject,
        Self::Timestamp,
        Self::Date,
        Self::Integer,
        Self::Number,
        Self::Boolean,
    ];

    /// The kind's word in the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Semver => "semver",
            Self::Sha256 => "sha256",
            Self::GitObject => "git-object",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    /// Whether values of this kind have an age.
    #[must_use]
    pub fn has_age(self) -> bool {
        matches!(self, Self::Timestamp | Self::Date)
    }
}

impl Hashing {
    /// The path, where exactly one file is named and no glob.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        match self.patterns.as_slice() {
            [one] if !one.contains(['*', '?', '[', '{']) => Some(one),
            _ => None,
        }
    }
}
