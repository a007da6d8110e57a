//! The inputs of the modes and the checks, and what they mean.

use crate::{
    bill, licence_policy,
    osv::{PUBLIC, cache::Cache},
    profile::Profile,
    vex::{self, Vex},
};
use attest::PublicKey;
use github::{InputError, Runner};
use std::{
    collections::BTreeSet,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};
use subject::{Digest, ImageRef, Reference};

/// What is done, and what is checked besides.
#[derive(Debug, Clone, clap::Args)]
pub struct ModeInputs {
    /// What is done: `generate` describes a source, `verify` proves the signed bill of materials that is attached to `image`, `diff` compares two, `merge` makes one of several.
    #[arg(long, value_enum, default_value = "generate")]
    pub mode: Mode,
    /// The public keys that signed bills of materials are believed from, as PEM or as the path of a PEM file; needed wherever an attached one is read.
    #[arg(long)]
    pub public_key: Option<String>,
    /// In `verify`: scan the image again, with the same inputs as the one who attached the bill of materials, and prove it byte for byte.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub rebuild: bool,
    /// Files of bills of materials: those that `merge` merges (CycloneDX 1.4 to 1.7, JSON), or the one that `diff` looks at in place of `image` (SPDX 2.3 too); one per line.
    #[arg(long)]
    pub boms: Vec<PathBuf>,
    /// What the bill of materials is compared with: a file (CycloneDX 1.4 to 1.7 or SPDX 2.3, JSON), an image by digest, or `sha256:…` of another image of the same repository, whose attached one is read.
    #[arg(long, value_parser = against)]
    pub compare_to: Option<Against>,
    /// Where the difference is written as JSON, when there is something to compare with.
    #[arg(long, default_value = "sbom.diff.json")]
    pub diff_file: PathBuf,
    /// YAML file of the licences that may be there; what is not acceptable refuses, with exit code 1.
    #[arg(long)]
    pub licence_policy: Option<PathBuf>,
    /// Minimum elements that the bill of materials is scored by.
    #[arg(long, value_enum, default_value = "none")]
    pub profile: ProfileName,
    /// The least score in percent, 1 to 100, that `profile` has to reach; unset, the score is only told.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub profile_minimum: Option<u8>,
    /// Lockfile, or folder with lockfiles, that what is found is compared with. Unset, an image is compared with the lockfiles inside it, if it has any.
    #[arg(long)]
    pub compare_to_lockfile: Option<PathBuf>,
    /// What refuses, with exit code 1, instead of only being told; one per line.
    #[arg(long, value_enum)]
    pub refuse: Vec<Refuse>,
    /// VEX files (OpenVEX or CycloneDX, JSON) that are carried along: each is attached as a signed statement of its own where the bill of materials is; one per line.
    #[arg(long)]
    pub vex: Vec<PathBuf>,
    /// Also put what the VEX files say into the bill of materials.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub embed_vex: bool,
    /// Whether an OSV service is asked for known vulnerabilities; names and versions of the components leave the machine.
    #[arg(long, value_enum, default_value = "none")]
    pub vulnerabilities: Vulnerabilities,
    /// Address of the OSV service.
    #[arg(long, default_value = PUBLIC, value_parser = service)]
    pub osv_url: reqwest::Url,
    /// Folder in which OSV records are kept between runs.
    #[arg(long)]
    pub osv_cache: Option<PathBuf>,
    /// Where known vulnerabilities are written, in the form of OSV-Scanner's JSON. Without an answer there is no file.
    #[arg(long, default_value = "osv.json")]
    pub osv_file: PathBuf,
    /// Attach nothing and only say what would be attached; files are written.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub dry_run: bool,
}

/// `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Describe a source.
    Generate,
    /// Prove an attached document.
    Verify,
    /// Compare two.
    Diff,
    /// Make one of several.
    Merge,
}

/// `profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ProfileName {
    /// No score.
    None,
    /// CISA and partners, 2026.
    #[value(name = "cisa-2026")]
    Cisa2026,
    /// NTIA, 2021.
    #[value(name = "ntia-2021")]
    Ntia2021,
    /// BSI TR-03183-2.
    #[value(name = "bsi-tr-03183-2")]
    BsiTr03183,
}

/// `refuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Refuse {
    /// A component that went back to an older version.
    Downgrades,
    /// A component of the same version with other checksums.
    ReplacedContent,
    /// A licence that the other document does not have.
    NewLicences,
    /// Something shipped that is not locked, or in another version.
    Drift,
    /// A VEX statement about something the bill of materials does not list.
    UnknownVex,
}

/// `vulnerabilities`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Vulnerabilities {
    /// Nobody is asked.
    None,
    /// An OSV service is.
    Osv,
}

