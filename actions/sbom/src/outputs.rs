//! What is written from one scan: which documents, where to, who answers for them.

use crate::{
    cyclonedx::{self, SpecVersion, Syntax},
    graph::{Attribution, Graph, Party},
    inputs::Source,
    lexical,
    snapshot::{self, Destination, Run},
    spdx,
};
use github::{InputError, Runner};
use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The part of the declaration that says what is written.
#[derive(Debug, Clone, clap::Args)]
pub struct OutputInputs {
    /// Formats written from the one scan.
    #[arg(long, value_enum, default_value = "cyclonedx-json", value_delimiter = ',')]
    pub format: Vec<Format>,
    /// Where each document is written: one path for each `format`, in the same order; relative to the workspace. Unset: `sbom.cdx.json`, `sbom.cdx.xml`, `sbom.spdx.json`, `sbom.spdx3.json`, `sbom.snapshot.json`. A file is replaced at once, never half.
    #[arg(long)]
    pub output_file: Vec<PathBuf>,
    /// Version of CycloneDX.
    #[arg(long, value_enum, default_value = "1.6")]
    pub spec_version: Version,
    /// Who has the bill of materials made: `Name`, or `Name <mail address or URL>`. Unset: the owner of the repository the workflow runs in.
    #[arg(long)]
    pub author: Vec<String>,
    /// Who supplies what is described, in the form of `author`. Unset: for a source tree the repository's owner.
    #[arg(long)]
    pub supplier: Option<String>,
    /// Who makes what is described, in the form of `author`. Unset: the `supplier`.
    #[arg(long)]
    pub manufacturer: Option<String>,
    /// Send the dependency snapshot to GitHub's dependency graph, for the commit of this run. Needs `permissions: contents: write`.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub submit: bool,
    /// Name under which GitHub keeps the newest dependency snapshot and forgets the one before. Give each entry of a matrix its own. Unset: the workflow, the job and the `path`.
    #[arg(long)]
    pub snapshot_correlator: Option<String>,
    /// Token for `submit`, such as the job's own `github.token`. Unset: the environment's `GITHUB_TOKEN`.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub github_token: Option<SecretString>,
}

/// `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    /// CycloneDX as JSON.
    CyclonedxJson,
    /// CycloneDX as XML.
    CyclonedxXml,
    /// SPDX 2.3 as JSON.
    SpdxJson,
    /// SPDX 3.0.1 as JSON-LD.
    #[value(name = "spdx3-json")]
    Spdx3Json,
    /// GitHub's dependency snapshot.
    GithubSnapshot,
}

impl Format {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CyclonedxJson => "CycloneDX JSON",
            Self::CyclonedxXml => "CycloneDX XML",
            Self::SpdxJson => "SPDX 2.3 JSON",
            Self::Spdx3Json => "SPDX 3.0 JSON-LD",
            Self::GithubSnapshot => "GitHub dependency snapshot",
        }
    }

    /// The file it is written to when none is named.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::CyclonedxJson => "sbom.cdx.json",
            Self::CyclonedxXml => "sbom.cdx.xml",
            Self::SpdxJson => "sbom.spdx.json",
            Self::Spdx3Json => "sbom.spdx3.json",
            Self::GithubSnapshot => "sbom.snapshot.json",
        }
    }
}

/// `spec-version`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Version {
    /// 1.5.
    #[value(name = "1.5")]
    V1_5,
    /// 1.6.
    #[value(name = "1.6")]
    V1_6,
    /// 1.7.
    #[value(name = "1.7")]
    V1_7,
}

/// What is written, checked.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// Each format once, with its file.
    pub files: Vec<(Format, PathBuf)>,
    /// The version of CycloneDX.
    pub spec_version: SpecVersion,
    /// Who answers for the documents and for what they describe.
    pub attribution: Attribution,
    /// The run, where a snapshot is written or sent.
    pub run: Option<Run>,
    /// Where the snapshot is sent, if it is.
    pub destination: Option<Destination>,
}

/// A document that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its format.
    pub format: Format,
    /// Its file.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Outputs {
    /// The inputs in their meaning; what is wrong with them is added to `errors`.
    pub fn new(
        runner: &Runner,
        inputs: &OutputInputs,
        (source, epoch): (&Source, Option<jiff::Timestamp>),
        errors: &mut Vec<InputError>,
    ) -> Self {
        let needs_run = inputs.submit || inputs.format.contains(&Format::GithubSnapshot);
        let run = if needs_run { run(runner, inputs, (source, epoch), errors) } else { None };
        Self {
            files: files(runner, inputs, errors),
            spec_version: match inputs.spec_version {
                Version::V1_5 => SpecVersion::V1_5,
                Version::V1_6 => SpecVersion::V1_6,
                Version::V1_7 => SpecVersion::V1_7,
            },
            attribution: attribution(runner, inputs, source, errors),
            run,
            destination: if inputs.submit { destination(runner, inputs, errors) } else { None },
        }
    }

    /// The graph in one format.
    ///
    /// # Errors
    /// In words, when a writer fails: a fault of this program.
    pub fn write(&self, graph: &Graph, format: Format, at: Option<jiff::Timestamp>) -> Result<Vec<u8>, String> {
        let cyclonedx = |syntax| cyclonedx::write(graph, self.spec_version, syntax, at).map_err(|e| e.to_string());
        match (format, &self.run) {
            (Format::CyclonedxJson, _) => cyclonedx(Syntax::Json),
            (Format::CyclonedxXml, _) => cyclonedx(Syntax::Xml),
            (Format::SpdxJson, _) => spdx::write(graph, spdx::SpecVersion::V2_3, at).map_err(|e| e.to_string()),
            (Format::Spdx3Json, _) => spdx::write(graph, spdx::SpecVersion::V3_0, at).map_err(|e| e.to_string()),
            (Format::GithubSnapshot, Some(run)) => snapshot::write(graph, run).map_err(|e| e.to_string()),
            (Format::GithubSnapshot, None) => Err("a snapshot needs a run".to_owned()),
        }
    }
}

