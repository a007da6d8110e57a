//! The story of a stamp: read, judge, write, sign and attach.

use crate::{
    claims::claims,
    decide::{self, Expected, Manifest},
    drift,
    facts::Facts,
    finding::{Code, Finding},
    image,
    inputs::{Settings, Stamp, unknown},
    labels, manifest, observe,
    observe::Scope,
    report,
    slsa::{self, Claims, Origin},
};
use attest::{
    PublicKey,
    predicate::{
        RELEASE_MANIFEST, SLSA_PROVENANCE, release_manifest::ReleaseManifest, slsa::github_workflow, to_value,
    },
};
use evidence::{Evidence, Found, Left};
use github::{Failure, Report, Runner};
use serde_json::Value;
use std::path::Path;
use subject::{Digest, ImageRef, Reference};

/// What a stamp came to.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// The manifest that was written.
    pub(crate) manifest: Manifest,
    /// The labels for the image's builder.
    pub(crate) labels: String,
    /// What was left on the image, where there is one.
    pub(crate) left: Option<Statements>,
}

/// The statements left on an image.
#[derive(Debug)]
pub(crate) struct Statements {
    /// The image.
    pub(crate) image: ImageRef,
    /// The release manifest.
    pub(crate) manifest: Left,
    /// The SLSA provenance.
    pub(crate) provenance: Left,
    /// Where the provenance's values come from.
    pub(crate) origin: Origin,
}

/// Stamps a release.
pub(crate) async fn run(runner: &Runner, settings: &Settings, task: &Stamp) -> Result<Report, Failure> {
    let contract = &settings.contract;
    let facts = observe::facts(runner, contract, &settings.root, &task.manifest_path, Scope::Everything).await;
    let evaluated = decide::evaluate(contract, &facts);
    let labelled = evaluated.and_then(|manifest| Ok((labels::lines(contract, &manifest.fields)?, manifest)));
    let (labels, manifest) = match labelled {
        Ok(fulfilled) => fulfilled,
        Err(findings) => return Ok(report::refused(settings, &findings, "nothing was written or attached")),
    };
    warn_of_changes(runner, &manifest);
    if let Some((production, keys)) = &task.production {
        let findings = drifted(runner, settings, &manifest, (production, keys)).await?;
        if !findings.is_empty() {
            return Ok(report::refused(settings, &findings, "nothing was written or attached"));
        }
    }
    // Everything that can fail is found out before anything is written.
    let prepared = match &task.image {
        Some(reference) => {
            let (claims, origin) = claims(runner).await?;
            let commit = manifest.commit.as_ref().map(|commit| commit.sha.as_str()).or(facts.run_sha.as_deref());
            let mut findings = slsa::contradictions(&claims, commit, facts.run.id.as_deref());
            let prepared = prepare(runner, settings, reference, (claims, origin)).await?;
            findings.extend(contradicted(settings, &manifest, &facts, &prepared).await?);
            if !findings.is_empty() {
                return Ok(report::refused(settings, &findings, "nothing was written or attached"));
            }
            Some(prepared)
        }
        None => None,
    };
    write(&task.manifest_path, &manifest)?;
    declare(runner, task, &manifest, prepared.as_ref());
    runner.info(format!("wrote {} with {} fields", task.manifest_path.display(), manifest.fields.len()));
    let left = match prepared {
        Some(prepared) => Some(leave(settings, &manifest, &facts, prepared).await?),
        None => {
            runner.notice("no image: the manifest was written, but nothing signs it yet; stamp again with `image` once it is pushed");
            None
        }
    };
    Ok(report::stamped(settings, &task.manifest_path, &facts, &Receipt { manifest, labels, left }))
}

/// What the image's own labels say against the manifest.
async fn contradicted(
    settings: &Settings,
    manifest: &Manifest,
    facts: &Facts,
    prepared: &Prepared<'_>,
) -> Result<Vec<Finding>, Failure> {
    if settings.contract.labels.is_empty() {
        return Ok(Vec::new());
    }
    let labelled = image::labelled(&prepared.evidence, &prepared.image).await?;
    let expected = [Expected { place: "this release", fields: manifest.fields.clone() }];
    let findings = labels::check(&settings.contract, &labelled, &expected, facts);
    Ok(findings.into_iter().map(|finding| finding.within("the image's labels")).collect())
}

/// Tells the runner, where it keeps a list of what a job makes, of the manifest and the image.
fn declare(runner: &Runner, task: &Stamp, manifest: &Manifest, prepared: Option<&Prepared<'_>>) {
    runner.declare_file(&task.manifest_path, &Digest::of(&manifest.to_bytes()).to_string());
    if let Some(Prepared { image, .. }) = prepared {
        runner.declare_image(&image.repository.to_string(), &image.digest.to_string());
    }
}

