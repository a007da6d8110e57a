//! Whose word counts besides that of keys: a trusted root, and the services that witness what is signed here.

use crate::EvidenceInputs;
use attest::{Bundle, Identity, PublicKey, Trust};
use github::{InputError, Runner};
#[cfg(feature = "keyless")]
use {
    crate::services::Services,
    attest::TrustedRoot,
    std::{fs::File, io::Read as _, path::Path, sync::Arc},
};

/// Neither file is ever larger.
#[cfg(feature = "keyless")]
const LIMIT: u64 = 1 << 20;

/// The trusted root and the services, where there are some.
#[derive(Default)]
pub(crate) struct Witnesses {
    #[cfg(feature = "keyless")]
    pub(crate) root: Option<TrustedRoot>,
    #[cfg(feature = "keyless")]
    pub(crate) services: Option<Arc<Services>>,
}

impl Witnesses {
    /// Reads the files the inputs name.
    ///
    /// # Errors
    /// What is wrong with them.
    #[cfg(feature = "keyless")]
    pub(crate) fn read(runner: &Runner, inputs: &EvidenceInputs) -> Result<Self, Vec<InputError>> {
        let mut errors = Vec::new();
        let mut read = |name: &'static str, path: &Path| {
            let wrong = |problem: String| InputError::new(name, path.display().to_string(), problem);
            let mut text = Vec::new();
            let file = File::open(runner.path(path)).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut text));
            match file {
                Ok(_) => Some(text),
                Err(error) => {
                    errors.push(wrong(format!("cannot be read: {error}")));
                    None
                }
            }
        };
        let root = inputs.trusted_root.as_deref().and_then(|path| Some((path, read("trusted-root", path)?)));
        let services = inputs.signing_config.as_deref().and_then(|path| Some((path, read("signing-config", path)?)));
        let root = root.and_then(|(path, text)| {
            let wrong = |problem: String| InputError::new("trusted-root", path.display().to_string(), problem);
            TrustedRoot::read(&text).map_err(|error| errors.push(wrong(error.to_string()))).ok()
        });
        let services = services.and_then(|(path, text)| {
            let wrong = |problem: String| InputError::new("signing-config", path.display().to_string(), problem);
            Services::read(&text).map_err(|problem| errors.push(wrong(problem))).ok()
        });
        if inputs.signing_config.is_some() && inputs.trusted_root.is_none() {
            // Nothing is left on an image that was not verified first.
            errors.push(
                InputError::unseen("trusted-root", "is needed with `signing-config`").example("trusted_root.json"),
            );
        }
        if errors.is_empty() { Ok(Self { root, services: services.map(Arc::new) }) } else { Err(errors) }
    }

    /// Without the feature there are none.
    #[cfg(not(feature = "keyless"))]
    pub(crate) fn read(_: &Runner, _: &EvidenceInputs) -> Result<Self, Vec<InputError>> {
        Ok(Self::default())
    }

    /// Whether signatures that are made here are shown to anybody.
    pub(crate) fn are_asked(&self) -> bool {
        #[cfg(feature = "keyless")]
        return self.services.is_some();
        #[cfg(not(feature = "keyless"))]
        false
    }

    /// Keys, and holders of certificates where there is a root to verify them with.
    pub(crate) fn trust<'t>(&'t self, keys: &'t [PublicKey], identities: &'t [Identity]) -> Trust<'t> {
        let _ = identities;
        Trust {
            keys,
            #[cfg(feature = "keyless")]
            certificates: self.root.as_ref().map(|root| (root, identities)),
        }
    }

    /// The bundle with the witnesses that could be had, and why others could not.
    pub(crate) async fn witness(&self, bundle: Bundle, key: Option<&PublicKey>) -> (Bundle, Vec<String>) {
        let _ = key;
        #[cfg(feature = "keyless")]
        if let Some(services) = &self.services {
            return services.witness(&bundle, key).await;
        }
        (bundle, Vec::new())
    }
}
