//! Asking whether layers are here before pushing them.

use super::{Ecr, invalid, repository};
use crate::{AwsError, wire::Input};
use serde_json::{Value, json};
use subject::Digest;

impl Ecr<'_> {
    pub(super) fn batch_check_layer_availability(&self, input: Input<'_>) -> Result<Value, AwsError> {
        let name = repository(input)?;
        let asked = input.texts("layerDigests");
        if asked.is_empty() || asked.len() > 100 {
            return Err(invalid("layerDigests must have 1 to 100 members"));
        }
        let index = self.cloud.registry.index();
        let blobs = &index.get(name)?.blobs;
        let (mut layers, mut failures) = (Vec::new(), Vec::new());
        for text in asked {
            match text.parse::<Digest>() {
                Ok(digest) => layers.push(match blobs.get(&digest) {
                    Some(size) => json!({"layerDigest": text, "layerAvailability": "AVAILABLE", "layerSize": size}),
                    None => json!({"layerDigest": text, "layerAvailability": "UNAVAILABLE"}),
                }),
                Err(error) => failures.push(json!({
                    "layerDigest": text,
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": error.to_string(),
                })),
            }
        }
        Ok(json!({"layers": layers, "failures": failures}))
    }
}
