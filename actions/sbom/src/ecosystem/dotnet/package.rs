//! One NuGet package, however it is listed.

use super::super::{ParseError, shorten};
use crate::{
    graph::{Checksum, Origin, Package, Scope},
    purl::Purl,
};
use base64::Engine as _;

/// A package of a registry. Which registry is not written in any of NuGet's lists.
///
/// # Errors
/// [`ParseError`] for a name that cannot be a package's.
pub(super) fn registered(name: &str, version: &str) -> Result<Package, ParseError> {
    let purl = Purl::new("nuget", name).version(version).build().ok_or_else(|| wrong(name))?;
    Ok(stated(name, Some(version), Origin::Purl(purl)))
}

/// A project of the solution.
///
/// # Errors
/// [`ParseError`] for an empty name.
pub(super) fn project(name: &str, version: Option<&str>) -> Result<Package, ParseError> {
    if name.is_empty() { Err(wrong(name)) } else { Ok(stated(name, version, Origin::Own)) }
}

/// A package whose scope is not stated: no list tells build tools from what is shipped.
fn stated(name: &str, version: Option<&str>, origin: Origin) -> Package {
    let mut package = Package::new(name, version.map(str::to_owned), origin);
    package.scope = Scope::Unstated;
    package
}

fn wrong(name: &str) -> ParseError {
    ParseError::at(1, format!("`{}` cannot be a package's name", shorten(name)))
}

/// NuGet's content hash: the SHA-512, in base64, of the `.nupkg` without its signature (NuGet/Home wiki, "Repeatable build
/// using lock file"). `sha512-` may stand before it.
///
/// # Errors
/// [`ParseError`] when it is not that.
pub(super) fn content_hash(package: &mut Package, hash: &str) -> Result<(), ParseError> {
    let value = hash.strip_prefix("sha512-").unwrap_or(hash);
    if value.is_empty() {
        return Ok(());
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(value).ok().filter(|bytes| bytes.len() == 64);
    let wrong = || ParseError::at(1, format!("the hash of `{}` is not SHA-512 in base64", shorten(&package.name)));
    let hex = hex::encode(bytes.ok_or_else(wrong)?);
    package.checksums.insert(Checksum { algorithm: "SHA-512", hex });
    Ok(())
}
