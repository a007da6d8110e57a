//! What makes two components the same package in two versions.

use super::Part;
use crate::purl::{PackageUrl, pypi_name};
use serde::{Serialize, Serializer};
use std::fmt;

/// The qualifiers that tell two packages of one name apart; the others say where a package comes from.
const DISTINGUISHING: [&str; 3] = ["arch", "classifier", "type"];

/// A package without its version: ecosystem and name. Two tools that write the same package differently give the same key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    ecosystem: String,
    name: String,
}

impl Key {
    /// The key of a part.
    #[must_use]
    pub fn of(part: &Part) -> Self {
        match &part.purl {
            Some(purl) => Self::of_purl(purl),
            None => Self { ecosystem: part.kind.clone(), name: part.full_name() },
        }
    }

    /// The key of a purl.
    #[must_use]
    pub fn of_purl(purl: &PackageUrl<'_>) -> Self {
        let ecosystem = purl.ty().to_owned();
        let mut name = match (ecosystem.as_str(), purl.namespace()) {
            ("pypi", _) => pypi_name(purl.name()),
            (_, Some(namespace)) => format!("{namespace}/{}", purl.name()),
            (_, None) => purl.name().to_owned(),
        };
        // The purl specification wants Go's paths in lowercase, and half the tools keep the case they have.
        if matches!(ecosystem.as_str(), "golang" | "github" | "composer" | "githubactions") {
            name = name.to_lowercase();
        }
        for qualifier in DISTINGUISHING {
            let value = purl.qualifier(qualifier).filter(|value| *value != "jar" && !value.is_empty());
            if let Some(value) = value {
                name.push_str(&format!("?{qualifier}={value}"));
            }
        }
        Self { ecosystem, name }
    }

    /// The purl's type, or the component's type where there is no purl.
    #[must_use]
    pub fn ecosystem(&self) -> &str {
        &self.ecosystem
    }

    /// The name, with its namespace and what tells it apart.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ecosystem, self.name)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The version a purl names; an RPM's epoch, which is a qualifier there, in front.
#[must_use]
pub fn purl_version(purl: &PackageUrl<'_>) -> Option<String> {
    let version = purl.version()?;
    let epoch = purl.qualifier("epoch").filter(|epoch| purl.ty() == "rpm" && *epoch != "0");
    Some(epoch.map_or_else(|| version.to_owned(), |epoch| format!("{epoch}:{version}")))
}