fn files(runner: &Runner, inputs: &OutputInputs, errors: &mut Vec<InputError>) -> Vec<(Format, PathBuf)> {
    let formats: BTreeSet<Format> = inputs.format.iter().copied().collect();
    if formats.len() < inputs.format.len() {
        errors.push(InputError::unseen("format", "names a format twice"));
    }
    let (named, wanted) = (&inputs.output_file, inputs.format.len());
    if !named.is_empty() && named.len() != wanted {
        let problem = format!("has {} paths for {wanted} formats; one for each, or none", named.len());
        errors.push(InputError::unseen("output-file", problem));
    }
    let paths: BTreeSet<&PathBuf> = named.iter().collect();
    if paths.len() < named.len() {
        errors.push(InputError::unseen("output-file", "names a file twice"));
    }
    let path = |(at, format): (usize, &Format)| {
        let path = named.get(at).map_or(Path::new(format.file()), PathBuf::as_path);
        (*format, runner.path(path))
    };
    inputs.format.iter().enumerate().map(path).collect()
}

fn attribution(runner: &Runner, inputs: &OutputInputs, source: &Source, errors: &mut Vec<InputError>) -> Attribution {
    let mut read = |name: &str, text: &String| {
        let party = lexical::party(text);
        if party.is_none() {
            let problem = "names nobody";
            errors.push(InputError::new(name, text, problem).example("Example Org <security@example.org>"));
        }
        party
    };
    let context = runner.context();
    let owner =
        context.repository.as_deref().and_then(|repository| repository.split_once('/')).map(|(owner, _)| Party {
            name: Some(owner.to_owned()),
            email: None,
            url: context
                .server_url
                .as_ref()
                .and_then(|server| Some(lexical::uri(&format!("{server}/{owner}"))?.into_owned())),
        });
    let authors: Vec<Party> = inputs.author.iter().filter_map(|text| read("author", text)).collect();
    let supplier = inputs.supplier.as_ref().and_then(|text| read("supplier", text));
    let manufacturer = inputs.manufacturer.as_ref().and_then(|text| read("manufacturer", text));
    // Whose image it is, the repository that looks at it does not tell.
    let supplier = supplier.or_else(|| owner.clone().filter(|_| matches!(source, Source::Path(_))));
    Attribution {
        authors: if authors.is_empty() { owner.into_iter().collect() } else { authors },
        manufacturer: manufacturer.or_else(|| supplier.clone()),
        supplier,
    }
}

fn run(
    runner: &Runner,
    inputs: &OutputInputs,
    (source, epoch): (&Source, Option<jiff::Timestamp>),
    errors: &mut Vec<InputError>,
) -> Option<Run> {
    let context = runner.context();
    let mut missing = |name: &str, value: &Option<String>| {
        if value.is_none() {
            errors.push(InputError::unseen(name, "is not set, and a dependency snapshot is about a run on GitHub"));
        }
        value.clone()
    };
    let sha = missing("GITHUB_SHA", &context.sha);
    let full_ref = missing("GITHUB_REF", &context.full_ref);
    let id = missing("GITHUB_RUN_ID", &context.run_id);
    let folder = match source {
        Source::Path(path) => folder(runner, path),
        _ => None,
    };
    let of = |name: &str| runner.env(name).unwrap_or_default().to_owned();
    let job = format!("{}_{}", of("GITHUB_WORKFLOW"), of("GITHUB_JOB"));
    let place = folder.as_deref().filter(|folder| !folder.is_empty()).map(|folder| format!("_{folder}"));
    Some(Run {
        sha: snapshot::looked_at(runner).or(sha)?,
        full_ref: full_ref?,
        correlator: inputs.snapshot_correlator.clone().unwrap_or_else(|| format!("{job}{}", place.unwrap_or_default())),
        id: id?,
        url: context.run_url(),
        // GitHub takes the newest snapshot of a job: the one output that has a clock, unless it is given another.
        scanned: epoch.unwrap_or_else(|| runner.now()),
        folder,
    })
}

/// The folder of a scanned path in the repository, with `/`; `None` outside of it.
fn folder(runner: &Runner, path: &Path) -> Option<String> {
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let inside = folder.strip_prefix(runner.workspace()).ok()?;
    let parts: Vec<_> = inside.iter().filter(|part| *part != ".").map(|part| part.to_string_lossy()).collect();
    (!parts.iter().any(|part| part == "..")).then(|| parts.join("/"))
}

fn destination(runner: &Runner, inputs: &OutputInputs, errors: &mut Vec<InputError>) -> Option<Destination> {
    let context = runner.context();
    let token = inputs.github_token.clone().or_else(|| {
        let token = runner.env("GITHUB_TOKEN")?;
        runner.mask(token);
        Some(SecretString::from(token))
    });
    if token.is_none() {
        errors.push(
            InputError::unseen("github-token", "is missing, and `submit` needs it").example("${{ github.token }}"),
        );
    }
    if context.repository.is_none() {
        errors.push(InputError::unseen("GITHUB_REPOSITORY", "is not set, and `submit` needs a repository"));
    }
    Some(Destination {
        api_url: context.api_url.clone().unwrap_or_else(|| "https://api.github.com".to_owned()),
        repository: context.repository.clone()?,
        token: token?,
    })
}
