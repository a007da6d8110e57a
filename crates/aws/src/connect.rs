//! From inputs and environment to a connection: region, endpoints, and the best credentials there are.

use crate::{
    AwsError, AwsInputs,
    endpoint::{endpoint, is_region},
    identity::Identity,
    role::{Role, is_role_arn, session_name},
    service::{LOAD_BALANCING, STS, Service, Wire},
    smithy,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use aws_types::{SdkConfig, region::Region};
use github::{Exit, Failure, InputError, Runner};
use std::{collections::BTreeMap, sync::Arc, time::Duration, time::SystemTime};
use transport::{Limits, Pauses};

/// A connection to AWS: one region, one identity. Cheap to clone; clones share credentials and connections.
#[derive(Debug, Clone)]
pub struct Aws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    region: String,
    http: reqwest::Client,
    sdk_http: SharedHttpClient,
    endpoints: BTreeMap<&'static str, String>,
    identity: Identity,
    pauses: Pauses,
}

impl Aws {
    /// Finds region and credentials. No call is made to a service except to take the role, where one is given.
    ///
    /// Credentials come from `role-to-assume` with the workflow's identity, else from the environment's access key, else
    /// from the chain of `aws-config` (shared files, container and instance roles, web identity file).
    ///
    /// # Errors
    /// A [`Failure`] for malformed inputs, a missing region, or a role that cannot be taken.
    pub async fn connect(runner: &Runner, inputs: &AwsInputs) -> Result<Self, Failure> {
        let doing = || Failure::new(Exit::Unknown, "connect to AWS").state("nothing was changed");
        check(inputs)?;
        // An AWS API answers within seconds or not at all, and a deployment must not hang on a lost answer.
        let limits = Limits { connect: Duration::from_secs(5), total: Some(Duration::from_secs(15)), redirects: 0 };
        let http = transport::client(limits).map_err(|error| doing().because(error))?;
        let sdk_http = smithy::http_client(http.clone());
        let (given, key) = (region_of(runner, inputs), environment_key(runner));
        // Reading shared files and asking instance metadata takes time: not when everything is said already.
        let shared = match (&given, key.is_some() || inputs.role_to_assume.is_some()) {
            (Some(_), true) => None,
            _ => Some(shared_config(&sdk_http, given.clone()).await),
        };
        let region = given
            .or_else(|| shared.as_ref().and_then(SdkConfig::region).map(ToString::to_string))
            .filter(|region| is_region(region))
            .ok_or_else(no_region)?;
        let endpoints = endpoints(runner, &region, shared.as_ref());
        let source = match (&inputs.role_to_assume, key) {
            (Some(arn), _) => {
                let sts = sts_client(&sdk_http, &region, &endpoints);
                SharedCredentialsProvider::new(role(runner, inputs, (arn, sts))?)
            }
            (None, Some(key)) => SharedCredentialsProvider::new(key),
            (None, None) => shared
                .as_ref()
                .and_then(SdkConfig::credentials_provider)
                .ok_or_else(|| doing().because("no credentials"))?,
        };
        let identity = Identity::new(source, inputs.role_to_assume.is_some());
        let pauses = Pauses { attempts: 6, first: Duration::from_millis(200), longest: Duration::from_secs(5) };
        let aws = Self(Arc::new(Inner { region, http, sdk_http, endpoints, identity, pauses }));
        if inputs.role_to_assume.is_some() {
            aws.identity().at(aws.now()).await.map_err(|cause| {
                doing().because(cause).help(
                    "the role's trust policy must allow this workflow's `sub` claim and audience sts.amazonaws.com",
                )
            })?;
        }
        Ok(aws)
    }

    /// The region every call goes to.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0.region
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(crate) fn pauses(&self) -> Pauses {
        self.0.pauses
    }

    /// The moment a request is signed at.
    pub(crate) fn now(&self) -> SystemTime {
        jiff::Timestamp::now().into()
    }

