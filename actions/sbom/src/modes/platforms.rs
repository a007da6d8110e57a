//! `platform: all`: every image of an index described and attached to its own digest, and the index itself described by
//! a thin document that links to theirs.

use super::Checked;
use crate::{
    apply, cyclonedx,
    inputs::{Attach, Inputs, Settings, Source},
    outputs::{Document, Format},
    purl,
};
use evidence::Evidence;
use github::{Exit, Failure, Report, Runner, Summary};
use oci::{Kind, Platform, Registry, media};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use subject::{Digest, ImageRef, Reference};

/// More images in one index are refused.
const MOST: usize = 64;

/// An image of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it runs on.
    pub platform: Platform,
    /// The image.
    pub image: ImageRef,
}

/// A member that was described.
#[derive(Debug, Clone)]
pub struct Described {
    /// Which.
    pub member: Member,
    /// Its document.
    pub document: Value,
}

/// The images of an index; `None` for an image that is no index. Attestations, which builders keep in the same index
/// for the platform `unknown/unknown`, are no images.
///
/// # Errors
/// A [`Failure`] when the registry does not give the manifest, or the index holds none or too many.
pub async fn members(registry: &Registry, image: &ImageRef) -> Result<Option<Vec<Member>>, Failure> {
    let failed = |error: oci::Error| evidence::registry_failure("read the index", &error).state("nothing was written");
    let manifest = registry.manifest(image).await.map_err(failed)?;
    let Kind::Index(index) = manifest.kind else { return Ok(None) };
    let images = index.manifests.into_iter().filter(|entry| media::is_image_manifest(&entry.media_type));
    let members: Vec<Member> = images
        .filter_map(|entry| Some(Member { platform: entry.platform?, image: image.repository.image(entry.digest) }))
        .filter(|member| member.platform.os != "unknown")
        .collect();
    if members.is_empty() || members.len() > MOST {
        let cause = format!("it lists {} images with a platform, where 1 to {MOST} are read", members.len());
        let failure = Failure::new(Exit::Unknown, "read the index").subject(image).because(cause);
        return Err(failure.state("nothing was written"));
    }
    Ok(Some(members))
}

/// The image that is meant for a platform: the reference itself, unless it is an index.
///
/// # Errors
/// As [`members`]; also when the index has nothing for the platform.
pub async fn choose(registry: &Registry, image: ImageRef, platform: &Platform) -> Result<ImageRef, Failure> {
    let Some(members) = members(registry, &image).await? else { return Ok(image) };
    let fits = |member: &&Member| {
        let has = &member.platform;
        let variant = platform.variant.is_none() || has.variant == platform.variant;
        has.os == platform.os && has.architecture == platform.architecture && variant
    };
    members.iter().find(fits).map(|member| member.image.clone()).ok_or_else(|| {
        let failure = Failure::new(Exit::Unknown, "read the index").subject(&image);
        failure
            .because(format!("it has nothing for {platform}"))
            .state("nothing was written")
            .help("choose another `platform`")
    })
}

/// The file of one platform: `sbom.cdx.json` becomes `sbom.linux-arm64-v8.cdx.json`.
#[must_use]
pub fn file_of(path: &Path, platform: &Platform) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let safe: String = platform.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let (stem, rest) =
        name.split_once('.').map_or((name.as_str(), String::new()), |(stem, rest)| (stem, format!(".{rest}")));
    path.with_file_name(format!("{stem}.{safe}{rest}"))
}

/// Settings that describe one member.
#[must_use]
pub fn settings_of(settings: &Settings, member: &Member) -> Settings {
    let mut outputs = settings.outputs.clone();
    for (_, path) in &mut outputs.files {
        *path = file_of(path, &member.platform);
    }
    Settings {
        source: Source::Image(Reference::Image(member.image.clone())),
        platform: member.platform.clone(),
        every_platform: false,
        outputs,
        ..settings.clone()
    }
}

