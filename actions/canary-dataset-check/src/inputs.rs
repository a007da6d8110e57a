//! What the user says, and what it means.

use crate::{
    cases::{Choice, Dataset, DatasetError, Shard},
    config::{self, Canary, Cases, Origin},
    contract::{self, Contract},
    merge,
};
use document::{Parameter, Problem};
use github::{Failure, InputError, Runner};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};
use subject::{Digest, ImageRef, Reference};

/// The declaration: `action.yml`, the README's table and `--help` come from here.
#[derive(Debug, Clone, clap::Args)]
pub struct Inputs {
    /// `check` asks the service; `validate` only reads the files, and asks nobody; `merge` makes one result of the `reports` of all shards; `record` writes what the service says now beside the dataset, for review, and never in CI.
    #[arg(long, value_enum, default_value = "check")]
    pub mode: Mode,
    /// The running service, such as `https://staging.example.org`; a path in it is put before every path that is asked. `mode: check` and `record` need it.
    #[arg(long)]
    pub base_url: Option<BaseUrl>,
    /// The release that serves now, for what `config` compares with a baseline. It gets no `authorization`, nor what `config` and cases send as `Authorization` and `Cookie`.
    #[arg(long)]
    pub baseline_url: Option<BaseUrl>,
    /// The file that says what is asked and how much may be wrong; relative to the workspace.
    #[arg(long, default_value = "canary.yml")]
    pub config: PathBuf,
    /// The dataset (JSONL or CSV), relative to the workspace. Unset: the one that `config` names.
    #[arg(long)]
    pub cases: Option<PathBuf>,
    /// Which part of the cases this run asks, such as `2/8`, so that the jobs of a matrix share them. Unset: all.
    #[arg(long)]
    pub shard: Option<Shard>,
    /// For `mode: merge`: the JSON reports of all shards (their `report-path`), one per line; relative to the workspace.
    #[arg(long)]
    pub reports: Vec<PathBuf>,
    /// The version that must be running, usually the commit. Unset: what `config` says; when that says nothing either, the version is not looked at.
    #[arg(long)]
    pub expect_version: Option<String>,
    /// Values for `${name}` in `config`, as `name=value`, one per line.
    #[arg(long)]
    pub parameters: Vec<Parameter>,
    /// Value of the `Authorization` header sent with every request, such as `Bearer …`. It never follows a redirect; none is followed.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub authorization: Option<SecretString>,
    /// The image the service runs, by digest: the result is attached to it as a signed statement. Unset: no statement is left.
    #[arg(long, value_parser = image)]
    pub image: Option<ImageRef>,
    /// Where a JUnit XML report is written; relative to the workspace. Unset: none.
    #[arg(long)]
    pub junit_path: Option<PathBuf>,
    /// Where the result is written as one HTML page that needs nothing else; relative to the workspace. Unset: none.
    #[arg(long)]
    pub html_path: Option<PathBuf>,
    /// The signing key and the registry's login.
    #[command(flatten)]
    pub evidence: evidence::EvidenceInputs,
    /// The AWS identity, for images in ECR.
    #[command(flatten)]
    pub aws: aws::AwsInputs,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Asks the service.
    Check,
    /// Reads the files.
    Validate,
    /// Makes one result of all shards'.
    Merge,
    /// Writes what the service says now.
    Record,
}

/// Scheme, host and perhaps a path; no query, fragment, user or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(url::Url);

impl BaseUrl {
    /// As a URL.
    #[must_use]
    pub fn url(&self) -> url::Url {
        self.0.clone()
    }
}

/// Without a slash at its end.
impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url =
            url::Url::parse(text).map_err(|error| format!("not a URL such as https://staging.example.org: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err("not a URL of a web service; it starts with https:// or http://".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a base URL has neither `?` nor `#`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials do not belong in a URL; use the input authorization".to_owned());
        }
        Ok(Self(url))
    }
}

fn image(text: &str) -> Result<ImageRef, String> {
    match text.parse::<Reference>().map_err(|error| error.to_string())? {
        Reference::Image(image) => Ok(image),
        Reference::Tag(_) => Err("a tag can move between this check and the release; give the digest, \
                                  like ghcr.io/org/app@sha256:…"
            .to_owned()),
    }
}

