//! Evidence on a digest: leaving a signed statement, reading the statements that are there.
//!
//! Every action does this the same way, so the inputs, the choice of credentials and the words of failure are here once.
//! A statement is sealed into a bundle and attached to the image as a referrer; it is then read back from the registry
//! and verified, because evidence that nobody finds is none. The same statement again is the same referrer.

mod credentials;
mod failure;
mod gather;
mod inputs;
mod key;
mod leave;
mod read;
#[cfg(feature = "keyless")]
mod services;
mod signer;
mod witness;

pub use failure::registry_failure;
pub use inputs::{EvidenceInputs, RegistryAuth};
pub use leave::Left;
pub use read::{Believed, Found};

use attest::{Identity, PublicKey, Trust};
use aws::{Aws, AwsInputs};
use github::{Failure, Runner};
use oci::Registry;
use signer::Signer;
use subject::{ImageRef, Reference, Repository};
use witness::Witnesses;

/// Access to the evidence on the images of one registry, and the key that signs ours.
pub struct Evidence<'r> {
    runner: &'r Runner,
    registry: Registry,
    key: Option<Box<dyn Signer>>,
    witnesses: Witnesses,
    /// Holders of certificates whose statements are believed.
    identities: Vec<Identity>,
}

impl<'r> Evidence<'r> {
    /// Reads the signing key and chooses credentials for the registry of `repository`; nothing is sent yet.
    ///
    /// `aws` is a connection the action has anyway; without one, ECR logins come from Docker's configuration only, and a key
    /// in KMS is a wrong input. An action that has none should use [`Evidence::connect`].
    ///
    /// # Errors
    /// A [`Failure`] naming all wrong inputs at once.
    pub fn open(
        runner: &'r Runner,
        inputs: &EvidenceInputs,
        repository: &Repository,
        aws: Option<&Aws>,
    ) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let witnesses = Witnesses::read(runner, inputs).map_err(|wrong| errors.extend(wrong)).ok();
        let key = key::read(runner, inputs, aws, witnesses.as_ref().unwrap_or(&Witnesses::default()));
        let key = key.map_err(|wrong| errors.push(wrong)).ok();
        let login = credentials::choose(runner, inputs, repository, aws);
        let login = login.map_err(|wrong| errors.extend(wrong)).ok();
        let (Some(key), Some(login), Some(witnesses)) = (key, login, witnesses) else {
            return Err(Failure::inputs(errors));
        };
        let registry = Registry::new(login).map_err(|error| registry_failure("reach the registry", &error))?;
        Ok(Self { runner, registry, key, witnesses, identities: Vec::new() })
    }

    /// The same access, that also believes what these holders of certificates say when [`Evidence::gather`] and
    /// [`Evidence::pieces`] are asked; there has to be a trusted root to verify their certificates with.
    #[must_use]
    pub fn believing(mut self, identities: Vec<Identity>) -> Self {
        self.identities = identities;
        self
    }

    /// Whom [`Evidence::gather`] and [`Evidence::pieces`] believe.
    fn trust<'t>(&'t self, keys: &'t [PublicKey]) -> Trust<'t> {
        self.witnesses.trust(keys, &self.identities)
    }

    /// As [`Evidence::open`], connecting to AWS first when the registry is one that wants an ECR login, or the key is there.
    ///
    /// # Errors
    /// A [`Failure`] naming all wrong inputs, or saying why AWS cannot be reached when the registry needs it.
    pub async fn connect(
        runner: &'r Runner,
        inputs: &EvidenceInputs,
        repository: &Repository,
        aws: &AwsInputs,
    ) -> Result<Self, Failure> {
        if key::wants_aws(inputs) {
            let aws = Aws::connect(runner, aws).await?;
            return Self::open(runner, inputs, repository, Some(&aws));
        }
        if !credentials::wants_ecr(runner, inputs, repository.registry()) {
            return Self::open(runner, inputs, repository, None);
        }
        match Aws::connect(runner, aws).await {
            Ok(aws) => Self::open(runner, inputs, repository, Some(&aws)),
            // A step before may have logged in with Docker; then AWS is not needed here.
            Err(failure) if credentials::docker_knows(runner, inputs, repository.registry()).await => {
                runner.detail(format!("{}; using the Docker login for {}", failure.headline(), repository.registry()));
                Self::open(runner, inputs, repository, None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The registry client, with the credentials chosen.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The public half of the key that signs our statements, where there is one; a certificate's key is another each time.
    ///
    /// # Errors
    /// A [`Failure`] when a service keeps the key and cannot be asked.
    pub async fn own_key(&self) -> Result<Option<PublicKey>, Failure> {
        match &self.key {
            Some(key) => key.public().await,
            None => Ok(None),
        }
    }

    /// Will statements be signed and attached?
    #[must_use]
    pub fn signs(&self) -> bool {
        self.key.is_some()
    }

    /// The one image a reference means: a tag is resolved now and said so, a digest is looked for.
    ///
    /// # Errors
    /// A [`Failure`] when the registry does not have it or cannot be asked.
    pub async fn pin(&self, reference: &Reference) -> Result<ImageRef, Failure> {
        let failed = |error: &oci::Error| registry_failure("find the image", error).state("nothing was changed");
        match reference {
            Reference::Tag(tag) => {
                let image = self.registry.resolve(tag).await.map_err(|error| failed(&error))?;
                self.runner.info(format!("{tag} is {} now; the tag is not looked at again", image.digest));
                Ok(image)
            }
            Reference::Image(image) => match self.registry.exists(image).await {
                Ok(true) => Ok(image.clone()),
                Ok(false) => Err(failure::missing(image)),
                Err(error) => Err(failed(&error)),
            },
        }
    }
}