/// Describes all members, then the index.
///
/// # Errors
/// A [`Failure`] of any member: what was attached before it stays.
pub async fn run(runner: &Runner, settings: &Settings, inputs: &Inputs) -> Result<Report, Failure> {
    let Source::Image(reference) = &settings.source else {
        return Err(
            Failure::new(Exit::BadInput, "describe every platform").because("the source is no image in a registry")
        );
    };
    let evidence = Evidence::connect(runner, &inputs.evidence, reference.repository(), &inputs.aws).await?;
    let pinned = evidence.pin(reference).await?;
    let Some(members) = members(evidence.registry(), &pinned).await? else {
        runner.notice(format!("{pinned} is one image and no index; describing it alone"));
        let alone =
            Settings { source: Source::Image(Reference::Image(pinned)), every_platform: false, ..settings.clone() };
        return crate::generate(runner, &alone, inputs).await;
    };
    let mut described = Vec::new();
    let mut reports = Vec::new();
    for member in members {
        let group = runner.group(format!("{} of {pinned}", member.platform));
        let own = settings_of(settings, &member);
        let report = crate::generate(runner, &own, inputs).await?;
        drop(group);
        if report.get("sbom-path").is_some() {
            let bytes = json_file(&own).and_then(|path| std::fs::read(path).ok());
            let document = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            described.extend(document.map(|document| Described { member: member.clone(), document }));
        }
        reports.push((member, report));
    }
    let bad = reports.iter().filter(|(_, report)| report.exit() != Exit::Done).count();
    let mut left = None;
    if bad == 0 {
        let timestamp = settings.epoch.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let document = index_document(&pinned, &described, timestamp.as_deref());
        let mut bytes = document.to_string().into_bytes();
        bytes.push(b'\n');
        let path = json_file(settings).cloned().unwrap_or_default();
        let documents = vec![Document { format: Format::CyclonedxJson, path, bytes }];
        let image = (pinned.clone(), evidence);
        let statement = (settings.attach != Attach::No).then_some((document, &image));
        let vex = settings.modes.vex.iter().map(|(_, vex)| (vex.predicate_type(), vex.document.clone())).collect();
        let plan = apply::Plan { documents, statement, vex, snapshot: None };
        left = Some(apply::apply(runner, plan).await?);
    }
    Ok(together(&pinned, &reports, left.as_ref()))
}

/// The file in which the documents link to each other.
fn json_file(settings: &Settings) -> Option<&PathBuf> {
    settings.outputs.files.iter().find(|(format, _)| *format == Format::CyclonedxJson).map(|(_, path)| path)
}

fn sort_by(values: &mut [Value], member: &str) {
    values.sort_by(|a, b| a[member].as_str().cmp(&b[member].as_str()));
}

/// The document of an index: its images, each with a link to its own document (CycloneDX, BOM-Link).
#[must_use]
pub fn index_document(index: &ImageRef, described: &[Described], timestamp: Option<&str>) -> Value {
    let purl = |image: &ImageRef, architecture: Option<&str>| {
        purl::oci(image, architecture).unwrap_or_else(|| image.to_string())
    };
    let root = purl(index, None);
    let mut components: Vec<Value> = described.iter().map(|described| component(described, &purl)).collect();
    sort_by(&mut components, "bom-ref");
    let refs: Vec<&Value> = components.iter().map(|component| &component["bom-ref"]).collect();
    let leaves = refs.iter().map(|reference| json!({"ref": reference, "dependsOn": []}));
    let mut dependencies: Vec<Value> = leaves.chain([json!({"ref": root, "dependsOn": refs})]).collect();
    sort_by(&mut dependencies, "ref");
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": [{"type": "application", "publisher": "Lockkeeper", "name": "lockkeeper-sbom", "version": env!("CARGO_PKG_VERSION")}]},
            "component": {"type": "container", "bom-ref": root, "name": index.repository.to_string(), "version": index.digest.to_string(), "purl": root},
            "properties": [{"name": "cdx:reproducible", "value": "true"}],
        },
        "components": components,
        "dependencies": dependencies,
        "compositions": [{"aggregate": "complete", "assemblies": [root]}],
    });
    let serial = cyclonedx::serial_number(document.to_string().as_bytes());
    document["serialNumber"] = json!(serial);
    if let Some(timestamp) = timestamp {
        document["metadata"]["timestamp"] = json!(timestamp);
    }
    document
}

