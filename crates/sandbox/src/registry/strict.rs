//! What ECR does not take, though the image-spec allows it. Its answer is the same for all of it.
//!
//! Sources: aws/containers-roadmap #2023, #2306, #2783, aws/aws-cli #8620, containerd/acceleration-service #353. Written
//! without a look at the clients' own idea of the rules.

use super::refusal::Refusal;
use serde_json::Value;

/// Refuses a manifest as ECR does: without telling why.
pub(super) fn check(manifest: &[u8]) -> Result<(), Refusal> {
    let Ok(manifest) = serde_json::from_slice::<Value>(manifest) else { return Ok(()) };
    if pleases(&manifest) {
        return Ok(());
    }
    let words = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
    Err(Refusal::method_not_allowed(words))
}

fn pleases(manifest: &Value) -> bool {
    let mut parts = Vec::from_iter(manifest.get("config"));
    for list in ["layers", "manifests"] {
        parts.extend(manifest.get(list).and_then(Value::as_array).into_iter().flatten());
    }
    let plain = |part: &&Value| part.get("data").is_none() && !part["mediaType"].as_str().unwrap_or("").contains(';');
    let artifact_type = manifest.get("artifactType").map(|kind| kind.as_str().unwrap_or(""));
    manifest.get("mediaType").is_some()
        && manifest["config"].get("annotations").is_none()
        && artifact_type.is_none_or(|it| it.starts_with("application/vnd.") && !it.contains(';') && it.len() <= 255)
        && parts.iter().all(plain)
}
