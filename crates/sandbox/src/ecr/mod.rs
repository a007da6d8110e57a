//! Amazon ECR's own API over the registry's store: what ECR calls an image is the manifest the registry keeps, so both
//! doors show the same digests and refuse by the same rules. Error names and texts are ECR's.

mod images;
mod layers;
mod put_image;
mod referrers;
mod repositories;

use crate::{
    AwsError, Cloud, Place,
    registry::Fault,
    wire::{Input, epoch},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers `AmazonEC2ContainerRegistry_V20150921.<operation>`.
pub(crate) async fn call(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Result<Value, AwsError> {
    let ecr = Ecr { cloud, now: Timestamp::now() };
    let input = Input::new(&input);
    match operation {
        "BatchCheckLayerAvailability" => ecr.batch_check_layer_availability(input),
        "BatchDeleteImage" => ecr.batch_delete_image(input),
        "BatchGetImage" => ecr.batch_get_image(input),
        "CreateRepository" => ecr.create_repository(input),
        "DeleteRepository" => ecr.delete_repository(input),
        "DescribeImages" => ecr.describe_images(input),
        "DescribeRepositories" => ecr.describe_repositories(input),
        "GetAuthorizationToken" => Ok(ecr.get_authorization_token()),
        "ListImageReferrers" => ecr.list_image_referrers(input),
        "ListImages" => ecr.list_images(input),
        "PutImage" => ecr.put_image(input),
        "PutImageTagMutability" => ecr.put_image_tag_mutability(input),
        _ => Err(AwsError::not_here(operation)),
    }
}

/// One call: the cloud it is made to and when.
struct Ecr<'a> {
    cloud: &'a Cloud,
    now: Timestamp,
}

impl Ecr<'_> {
    fn get_authorization_token(&self) -> Value {
        let token = self.cloud.registry.tokens.issue(self.now);
        json!({"authorizationData": [{
            "authorizationToken": token.encoded(),
            "expiresAt": epoch(token.expires_at),
            "proxyEndpoint": self.cloud.place.endpoint(),
        }]})
    }
}

/// The repository an input names; another account's registry has none.
fn repository<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let name = input.required("repositoryName")?;
    match input.text("registryId") {
        Some(registry) if registry != Place::ACCOUNT => Err(repository_not_found(name, registry)),
        _ => Ok(name),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}

fn repository_not_found(name: &str, registry: &str) -> AwsError {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    AwsError::client("RepositoryNotFoundException", message)
}

/// Cuts a list to the page an input asks for: the items, and the token of the next page.
fn page<T>(items: Vec<T>, input: Input<'_>, default: u32) -> Result<(Vec<T>, Option<String>), AwsError> {
    let size = input.count("maxResults")?.unwrap_or(default);
    if size == 0 {
        return Err(invalid("maxResults must be at least 1"));
    }
    let start = match input.text("nextToken") {
        None => 0,
        Some(token) => read_token(token).ok_or_else(|| invalid("nextToken is not one of this registry"))?,
    };
    let end = start.saturating_add(size as usize);
    let next = (end < items.len()).then(|| BASE64_STANDARD.encode(end.to_string()));
    Ok((items.into_iter().skip(start).take(size as usize).collect(), next))
}

fn read_token(token: &str) -> Option<usize> {
    String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?.parse().ok()
}

/// `answer` with the token of the next page, if there is one.
fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    answer
}

impl From<Fault> for AwsError {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        match fault {
            Fault::RepositoryUnknown(name) => repository_not_found(&name, Place::ACCOUNT),
            Fault::RepositoryExists(name) => Self::client(
                "RepositoryAlreadyExistsException",
                format!(
                    "The repository with name '{name}' already exists in the registry with id '{}'",
                    Place::ACCOUNT
                ),
            ),
            Fault::RepositoryNotEmpty(name) => Self::client(
                "RepositoryNotEmptyException",
                format!(
                    "The repository with name '{name}' in registry with id '{}' cannot be deleted because it still \
                     contains images",
                    Place::ACCOUNT
                ),
            ),
            Fault::BlobsUnknown(_) => Self::client("LayersNotFoundException", message),
            Fault::ChildrenUnknown(_) => Self::client("ReferencedImagesNotFoundException", message),
            Fault::TagImmutable { .. } => Self::client("ImageTagAlreadyExistsException", message),
            Fault::AlreadyThere(_) => Self::client("ImageAlreadyExistsException", message),
            Fault::ManifestTooLarge | Fault::ManifestInvalid(_) | Fault::SizeInvalid(_) | Fault::ConditionFailed => {
                invalid(message)
            }
        }
    }
}
