//! Reads the world: what belongs to the image, what its evidence is worth, how the destination stands. Changes nothing.

use crate::inputs::{Inputs, Settings};
use attest::{
    policy::{Piece, Question, Verdict},
    predicate::{self, promotion::Promotion},
};
use evidence::{Evidence, registry_failure};
use github::{Failure, Runner};
use oci::copy::{Closure, Role};
use std::collections::BTreeSet;
use subject::{Digest, ImageRef, Reference};

/// What was found out.
pub struct Facts<'r> {
    /// Where the image is.
    pub source: Evidence<'r>,
    /// Where it goes.
    pub destination: Evidence<'r>,
    /// Everything that belongs to it.
    pub closure: Closure,
    /// What the policy says to the evidence.
    pub verdict: Verdict,
    /// How the destination stands.
    pub standing: Standing,
}

/// How the destination stands.
pub struct Standing {
    /// What of the closure it lacks.
    pub missing: BTreeSet<Digest>,
    /// What each wanted tag names now, in the order of the settings.
    pub tags: Vec<Option<Digest>>,
    /// The promotions that it knows of this image, by their referrers.
    pub promotions: Vec<(Digest, Promotion)>,
}

impl Facts<'_> {
    /// The image at its source.
    #[must_use]
    pub fn image(&self) -> &ImageRef {
        &self.closure.image
    }
}

/// Looks at source and destination.
///
/// # Errors
/// A [`Failure`] when a registry cannot be asked.
pub async fn observe<'r>(runner: &'r Runner, settings: &Settings, inputs: &Inputs) -> Result<Facts<'r>, Failure> {
    let source = Evidence::connect(runner, &inputs.evidence, settings.image.repository(), &inputs.aws).await?;
    let source = source.believing(settings.policy.identities());
    let destination = Evidence::connect(runner, &inputs.evidence, &settings.destination, &inputs.aws).await?;
    let image = match &settings.image {
        // All of it is read in a moment: nobody needs to look whether it is there.
        Reference::Image(image) => image.clone(),
        tag => source.pin(tag).await?,
    };
    runner.info(format!("reading all that belongs to {image}"));
    let closure = source.registry().closure(&image).await.map_err(failed("read the image and its evidence"))?;
    for refused in &closure.refused {
        runner
            .warning(format!("{} is listed as evidence and cannot be carried along: {}", refused.digest, refused.why));
    }
    let both = tokio::join!(pieces(&source, &closure, settings), standing(&destination, &closure, settings));
    // Of two troubles the same one is told each time, whichever came first.
    let (pieces, standing) = (both.0?, both.1?);
    let question = Question { subject: image.digest, evidence: &pieces, now: runner.now(), context: &settings.context };
    let verdict = settings.policy.evaluate(&question);
    Ok(Facts { source, destination, closure, verdict, standing })
}

/// How the destination stands.
async fn standing(destination: &Evidence<'_>, closure: &Closure, settings: &Settings) -> Result<Standing, Failure> {
    let there = destination.registry();
    let image = settings.destination.image(closure.image.digest);
    let missing = async {
        if closure.image == image {
            return Ok(BTreeSet::new());
        }
        there.missing(closure, &settings.destination).await.map_err(failed("look what the destination has"))
    };
    let one = |tag| async move {
        match there.resolve(tag).await {
            Ok(named) => Ok(Some(named.digest)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(failed("look at a tag of the destination")(error)),
        }
    };
    let tags = oci::together(settings.tags.iter().map(|(tag, _)| one(tag)).collect());
    let (missing, tags) = tokio::join!(missing, tags);
    let (missing, tags) = (missing?, tags?);
    let promotions = match missing.contains(&image.digest) {
        // What was never there was never promoted.
        true => Vec::new(),
        false => promotions(destination, &image, settings).await?,
    };
    Ok(Standing { missing, tags, promotions })
}

fn failed(doing: &'static str) -> impl Fn(oci::Error) -> Failure {
    move |error| registry_failure(doing, &error).state(UNTOUCHED)
}

/// What a failure before the first write leaves behind.
pub const UNTOUCHED: &str = "nothing was copied, tagged or attached";

/// Every statement on the image itself, verified or with the reason why not. Those on its children and on other evidence
/// travel along; a policy speaks about the image.
async fn pieces(source: &Evidence<'_>, closure: &Closure, settings: &Settings) -> Result<Vec<Piece>, Failure> {
    let on_the_image = Role::Evidence { of: closure.image.digest };
    let parts = closure.parts.iter().filter(|part| part.role == on_the_image);
    let read = parts.map(|part| source.pieces(&closure.image.repository, &part.manifest, &settings.keys));
    let mut pieces = oci::together(read.collect()).await?.concat();
    for refused in &closure.refused {
        let statement = Err(attest::Rejection::new(attest::Reason::Unreadable, refused.why.clone()));
        pieces.push(Piece { source: refused.digest.to_string(), statement });
    }
    Ok(pieces)
}

async fn promotions(
    destination: &Evidence<'_>,
    image: &ImageRef,
    settings: &Settings,
) -> Result<Vec<(Digest, Promotion)>, Failure> {
    let keys: Vec<_> = settings.keys.iter().cloned().chain(destination.own_key().await?).collect();
    let found = destination.read(image, &keys).await?;
    let promotion = |found: evidence::Found| {
        let believed =
            found.statement.ok().filter(|believed| believed.statement.predicate_type() == predicate::PROMOTION)?;
        Some((found.referrer, believed.statement.read::<Promotion>().ok()?))
    };
    Ok(found.into_iter().filter_map(promotion).collect())
}
