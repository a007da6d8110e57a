//! Which endpoint of distribution-spec 1.1 a path names. Repository names contain slashes, so a path is read from its end.

use super::refusal::Refusal;
use subject::{Digest, Reference, Repository};

/// One endpoint of the registry, its variable parts checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`: is this a registry, and may I come in?
    Version,
    /// `/v2/<name>/blobs/<digest>`
    Blob(String, Digest),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(String),
    /// `/v2/<name>/blobs/uploads/<session>`
    Upload(String, String),
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest(String, Version),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(String, Digest),
    /// `/v2/<name>/tags/list`
    Tags(String),
}

/// What stands after a repository: today's name or the content itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Version {
    Tag(String),
    Digest(Digest),
}

impl Route {
    /// Reads a path that begins with `/v2`.
    pub(crate) fn parse(path: &str) -> Result<Self, Refusal> {
        // Some clients percent-encode the colon of a digest; nothing else in a valid path needs encoding.
        let path = path.replace("%3A", ":").replace("%3a", ":");
        let rest = path.strip_prefix("/v2").unwrap_or(&path);
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Ok(Self::Version);
        }
        let mut parts: Vec<&str> = rest.split('/').collect();
        let last = parts.pop().unwrap_or_default();
        match (parts.as_slice(), last) {
            ([name @ .., "blobs", "uploads"], "") | ([name @ .., "blobs"], "uploads") => {
                Ok(Self::Uploads(repository(name)?))
            }
            ([name @ .., "blobs", "uploads"], session) => Ok(Self::Upload(repository(name)?, session.to_owned())),
            ([name @ .., "blobs"], text) => Ok(Self::Blob(repository(name)?, digest(text)?)),
            ([name @ .., "referrers"], text) => Ok(Self::Referrers(repository(name)?, digest(text)?)),
            ([name @ .., "tags"], "list") => Ok(Self::Tags(repository(name)?)),
            ([name @ .., "manifests"], text) => Ok(Self::Manifest(repository(name)?, version(text)?)),
            _ => Err(Refusal::unsupported("no such endpoint in distribution-spec 1.1")),
        }
    }

    /// The repository the path names, if it names one.
    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Version => None,
            Self::Blob(name, _)
            | Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Manifest(name, _)
            | Self::Referrers(name, _)
            | Self::Tags(name) => Some(name),
        }
    }
}

/// Whether `name` is a repository name; the grammar has no `..`, so a name can never leave a folder.
pub(crate) fn is_repository(name: &str) -> bool {
    Repository::new("localhost", name).is_ok()
}

/// Whether `tag` is a tag: at most 128 characters of `[A-Za-z0-9_.-]`, not starting with `.` or `-`.
pub(crate) fn is_tag(tag: &str) -> bool {
    matches!(format!("localhost/a:{tag}").parse(), Ok(Reference::Tag(parsed)) if parsed.tag == tag)
}

fn repository(parts: &[&str]) -> Result<String, Refusal> {
    let name = parts.join("/");
    if is_repository(&name) { Ok(name) } else { Err(Refusal::name_invalid("not a repository name")) }
}

fn digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|error| Refusal::digest_invalid(format!("{error}")))
}

fn version(text: &str) -> Result<Version, Refusal> {
    if text.contains(':') {
        return digest(text).map(Version::Digest);
    }
    if is_tag(text) { Ok(Version::Tag(text.to_owned())) } else { Err(Refusal::tag_invalid("not a tag")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_its_end_because_names_have_slashes() {
        let digest = Digest::of(b"");
        for (path, wanted) in [
            ("/v2".into(), Route::Version),
            ("/v2/".into(), Route::Version),
            (format!("/v2/a/b/blobs/{digest}"), Route::Blob("a/b".into(), digest)),
            (format!("/v2/a/blobs/sha256%3A{}", digest.hex()), Route::Blob("a".into(), digest)),
            ("/v2/a/blobs/uploads/".into(), Route::Uploads("a".into())),
            ("/v2/a/blobs/uploads".into(), Route::Uploads("a".into())),
            ("/v2/a/blobs/uploads/42".into(), Route::Upload("a".into(), "42".into())),
            ("/v2/blobs/manifests/v1".into(), Route::Manifest("blobs".into(), Version::Tag("v1".into()))),
            (format!("/v2/a/referrers/{digest}"), Route::Referrers("a".into(), digest)),
            ("/v2/manifests/tags/list".into(), Route::Tags("manifests".into())),
        ] {
            assert_eq!(Route::parse(&path), Ok(wanted), "{path}");
        }
    }

    #[test]
    fn a_hostile_path_names_nothing() {
        for path in [
            "/v2/../../etc/manifests/passwd",
            "/v2/a/%2e%2e/manifests/v1",
            "/v2/A/manifests/v1",
            "/v2//manifests/v1",
            "/v2/manifests/v1",
            "/v2/a/manifests/..",
            "/v2/a/manifests/v1@x",
            "/v2/a/blobs/sha256:../../x",
            "/v2/a/blobs/md5:abc",
            "/v2/a/other/v1",
            "/v2/_catalog",
        ] {
            assert!(Route::parse(path).is_err(), "{path}");
        }
    }
}