    pub(crate) fn endpoint(&self, wire: Wire) -> &str {
        self.0.endpoints.get(wire.name).map(String::as_str).unwrap_or_default()
    }

    /// A set-up for an official service crate that shares this connection's identity and transport.
    pub(crate) async fn sdk_config(&self, wire: Wire) -> Result<SdkConfig, AwsError> {
        let credentials = self
            .identity()
            .at(self.now())
            .await
            .map_err(|message| AwsError::new(wire.name, "Sign", "NoCredentials", &message))?;
        Ok(sdk_builder(&self.0.sdk_http, &self.0.region)
            .endpoint_url(self.endpoint(wire))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build())
    }
}

/// The malformed ones among the inputs, all at once.
fn check(inputs: &AwsInputs) -> Result<(), Failure> {
    let mut errors = Vec::new();
    if let Some(region) = inputs.aws_region.as_ref().filter(|region| !is_region(region)) {
        errors.push(InputError::new("aws-region", region, "is not the name of a region").example("eu-west-1"));
    }
    if let Some(arn) = inputs.role_to_assume.as_ref().filter(|arn| !is_role_arn(arn)) {
        let example = "arn:aws:iam::123456789012:role/deploy";
        errors.push(InputError::new("role-to-assume", arn, "is not the ARN of an IAM role").example(example));
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::inputs(errors)) }
}

fn no_region() -> Failure {
    Failure::new(Exit::BadInput, "connect to AWS")
        .because("no region is set, or the one set is malformed")
        .state("nothing was changed")
        .help("set the input `aws-region`, for example eu-west-1, or AWS_REGION in the environment")
}

fn region_of(runner: &Runner, inputs: &AwsInputs) -> Option<String> {
    let environment = || runner.env("AWS_REGION").or_else(|| runner.env("AWS_DEFAULT_REGION")).map(str::to_owned);
    inputs.aws_region.clone().or_else(environment)
}

fn environment_key(runner: &Runner) -> Option<Credentials> {
    let (id, secret) = (runner.env("AWS_ACCESS_KEY_ID")?, runner.env("AWS_SECRET_ACCESS_KEY")?);
    let token = runner.env("AWS_SESSION_TOKEN").map(str::to_owned);
    Some(Credentials::new(id, secret, token, None, "environment"))
}

async fn shared_config(http: &SharedHttpClient, region: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http.clone());
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}

/// Where each service answers; a profile's `endpoint_url` comes last before the partition's own host.
fn endpoints(runner: &Runner, region: &str, shared: Option<&SdkConfig>) -> BTreeMap<&'static str, String> {
    let profile = shared.and_then(SdkConfig::endpoint_url);
    let env = |name: &str| runner.env(name).or_else(|| profile.filter(|_| name == "AWS_ENDPOINT_URL"));
    [Service::Ecs, Service::Ecr, Service::CloudWatch, Service::Logs, Service::Kms, Service::CodeDeploy]
        .into_iter()
        .map(Service::wire)
        .chain([LOAD_BALANCING, STS])
        .map(|wire| (wire.name, endpoint(wire, region, env)))
        .collect()
}

fn sdk_builder(http: &SharedHttpClient, region: &str) -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .http_client(http.clone())
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new()))
}

fn sts_client(
    http: &SharedHttpClient,
    region: &str,
    endpoints: &BTreeMap<&'static str, String>,
) -> aws_sdk_sts::Client {
    let endpoint = endpoints.get(STS.name).cloned().unwrap_or_default();
    aws_sdk_sts::Client::new(&sdk_builder(http, region).endpoint_url(endpoint).build())
}

fn role(runner: &Runner, inputs: &AwsInputs, (arn, sts): (&String, aws_sdk_sts::Client)) -> Result<Role, Failure> {
    let run = runner.env("GITHUB_RUN_ID").unwrap_or("local");
    let session = session_name(inputs.role_session_name.as_deref().unwrap_or(&format!("lockkeeper-{run}")));
    Ok(Role { arn: arn.clone(), session, sts, tokens: runner.token_source("sts.amazonaws.com")? })
}
