//! `leave`: a signed statement on an image.

use crate::{Evidence, Found, failure::registry_failure, read, signer::Signer};
use attest::{BUNDLE_MEDIA_TYPE, Bundle, PublicKey, SealError, Statement, Unsigned};
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
        let public = key.public().await?;
        if !key.repeats()
            && let Some(referrer) = self.left_before(image, &public, &statement).await?
        {
            self.runner
                .info(format!("the same statement, signed by {}, is there already as {referrer}", public.key_id()));
            return Ok(Left::Signed { referrer, key_id: public.key_id().to_owned() });
        }
        let bundle = seal(&statement, key.as_ref(), &public).await.map_err(|failure| failure.subject(image))?;
        self.runner.info(format!("attaching to {image}: {predicate_type}, signed by {}", public.key_id()));
        let referrer = self.registry.attach(image, &artifact(&bundle, predicate_type)).await.map_err(|error| {
            registry_failure("attach the statement", &error).state("the image itself was not changed")
        })?;
        self.confirm(image, &referrer, &public, &statement).await?;
        self.runner.info(format!("attached and read back as {referrer}"));
        let capabilities = self.registry.capabilities(&image.repository);
        self.runner.detail(format!("{} {capabilities}", image.repository));
        if capabilities.conditional_writes == Some(false) {
            self.runner.detail("statements left by two jobs at the same moment may displace one another here: leave them one after the other");
        }
        Ok(Left::Signed { referrer, key_id: public.key_id().to_owned() })
    }

    /// The referrer of an earlier run with the very same statement.
    async fn left_before(
        &self,
        image: &ImageRef,
        key: &PublicKey,
        statement: &Statement,
    ) -> Result<Option<Digest>, Failure> {
        let wanted = statement.to_bytes();
        let found = self.read(image, std::slice::from_ref(key)).await?;
        let same = |it: &Found| it.statement.as_ref().is_ok_and(|believed| believed.statement.to_bytes() == wanted);
        Ok(found.iter().find(|it| same(it)).map(|it| it.referrer))
    }

    /// Reads the referrer back as a stranger would, and compares the statement.
    async fn confirm(
        &self,
        image: &ImageRef,
        referrer: &Digest,
        key: &PublicKey,
        wanted: &Statement,
    ) -> Result<(), Failure> {
        let doing = "read back the statement just attached";
        let manifest = self.registry.manifest(&image.repository.image(*referrer)).await;
        let manifest = manifest.map_err(|error| registry_failure(doing, &error))?;
        let found = read::statement(&self.registry, image, &manifest, std::slice::from_ref(key)).await;
        match found.map_err(|error| registry_failure(doing, &error))? {
            Ok(believed) if believed.statement.to_bytes() == wanted.to_bytes() => Ok(()),
            Ok(_) => Err(unlike(image, "the registry gives back another statement")),
            Err(rejection) => Err(unlike(image, &rejection.to_string())),
        }
    }
}

/// The statement sealed; what the signer gave back is verified before anybody else has to.
async fn seal(statement: &Statement, key: &dyn Signer, public: &PublicKey) -> Result<Bundle, Failure> {
    let failed = |error: SealError| {
        Failure::new(Exit::Unknown, "sign the statement about").because(error).state("nothing was attached")
    };
    let unsigned = Unsigned::new(statement).map_err(failed)?;
    let der = key.sign(&unsigned.message()).await?;
    unsigned.sealed(public, der).map_err(failed)
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
