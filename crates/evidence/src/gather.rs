//! `gather`: everything that is evidence on an image, in every form it is met in, as a policy takes it.

use crate::{Evidence, failure::registry_failure};
use attest::{Bundle, ENVELOPE_MEDIA_TYPE, MAX_BUNDLE_BYTES, PublicKey, Reason, Rejection, policy::Piece, verify_by};
use github::Failure;
use oci::{Descriptor, Error, ErrorKind, Kind, Manifest};
use subject::{Digest, ImageRef, Repository, TagRef};

/// Every bundle's media type begins so, whatever its version and however it is spelled.
const BUNDLES: &str = "application/vnd.dev.sigstore.bundle";

/// More layers of one artifact are not read: cosign adds one for each statement.
const MAX_LAYERS: usize = 256;

/// How a layer carries a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A Sigstore bundle.
    Bundle,
    /// A bare envelope, the certificate in the layer's annotations where there is one.
    Envelope,
}

impl Evidence<'_> {
    /// Everything on this image that could be evidence, verified with these keys: the bundles and bare envelopes among its
    /// referrers, and the layers of cosign's `.att` tag. What cannot be believed is in the list with its reason. Referrers
    /// that are no statements, such as bare bills of materials, are not.
    ///
    /// # Errors
    /// A [`Failure`] when the registry cannot be asked. An image without evidence is an empty list, and never a yes.
    pub async fn gather(&self, image: &ImageRef, keys: &[PublicKey]) -> Result<Vec<Piece>, Failure> {
        let failed =
            |error: Error| registry_failure("read the evidence on the image", &error).state("nothing was changed");
        let referrers = self.registry().referrers(image, None).await.map_err(failed)?;
        let refused = referrers.refused.into_iter();
        let mut pieces: Vec<Piece> = refused.map(|entry| unreadable(entry.digest.to_string(), entry.why)).collect();
        for referrer in &referrers.found {
            pieces.extend(self.pieces(&image.repository, &referrer.manifest, keys).await?);
        }
        if let Some(attachments) = self.attachments(image).await.map_err(failed)? {
            pieces.extend(self.pieces(&image.repository, &attachments, keys).await?);
        }
        Ok(pieces)
    }

    /// The statements one artifact of a repository carries, verified with these keys: none where it is something else than
    /// evidence.
    ///
    /// # Errors
    /// A [`Failure`] when the registry cannot be asked.
    pub async fn pieces(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        keys: &[PublicKey],
    ) -> Result<Vec<Piece>, Failure> {
        let read = self.carried(repository, manifest, keys).await;
        read.map_err(|error| registry_failure("read the evidence on the image", &error).state("nothing was changed"))
    }

    /// The artifact of cosign's `.att` tag, where there is one: cosign up to v2 keeps attestations there.
    async fn attachments(&self, image: &ImageRef) -> Result<Option<Manifest>, Error> {
        let tag = format!("sha256-{}.att", image.digest.hex());
        let tag = TagRef { repository: image.repository.clone(), tag };
        match self.registry().resolve(&tag).await {
            Ok(artifact) => self.registry().manifest(&artifact).await.map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn carried(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        keys: &[PublicKey],
    ) -> Result<Vec<Piece>, Error> {
        let claims_to_be = manifest.artifact_type().and_then(form).is_some();
        let layers = match &manifest.kind {
            Kind::Image(artifact) => artifact.layers.as_slice(),
            Kind::Index(_) => &[],
        };
        let statements: Vec<_> = layers.iter().filter_map(|layer| Some((layer, form(&layer.media_type)?))).collect();
        let artifact = manifest.digest;
        if (statements.is_empty() && claims_to_be) || statements.len() > MAX_LAYERS {
            let why = format!("it has {} statements where 1 to {MAX_LAYERS} are read", statements.len());
            return Ok(vec![unreadable(artifact.to_string(), why)]);
        }
        let mut pieces = Vec::new();
        for (layer, form) in &statements {
            let source = if statements.len() == 1 { artifact.to_string() } else { within(&artifact, layer) };
            let statement = self.statement(repository, (layer, *form), keys).await?;
            pieces.push(Piece { source, statement });
        }
        Ok(pieces)
    }

    async fn statement(
        &self,
        repository: &Repository,
        (layer, form): (&Descriptor, Form),
        keys: &[PublicKey],
    ) -> Result<Result<attest::Verified, Rejection>, Error> {
        let bytes = match self.registry().blob_bytes(repository, layer, MAX_BUNDLE_BYTES as u64).await {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => {
                return Ok(Err(Rejection::new(Reason::Unreadable, error.cause())));
            }
            Err(error) => return Err(error),
        };
        let bundle = match form {
            Form::Bundle => Bundle::parse(&bytes),
            Form::Envelope => Bundle::from_attachment(&bytes, &layer.annotations),
        };
        Ok(bundle.and_then(|bundle| verify_by(&bundle, &self.trust(keys))))
    }
}

fn form(media_type: &str) -> Option<Form> {
    match media_type {
        ENVELOPE_MEDIA_TYPE => Some(Form::Envelope),
        bundle if bundle.starts_with(BUNDLES) => Some(Form::Bundle),
        _ => None,
    }
}

fn within(artifact: &Digest, layer: &Descriptor) -> String {
    format!("{artifact}, layer {}", layer.digest)
}

fn unreadable(source: String, why: impl Into<String>) -> Piece {
    Piece { source, statement: Err(Rejection::new(Reason::Unreadable, why)) }
}
