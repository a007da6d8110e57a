//! Reads a package URL from right to left, as purl-spec's "How to parse a PURL" does.

use super::{Fault, PackageUrl, encode::decode};
use std::{borrow::Cow, str::FromStr};

impl<'a> PackageUrl<'a> {
    /// Reads a package URL. Forgives what means nothing: slashes after `pkg:`, the case of the type and of qualifiers' keys,
    /// their order, a bare `@` of an npm scope.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        let (rest, subpath) = text.rsplit_once('#').unwrap_or((text, ""));
        let (rest, pairs) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once(':').ok_or(Fault::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(Fault::Scheme);
        }
        let (ty, rest) = rest.trim_start_matches('/').split_once('/').ok_or(Fault::Type)?;
        // What stands behind an `@` with a slash after it is a name in a scope, not a version.
        let (path, version) = rest.rsplit_once('@').filter(|(_, version)| !version.contains('/')).unwrap_or((rest, ""));
        let path = path.trim_start_matches('/');
        // The one type whose name is a path, behind a namespace of one segment (purl-spec, types/git).
        let split = if ty.eq_ignore_ascii_case("git") { path.split_once('/') } else { path.rsplit_once('/') };
        let (namespace, name) = split.unwrap_or(("", path));
        let (namespace, subpath) = (segments(namespace)?, segments(subpath)?);
        let (name, version, qualifiers) = (decode(name)?, decode(version)?, qualifiers(pairs)?);
        Self { ty: ty.into(), namespace, name, version, qualifiers, subpath }.canonical()
    }

    /// The same with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> PackageUrl<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        PackageUrl {
            ty: own(self.ty),
            namespace: own(self.namespace),
            name: own(self.name),
            version: own(self.version),
            qualifiers: self.qualifiers.into_iter().map(|(key, value)| (own(key), own(value))).collect(),
            subpath: own(self.subpath),
        }
    }
}

impl FromStr for PackageUrl<'static> {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        PackageUrl::parse(text).map(PackageUrl::into_owned)
    }
}

/// A path of encoded segments; a slash inside of one would make it two.
fn segments(path: &str) -> Result<Cow<'_, str>, Fault> {
    let hidden = path.as_bytes().windows(3).any(|three| three.eq_ignore_ascii_case(b"%2f"));
    if hidden { Err(Fault::Encoding) } else { decode(path) }
}

type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn qualifiers(pairs: &str) -> Result<Pairs<'_>, Fault> {
    let pairs = pairs.split('&').filter(|pair| !pair.is_empty());
    let read = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').ok_or(Fault::Qualifier)?;
        let upper = key.bytes().any(|byte| byte.is_ascii_uppercase());
        let key = if upper { Cow::Owned(key.to_ascii_lowercase()) } else { Cow::Borrowed(key) };
        Ok((key, decode(value)?))
    });
    read.collect()
}
