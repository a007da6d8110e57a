//! Which login for which registry.

use crate::{EvidenceInputs, RegistryAuth};
use aws::{Aws, EcrCredentials};
use github::{InputError, Runner};
use oci::{Anonymous, Credentials, CredentialsError, DockerConfig, Login, Static};
use std::{path::PathBuf, sync::Arc};
use subject::Repository;

/// Does this registry want an ECR login, as far as its name and the environment tell?
pub(crate) fn wants_ecr(runner: &Runner, inputs: &EvidenceInputs, host: &str) -> bool {
    match inputs.registry_auth {
        RegistryAuth::Ecr => true,
        RegistryAuth::Auto => is_ecr(host) || (oci::is_loopback(host) && is_emulated(runner)),
        RegistryAuth::Docker | RegistryAuth::Basic | RegistryAuth::Anonymous => false,
    }
}

/// `<account>.dkr.ecr.<region>.amazonaws.com`, also in the other partitions. Public images of `public.ecr.aws` need no login.
fn is_ecr(host: &str) -> bool {
    let amazon = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    amazon && (host.contains(".dkr.ecr.") || host.contains(".dkr.ecr-fips."))
}

/// A stand-in for AWS on this machine keeps its registry there, too.
fn is_emulated(runner: &Runner) -> bool {
    ["AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL"].iter().any(|name| runner.env(name).is_some())
}

/// Does Docker's configuration have a login for this registry, and may it be used?
pub(crate) async fn docker_knows(runner: &Runner, inputs: &EvidenceInputs, host: &str) -> bool {
    inputs.registry_auth == RegistryAuth::Auto && docker(runner).login(host).await.is_ok_and(|login| login.is_some())
}

fn docker(runner: &Runner) -> DockerConfig {
    let folder = runner.env("DOCKER_CONFIG").map(PathBuf::from);
    let home =
        || runner.env("HOME").or_else(|| runner.env("USERPROFILE")).map(|home| PathBuf::from(home).join(".docker"));
    DockerConfig::new(folder.or_else(home).unwrap_or_default())
}

/// The credentials these inputs ask for, or what is wrong with them.
pub(crate) fn choose(
    runner: &Runner,
    inputs: &EvidenceInputs,
    repository: &Repository,
    aws: Option<&Aws>,
) -> Result<Arc<dyn Credentials>, Vec<InputError>> {
    let host = repository.registry();
    if inputs.registry_auth != RegistryAuth::Basic {
        let errors = unused(inputs);
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    let ecr = || aws.map(|aws| Arc::new(EcrCredentials::new(aws)) as Arc<dyn Credentials>);
    match inputs.registry_auth {
        RegistryAuth::Anonymous => Ok(Arc::new(Anonymous)),
        RegistryAuth::Docker => Ok(Arc::new(docker(runner))),
        // Without this, no login would be sent, and all one learned is that the registry wants one.
        RegistryAuth::Ecr if aws.is_some() && !is_ecr(host) && !(oci::is_loopback(host) && is_emulated(runner)) => {
            let problem = format!("contradicts the image: {host} is no private ECR registry");
            Err(vec![InputError::new("registry-auth", "ecr", problem).example("registry-auth: auto")])
        }
        RegistryAuth::Ecr => ecr().ok_or_else(|| {
            vec![InputError::new("registry-auth", "ecr", "needs an AWS identity, and this step has none")]
        }),
        RegistryAuth::Auto if wants_ecr(runner, inputs, host) => {
            let sources = ecr().into_iter().chain([Arc::new(docker(runner)) as Arc<dyn Credentials>]).collect();
            Ok(Arc::new(FirstOf(sources)))
        }
        RegistryAuth::Auto => Ok(Arc::new(docker(runner))),
        RegistryAuth::Basic => basic(inputs, host),
    }
}

fn basic(inputs: &EvidenceInputs, host: &str) -> Result<Arc<dyn Credentials>, Vec<InputError>> {
    let missing = |name| InputError::unseen(name, "is needed with `registry-auth: basic`");
    match (&inputs.registry_username, &inputs.registry_password) {
        (Some(username), Some(password)) => Ok(Arc::new(Static::new(host, Login::new(username, password.clone())))),
        (username, password) => {
            let username = username.is_none().then(|| missing("registry-username"));
            let password = password.is_none().then(|| missing("registry-password"));
            Err(username.into_iter().chain(password).collect())
        }
    }
}

/// A password that is given and not used would surprise whoever gave it.
fn unused(inputs: &EvidenceInputs) -> Vec<InputError> {
    let stray =
        |name| InputError::unseen(name, "is used with `registry-auth: basic` only").example("registry-auth: basic");
    let username = inputs.registry_username.as_ref().map(|_| stray("registry-username"));
    let password = inputs.registry_password.as_ref().map(|_| stray("registry-password"));
    username.into_iter().chain(password).collect()
}

/// The first source that has a login.
struct FirstOf(Vec<Arc<dyn Credentials>>);

#[async_trait::async_trait]
impl Credentials for FirstOf {
    async fn login(&self, registry_host: &str) -> Result<Option<Login>, CredentialsError> {
        for source in &self.0 {
            if let Some(login) = source.login(registry_host).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}
