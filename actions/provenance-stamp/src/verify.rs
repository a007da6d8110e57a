//! The story of a verification: read the evidence, the manifest, the live response; judge; report all findings.

use crate::{
    decide::{Expected, check_document, workspace_values},
    finding::Finding,
    image,
    inputs::{Settings, Verify},
    judge::{Claim, Disbelief, Seen, judge},
    labels,
    observe::{self, Scope},
    report, response, stamp,
};
use attest::PublicKey;
use evidence::{Evidence, Found};
use github::{Failure, Report, Runner};
use std::path::Path;
use subject::ImageRef;

/// What was verified and what it came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The image, where one was given.
    pub(crate) image: Option<ImageRef>,
    /// The statements found on it.
    pub(crate) seen: Vec<Seen>,
    /// The signed fields, where they are believed.
    pub(crate) signed: Option<Expected>,
    /// What was checked, in words.
    pub(crate) checked: Vec<String>,
    /// Everything that is wrong, each with where it was found.
    pub(crate) findings: Vec<Finding>,
}

/// Verifies what the settings name.
pub(crate) async fn run(runner: &Runner, settings: &Settings, task: &Verify) -> Result<Report, Failure> {
    let contract = &settings.contract;
    let scope = if task.compare_files { Scope::Files } else { Scope::Nothing };
    let facts = observe::facts(runner, contract, &settings.root, Path::new(""), scope).await;
    let mut outcome = Outcome::default();
    let mut expected = Vec::new();
    if task.compare_files {
        let (workspace, findings) = workspace_values(contract, &facts);
        expected.push(workspace);
        outcome.findings.extend(findings);
    } else {
        runner.notice("compare-files is false: hashes and file values were not compared with the workspace");
    }
    if let Some((reference, keys)) = &task.image {
        let (evidence, image) = stamp::pin(runner, settings, reference).await?;
        let seen = read_evidence(runner, (&evidence, &image), keys).await?;
        let judgement = judge(contract, &seen, &expected, &facts);
        outcome.findings.extend(judgement.findings.into_iter().map(|finding| finding.within("the image's evidence")));
        expected.extend(judgement.signed.clone());
        if !contract.labels.is_empty() {
            let labelled = image::labelled(&evidence, &image).await?;
            let findings = labels::check(contract, &labelled, &expected, &facts);
            outcome.findings.extend(findings.into_iter().map(|finding| finding.within("the image's labels")));
        }
        outcome.checked.push(format!("image {image}"));
        (outcome.image, outcome.seen, outcome.signed) = (Some(image), seen, judgement.signed);
    }
    if let Some(manifest) = &task.manifest {
        let findings = check_document(contract, manifest, &expected, &facts);
        outcome.findings.extend(findings.into_iter().map(|finding| finding.within("the manifest")));
        outcome.checked.push("manifest".to_owned());
    }
    if let Some((url, pointer)) = &task.url {
        let live = response::fetch(url, pointer).await?;
        let findings = check_document(contract, &live, &expected, &facts);
        outcome.findings.extend(findings.into_iter().map(|finding| finding.within("the live response")));
        outcome.checked.push(format!("live response of {}", response::shown(url)));
    }
    Ok(report::verified(settings, &outcome))
}

async fn read_evidence(
    runner: &Runner,
    (evidence, image): (&Evidence<'_>, &ImageRef),
    keys: &[PublicKey],
) -> Result<Vec<Seen>, Failure> {
    let found = evidence.read(image, keys).await?;
    let seen: Vec<Seen> = found.into_iter().map(seen).collect();
    for seen in &seen {
        match &seen.claim {
            Ok(claim) => {
                runner.info(format!("{}: {}, signed by {}", seen.referrer.short(), claim.predicate_type, claim.key_id))
            }
            Err(why) => {
                runner.warning(format!("{}: not believed: {} ({})", seen.referrer.short(), why.reason, why.code))
            }
        }
    }
    Ok(seen)
}

fn seen(found: Found) -> Seen {
    let claim = match found.statement {
        Ok(believed) => Ok(Claim {
            predicate_type: believed.statement.predicate_type().to_owned(),
            predicate: believed.statement.predicate().clone(),
            key_id: believed.key_id,
        }),
        Err(rejection) => Err(Disbelief { code: rejection.code().to_owned(), reason: rejection.to_string() }),
    };
    Seen { referrer: found.referrer, claim }
}
