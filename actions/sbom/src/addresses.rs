//! Where a package and its source are to be found.

use crate::{
    graph::{Origin, Package, ReferenceKind},
    lexical,
    purl::PackageUrl,
};
use std::borrow::Cow;

/// What the source states and what the purl's qualifiers say, as absolute URIs, each once, sorted.
#[must_use]
pub fn addresses(package: &Package) -> Vec<(ReferenceKind, Cow<'_, str>)> {
    let stated = package.references.iter().filter_map(|r| Some((r.kind, lexical::uri(&r.url)?)));
    let mut all: Vec<(ReferenceKind, Cow<'_, str>)> = stated.collect();
    if let Origin::Purl(purl) = &package.origin
        && purl.contains("_url=")
        && let Ok(purl) = PackageUrl::parse(purl)
    {
        for (key, kind) in [("vcs_url", ReferenceKind::Vcs), ("download_url", ReferenceKind::Distribution)] {
            let url = purl.qualifier(key).and_then(lexical::uri);
            all.extend(url.map(|url| (kind, Cow::Owned(url.into_owned()))));
        }
    }
    all.sort();
    all.dedup();
    all
}
