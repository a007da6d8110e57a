//! `PutImage`: a manifest comes in by ECR's own door.

use super::{Ecr, images::image, invalid, repository};
use crate::{
    AwsError, Place,
    registry::{Condition, Fault, Push, Repetition, is_tag},
    wire::Input,
};
use serde_json::{Value, json};
use subject::Digest;

impl Ecr<'_> {
    pub(super) fn put_image(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let manifest = input.required("imageManifest")?;
        let tag = input.text("imageTag");
        if let Some(wrong) = tag.filter(|tag| !is_tag(tag)) {
            return Err(invalid(format!("`{}` is not a tag", wrong.escape_debug())));
        }
        let media_type = match input.text("imageManifestMediaType") {
            Some(media_type) => media_type.to_owned(),
            None => own_media_type(manifest)
                .ok_or_else(|| invalid("the manifest has no mediaType; give imageManifestMediaType"))?,
        };
        let real = Digest::of(manifest.as_bytes());
        if let Some(asked) = input.text("imageDigest").filter(|asked| *asked != real.to_string()) {
            let asked: String = asked.chars().take(80).collect();
            let message = format!("The image manifest has digest '{real}', not '{asked}'");
            return Err(AwsError::client("ImageDigestDoesNotMatchException", message));
        }
        let push = Push {
            bytes: manifest.to_owned().into(),
            media_type: &media_type,
            tag,
            condition: Condition::None,
            repetition: Repetition::Fails,
        };
        match self.cloud.registry.index().push(name, push, self.now) {
            Ok(stored) => Ok(json!({"image": image(name, &stored, tag)})),
            Err(Fault::AlreadyThere(digest)) => Err(already_there(name, digest, tag)),
            Err(fault) => Err(fault.into()),
        }
    }
}

fn own_media_type(manifest: &str) -> Option<String> {
    let document: Value = serde_json::from_str(manifest).ok()?;
    document.get("mediaType")?.as_str().map(str::to_owned)
}

fn already_there(repository: &str, digest: Digest, tag: Option<&str>) -> AwsError {
    let tag = tag.map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
    let message = format!(
        "Image with digest '{digest}'{tag} already exists in the repository with name '{repository}' in registry with \
         id '{}'",
        Place::ACCOUNT
    );
    AwsError::client("ImageAlreadyExistsException", message)
}
