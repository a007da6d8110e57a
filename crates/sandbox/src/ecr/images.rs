//! Reading and deleting images.

use super::{Ecr, invalid, page, repository, with_next};
use crate::{
    AwsError, Place,
    registry::{Manifest, Record},
    wire::{Input, epoch},
};
use serde_json::{Value, json};
use std::sync::Arc;
use subject::Digest;

/// An `imageId` of an input, read.
struct Asked {
    /// As it came, to be echoed in failures.
    id: Value,
    digest: Option<Result<Digest, ()>>,
    tag: Option<String>,
}

impl Ecr<'_> {
    pub(super) fn batch_get_image(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let asked = asked(input)?;
        let index = self.cloud.registry.index();
        let record = index.get(name)?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for asked in asked {
            match asked.find(record) {
                Ok(manifest) => images.push(image(name, manifest, asked.tag.as_deref())),
                Err((code, reason)) => failures.push(failure(&asked, code, reason)),
            }
        }
        Ok(json!({"images": images, "failures": failures}))
    }

    pub(super) fn batch_delete_image(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let asked = asked(input)?;
        let mut index = self.cloud.registry.index();
        let record = index.get_mut(name)?;
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for asked in asked {
            match asked.find(record).map(|manifest| manifest.digest) {
                Ok(digest) => match delete(record, digest, asked.tag.as_deref()) {
                    Ok(ids) => deleted.extend(ids),
                    Err((code, reason)) => failures.push(failure(&asked, code, reason)),
                },
                Err((code, reason)) => failures.push(failure(&asked, code, reason)),
            }
        }
        Ok(json!({"imageIds": deleted, "failures": failures}))
    }

    pub(super) fn describe_images(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let index = self.cloud.registry.index();
        let record = index.get(name)?;
        let mut found: Vec<Arc<Manifest>> = Vec::new();
        if input.value("imageIds").is_some() {
            for asked in asked(input)? {
                let manifest = asked.find(record).map_err(|_| not_found(name, &asked.id))?;
                found.push(Arc::clone(manifest));
            }
        } else {
            found.extend(record.manifests.values().cloned());
        }
        let wanted = tag_filter(input)?;
        found.retain(|manifest| wanted(!record.tags_of(manifest.digest).is_empty()));
        let details = found.iter().map(|manifest| detail(name, record, manifest)).collect();
        let (details, next) = page(details, input, 100)?;
        Ok(with_next(json!({"imageDetails": details}), next))
    }

    pub(super) fn list_images(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let wanted = tag_filter(input)?;
        let index = self.cloud.registry.index();
        let record = index.get(name)?;
        let mut ids = Vec::new();
        for digest in record.manifests.keys() {
            let tags = record.tags_of(*digest);
            if tags.is_empty() && wanted(false) {
                ids.push(json!({"imageDigest": digest}));
            } else if wanted(true) {
                ids.extend(tags.into_iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
            }
        }
        let (ids, next) = page(ids, input, 100)?;
        Ok(with_next(json!({"imageIds": ids}), next))
    }
}

impl Asked {
    fn find<'a>(&self, record: &'a Record) -> Result<&'a Arc<Manifest>, (&'static str, &'static str)> {
        const MISSING: (&str, &str) = ("ImageNotFound", "Requested image not found");
        let by_tag = self.tag.as_deref().map(|tag| record.manifest(tag).ok_or(MISSING)).transpose()?;
        match (self.digest, by_tag) {
            (None, Some(manifest)) => Ok(manifest),
            (None, None) => Err(("MissingDigestAndTag", "Invalid request parameters: both tag and digest are missing")),
            (Some(Err(())), _) => Err(("InvalidImageDigest", "Invalid image digest")),
            (Some(Ok(digest)), Some(manifest)) if manifest.digest != digest => {
                Err(("ImageTagDoesNotMatchDigest", "The tag names another digest"))
            }
            (Some(Ok(digest)), _) => record.manifests.get(&digest).ok_or(MISSING),
        }
    }
}

