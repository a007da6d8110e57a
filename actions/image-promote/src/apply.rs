//! Carries a promotion out: copy, prove, tag and read the tag back, say so at both ends. The only writer.

use crate::{
    inputs::Settings,
    observe::{Facts, UNTOUCHED},
    statement,
};
use attest::predicate::{self, promotion::Mode, to_value};
use evidence::{Evidence, Left, registry_failure};
use github::{Exit, Failure, Runner};
use oci::copy::{Copied, Tagged};
use subject::{Digest, ImageRef, Repository};

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// What the copy came to.
    pub copied: Copied,
    /// What became of each tag, in the order of the settings.
    pub tagged: Vec<Tagged>,
    /// The promotion statement at the destination.
    pub promotion: Option<Digest>,
    /// The verification summary at the destination.
    pub summary: Option<Digest>,
}

/// Carries it out. Each step can be repeated: what is there is not done again.
///
/// # Errors
/// A [`Failure`] that says how far it came; the next run goes on from there.
pub async fn apply(runner: &Runner, settings: &Settings, facts: &Facts<'_>, mode: Mode) -> Result<Receipt, Failure> {
    let registry = facts.destination.registry();
    let mut receipt = Receipt::default();
    let image = settings.destination.image(facts.image().digest);
    if !facts.standing.missing.is_empty() {
        runner.info(format!("copying {} manifests to {}", facts.standing.missing.len(), settings.destination));
        let copied = registry
            .copy(&facts.closure, &facts.standing.missing, facts.source.registry(), &settings.destination)
            .await;
        receipt.copied = copied.map_err(|error| {
            let failure = registry_failure("copy the image and its evidence", &error);
            failure.state("what had arrived stays and is complete in itself; no tag names it yet").help(AGAIN)
        })?;
    }
    prove(facts, settings).await?;
    let root = facts.closure.root().ok_or_else(|| {
        Failure::new(Exit::Unknown, "tag the image").because("its manifest was not read").state(UNTOUCHED)
    })?;
    for (tag, movable) in &settings.tags {
        let tagged = registry.tag(root, tag, *movable).await.map_err(|error| {
            let failure = registry_failure("tag the image", &error);
            failure.state(format!("{image} is there with all its evidence; the tag {tag} is not set")).help(AGAIN)
        })?;
        if let Tagged::Taken { by } | Tagged::Overtaken { by } = tagged {
            return Err(overtaken(&image, &tag.to_string(), by));
        }
        runner.info(format!("{tag} names {}", image.digest));
        receipt.tagged.push(tagged);
    }
    record(runner, settings, facts, mode, &mut receipt).await?;
    Ok(receipt)
}

const AGAIN: &str = "run the same step again: it goes on where this one stopped";

/// Reads the destination anew: digest and evidence must be those of the source.
async fn prove(facts: &Facts<'_>, settings: &Settings) -> Result<(), Failure> {
    if facts.image().repository == settings.destination {
        return Ok(());
    }
    let missing = facts.destination.registry().missing(&facts.closure, &settings.destination).await;
    let missing = missing.map_err(|error| registry_failure("read the destination back", &error).help(AGAIN))?;
    match missing.iter().next() {
        None => Ok(()),
        Some(first) => {
            let failure = Failure::new(Exit::Unknown, "prove that everything has arrived at");
            let failure = failure.subject(&settings.destination);
            let cause = format!("{} of its manifests are not there or not listed, {first} first", missing.len());
            Err(failure.because(cause).state("the copy is not complete").help(AGAIN))
        }
    }
}

fn overtaken(image: &ImageRef, tag: &str, by: Digest) -> Failure {
    let failure = Failure::new(Exit::Refused, "tag the image").subject(image);
    let failure = failure.because(format!("somebody else gave {tag} to {by} meanwhile"));
    failure
        .state(format!("{image} is there with all its evidence; {tag} names {by}, which is whole as well"))
        .help("promote one image at a time to a tag, for example with the workflow's `concurrency`")
}

/// Leaves the promotion and the verdict on the image, at its destination and where it came from, unless this promotion is
/// recorded already.
async fn record(
    runner: &Runner,
    settings: &Settings,
    facts: &Facts<'_>,
    mode: Mode,
    receipt: &mut Receipt,
) -> Result<(), Failure> {
    let promotion = statement::promotion(runner, settings, facts, mode);
    if let Some((referrer, _)) = facts.standing.promotions.iter().find(|(_, known)| statement::same(known, &promotion))
    {
        runner.info(format!("this promotion is recorded already, by {referrer}"));
        receipt.promotion = Some(*referrer);
        return Ok(());
    }
    let image = settings.destination.image(facts.image().digest);
    let value = |value: Result<serde_json::Value, attest::Rejection>| {
        let failed = |error| Failure::new(Exit::Unknown, "make the statements of the promotion").because(error);
        value.map_err(|error| failed(error).state("the image is promoted; only the record is missing").help(AGAIN))
    };
    let summary = value(to_value(&statement::summary(runner, settings, facts)))?;
    let promotion = value(to_value(&promotion))?;
    let here = (&facts.destination, &image);
    let mut first = vec![(here, predicate::VSA, summary.clone())];
    if facts.image().repository != settings.destination {
        let there = (&facts.source, facts.image());
        first.extend([(there, predicate::VSA, summary), (there, predicate::PROMOTION, promotion.clone())]);
    }
    // The same words at both ends are the same referrer, so copying again carries nothing new.
    let leave = |(end, kind, predicate)| leave(end, &image.repository, (kind, predicate));
    let left = oci::together(first.into_iter().map(leave).collect()).await?;
    receipt.summary = left.first().and_then(Left::referrer).copied();
    // Last, for the next run takes it as a sign that all are there.
    receipt.promotion = leave((here, predicate::PROMOTION, promotion)).await?.referrer().copied();
    Ok(())
}

/// An image where it is, and access to its evidence there.
type End<'e> = (&'e Evidence<'e>, &'e ImageRef);

async fn leave(
    (evidence, at): End<'_>,
    called: &Repository,
    (kind, predicate): (&str, serde_json::Value),
) -> Result<Left, Failure> {
    evidence.leave_about(at, called, kind, predicate).await
}
