//! What is said about a promotion: pure.

use crate::{inputs::Settings, observe::Facts};
use attest::predicate::{
    Digested, ResourceDescriptor, Run,
    promotion::{Mode, Place, Promotion, Tool},
    vsa::{Verifier, Vsa},
};
use github::Runner;
use std::collections::BTreeMap;

const TOOL: &str = "https://lockkeeper.dev/actions/image-promote";
/// What a verdict of ours shows: the policy it names was met.
const LEVEL: &str = "LOCKKEEPER_POLICY_MET";

/// That the image was promoted.
#[must_use]
pub fn promotion(runner: &Runner, settings: &Settings, facts: &Facts<'_>, mode: Mode) -> Promotion {
    let context = runner.context();
    let used = facts.verdict.used();
    let accounts = facts.verdict.accounts();
    let evidence = used.iter().filter_map(|index| accounts.get(*index)?.believed.as_ref());
    let read = match &settings.image {
        subject::Reference::Tag(tag) => vec![tag.tag.clone()],
        subject::Reference::Image(_) => Vec::new(),
    };
    Promotion {
        mode,
        source: Place { repository: facts.image().repository.to_string(), tags: read },
        destination: Place {
            repository: settings.destination.to_string(),
            tags: settings.tags.iter().map(|(tag, _)| tag.tag.clone()).collect(),
        },
        environment: settings.environment.clone(),
        policy: Digested { uri: Some(settings.policy_path.clone()), digest: settings.policy.digest().into() },
        evidence: evidence.map(|believed| ResourceDescriptor::of(believed.envelope)).collect(),
        promoted_on: runner.now(),
        tool: Some(Tool { uri: TOOL.to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) }),
        run: context.run_id.is_some().then(|| Run {
            id: context.run_id.clone(),
            attempt: context.run_attempt.clone(),
            url: context.run_url(),
        }),
    }
}

/// The policy's verdict, for readers who trust this verifier.
#[must_use]
pub fn summary(runner: &Runner, settings: &Settings, facts: &Facts<'_>) -> Vsa {
    let version = BTreeMap::from([("image-promote".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    let context = runner.context();
    let id = match (&context.server_url, &context.workflow_ref) {
        (Some(server), Some(workflow)) => format!("{}/{workflow}", server.trim_end_matches('/')),
        _ => TOOL.to_owned(),
    };
    let verifier = Verifier { id, version };
    facts.verdict.summary(verifier, &settings.destination.to_string(), &settings.policy_path, LEVEL)
}

/// Whether two records are of one promotion: everything but the moment and the attempt.
#[must_use]
pub fn same(known: &Promotion, new: &Promotion) -> bool {
    let run = |promotion: &Promotion| promotion.run.as_ref().and_then(|run| run.id.clone());
    (known.mode, &known.source.repository, &known.destination, &known.environment, &known.policy, run(known))
        == (new.mode, &new.source.repository, &new.destination, &new.environment, &new.policy, run(new))
}