/// `compare-to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// Another image of the same repository.
    Digest(Digest),
    /// An image.
    Image(ImageRef),
    /// A file.
    File(PathBuf),
}

impl std::fmt::Display for Against {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digest(digest) => write!(f, "{digest}"),
            Self::Image(image) => write!(f, "{image}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Which service is asked, and where its answers go.
#[derive(Debug, Clone)]
pub struct OsvSettings {
    /// Its address.
    pub url: reqwest::Url,
    /// Where records are kept.
    pub cache: Option<Cache>,
    /// Where the findings are written.
    pub file: PathBuf,
}

/// A profile, and the least score it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The profile.
    pub profile: Profile,
    /// In percent; `None`: none.
    pub least: Option<u8>,
}

/// The inputs, read and checked.
#[derive(Debug, Clone)]
pub struct ModeSettings {
    /// What is done.
    pub mode: Mode,
    /// Whose statements are believed.
    pub keys: Vec<PublicKey>,
    /// Whether the image is scanned again.
    pub rebuild: bool,
    /// Files of bills of materials.
    pub boms: Vec<PathBuf>,
    /// What is compared with.
    pub compare: Option<Against>,
    /// Where the difference goes.
    pub diff_file: PathBuf,
    /// The licence policy.
    pub policy: Option<licence_policy::Policy>,
    /// The profile.
    pub profile: Option<Wanted>,
    /// A lockfile.
    pub lockfile: Option<PathBuf>,
    /// What refuses.
    pub refuse: BTreeSet<Refuse>,
    /// VEX documents with their files.
    pub vex: Vec<(PathBuf, Vex)>,
    /// Whether they go into the bill of materials.
    pub embed: bool,
    /// The OSV service.
    pub osv: Option<OsvSettings>,
    /// Whether anything is attached.
    pub dry_run: bool,
}

impl ModeSettings {
    /// Reads the files that the inputs name, and checks the inputs against each other; what is wrong is added to `errors`.
    pub fn new(runner: &Runner, inputs: &ModeInputs, image: Option<&Reference>, errors: &mut Vec<InputError>) -> Self {
        let keys = inputs.public_key.as_ref().map(|text| public_keys(runner, text));
        let keys = keys.transpose().unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let policy = inputs.licence_policy.as_ref().and_then(|path| policy(runner, path, errors));
        let vex = inputs.vex.iter().filter_map(|path| vex_file(runner, path, errors)).collect();
        let profile = match inputs.profile {
            ProfileName::None => None,
            ProfileName::Cisa2026 => Some(Profile::Cisa2026),
            ProfileName::Ntia2021 => Some(Profile::Ntia2021),
            ProfileName::BsiTr03183 => Some(Profile::BsiTr03183),
        };
        if let (None, Some(least)) = (profile, inputs.profile_minimum) {
            let problem = "needs a `profile` to be reached";
            errors.push(InputError::new("profile-minimum", least, problem).example("profile: cisa-2026"));
        }
        let settings = Self {
            mode: inputs.mode,
            keys: keys.unwrap_or_default(),
            rebuild: inputs.rebuild,
            boms: inputs.boms.iter().map(|path| runner.path(path)).collect(),
            compare: inputs.compare_to.clone().map(|against| match against {
                Against::File(path) => Against::File(runner.path(&path)),
                against => against,
            }),
            diff_file: runner.path(&inputs.diff_file),
            policy,
            profile: profile.map(|profile| Wanted { profile, least: inputs.profile_minimum }),
            lockfile: inputs.compare_to_lockfile.as_ref().map(|path| runner.path(path)),
            refuse: inputs.refuse.iter().copied().collect(),
            vex,
            embed: inputs.embed_vex,
            osv: (inputs.vulnerabilities == Vulnerabilities::Osv).then(|| OsvSettings {
                url: inputs.osv_url.clone(),
                cache: inputs.osv_cache.as_ref().map(|folder| Cache::at(&runner.path(folder))),
                file: runner.path(&inputs.osv_file),
            }),
            dry_run: inputs.dry_run,
        };
        settings.check(image, errors);
        settings
    }