/// Everything a run needs to know, checked.
pub(crate) struct Settings {
    /// The service; `None` for a run that asks nobody.
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) baseline_url: Option<BaseUrl>,
    /// The folder of `canary.yml`, and where programs run.
    pub(crate) folder: PathBuf,
    pub(crate) workspace: PathBuf,
    /// What programs get of the environment.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) config: Source,
    pub(crate) dataset_path: String,
    pub(crate) canary: Canary,
    pub(crate) contract: Option<Contract>,
    pub(crate) dataset: Dataset,
    pub(crate) shard: Shard,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) junit_path: Option<PathBuf>,
    pub(crate) html_path: Option<PathBuf>,
}

/// A file as the user named it, and the digest of what was in it.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) digest: Digest,
}

impl Settings {
    /// Reads `canary.yml` and the whole dataset. Nothing is sent to anybody before both are understood.
    pub(crate) fn read(runner: &Runner, inputs: &Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let authorization = authorization(inputs, &mut errors);
        let name = inputs.config.display().to_string();
        let text = match text(&runner.path(&inputs.config)) {
            Ok(text) => text,
            Err(problem) => {
                errors.push(InputError::new("config", &name, problem).example("deploy/canary.yml"));
                return Err(Failure::inputs(errors));
            }
        };
        let canary = match config::read(&text, &inputs.parameters, inputs.expect_version.as_deref()) {
            Ok(canary) => canary,
            Err(problems) => {
                errors.extend(problems.iter().map(|problem| wrong("config", &name, problem)));
                return Err(Failure::inputs(errors));
            }
        };
        fit_together(inputs, &canary, &mut errors);
        let contract = contract(runner, inputs, &canary, &mut errors);
        // The dataset of `config` lies beside it, wherever that is; one given as an input is the user's own path.
        let (input, path) = match &inputs.cases {
            Some(path) => ("cases", path.clone()),
            None => ("config", folder(inputs).join(&canary.cases.from)),
        };
        let dataset_path = path.display().to_string();
        let dataset = match Dataset::check(&runner.path(&path), &canary) {
            Ok(dataset) if errors.is_empty() => dataset,
            Ok(_) => return Err(Failure::inputs(errors)),
            Err(DatasetError::Unreadable(error)) => {
                errors.push(InputError::new(input, &dataset_path, format!("the dataset cannot be read: {error}")));
                return Err(Failure::inputs(errors));
            }
            Err(DatasetError::Wrong(problems)) => {
                errors.extend(problems.iter().map(|problem| wrong(input, &dataset_path, problem)));
                return Err(Failure::inputs(errors));
            }
        };
        Ok(Self {
            base_url: inputs.base_url.clone(),
            baseline_url: inputs.baseline_url.clone(),
            folder: runner.path(folder(inputs)),
            workspace: runner.workspace(),
            environment: runner.child_env().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            config: Source { path: name, digest: Digest::of(text.as_bytes()) },
            dataset_path,
            canary,
            contract,
            dataset,
            shard: inputs.shard.unwrap_or(Shard::WHOLE),
            authorization,
            junit_path: inputs.junit_path.as_ref().map(|path| runner.path(path)),
            html_path: inputs.html_path.as_ref().map(|path| runner.path(path)),
        })
    }