/// An `Image` of the model: the manifest's bytes as they are.
pub(super) fn image(repository: &str, manifest: &Manifest, tag: Option<&str>) -> Value {
    let mut id = json!({"imageDigest": manifest.digest});
    if let Some(tag) = tag {
        id["imageTag"] = json!(tag);
    }
    json!({
        "registryId": Place::ACCOUNT,
        "repositoryName": repository,
        "imageId": id,
        "imageManifest": String::from_utf8_lossy(&manifest.bytes),
        "imageManifestMediaType": manifest.media_type,
    })
}

fn asked(input: Input<'_>) -> Result<Vec<Asked>, AwsError> {
    let ids = input.list("imageIds");
    if ids.is_empty() || ids.len() > 100 {
        return Err(invalid("imageIds must have 1 to 100 members"));
    }
    let read = |id: &Value| {
        let member = Input::new(id);
        let digest = member.text("imageDigest").map(|text| text.parse().map_err(|_| ()));
        Asked { id: id.clone(), digest, tag: member.text("imageTag").map(str::to_owned) }
    };
    Ok(ids.iter().map(read).collect())
}

/// Deleting by tag takes the image along with its last tag; deleting by digest takes all its tags along. An image that an
/// index lists stays.
fn delete(record: &mut Record, digest: Digest, tag: Option<&str>) -> Result<Vec<Value>, (&'static str, &'static str)> {
    let tags = record.tags_of(digest);
    if let Some(tag) = tag.filter(|_| tags.len() > 1) {
        record.tags.remove(tag);
        return Ok(vec![json!({"imageDigest": digest, "imageTag": tag})]);
    }
    let lists = |manifest: &&Arc<Manifest>| manifest.facts.children.iter().any(|child| child.digest == digest);
    if record.manifests.values().any(|manifest| lists(&manifest)) {
        return Err(("ImageReferencedByManifestList", "Requested image referenced by manifest list"));
    }
    record.delete_manifest(digest);
    if tags.is_empty() {
        return Ok(vec![json!({"imageDigest": digest})]);
    }
    Ok(tags.into_iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})).collect())
}

fn failure(asked: &Asked, code: &str, reason: &str) -> Value {
    json!({"imageId": asked.id, "failureCode": code, "failureReason": reason})
}

fn not_found(repository: &str, id: &Value) -> AwsError {
    let message = format!(
        "The image with imageId {id} does not exist within the repository with name '{repository}' in the registry \
         with id '{}'",
        Place::ACCOUNT
    );
    AwsError::client("ImageNotFoundException", message)
}

/// Whether an image with (true) or without tags is wanted, from `filter.tagStatus`.
fn tag_filter(input: Input<'_>) -> Result<impl Fn(bool) -> bool + use<>, AwsError> {
    let status = input.value("filter").and_then(|filter| Input::new(filter).text("tagStatus"));
    let (tagged, untagged) = match status {
        None | Some("ANY") => (true, true),
        Some("TAGGED") => (true, false),
        Some("UNTAGGED") => (false, true),
        Some(_) => return Err(invalid("tagStatus is TAGGED, UNTAGGED or ANY")),
    };
    Ok(move |has_tags| if has_tags { tagged } else { untagged })
}

fn detail(repository: &str, record: &Record, manifest: &Manifest) -> Value {
    let mut detail = json!({
        "registryId": Place::ACCOUNT,
        "repositoryName": repository,
        "imageDigest": manifest.digest,
        "imageSizeInBytes": manifest.facts.blobs.iter().map(|blob| blob.size).sum::<u64>(),
        "imagePushedAt": epoch(manifest.pushed_at),
        "imageManifestMediaType": manifest.media_type,
        "imageStatus": "ACTIVE",
    });
    let tags = record.tags_of(manifest.digest);
    if !tags.is_empty() {
        detail["imageTags"] = json!(tags);
    }
    if let Some(media_type) = &manifest.facts.config_media_type {
        detail["artifactMediaType"] = json!(media_type);
    }
    if let Some(subject) = &manifest.facts.subject {
        detail["subjectManifestDigest"] = json!(subject);
    }
    detail
}
