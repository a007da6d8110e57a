//! `leave`: a signed statement on an image.

use crate::{Evidence, failure::registry_failure, read};
use attest::{BUNDLE_MEDIA_TYPE, Bundle, SigningKey, Statement};
use github::{Exit, Failure};
use oci::Artifact;
use serde_json::Value;
use std::collections::BTreeMap;
use subject::{Digest, ImageRef, Repository};

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It is attached to the image, and was read back.
    Signed {
        /// The digest of the referrer that carries it.
        referrer: Digest,
        /// The key that signed it.
        key_id: String,
    },
    /// There is no signing key, so nothing was attached; the log says so.
    NotAsked,
}

impl Left {
    /// The digest of the referrer, where one was left.
    #[must_use]
    pub fn referrer(&self) -> Option<&Digest> {
        match self {
            Self::Signed { referrer, .. } => Some(referrer),
            Self::NotAsked => None,
        }
    }
}

impl Evidence<'_> {
    /// Signs a statement about this image and attaches it, then reads it back from the registry and verifies it.
    ///
    /// # Errors
    /// A [`Failure`] when the statement cannot be signed, attached or found again. An identical statement that is there
    /// already is success.
    pub async fn leave(&self, image: &ImageRef, predicate_type: &str, predicate: Value) -> Result<Left, Failure> {
        self.leave_about(image, &image.repository, predicate_type, predicate).await
    }

    /// As [`Evidence::leave`], where the statement calls its subject by the name of another repository that has the image:
    /// the same statement in both places is the same referrer.
    ///
    /// # Errors
    /// As [`Evidence::leave`].
    pub async fn leave_about(
        &self,
        image: &ImageRef,
        called: &Repository,
        predicate_type: &str,
        predicate: Value,
    ) -> Result<Left, Failure> {
        let Some(key) = &self.key else {
            self.runner.notice(format!("no signing-key: nothing was left on {image} ({predicate_type})"));
            return Ok(Left::NotAsked);
        };
        let statement = Statement::new(vec![(called.to_string(), image.digest)], predicate_type, predicate);
        let bundle = Bundle::seal(&statement, key).map_err(|error| {
            let sealing = Failure::new(Exit::Unknown, "sign the statement about").subject(image).because(error);
            sealing.state("nothing was attached")
        })?;
        self.runner.info(format!("attaching to {image}: {predicate_type}, signed by {}", key.public().key_id()));
        let referrer = self.registry.attach(image, &artifact(&bundle, predicate_type)).await.map_err(|error| {
            registry_failure("attach the statement", &error).state("the image itself was not changed")
        })?;
        self.confirm(image, &referrer, key, &statement).await?;
        self.runner.info(format!("attached and read back as {referrer}"));
        Ok(Left::Signed { referrer, key_id: key.public().key_id().to_owned() })
    }

    /// Reads the referrer back as a stranger would, and compares the statement.
    async fn confirm(
        &self,
        image: &ImageRef,
        referrer: &Digest,
        key: &SigningKey,
        wanted: &Statement,
    ) -> Result<(), Failure> {
        let doing = "read back the statement just attached";
        let manifest = self.registry.manifest(&image.repository.image(*referrer)).await;
        let manifest = manifest.map_err(|error| registry_failure(doing, &error))?;
        let found = read::statement(&self.registry, image, &manifest, &[key.public()]).await;
        match found.map_err(|error| registry_failure(doing, &error))? {
            Ok(believed) if believed.statement.to_bytes() == wanted.to_bytes() => Ok(()),
            Ok(_) => Err(unlike(image, "the registry gives back another statement")),
            Err(rejection) => Err(unlike(image, &rejection.to_string())),
        }
    }
}

fn unlike(image: &ImageRef, cause: &str) -> Failure {
    Failure::new(Exit::Unknown, "read back the statement just attached to").subject(image).because(cause)
}

/// The form every Sigstore client looks for. No time of writing: the same statement is the same referrer.
fn artifact(bundle: &Bundle, predicate_type: &str) -> Artifact {
    Artifact {
        artifact_type: BUNDLE_MEDIA_TYPE.to_owned(),
        media_type: BUNDLE_MEDIA_TYPE.to_owned(),
        bytes: bundle.to_bytes().into(),
        annotations: BTreeMap::from([
            ("dev.sigstore.bundle.content".to_owned(), "dsse-envelope".to_owned()),
            ("dev.sigstore.bundle.predicateType".to_owned(), predicate_type.to_owned()),
        ]),
    }
}
