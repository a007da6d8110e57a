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
use subject::{Digest, ImageRef};

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
    /// What of the closure the destination lacks.
    pub missing: BTreeSet<Digest>,
    /// What each wanted tag names now, in the order of the settings.
    pub tags: Vec<Option<Digest>>,
    /// The promotions that the destination knows of this image, by their referrers.
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
    let failed = |doing: &'static str| move |error: oci::Error| registry_failure(doing, &error).state(UNTOUCHED);
    let source = Evidence::connect(runner, &inputs.evidence, settings.image.repository(), &inputs.aws).await?;
    let source = source.believing(settings.policy.identities());
    let destination = Evidence::connect(runner, &inputs.evidence, &settings.destination, &inputs.aws).await?;
    let image = source.pin(&settings.image).await?;
    runner.info(format!("reading all that belongs to {image}"));
    let closure = source.registry().closure(&image).await.map_err(failed("read the image and its evidence"))?;
    for refused in &closure.refused {
        runner
            .warning(format!("{} is listed as evidence and cannot be carried along: {}", refused.digest, refused.why));
    }
    let pieces = pieces(&source, &closure, settings).await?;
    let question = Question { subject: image.digest, evidence: &pieces, now: runner.now(), context: &settings.context };
    let verdict = settings.policy.evaluate(&question);
    let there = destination.registry();
    let missing = match image.repository == settings.destination {
        true => BTreeSet::new(),
        false => {
            let missing = there.missing(&closure, &settings.destination).await;
            missing.map_err(failed("look what the destination has"))?
        }
    };
    let mut tags = Vec::new();
    for (tag, _) in &settings.tags {
        tags.push(match there.resolve(tag).await {
            Ok(named) => Some(named.digest),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(failed("look at a tag of the destination")(error)),
        });
    }
    let promotions = match missing.contains(&image.digest) {
        // What was never there was never promoted.
        true => Vec::new(),
        false => promotions(&destination, &settings.destination.image(image.digest), settings).await?,
    };
    Ok(Facts { source, destination, closure, verdict, missing, tags, promotions })
}

/// What a failure before the first write leaves behind.
pub const UNTOUCHED: &str = "nothing was copied, tagged or attached";

/// Every statement on the image itself, verified or with the reason why not. Those on its children and on other evidence
/// travel along; a policy speaks about the image.
async fn pieces(source: &Evidence<'_>, closure: &Closure, settings: &Settings) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let root = closure.image.digest;
    for part in closure.parts.iter().filter(|part| part.role == Role::Evidence { of: root }) {
        pieces.extend(source.pieces(&closure.image.repository, &part.manifest, &settings.keys).await?);
    }
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
