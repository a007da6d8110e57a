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
mod signer;

pub use failure::registry_failure;
pub use inputs::{EvidenceInputs, RegistryAuth};
pub use leave::Left;
pub use read::{Believed, Found};

use attest::PublicKey;
use aws::{Aws, AwsInputs};
use github::{Failure, Runner};
use oci::Registry;
use signer::Signer;
use subject::{ImageRef, Reference, Repository};

/// Access to the evidence on the images of one registry, and the key that signs ours.
pub struct Evidence<'r> {
    runner: &'r Runner,
    registry: Registry,
    key: Option<Box<dyn Signer>>,
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
        let key = key::read(runner, inputs, aws);
        let login = credentials::choose(runner, inputs, repository, aws);
        let (key, login) = match (key, login) {
            (Ok(key), Ok(login)) => (key, login),
            (key, login) => {
                let errors = key.err().into_iter().chain(login.err().into_iter().flatten()).collect();
                return Err(Failure::inputs(errors));
            }
        };
        let registry = Registry::new(login).map_err(|error| registry_failure("reach the registry", &error))?;
        Ok(Self { runner, registry, key })
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

    /// The public half of the key that signs our statements, where there is one.
    ///
    /// # Errors
    /// A [`Failure`] when a service keeps the key and cannot be asked.
    pub async fn own_key(&self) -> Result<Option<PublicKey>, Failure> {
        match &self.key {
            Some(key) => key.public().await.map(Some),
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
