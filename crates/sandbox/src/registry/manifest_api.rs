//! Pulling, pushing and deleting manifests.

use super::{
    Call, Condition, MANIFEST_LIMIT, Manifest, Manifests, Push, Referrers, Repetition, refusal::Refusal,
    route::Version, strict,
};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use std::sync::Arc;
use subject::Digest;

impl Call<'_> {
    pub(super) async fn manifest(&self, repository: &str, version: Version, body: Body) -> Result<Response, Refusal> {
        match self.method {
            Method::GET | Method::HEAD => self.pull_manifest(repository, &version),
            Method::PUT => {
                let bytes = Limited::new(body, MANIFEST_LIMIT).collect().await.map_err(|error| {
                    if error.is::<http_body_util::LengthLimitError>() {
                        Refusal::too_large(format!("a manifest may have {MANIFEST_LIMIT} bytes"))
                    } else {
                        Refusal::manifest_invalid("the body broke off")
                    }
                })?;
                self.push_manifest(repository, version, bytes.to_bytes())
            }
            Method::DELETE => self.delete_manifest(repository, version),
            _ => Err(self.wrong_method()),
        }
    }

    fn pull_manifest(&self, repository: &str, version: &Version) -> Result<Response, Refusal> {
        let manifest = self.find(repository, version)?;
        let etag = format!("\"{}\"", manifest.digest);
        if self.header("if-none-match") == Some(&etag) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
        }
        let headers = [
            (header::CONTENT_TYPE, manifest.media_type.clone()),
            (header::CONTENT_LENGTH, manifest.bytes.len().to_string()),
            (header::ETAG, etag),
            (header::HeaderName::from_static("docker-content-digest"), manifest.digest.to_string()),
        ];
        let body = if self.method == Method::HEAD { Bytes::new() } else { manifest.bytes.clone() };
        Ok((headers, body).into_response())
    }

    fn push_manifest(&self, repository: &str, version: Version, bytes: Bytes) -> Result<Response, Refusal> {
        if self.store.settings().manifests == Manifests::AsEcr {
            strict::check(&bytes)?;
        }
        let real = Digest::of(&bytes);
        let tag = match &version {
            Version::Digest(asked) if *asked != real => {
                return Err(Refusal::digest_invalid(format!("the manifest has digest {real}, not {asked}")));
            }
            Version::Digest(_) => None,
            Version::Tag(tag) => Some(tag.as_str()),
        };
        let media_type = self.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let push = Push { bytes, media_type, tag, condition: self.condition()?, repetition: Repetition::Succeeds };
        let manifest = self.store.index().push(repository, push, self.now)?;
        let mut response = StatusCode::CREATED.into_response();
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        };
        set("location", format!("/v2/{repository}/manifests/{}", manifest.digest));
        set("docker-content-digest", manifest.digest.to_string());
        if let Some(subject) = manifest.facts.subject
            && self.store.settings().referrers == Referrers::Api
        {
            set("oci-subject", subject.to_string());
        }
        Ok(response)
    }

    /// `If-Match: "<digest>"` and `If-None-Match: *`, with which a client wins or loses a race but never overwrites.
    fn condition(&self) -> Result<Condition, Refusal> {
        if self.header("if-none-match") == Some("*") {
            return Ok(Condition::IsFree);
        }
        let Some(etag) = self.header("if-match") else {
            return Ok(Condition::None);
        };
        let digest = etag.trim_matches('"').parse();
        digest.map(Condition::Names).map_err(|_| Refusal::precondition_failed("If-Match is not an ETag from here"))
    }

    fn delete_manifest(&self, repository: &str, version: Version) -> Result<Response, Refusal> {
        let mut index = self.store.index();
        let record = index.get_mut(repository)?;
        let was_there = match &version {
            Version::Tag(tag) => record.tags.remove(tag).is_some(),
            Version::Digest(digest) => record.delete_manifest(*digest),
        };
        if was_there { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(unknown(repository, &version)) }
    }

    fn find(&self, repository: &str, version: &Version) -> Result<Arc<Manifest>, Refusal> {
        let index = self.store.index();
        let record = index.get(repository)?;
        let found = match version {
            Version::Tag(tag) => record.manifest(tag),
            Version::Digest(digest) => record.manifests.get(digest),
        };
        found.cloned().ok_or_else(|| unknown(repository, version))
    }
}

fn unknown(repository: &str, version: &Version) -> Refusal {
    let wanted = match version {
        Version::Tag(tag) => tag.clone(),
        Version::Digest(digest) => digest.to_string(),
    };
    Refusal::manifest_unknown(format!("{wanted} is not in {repository}"))
}