    /// Contradictions between inputs.
    fn check(&self, image: Option<&Reference>, errors: &mut Vec<InputError>) {
        let mut needs = |input: &str, problem: &str, example: &str| {
            errors.push(InputError::unseen(input, problem).example(example));
        };
        let attached = match self.mode {
            Mode::Verify => true,
            Mode::Diff => self.boms.is_empty(),
            Mode::Generate | Mode::Merge => false,
        };
        if attached && image.is_none() {
            needs(
                "image",
                "is missing: the attached bill of materials of an image is read",
                "image: ghcr.io/org/app@sha256:…",
            );
        }
        let compares = matches!(self.compare, Some(Against::Digest(_) | Against::Image(_)));
        if (attached || compares) && self.keys.is_empty() {
            needs(
                "public-key",
                "is missing: an attached bill of materials is believed from known keys only",
                "release-key.pub.pem",
            );
        }
        if matches!(self.compare, Some(Against::Digest(_))) && image.is_none() {
            needs(
                "compare-to",
                "is a digest alone, and there is no `image` whose repository it is in",
                "ghcr.io/org/app@sha256:…",
            );
        }
        match (self.mode, self.boms.len()) {
            (Mode::Merge, 0) => needs("boms", "is missing: nothing to merge", "boms: a.cdx.json"),
            (Mode::Diff, 2..) => needs(
                "boms",
                "names several files: `diff` looks at one, and compares it with `compare-to`",
                "boms: new.cdx.json",
            ),
            (Mode::Diff, 1) if image.is_some() => {
                needs("boms", "contradicts `image`; one of them is looked at", "boms: new.cdx.json")
            }
            (Mode::Generate | Mode::Verify, 1..) => {
                needs("boms", "is used with `mode: merge` and `mode: diff` only", "mode: merge")
            }
            _ => {}
        }
        if self.mode == Mode::Diff && self.compare.is_none() {
            needs("compare-to", "is missing: nothing to compare with", "compare-to: sha256:…");
        }
        if self.rebuild && self.mode != Mode::Verify {
            needs("rebuild", "is used with `mode: verify` only", "mode: verify");
        }
        if self.embed && self.vex.is_empty() {
            needs("embed-vex", "has nothing to embed: `vex` names no file", "vex: app.openvex.json");
        }
    }
}

fn against(text: &str) -> Result<Against, String> {
    if text.starts_with("sha256:") {
        return text.parse().map(Against::Digest).map_err(|error: subject::DigestError| error.to_string());
    }
    match text.parse() {
        Ok(Reference::Image(image)) => Ok(Against::Image(image)),
        _ if text.contains("@sha256:") => Err("is no image with a digest of 64 hexadecimal digits".to_owned()),
        _ => Ok(Against::File(PathBuf::from(text))),
    }
}

/// https, except on this very machine.
fn service(text: &str) -> Result<reqwest::Url, String> {
    let url: reqwest::Url = text.parse().map_err(|_| "is no address such as https://api.osv.dev".to_owned())?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => Ok(url),
        "http" if oci::is_loopback(&format!("{host}:0")) => Ok(url),
        _ => Err("must begin with https://".to_owned()),
    }
}

/// A file of at most `limit` bytes.
pub(crate) fn bounded(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() > limit => Err(format!("has more than {} MiB", limit >> 20)),
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// All keys of a PEM text, or of the file at that path.
fn public_keys(runner: &Runner, text: &str) -> Result<Vec<PublicKey>, InputError> {
    let is_pem = text.contains("-----BEGIN");
    let wrong = |problem: String| {
        let seen = if is_pem { "a PEM text" } else { text };
        InputError::new("public-key", seen, problem).example("release-key.pub.pem")
    };
    let pem = if is_pem {
        text.to_owned()
    } else {
        let bytes = bounded(&runner.path(text.as_ref()), 1 << 20)
            .map_err(|problem| wrong(format!("is neither PEM nor a file: it {problem}")))?;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    PublicKey::all_from_pem(&pem).map_err(|error| wrong(error.to_string()))
}

fn policy(runner: &Runner, path: &Path, errors: &mut Vec<InputError>) -> Option<licence_policy::Policy> {
    let mut wrong = |problem: String| errors.push(InputError::new("licence-policy", path.display(), problem));
    let bytes = match bounded(&runner.path(path), document::LARGEST) {
        Ok(bytes) => bytes,
        Err(problem) => {
            wrong(problem);
            return None;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        wrong("is no UTF-8 text".to_owned());
        return None;
    };
    match licence_policy::read(&text) {
        Ok(policy) => Some(policy),
        Err(problems) => {
            problems.iter().for_each(|problem| wrong(problem.to_string()));
            None
        }
    }
}

fn vex_file(runner: &Runner, path: &Path, errors: &mut Vec<InputError>) -> Option<(PathBuf, Vex)> {
    let read = bounded(&runner.path(path), vex::LARGEST)
        .and_then(|bytes| vex::read(&bytes).map_err(|error| format!("is no VEX document: {error}")));
    read.map_err(|problem| errors.push(InputError::new("vex", path.display(), problem)))
        .ok()
        .map(|vex| (path.to_owned(), vex))
}

/// The bill of materials in a file.
pub(crate) fn bill_file(path: &Path) -> Result<bill::Bill, String> {
    let bytes = bounded(path, bill::LARGEST)?;
    bill::Bill::read(&bytes).map_err(|error| error.to_string())
}
