//! Reading a service's history: where it has been, and what its revisions ran.

use crate::{
    choose::History,
    decide::same_run,
    definition::Definition,
    deploy::Open,
    identity::running,
    inputs::Back,
    model::{Revision, Service, Status},
    prove::Promise,
    rollout::Rollout,
};
use aws::AwsError;
use github::Failure;
use serde_json::json;
use std::collections::BTreeSet;
use subject::{ImageRef, Reference};

/// Older revisions of the family that are tried when history has nothing.
const OLDER: u32 = 10;

/// Deployments of history whose revisions are read.
const DEEP: usize = 100;

/// Task definitions of history that are asked which run registered them.
const RECENT: usize = 10;

/// Reads what the way back is chosen from.
///
/// # Errors
/// Whatever ECS answers.
pub(crate) async fn read(rollout: &Rollout<'_>, service: &Service, back: &Back) -> Result<History, AwsError> {
    let deployments = rollout.ecs.deployments(json!({})).await?;
    let mut targets: Vec<&str> = Vec::new();
    for target in deployments.iter().filter_map(|one| one.target()) {
        if targets.len() < DEEP && !targets.contains(&target) {
            targets.push(target);
        }
    }
    let revisions = rollout.ecs.revisions(&targets).await?;
    let mut history =
        History { current: running(service).to_owned(), deployments, revisions, ours: BTreeSet::default() };
    if matches!(back, Back::Last | Back::Verified) {
        history.ours = ours(rollout, &history).await?;
    }
    Ok(history)
}

/// Successes of history whose statements are asked for.
const STATED: usize = 10;

/// Leaves of the successes only those whose image is stated, by this step's own key, to have been deployed. The release the
/// service is on stays, so that it is known where back begins; what is in flight stays too.
///
/// # Errors
/// A [`Failure`] when a registry cannot be asked: not having looked is no statement.
pub(crate) async fn verified(rollout: &Rollout<'_>, history: History, open: Open<'_, '_>) -> Result<History, Failure> {
    let mut kept = Vec::new();
    let mut asked = 0;
    for deployment in &history.deployments {
        let succeeded = deployment.status == Status::Successful;
        let goal = history.goes_to(deployment).filter(|_| succeeded).map(str::to_owned);
        match goal {
            _ if !succeeded => kept.push(deployment.clone()),
            Some(goal) if goal == history.current => kept.push(deployment.clone()),
            Some(goal) if asked < STATED => {
                asked += 1;
                if is_stated(rollout, &history, &goal, open).await? {
                    kept.push(deployment.clone());
                } else {
                    rollout.runner.info(format!("{goal} is not stated to have been deployed; it is passed over"));
                }
            }
            _ => {}
        }
    }
    Ok(History { deployments: kept, ..history })
}

/// Whether our own key says that this release's image was deployed.
async fn is_stated(rollout: &Rollout<'_>, history: &History, goal: &str, open: Open<'_, '_>) -> Result<bool, Failure> {
    let Some(image) = image(rollout, history, goal).await else { return Ok(false) };
    let evidence = open(&image.repository)?;
    let Some(key) = evidence.own_key().await? else { return Ok(false) };
    let found = evidence.read(&image, &[key]).await?;
    Ok(found.into_iter().filter_map(|found| found.statement.ok()).any(|believed| {
        let statement: serde_json::Value = serde_json::from_slice(&believed.statement.to_bytes()).unwrap_or_default();
        statement["predicateType"] == attest::predicate::DEPLOYMENT && statement["predicate"]["verdict"] == "deployed"
    }))
}

/// The task definitions among the most recent ones that this very run registered.
async fn ours(rollout: &Rollout<'_>, history: &History) -> Result<BTreeSet<String>, AwsError> {
    let mut ours = BTreeSet::new();
    let Some(run) = rollout.runner.context().run_url() else { return Ok(ours) };
    let mut asked: Vec<&str> = Vec::new();
    let recent = history.deployments.iter().filter_map(|deployment| history.goes_to(deployment));
    for name in [history.current.as_str()].into_iter().chain(recent) {
        if asked.len() >= RECENT || asked.contains(&name) {
            continue;
        }
        asked.push(name);
        match rollout.ecs.definition(name).await {
            Ok(definition) if definition.run_url().is_some_and(|url| same_run(url, &run)) => {
                ours.insert(name.to_owned());
            }
            // A revision that is gone was not registered by a run that is still going on.
            Ok(_) => {}
            Err(error) if error.code == "ClientException" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ours)
}

/// The nearest older revision of the family that can still be deployed and is not known to have failed.
pub(crate) async fn older(rollout: &Rollout<'_>, history: &History) -> Option<String> {
    let (family, number) = history.current.rsplit_once(':')?;
    let number: u32 = number.parse().ok()?;
    for older in (1..number).rev().take(OLDER as usize) {
        let name = format!("{family}:{older}");
        if !history.has_failed(&name)
            && let Ok(definition) = rollout.ecs.definition(&name).await
            && definition.is_active()
        {
            return Some(definition.arn().to_owned());
        }
    }
    None
}

/// What an old revision ran, by its own record, else by the digests its task definition names. The image is that of the
/// container asked for, else of the first; its digest is the one written down, because that is what evidence is about.
#[must_use]
pub(crate) fn promised(
    definition: &Definition,
    revision: Option<&Revision>,
    container: Option<&str>,
) -> (Vec<Promise>, Option<ImageRef>) {
    let mut promises = Vec::new();
    let mut image = None;
    for name in definition.names().filter(|name| container.is_none_or(|wanted| wanted == *name)) {
        let reference = definition.image(name).and_then(|text| text.parse::<Reference>().ok());
        let images = revision.map(|revision| revision.container_images.as_slice()).unwrap_or_default();
        let recorded = images.iter().find(|one| one.container_name == name).and_then(|one| one.image_digest.as_deref());
        let written = match &reference {
            Some(Reference::Image(image)) => Some(image.digest),
            _ => None,
        };
        let Some(digest) = recorded.and_then(|text| text.parse().ok()).or(written) else { continue };
        image = image.or_else(|| reference.map(|reference| reference.repository().image(written.unwrap_or(digest))));
        promises.push(Promise { container: name.to_owned(), digest, platforms: written.into_iter().collect() });
    }
    (promises, image)
}

/// The image that a task definition puts in place, as far as it can be told.
pub(crate) async fn image(rollout: &Rollout<'_>, history: &History, task_definition: &str) -> Option<ImageRef> {
    let definition = rollout.ecs.definition(task_definition).await.ok()?;
    promised(&definition, history.revision(task_definition), rollout.settings.container.as_deref()).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use subject::Digest;

    #[test]
    fn the_subject_is_the_digest_that_is_written_and_the_recorded_one_is_proof_as_well() {
        let (index, arm) = (Digest::of(b"index"), Digest::of(b"arm"));
        let pinned = format!("registry.example/app@{index}");
        for (written, subject) in [(pinned.as_str(), index), ("registry.example/app:v1", arm)] {
            let document = json!({"containerDefinitions": [{"name": "api", "image": written}]});
            let recorded = json!({"containerImages": [{"containerName": "api", "imageDigest": arm}]});
            let definition = Definition { document, tags: vec![] };
            let revision = serde_json::from_value(recorded).unwrap();
            let (promises, image) = promised(&definition, Some(&revision), None);
            assert_eq!(image.unwrap().digest, subject, "{written}");
            assert_eq!((promises.len(), promises[0].digest), (1, arm));
        }
    }
}
