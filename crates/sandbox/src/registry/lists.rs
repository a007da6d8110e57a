//! The two lists: the tags of a repository and the referrers of a digest, in pages.

use super::{Call, Manifest, OCI_INDEX, Referrers, refusal::Refusal};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use subject::Digest;

impl Call<'_> {
    /// `GET /v2/<name>/tags/list[?n=<count>&last=<tag>]`: lexical order is case-insensitive (distribution-spec 1.1).
    pub(super) fn tags(&self, repository: &str) -> Result<Response, Refusal> {
        if self.method != Method::GET {
            return Err(self.wrong_method());
        }
        let mut tags: Vec<String> = self.store.index().get(repository)?.tags.keys().cloned().collect();
        let order = |tag: &str| (tag.to_ascii_lowercase(), tag.to_owned());
        tags.sort_by_key(|tag| order(tag));
        if let Some(last) = self.query.get("last").map(order) {
            tags.retain(|tag| order(tag) > last);
        }
        let more = self.cut(&mut tags)?;
        let mut headers = HeaderMap::new();
        if more && let Some(last) = tags.last() {
            link(&mut headers, &format!("/v2/{repository}/tags/list?n={}&last={last}", tags.len()));
        }
        Ok((headers, Json(json!({"name": repository, "tags": tags}))).into_response())
    }

    /// `GET /v2/<name>/referrers/<digest>[?artifactType=<type>]`
    pub(super) fn referrers(&self, repository: &str, subject: Digest) -> Result<Response, Refusal> {
        let settings = self.store.settings();
        if settings.referrers == Referrers::FallbackTag {
            return Err(Refusal::unsupported("this registry has no referrers API"));
        }
        if self.method != Method::GET {
            return Err(self.wrong_method());
        }
        let wanted = self.query.get("artifactType");
        let last = self.query.get("last").and_then(|text| text.parse::<Digest>().ok());
        let index = self.store.index();
        let mut found: Vec<&Manifest> = index.get(repository)?.referrers(subject).map(AsRef::as_ref).collect();
        found.retain(|referrer| wanted.is_none() || referrer.facts.artifact_type.as_deref() == wanted);
        found.retain(|referrer| last.is_none_or(|last| referrer.digest > last));
        let more = self.cut(&mut found)?;

        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(OCI_INDEX));
        if wanted.is_some() {
            headers.insert(HeaderName::from_static("oci-filters-applied"), HeaderValue::from_static("artifactType"));
        }
        if more && let Some(last) = found.last() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            if let Some(wanted) = wanted {
                query.append_pair("artifactType", wanted);
            }
            let query = query.append_pair("last", &last.digest.to_string()).finish();
            link(&mut headers, &format!("/v2/{repository}/referrers/{subject}?{query}"));
        }
        let manifests: Vec<Value> = found.into_iter().map(descriptor).collect();
        let body = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        Ok((headers, body.to_string()).into_response())
    }

    /// Cuts a list to one page of at most `n`; whether something was cut off.
    fn cut<T>(&self, list: &mut Vec<T>) -> Result<bool, Refusal> {
        let most = self.store.settings().page_size.max(1);
        let size = match self.query.get("n") {
            None => most,
            Some(text) => {
                text.parse::<usize>().map_err(|_| Refusal::pagination_invalid("n is not a number"))?.min(most)
            }
        };
        let more = list.len() > size;
        list.truncate(size);
        Ok(more)
    }
}

/// A referrer as the list shows it: distribution-spec 1.1 "Listing Referrers" wants the annotations, too.
fn descriptor(referrer: &Manifest) -> Value {
    let mut descriptor = json!({
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.bytes.len(),
    });
    if let Some(artifact_type) = &referrer.facts.artifact_type {
        descriptor["artifactType"] = json!(artifact_type);
    }
    if !referrer.facts.annotations.is_empty() {
        descriptor["annotations"] = json!(referrer.facts.annotations);
    }
    descriptor
}

fn link(headers: &mut HeaderMap, target: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("<{target}>; rel=\"next\"")) {
        headers.insert(header::LINK, value);
    }
}
