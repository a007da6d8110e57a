//! Package URLs (ECMA-427, "purl"): built from their parts or read from text, printed in canonical form.
//!
//! The specification's own test suite is run in `tests/purl.rs`.

mod encode;
mod parse;
mod rules;
mod shorthand;

pub use shorthand::{cargo, deb, npm, oci, pypi, pypi_name, without_credentials};

use std::borrow::Cow;

/// A package URL in the making.
#[derive(Debug, Clone)]
pub struct Purl<'a>(PackageUrl<'a>);

/// A package URL in its decoded parts, in canonical form; [`Display`](std::fmt::Display) prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageUrl<'a> {
    ty: Cow<'a, str>,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    version: Cow<'a, str>,
    qualifiers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    subpath: Cow<'a, str>,
}

/// Why a text, or the parts given, are no package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not begin with `pkg:`.
    #[error("it does not begin with `pkg:`")]
    Scheme,
    /// The type is missing, or is not letters, digits, `.` and `-` after a letter.
    #[error("its type is missing or malformed")]
    Type,
    /// The type asks for a namespace and there is none, or the other way round.
    #[error("its type asks for a namespace, or has none")]
    Namespace,
    /// There is no name, or one that the type does not allow.
    #[error("its name is missing, or is none of its type")]
    Name,
    /// The type does not allow the version.
    #[error("its version is none of its type")]
    Version,
    /// A key is malformed, is there twice, or is missing though the type asks for it.
    #[error("a qualifier is malformed, doubled or missing")]
    Qualifier,
    /// A percent sign that begins no encoded byte, or bytes that are no UTF-8.
    #[error("it is no percent-encoded UTF-8")]
    Encoding,
}

impl<'a> Purl<'a> {
    /// Begins one of a type such as `npm`.
    #[must_use]
    pub fn new(ty: &'a str, name: &'a str) -> Self {
        let none = Cow::Borrowed("");
        let (namespace, version, subpath) = (none.clone(), none.clone(), none);
        Self(PackageUrl { ty: ty.into(), namespace, name: name.into(), version, qualifiers: Vec::new(), subpath })
    }

    /// The namespace; segments are divided by `/`. Empty is none.
    #[must_use]
    pub fn namespace(mut self, namespace: &'a str) -> Self {
        self.0.namespace = namespace.into();
        self
    }

    /// The version. Empty is none.
    #[must_use]
    pub fn version(mut self, version: &'a str) -> Self {
        self.0.version = version.into();
        self
    }

    /// One more qualifier; an empty value is as none ("Rules for each PURL component").
    #[must_use]
    pub fn qualifier(mut self, key: &'a str, value: &'a str) -> Self {
        self.0.qualifiers.push((key.into(), value.into()));
        self
    }

    /// The path inside the package. Empty is none.
    #[must_use]
    pub fn subpath(mut self, subpath: &'a str) -> Self {
        self.0.subpath = subpath.into();
        self
    }

    /// The canonical form; `None` when a part breaks the rules of the type.
    #[must_use]
    pub fn build(&self) -> Option<String> {
        self.0.clone().canonical().ok().map(|purl| purl.to_string())
    }
}

impl PackageUrl<'_> {
    /// The type, in lowercase.
    #[must_use]
    pub fn ty(&self) -> &str {
        &self.ty
    }

    /// The namespace, segments divided by `/`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        Some(&*self.namespace).filter(|text| !text.is_empty())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        Some(&*self.version).filter(|text| !text.is_empty())
    }

    /// The value of a qualifier.
    #[must_use]
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(known, _)| known == key).map(|(_, value)| &**value)
    }
}