    /// Who is asked, in words.
    pub(crate) fn target(&self) -> String {
        match (&self.canary.target.origin, &self.base_url) {
            (Origin::Batch(path, _), _) => path.display().to_string(),
            (Origin::Program(words), _) => words.join(" "),
            (Origin::Service, base_url) => base_url.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Which cases this run asks.
    pub(crate) fn choice(&self) -> Choice {
        let Cases { sample, seed, .. } = self.canary.cases;
        Choice::new(self.dataset.cases, sample, self.shard, seed)
    }

    /// How many cases this run is about.
    pub(crate) fn cases(&self) -> u64 {
        self.choice().count()
    }
}

fn folder(inputs: &Inputs) -> &Path {
    inputs.config.parent().unwrap_or(Path::new(""))
}

fn authorization(inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<HeaderValue> {
    let value = HeaderValue::try_from(inputs.authorization.as_ref()?.expose_secret().trim());
    let problem = "is not the value of a header: it has a line break or another control character";
    value.map_err(|_| errors.push(InputError::unseen("authorization", problem))).ok()
}

/// Inputs that need each other, or that another makes meaningless.
fn fit_together(inputs: &Inputs, canary: &Canary, errors: &mut Vec<InputError>) {
    let mut refuse = |name: &str, problem: &str| errors.push(InputError::unseen(name, problem));
    let of_a_service = matches!(canary.target.origin, Origin::Service);
    if !of_a_service && inputs.base_url.is_some() {
        refuse("base-url", "is not asked: `config` names another target");
    }
    if matches!(inputs.mode, Mode::Check | Mode::Record) && of_a_service && inputs.base_url.is_none() {
        refuse("base-url", "is missing: the service there is asked");
    }
    if inputs.mode == Mode::Check && canary.is_relative() && inputs.baseline_url.is_none() {
        refuse("baseline-url", "is missing: `config` compares with a baseline");
    }
    if (inputs.mode == Mode::Merge) == inputs.reports.is_empty() {
        refuse("reports", "are the shards' reports, and belong to `mode: merge`");
    }
    let whole = canary.load.is_some() || canary.compare.as_ref().is_some_and(|compare| compare.drift.is_some());
    if (inputs.shard.is_some() || inputs.mode == Mode::Merge) && whole {
        refuse(
            "config",
            "`load` and `drift` are of the whole, and shards cannot be put together to it; give them a run of their own",
        );
    }
    if inputs.shard.is_some() && inputs.mode != Mode::Check {
        refuse("shard", "belongs to `mode: check`");
    }
}

fn contract(runner: &Runner, inputs: &Inputs, canary: &Canary, errors: &mut Vec<InputError>) -> Option<Contract> {
    let promise = canary.contract.as_ref()?;
    let path = folder(inputs).join(&promise.openapi);
    let read = bytes(&runner.path(&path), contract::LARGEST).map_err(|problem| vec![problem]);
    let told = |problem| errors.push(InputError::unseen("config", format!("{}: {problem}", path.display())));
    let contract = read.and_then(|bytes| Contract::read(&bytes, promise.extra));
    contract.map_err(|problems| problems.into_iter().for_each(told)).ok()
}

/// The reports of all shards, by name.
pub(crate) fn reports(runner: &Runner, inputs: &Inputs) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for path in &inputs.reports {
        let name = path.display().to_string();
        match bytes(&runner.path(path), merge::LARGEST) {
            Ok(bytes) => read.push((name, bytes)),
            Err(problem) => errors.push(InputError::new("reports", &name, problem)),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(Failure::inputs(errors)) }
}

fn wrong(input: &str, file: &str, problem: &Problem) -> InputError {
    InputError::unseen(input, format!("{file}: {problem}"))
}

/// A configuration's text, bounded.
fn text(path: &Path) -> Result<String, String> {
    String::from_utf8(bytes(path, document::LARGEST)?).map_err(|error| format!("is not UTF-8: {error}"))
}

/// A file's bytes, bounded.
fn bytes(path: &Path, largest: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let read = file.take(largest as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > largest {
        return Err(format!("is larger than {largest} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_place_and_nothing_else() {
        for (text, shown) in [
            ("https://staging.example.org", "https://staging.example.org"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://example.org/api/v2/", "https://example.org/api/v2"),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
        }
        for bad in ["", "example.org", "ftp://x", "https://", "https://x?a=1", "https://x#a", "https://me:pw@x"] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_digest_names_the_image() {
        let digest = format!("ghcr.io/org/app@sha256:{}", "0a".repeat(32));
        assert_eq!(image(&digest).unwrap().to_string(), digest);
        assert!(image("ghcr.io/org/app:1.4.0").unwrap_err().starts_with("a tag can move"));
        assert!(image("app").is_err());
    }
}