/// What the guards say to the release that is in production now.
async fn drifted(
    runner: &Runner,
    settings: &Settings,
    manifest: &Manifest,
    (production, keys): (&Reference, &[PublicKey]),
) -> Result<Vec<Finding>, Failure> {
    let (evidence, image) = pin(runner, settings, production).await?;
    let stamped = evidence.read(&image, keys).await?;
    let of_it = |found: &Found| found.statement.as_ref().ok()?.statement.read::<ReleaseManifest>().ok();
    // Stamped more than once, it is the same image of the same files; the fullest stamp says most about them.
    let Some(there) = stamped.iter().filter_map(of_it).max_by_key(|there| there.guards.len()) else {
        let text = format!("cannot be compared: {image} carries no release manifest that is believed");
        return Ok(vec![Finding::new("production", Code::Unavailable, text)]);
    };
    let (compared, findings) = drift::compare(&settings.contract, manifest, &there);
    for guard in &compared {
        let (then, now) = &guard.versions;
        runner.info(format!(
            "guard {}: {then} in production, {now} here; {} files differ",
            guard.name,
            guard.files.len()
        ));
    }
    let known = |name: &String| compared.iter().any(|guard| guard.name == *name);
    for guard in settings.contract.guards.iter().filter(|guard| !known(&guard.name)) {
        runner.notice(format!("guard {}: not compared, {image} was stamped without it", guard.name));
    }
    Ok(findings)
}

/// An image that is there, access to its evidence, and the provenance to leave.
struct Prepared<'r> {
    evidence: Evidence<'r>,
    image: ImageRef,
    provenance: Value,
    origin: Origin,
}

async fn prepare<'r>(
    runner: &'r Runner,
    settings: &Settings,
    image: &Reference,
    (claims, origin): (Claims, Origin),
) -> Result<Prepared<'r>, Failure> {
    let server = runner.context().server_url.clone().unwrap_or_else(|| "https://github.com".to_owned());
    let failed = |error: &dyn std::fmt::Display| {
        unknown("make the SLSA provenance").because(error).state("nothing was written or attached")
    };
    let provenance = github_workflow(&claims, server.trim_end_matches('/'), origin).map_err(|error| failed(&error))?;
    let provenance = to_value(&provenance).map_err(|error| failed(&error))?;
    let (evidence, image) = pin(runner, settings, image).await?;
    Ok(Prepared { evidence, image, provenance, origin })
}

/// Opens the registry and fixes the digest; a tag that was given is looked at once.
pub(crate) async fn pin<'r>(
    runner: &'r Runner,
    settings: &Settings,
    reference: &Reference,
) -> Result<(Evidence<'r>, ImageRef), Failure> {
    let evidence = Evidence::connect(runner, &settings.evidence, reference.repository(), &settings.aws).await?;
    let image = evidence.pin(reference).await?;
    if let Reference::Tag(tag) = reference {
        runner.notice(format!("{tag} was resolved to {image}; a tag can move, so give the digest itself"));
    }
    Ok((evidence, image))
}

async fn leave(
    settings: &Settings,
    manifest: &Manifest,
    facts: &Facts,
    prepared: Prepared<'_>,
) -> Result<Statements, Failure> {
    let Prepared { evidence, image, provenance, origin } = prepared;
    let predicate = manifest::predicate(&settings.contract, settings.contract_digest, manifest, &facts.run);
    let both = tokio::join!(
        evidence.leave(&image, RELEASE_MANIFEST, predicate),
        evidence.leave(&image, SLSA_PROVENANCE, provenance),
    );
    // One that is there although the other is not is told of.
    let alone = |failure: Failure, output: &'static str, there: &Left| {
        let there = there.referrer().map(ToString::to_string).unwrap_or_default();
        failure.output(output, there).output("digest", image.digest)
    };
    match both {
        (Ok(manifest), Ok(provenance)) => Ok(Statements { image, manifest, provenance, origin }),
        (Ok(manifest), Err(failure)) => Err(alone(failure, "manifest-referrer", &manifest)),
        (Err(failure), Ok(provenance)) => Err(alone(failure, "provenance-referrer", &provenance)),
        (Err(failure), Err(_)) => Err(failure),
    }
}

/// Writes the manifest whole or not at all. One that is already there with these bytes is left alone.
fn write(path: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let bytes = manifest.to_bytes();
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let beside = path.with_extension("json.part");
    std::fs::write(&beside, &bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(|error| {
        unknown("write the manifest").subject(path.display()).because(error).state("nothing was attached")
    })
}

/// A stamp names a commit; whoever trusts it should know when the files were not that commit's.
fn warn_of_changes(runner: &Runner, manifest: &Manifest) {
    let Some(commit) = manifest.commit.as_ref().filter(|commit| !commit.modified.is_empty()) else { return };
    let shown: Vec<&str> = commit.modified.iter().take(5).map(String::as_str).collect();
    let more = commit.modified.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    runner.warning(format!(
        "the files are not those of commit {}: {}{more} differ; the statement says so",
        commit.sha,
        shown.join(", ")
    ));
}
