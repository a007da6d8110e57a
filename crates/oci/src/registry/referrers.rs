//! `referrers`: what refers to an image, by the referrers API, or by the fallback tag where a registry has none.
//!
//! Each entry is only a hint. Its manifest is fetched and its `subject` compared with the image asked about, because
//! registries have been seen to answer with the image itself (oras-go#1396), with other artifact types and without the
//! annotations (provenance: reference page on attestations).

use super::{
    Registry, address,
    exchange::{self, Call},
};
use crate::{Descriptor, Error, ErrorKind, Index, Kind, MANIFEST_LIMIT, Manifest, error::quote, media, together};
use futures_util::future::BoxFuture;
use reqwest::{
    Response, Url,
    header::{CONTENT_TYPE, LINK},
};
use std::collections::BTreeSet;
use subject::{Digest, ImageRef};

/// Pages of a listing beyond this are a registry that goes round in circles.
const PAGES: usize = 64;
/// No image has so many referrers; each costs a request.
const REFERRERS: usize = 4096;

/// An artifact that really refers to the image asked about.
#[derive(Debug, Clone)]
pub struct Referrer {
    /// Its manifest, checked; its notes and artifact type are in there.
    pub manifest: Manifest,
}

impl Referrer {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.manifest.digest
    }

    /// Its layers; none for an index.
    #[must_use]
    pub fn layers(&self) -> &[Descriptor] {
        match &self.manifest.kind {
            Kind::Image(image) => &image.layers,
            Kind::Index(_) => &[],
        }
    }
}

/// An entry of the listing that is not what it claims to be, or cannot be read.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The entry's digest.
    pub digest: Digest,
    /// Why it does not count, as a fragment.
    pub why: String,
}

/// What refers to an image, in the listing's order.
#[derive(Debug, Clone, Default)]
pub struct Referrers {
    /// The true ones, of the artifact type asked for.
    pub found: Vec<Referrer>,
    /// Entries that were listed and do not count; never to be passed over in silence.
    pub refused: Vec<Refused>,
}

/// What a registry's referrers API says.
pub(super) enum Listing {
    /// It has one.
    Api(Vec<Descriptor>),
    /// It has none.
    Absent,
}

impl Registry {
    /// What refers to this image, all of it or one artifact type.
    ///
    /// An image without referrers, and one the registry does not know, both have none.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry. A single entry's fault is no error but in [`Referrers::refused`], except where a
    /// later attempt may work.
    pub async fn referrers(&self, image: &ImageRef, artifact_type: Option<&str>) -> Result<Referrers, Error> {
        let listed = self.entries(image).await?;
        let doing = format!("read the referrers of {image}");
        if listed.len() > REFERRERS {
            return Err(Error::invalid(doing, format!("{} of them are more than {REFERRERS}", listed.len())));
        }
        let mut seen = BTreeSet::new();
        let mut referrers = Referrers::default();
        let entries = listed.iter().map(|entry| entry.digest).filter(|digest| seen.insert(*digest));
        let one = |digest| Box::pin(self.referrer(image, digest)) as BoxFuture<'_, _>;
        for found in together(entries.map(one).collect()).await? {
            match found {
                Ok(referrer) => referrers.found.push(referrer),
                Err(refused) => referrers.refused.push(refused),
            }
        }
        // The registry's own filter goes by its own idea of the type, so the filter is ours.
        let wanted =
            |referrer: &Referrer| artifact_type.is_none_or(|wanted| referrer.manifest.artifact_type() == Some(wanted));
        referrers.found.retain(wanted);
        Ok(referrers)
    }

    /// What is listed as referring to an image, by the API or under the fallback tag; none of it looked at.
    pub(crate) async fn entries(&self, image: &ImageRef) -> Result<Vec<Descriptor>, Error> {
        Ok(match self.listing(image).await? {
            Listing::Api(listed) => listed,
            Listing::Absent => {
                self.fallback_index(image).await?.map(|tagged| tagged.index.manifests).unwrap_or_default()
            }
        })
    }

    /// Fetches what an entry promises; the inner error says why it does not count.
    async fn referrer(&self, image: &ImageRef, digest: Digest) -> Result<Result<Referrer, Refused>, Error> {
        let refused = |why: String| Ok(Err(Refused { digest, why }));
        let manifest = match self.manifest(&image.repository.image(digest)).await {
            Ok(manifest) => manifest,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => {
                return refused(error.cause().to_owned());
            }
            Err(error) => return Err(error),
        };
        match manifest.subject() {
            Some(subject) if subject.digest == image.digest => Ok(Ok(Referrer { manifest })),
            Some(subject) => refused(format!("it refers to {}", subject.digest)),
            None => refused("it refers to nothing".to_owned()),
        }
    }

    /// Asks the referrers API. Only answers that mean "there is no such API" make it absent: an outage must not look like
    /// missing evidence.
    pub(super) async fn listing(&self, image: &ImageRef) -> Result<Listing, Error> {
        let doing = format!("list the referrers of {image}");
        if self.capabilities(&image.repository).referrers_api == Some(false) {
            return Ok(Listing::Absent);
        }
        let mut next = Some(address::url(&image.repository, &format!("referrers/{}", image.digest))?);
        let mut listed = Vec::new();
        let mut pages = 0;
        while let Some(url) = next {
            pages += 1;
            if pages > PAGES {
                return Err(Error::invalid(doing, format!("the listing has more than {PAGES} pages")));
            }
            let call = Call { also: &[400, 404, 405, 406, 501], ..Call::get(&doing, &image.repository, url) };
            let response = self.call(&call).await?;
            if !is_listing(&response) {
                // A page that fails after a first good one is an error, not a registry without the API.
                return if pages == 1 {
                    // A repository that has no such API for one image has none for the next.
                    self.learned.note(&image.repository, |known| known.referrers_api = Some(false));
                    Ok(Listing::Absent)
                } else {
                    Err(Error::invalid(doing, format!("page {pages} of the listing is {}", response.status())))
                };
            }
            self.learned.note(&image.repository, |known| known.referrers_api = Some(true));
            next = next_page(&response);
            let body = exchange::read_bounded(response, MANIFEST_LIMIT).await?;
            let page: Index = serde_json::from_slice(&body)
                .map_err(|error| Error::invalid(&doing, format!("not an index: {}", quote(&error.to_string(), 200))))?;
            listed.extend(page.manifests);
        }
        Ok(Listing::Api(listed))
    }
}

fn is_listing(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    response.status().is_success() && media_type == media::IMAGE_INDEX
}

/// `Link: <…>; rel="next"` (RFC 8288), on the same server only.
fn next_page(response: &Response) -> Option<Url> {
    let links = response.headers().get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))?;
    let target = next.split_once('<')?.1.split_once('>')?.0;
    address::follow(response.url(), target).filter(|url| address::same_server(url, response.url()))
}
