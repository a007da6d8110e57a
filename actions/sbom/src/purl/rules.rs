//! What ECMA-427 asks of every package URL, and each registered type of its own (purl-spec, `types/*-definition.json`).

use super::{Fault, PackageUrl};
use std::borrow::Cow;

/// Whether a type has a namespace.
#[derive(Clone, Copy, PartialEq)]
enum Namespace {
    Prohibited,
    Optional,
    Required,
}

/// Which parts a type is indifferent to the case of.
#[derive(Clone, Copy, PartialEq)]
enum Lowercase {
    Nothing,
    Namespace,
    Name,
    Both,
}

use {
    Lowercase::{Both, Name, Nothing},
    Namespace::{Optional, Prohibited, Required},
};

/// The registered types, by name. Four ask for a namespace that is not always there: a package database without an
/// os-release file beside it does not tell its vendor, and a Go module may have a path of one segment (`gotest.tools`).
/// A purl without one says what is known; none at all would say less.
const TYPES: &[(&str, Namespace, Lowercase)] = &[
    ("alpm", Required, Both),
    ("apk", Optional, Both),
    ("bazel", Prohibited, Nothing),
    ("bitbucket", Required, Both),
    ("bitnami", Prohibited, Name),
    ("brew", Optional, Both),
    ("cargo", Prohibited, Nothing),
    ("chrome-extension", Prohibited, Name),
    ("cocoapods", Prohibited, Nothing),
    ("composer", Required, Both),
    ("conan", Optional, Nothing),
    ("conda", Prohibited, Nothing),
    ("cpan", Optional, Nothing),
    ("cran", Prohibited, Nothing),
    ("deb", Optional, Both),
    ("docker", Optional, Nothing),
    ("gem", Prohibited, Nothing),
    ("generic", Optional, Nothing),
    ("git", Required, Nothing),
    ("github", Required, Both),
    ("golang", Optional, Nothing),
    ("hackage", Prohibited, Nothing),
    ("hex", Optional, Both),
    ("huggingface", Required, Nothing),
    ("julia", Prohibited, Nothing),
    ("luarocks", Optional, Both),
    ("maven", Required, Nothing),
    ("mlflow", Prohibited, Nothing),
    ("npm", Optional, Nothing),
    ("nuget", Prohibited, Nothing),
    ("oci", Prohibited, Name),
    ("opam", Prohibited, Nothing),
    ("otp", Prohibited, Name),
    ("pub", Prohibited, Name),
    ("pypi", Prohibited, Name),
    ("qpkg", Required, Lowercase::Namespace),
    ("rpm", Optional, Lowercase::Namespace),
    ("swid", Optional, Nothing),
    ("swift", Required, Nothing),
    ("vcpkg", Prohibited, Nothing),
    ("vscode-extension", Required, Both),
    ("yocto", Optional, Lowercase::Namespace),
];

fn lower(text: &mut Cow<'_, str>) {
    if text.chars().any(char::is_uppercase) {
        *text = text.to_lowercase().into();
    }
}

/// A path without empty segments.
fn path<'a>(text: &Cow<'a, str>, keep: impl Fn(&str) -> bool) -> Cow<'a, str> {
    let whole = text.split('/').all(|segment| !segment.is_empty() && keep(segment));
    if text.is_empty() || whole {
        return text.clone();
    }
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty() && keep(segment)).collect();
    segments.join("/").into()
}

/// ECMA-427 "Qualifiers".
pub(super) fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte))
}

impl PackageUrl<'_> {
    /// In canonical form, or what is wrong with it.
    pub(super) fn canonical(mut self) -> Result<Self, Fault> {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if !self.ty.starts_with(|c: char| c.is_ascii_alphabetic()) || !self.ty.bytes().all(letters) {
            return Err(Fault::Type);
        }
        lower(&mut self.ty);
        self.namespace = path(&self.namespace, |_| true);
        self.subpath = path(&self.subpath, |segment| !matches!(segment, "." | ".."));
        let name = self.name.trim_matches('/').len();
        if name < self.name.len() {
            self.name = self.name.trim_matches('/').to_owned().into();
        }
        self.qualifiers.retain(|(_, value)| !value.is_empty());
        self.qualifiers.sort();
        let doubled = self.qualifiers.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if doubled || !self.qualifiers.iter().all(|(key, _)| is_key(key)) {
            return Err(Fault::Qualifier);
        }
        self.typed()
    }

    fn has(&self, wanted: &str) -> bool {
        self.qualifiers.iter().any(|(key, _)| key == wanted)
    }

    fn typed(mut self) -> Result<Self, Fault> {
        let index = TYPES.binary_search_by(|(name, ..)| (*name).cmp(&self.ty));
        if let Ok((_, namespace, lowercase)) = index.map(|index| TYPES[index]) {
            if namespace == if self.namespace.is_empty() { Required } else { Prohibited } {
                return Err(Fault::Namespace);
            }
            if matches!(lowercase, Lowercase::Namespace | Both) {
                lower(&mut self.namespace);
            }
            if matches!(lowercase, Name | Both) {
                lower(&mut self.name);
            }
        }
        if self.name.is_empty() {
            return Err(Fault::Name);
        }
        match &*self.ty {
            "pypi" if self.name.contains('_') => self.name = self.name.replace('_', "-").into(),
            "pub" => self.name = self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_").into(),
            "cpan" if self.name.contains("::") => return Err(Fault::Name),
            "julia" if !self.has("uuid") => return Err(Fault::Qualifier),
            "swid" if !self.has("tag_id") => return Err(Fault::Qualifier),
            "git" if self.namespace == "github" || self.namespace.starts_with("github/") => {
                lower(&mut self.namespace);
                lower(&mut self.name);
            }
            "huggingface" | "oci" | "vscode-extension" => lower(&mut self.version),
            // Databricks is indifferent to case, Azure is not.
            "mlflow" if self.qualifiers.iter().any(|(_, value)| value.contains(".azuredatabricks.net")) => {
                lower(&mut self.name);
            }
            "chrome-extension" => {
                if self.name.len() != 32 || !self.name.bytes().all(|byte| (b'a'..=b'p').contains(&byte)) {
                    return Err(Fault::Name);
                }
                let numbers = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                let parts = || self.version.split('.');
                if !self.version.is_empty() && (parts().count() > 4 || !parts().all(numbers)) {
                    return Err(Fault::Version);
                }
            }
            _ => {}
        }
        Ok(self)
    }
}
