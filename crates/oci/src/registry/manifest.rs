//! `manifest`, `exists`: an image's manifest by its digest.

use super::{Registry, address, exchange};
use crate::{Error, MANIFEST_LIMIT, Manifest, media};
use bytes::Bytes;
use exchange::Call;
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, ETAG},
};
use subject::{ImageRef, Repository};

/// A manifest's bytes as one tag or digest answered, not yet compared with anything.
pub(super) struct Raw {
    pub(super) bytes: Bytes,
    pub(super) media_type: Option<String>,
    pub(super) etag: Option<String>,
}

impl Registry {
    /// The manifest or index with this digest.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry; [`crate::ErrorKind::Invalid`] when the bytes are not the ones asked for or no manifest.
    pub async fn manifest(&self, image: &ImageRef) -> Result<Manifest, Error> {
        let doing = format!("read the manifest of {image}");
        let raw = self.get_manifest(&doing, &image.repository, &image.digest.to_string()).await?;
        let manifest = Manifest::parse(raw.bytes, raw.media_type.as_deref())
            .map_err(|error| Error::invalid(&doing, error.cause()))?;
        if manifest.digest != image.digest {
            return Err(Error::invalid(doing, format!("the registry answered with {}", manifest.digest)));
        }
        Ok(manifest)
    }

    /// Does the registry have a manifest with this digest?
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry except [`crate::ErrorKind::NotFound`], which is the answer no.
    pub async fn exists(&self, image: &ImageRef) -> Result<bool, Error> {
        let url = address::url(&image.repository, &format!("manifests/{}", image.digest))?;
        let call = Call {
            method: Method::HEAD,
            also: &[404],
            ..Call::get(format!("look for {image}"), &image.repository, url)
        }
        .with_header(ACCEPT, &accepted())?;
        Ok(self.call(&call).await?.status().is_success())
    }

    /// A manifest by tag or digest, as it came.
    pub(super) async fn get_manifest(&self, doing: &str, repository: &Repository, name: &str) -> Result<Raw, Error> {
        let url = address::url(repository, &format!("manifests/{name}"))?;
        let call = Call::get(doing, repository, url).with_header(ACCEPT, &accepted())?;
        let response = self.call(&call).await?;
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (media_type, etag) = (header(CONTENT_TYPE), header(ETAG));
        let bytes = exchange::read_bounded(response, MANIFEST_LIMIT)
            .await
            .map_err(|error| Error::new(error.kind(), doing, error.cause()))?;
        Ok(Raw { bytes, media_type, etag })
    }
}

fn accepted() -> String {
    [media::IMAGE_INDEX, media::IMAGE_MANIFEST, media::DOCKER_LIST, media::DOCKER_MANIFEST].join(", ")
}