fn component(described: &Described, purl: &impl Fn(&ImageRef, Option<&str>) -> String) -> Value {
    let Member { platform, image } = &described.member;
    let purl = purl(image, Some(&platform.architecture));
    let serial = described.document["serialNumber"].as_str().unwrap_or_default().trim_start_matches("urn:uuid:");
    let version = described.document["version"].as_u64().unwrap_or(1);
    // A statement's digest is of its signed bytes; the hash here is of the document, as it stands in the statement.
    let hash = Digest::of(&attest::canonical(&described.document)).hex();
    json!({
        "type": "container",
        "bom-ref": format!("{purl}#{platform}"),
        "name": image.repository.to_string(),
        "version": image.digest.to_string(),
        "purl": purl,
        "externalReferences": [{
            "type": "bom",
            "url": format!("urn:cdx:{serial}/{version}"),
            "hashes": [{"alg": "SHA-256", "content": hash}],
        }],
        "properties": [{"name": "lockkeeper:oci:platform", "value": platform.to_string()}],
    })
}

/// One report of all.
fn together(index: &ImageRef, reports: &[(Member, Report)], left: Option<&apply::Receipt>) -> Report {
    let worst = |exit: Exit| reports.iter().find(|(_, report)| report.exit() == exit);
    let bad = [Exit::Refused, Exit::BadInput, Exit::Unknown].into_iter().find_map(worst);
    let total: usize = reports.iter().filter_map(|(_, report)| report.get("components")?.parse::<usize>().ok()).sum();
    let (exit, verdict, headline) = match bad {
        Some((member, report)) => {
            let text =
                format!("{} of {index}: {}; nothing was attached to the index", member.platform, report.headline());
            (report.exit(), report.verdict().to_owned(), text)
        }
        None => {
            let incomplete = reports.iter().any(|(_, report)| report.verdict() != "complete");
            let verdict = if incomplete { "incomplete" } else { "complete" };
            (Exit::Done, verdict.to_owned(), format!("{total} components in {} images of {index}", reports.len()))
        }
    };
    let rows = reports.iter().map(|(member, report)| {
        let get = |name: &str| report.get(name).unwrap_or("none").to_owned();
        let names = [member.platform.to_string(), format!("`{}`", member.image.digest), report.verdict().to_owned()];
        [names.to_vec(), vec![get("components"), get("referrer")]].concat()
    });
    let mut summary = Summary::new().paragraph(&format!("Subject: `{index}`")).heading("Platforms");
    summary = summary.table(&["platform", "image", "verdict", "components", "signed statement"], rows);
    for (member, report) in reports {
        summary = summary.heading(&member.platform.to_string()).paragraph(report.headline());
    }
    let document = json!({"subject": index.to_string(), "verdict": verdict, "platforms": reports.iter().map(|(member, report)| {
        json!({"platform": member.platform.to_string(), "digest": member.image.digest.to_string(), "verdict": report.verdict(),
            "components": report.get("components"), "referrer": report.get("referrer"), "sbom_path": report.get("sbom-path")})
    }).collect::<Vec<_>>()});
    let mut report = Report::new(exit, verdict, headline).summary(summary).document(&document);
    report = report.output("digest", index.digest).output("components", total);
    if let Some(left) = left {
        let path = left.files.first().map(|(_, path, _)| path.display().to_string()).unwrap_or_default();
        let members = reports.iter().filter_map(|(_, report)| report.get("sbom-paths").map(str::to_owned));
        let paths: Vec<String> = std::iter::once(path.clone()).chain(members).collect();
        report = report.output("sbom-path", path).output("sbom-paths", paths.join("\n"));
        if let Some(referrer) = left.referrer {
            report = report.output("referrer", referrer);
        }
    }
    Checked::default().onto(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_a_file_of_its_own() {
        let arm = Platform { os: "linux".to_owned(), architecture: "arm64".to_owned(), variant: Some("v8".to_owned()) };
        assert_eq!(file_of(Path::new("out/sbom.cdx.json"), &arm), Path::new("out/sbom.linux-arm64-v8.cdx.json"));
        assert_eq!(file_of(Path::new("sbom"), &arm), Path::new("sbom.linux-arm64-v8"));
        let odd = Platform { os: "../x".to_owned(), architecture: "a".to_owned(), variant: None };
        assert_eq!(file_of(Path::new("out/sbom.json"), &odd), Path::new("out/sbom.---x-a.json"));
    }
}
