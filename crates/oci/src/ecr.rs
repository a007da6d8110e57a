//! The profile of manifests that ECR takes: narrower than the image-spec, and its refusal (405, "Invalid JSON syntax") does
//! not say why.
//!
//! What we write ourselves stays within it everywhere, so that an image can go to ECR one day. Others' artifacts are copied
//! as they are; where a registry refuses one, [`faults`] tells what may be the reason. Sources: aws/containers-roadmap #2023
//! (`data`), #2306 (parameters in types), #2783 (types outside the vendor tree), containerd/acceleration-service#353 (notes
//! on the configuration), aws/aws-cli#8620 (no `mediaType`).

use crate::{MANIFEST_LIMIT, error::quote};
use serde_json::Value;

/// The longest artifact type (ECR's API model).
const LONGEST_TYPE: usize = 255;

/// What in a manifest ECR is known to refuse; empty when nothing is.
pub(crate) fn faults(manifest: &[u8]) -> Vec<String> {
    let mut faults = Vec::new();
    if manifest.len() > MANIFEST_LIMIT {
        faults.push(format!("it has more than {MANIFEST_LIMIT} bytes"));
    }
    let Ok(manifest) = serde_json::from_slice::<Value>(manifest) else { return faults };
    if manifest.get("mediaType").is_none() {
        faults.push("it has no `mediaType`".to_owned());
    }
    let artifact = manifest.get("artifactType").and_then(Value::as_str);
    if let Some(kind) = artifact.filter(|kind| !is_vendor_type(kind)) {
        faults.push(format!(
            "its artifact type `{}` is not `application/vnd.…` without parameters, up to {LONGEST_TYPE} characters",
            quote(kind, 80)
        ));
    }
    let list = |name: &str| manifest.get(name).and_then(Value::as_array).into_iter().flatten();
    let descriptors: Vec<&Value> =
        manifest.get("config").into_iter().chain(list("layers")).chain(list("manifests")).collect();
    for descriptor in &descriptors {
        let kind = descriptor.get("mediaType").and_then(Value::as_str).unwrap_or_default();
        if kind.contains(';') {
            faults.push(format!("the type `{}` has parameters", quote(kind, 80)));
        }
        if descriptor.get("data").is_some() {
            faults.push("a descriptor holds `data`".to_owned());
        }
    }
    if manifest.get("config").is_some_and(|config| config.get("annotations").is_some()) {
        faults.push("there are annotations on `config`".to_owned());
    }
    faults
}

/// RFC 6838 names in the vendor tree, no parameters.
fn is_vendor_type(kind: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    let name = kind.strip_prefix("application/vnd.").unwrap_or_default();
    kind.len() <= LONGEST_TYPE && !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn artifact() -> Value {
        let empty = json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": "sha256:44", "size": 2});
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "config": empty,
            "layers": [empty],
        })
    }

    #[test]
    fn each_known_refusal_is_named_and_nothing_else_is() {
        let with = |pointer: &str, value: Value| {
            let mut artifact = artifact();
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            artifact.pointer_mut(parent).unwrap()[member] = value;
            artifact
        };
        let mut bare = artifact();
        bare.as_object_mut().unwrap().remove("mediaType");
        let long = |length: usize| format!("application/vnd.{}", "x".repeat(length - "application/vnd.".len()));
        let length = artifact().to_string().len() + r#","annotations":{"a":""}"#.len();
        let largest = with("/annotations", json!({"a": "x".repeat(MANIFEST_LIMIT - length)}));
        assert_eq!(largest.to_string().len(), MANIFEST_LIMIT);
        for (manifest, wanted) in [
            (artifact(), None),
            (largest, None),
            (with("/artifactType", json!(long(255))), None),
            (with("/layers/0/annotations", json!({"a": "b"})), None),
            (bare, Some("no `mediaType`")),
            (with("/artifactType", json!("application/spdx+json")), Some("artifact type `application/spdx+json`")),
            (with("/artifactType", json!("application/vnd.a;version=0.2")), Some("artifact type")),
            (with("/artifactType", json!("application/vnd.")), Some("artifact type")),
            (with("/artifactType", json!(long(256))), Some("artifact type")),
            (with("/layers/0/mediaType", json!("a/b;version=1")), Some("the type `a/b;version=1` has parameters")),
            (with("/layers/0/data", json!("e30=")), Some("`data`")),
            (with("/config/data", json!("e30=")), Some("`data`")),
            (with("/manifests", json!([{"mediaType": "a/b", "data": "e30="}])), Some("`data`")),
            (with("/config/annotations", json!({})), Some("annotations on `config`")),
            (with("/annotations", json!({"a": "x".repeat(MANIFEST_LIMIT)})), Some("more than 4194304 bytes")),
        ] {
            let found = faults(manifest.to_string().as_bytes());
            match wanted {
                None => assert_eq!(found, Vec::<String>::new()),
                Some(wanted) => assert!(found.len() == 1 && found[0].contains(wanted), "{wanted}: {found:?}"),
            }
        }
    }
}
