//! `ListImageReferrers`: the referrers list by ECR's own door, where evidence can be archived; here it never is.

use super::{Ecr, invalid, page, repository, with_next};
use crate::{AwsError, wire::Input};
use serde_json::{Value, json};
use subject::Digest;

impl Ecr<'_> {
    pub(super) fn list_image_referrers(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let subject = input.value("subjectId").ok_or_else(|| invalid("subjectId can not be blank."))?;
        let subject: Digest = Input::new(subject)
            .required("imageDigest")?
            .parse()
            .map_err(|error| AwsError::client("ValidationException", format!("imageDigest: {error}")))?;
        let filter = Input::new(input.value("filter").unwrap_or(&Value::Null));
        let types = filter.texts("artifactTypes");
        if types.len() > 5 {
            return Err(invalid("artifactTypes must have at most 5 members"));
        }
        let none = match filter.text("artifactStatus") {
            None | Some("ACTIVE" | "ANY") => false,
            Some("ARCHIVED" | "ACTIVATING") => true,
            Some(_) => return Err(invalid("artifactStatus is ACTIVE, ARCHIVED, ACTIVATING or ANY")),
        };
        let index = self.cloud.registry.index();
        let found = index.get(name)?.referrers(subject).filter(|referrer| {
            let own = referrer.facts.artifact_type.as_deref();
            !none && (types.is_empty() || own.is_some_and(|own| types.contains(&own)))
        });
        let shown = found.map(|referrer| {
            let mut shown = json!({
                "digest": referrer.digest,
                "mediaType": referrer.media_type,
                "size": referrer.bytes.len(),
                "annotations": referrer.facts.annotations,
                "artifactStatus": "ACTIVE",
            });
            if let Some(artifact_type) = &referrer.facts.artifact_type {
                shown["artifactType"] = json!(artifact_type);
            }
            shown
        });
        let (referrers, next) = page(shown.collect(), input, 50)?;
        Ok(with_next(json!({"referrers": referrers}), next))
    }
}
