//! `leave`: a signed statement on an image.

use crate::{Evidence, Found, Witnesses, failure::registry_failure, read};
use attest::{
    BUNDLE_MEDIA_TYPE, Bundle, Identity, PublicKey, Reason, SealError, Statement, Trust, Unsigned, verify_by,
};
use github::{Exit, Failure};
use oci::{Artifact, Manifest};
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
        let mut left = Leaving { image, statement: &statement, public: key.public().await?, holder: None };
        let unsigned = Unsigned::new(&statement).map_err(|error| unsealed(image, &error))?;
        let about = |failure: Failure| failure.subject(image);
        // Who it is that has no key is told by the certificate, so they sign first.
        let mut sealed = match left.public {
            Some(_) => None,
            None => Some(key.seal(unsigned.clone()).await.map_err(about)?),
        };
        left.holder = sealed.as_ref().and_then(identity);
        let looks = !key.repeats() || self.witnesses.are_asked();
        let before = if looks { self.left_before(&left).await? } else { None };
        let signer = left.signer();
        let there = |referrer, what: &str| {
            self.runner.info(format!("the same statement, signed by {signer}{what}, is there already as {referrer}"));
            Ok(Left::Signed { referrer, key_id: signer.clone() })
        };
        match before {
            Some((referrer, true)) => return there(referrer, " and witnessed"),
            Some((referrer, false)) if !self.witnesses.are_asked() => return there(referrer, ""),
            _ => {}
        }
        let bundle = match sealed.take() {
            Some(bundle) => bundle,
            None => key.seal(unsigned).await.map_err(about)?,
        };
        let (bundle, troubles) = self.witnesses.witness(bundle, left.public.as_ref()).await;
        for trouble in &troubles {
            self.runner
                .warning(format!("the signature was not witnessed by everybody asked: {trouble}; run the step again"));
        }
        let witnessed = self.own(&bundle, &left).map_err(about)?;
        if let (Some((referrer, _)), false) = (before, witnessed) {
            return there(referrer, "");
        }
        self.runner.info(format!("attaching to {image}: {predicate_type}, signed by {signer}"));
        let referrer = self.registry.attach(image, &artifact(&bundle, predicate_type)).await.map_err(|error| {
            registry_failure("attach the statement", &error).state("the image itself was not changed")
        })?;
        self.confirm(&left, &referrer, &bundle).await?;
        self.runner.info(format!("attached and read back as {referrer}"));
        self.show_capabilities(&image.repository);
        Ok(Left::Signed { referrer, key_id: signer })
    }

    fn show_capabilities(&self, repository: &Repository) {
        let capabilities = self.registry.capabilities(repository);
        self.runner.detail(format!("{repository} {capabilities}"));
        if capabilities.referrers_api == Some(false) && capabilities.conditional_writes != Some(true) {
            self.runner.detail("statements left by two jobs at the same moment may displace one another there");
        }
    }

    /// Verifies what is about to be attached, as everybody else will; whether it is witnessed.
    fn own(&self, bundle: &Bundle, left: &Leaving<'_>) -> Result<bool, Failure> {
        match verify_by(bundle, &left.trust(&self.witnesses)) {
            Ok(verified) => Ok(verified.witnessed().is_some()),
            Err(rejection) if rejection.reason() == Reason::Unwitnessed => Ok(false),
            Err(rejection) => {
                let failure = Failure::new(Exit::Unknown, "verify the statement just signed about").because(&rejection);
                let failure = failure.state("nothing was attached");
                Err(failure.help("`trusted-root` and `signing-config` have to be of one instance"))
            }
        }
    }

    /// The referrer of an earlier run with the very same statement, and whether it is witnessed; a witnessed one first.
    async fn left_before(&self, left: &Leaving<'_>) -> Result<Option<(Digest, bool)>, Failure> {
        let wanted = left.statement.to_bytes();
        let found = self.read_by(left.image, &left.trust(&self.witnesses)).await?;
        let same = |it: &Found| {
            let believed = it.statement.as_ref().ok().filter(|it| it.statement.to_bytes() == wanted)?;
            Some((it.referrer, believed.witnessed))
        };
        Ok(found.iter().filter_map(same).max_by_key(|(_, witnessed)| *witnessed))
    }

    /// Reads the referrer back as a stranger would, and compares the statement.
    async fn confirm(&self, left: &Leaving<'_>, referrer: &Digest, bundle: &Bundle) -> Result<(), Failure> {
        let (doing, image) = ("read back the statement just attached", left.image);
        let manifest = self.registry.manifest(&image.repository.image(*referrer)).await;
        let manifest = manifest.map_err(|error| registry_failure(doing, &error))?;
        let found = read::statement(&self.registry, image, &manifest, &left.trust(&self.witnesses)).await;
        match found.map_err(|error| registry_failure(doing, &error))? {
            Ok(believed) if believed.statement.to_bytes() == left.statement.to_bytes() => Ok(()),
            // The registry gave back the bundle, by its digest; that nobody has witnessed it was said before.
            Err(rejection) if rejection.reason() == Reason::Unwitnessed && carries(&manifest, bundle) => Ok(()),
            Ok(_) => Err(unlike(image, "the registry gives back another statement")),
            Err(rejection) => Err(unlike(image, &rejection.to_string())),
        }
    }
}

/// A statement on its way, and who signs it: the holder of a key, or of a certificate.
struct Leaving<'l> {
    image: &'l ImageRef,
    statement: &'l Statement,
    public: Option<PublicKey>,
    holder: Option<Identity>,
}

impl Leaving<'_> {
    fn signer(&self) -> String {
        let holder = || self.holder.as_ref().map(Identity::name);
        self.public.as_ref().map(|key| key.key_id().to_owned()).or_else(holder).unwrap_or_default()
    }

    fn trust<'t>(&'t self, witnesses: &'t Witnesses) -> Trust<'t> {
        witnesses.trust(self.public.as_slice(), self.holder.as_slice())
    }
}

/// Whom the certificate in a bundle names; verified before it is attached.
fn identity(bundle: &Bundle) -> Option<Identity> {
    #[cfg(feature = "keyless")]
    return bundle.identity();
    #[cfg(not(feature = "keyless"))]
    {
        let _ = bundle;
        None
    }
}

fn carries(manifest: &Manifest, bundle: &Bundle) -> bool {
    manifest.blobs().iter().any(|blob| blob.digest == bundle.digest())
}

fn unsealed(image: &ImageRef, error: &SealError) -> Failure {
    let failure = Failure::new(Exit::Unknown, "sign the statement about").subject(image);
    failure.because(error).state("nothing was attached")
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
