//! `read`: the statements on an image, each believed or with the reason why not.

use crate::{Evidence, failure::registry_failure};
use attest::{
    BUNDLE_MEDIA_TYPE, Bundle, MAX_BUNDLE_BYTES, PublicKey, Reason, Rejection, Statement, Trust, Verified, verify_by,
};
use github::Failure;
use oci::{Error, ErrorKind, Kind, Manifest, Registry};
use subject::{Digest, ImageRef};

/// One piece of evidence on an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The digest of the referrer that carries it.
    pub referrer: Digest,
    /// What it says, or why it counts for nothing.
    pub statement: Result<Believed, Rejection>,
}

/// A statement about the image asked for, and who made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Believed {
    /// The statement.
    pub statement: Statement,
    /// The key that signed it, as [`PublicKey::key_id`] names it.
    pub key_id: String,
    /// Whether a service of the trusted root has seen its signature.
    pub witnessed: bool,
}

impl Evidence<'_> {
    /// All evidence on this image, verified with these keys. Nothing that is listed is passed over: what cannot be
    /// believed comes with its reason.
    ///
    /// # Errors
    /// A [`Failure`] when the registry cannot be asked. An image without evidence is an empty list, and never a yes.
    pub async fn read(&self, image: &ImageRef, keys: &[PublicKey]) -> Result<Vec<Found>, Failure> {
        self.read_by(image, &self.witnesses.trust(keys, &[])).await
    }

    /// As [`Evidence::read`], for whoever is believed.
    pub(crate) async fn read_by(&self, image: &ImageRef, trust: &Trust<'_>) -> Result<Vec<Found>, Failure> {
        let failed =
            |error: Error| registry_failure("read the evidence on the image", &error).state("nothing was changed");
        let referrers = self.registry.referrers(image, Some(BUNDLE_MEDIA_TYPE)).await.map_err(failed)?;
        let refused = referrers.refused.into_iter();
        let mut evidence: Vec<Found> =
            refused.map(|entry| Found { referrer: entry.digest, statement: Err(unreadable(entry.why)) }).collect();
        for referrer in &referrers.found {
            let statement = statement(&self.registry, image, &referrer.manifest, trust).await.map_err(failed)?;
            evidence.push(Found { referrer: referrer.digest(), statement });
        }
        Ok(evidence)
    }
}

/// The statement a referrer carries; the inner error says why it counts for nothing.
pub(crate) async fn statement(
    registry: &Registry,
    image: &ImageRef,
    manifest: &Manifest,
    trust: &Trust<'_>,
) -> Result<Result<Believed, Rejection>, Error> {
    let verified = verified(registry, image, manifest, trust).await?;
    Ok(verified.and_then(|verified| {
        let statement = verified.about(&image.digest)?.clone();
        let witnessed = verified.witnessed().is_some();
        Ok(Believed { statement, key_id: verified.key_id().to_owned(), witnessed })
    }))
}

/// What a referrer carries, its signature verified.
async fn verified(
    registry: &Registry,
    image: &ImageRef,
    manifest: &Manifest,
    trust: &Trust<'_>,
) -> Result<Result<Verified, Rejection>, Error> {
    let bundle = match &manifest.kind {
        Kind::Image(artifact) => match artifact.layers.as_slice() {
            [bundle] => bundle,
            layers => {
                return Ok(Err(unreadable(format!("it has {} blobs where a bundle is one", layers.len()))));
            }
        },
        Kind::Index(_) => return Ok(Err(unreadable("it is an index and not a bundle"))),
    };
    let bytes = match registry.blob_bytes(&image.repository, bundle, MAX_BUNDLE_BYTES as u64).await {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => {
            return Ok(Err(unreadable(error.cause())));
        }
        Err(error) => return Err(error),
    };
    Ok(Bundle::parse(&bytes).and_then(|bundle| verify_by(&bundle, trust)))
}

/// A piece of evidence that never came as far as a signature.
fn unreadable(why: impl Into<String>) -> Rejection {
    Rejection::new(Reason::Unreadable, why)
}
