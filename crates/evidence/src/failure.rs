//! A registry's failure in the words of an action's failure.

use github::{Exit, Failure};
use oci::{Error, ErrorKind};
use subject::ImageRef;

/// A [`Failure`] to do `doing` because of a registry's error, with the help that fits its kind. Exit code 3: whatever
/// the registry would have said, we do not know it.
#[must_use]
pub fn registry_failure(doing: &str, error: &Error) -> Failure {
    let failure = Failure::new(Exit::Unknown, doing).because(error);
    match error.kind() {
        ErrorKind::Unauthorized => failure
            .help("check `registry-auth` and that the identity may read and write this repository")
            .help("for ghcr.io the job needs `permissions: packages: write` and a docker login"),
        ErrorKind::NotFound => failure.help(
            "check registry, repository and digest; some registries say this also to those who may not see the image",
        ),
        ErrorKind::Temporary => failure.help("the registry may be out of order; run the job again"),
        ErrorKind::Conflict | ErrorKind::Refused => failure.help(
            "a repository with immutable tags and no referrers API must leave tags `sha256-*` mutable for attestations",
        ),
        ErrorKind::Invalid => failure.help("what the registry sent is not what was asked for; it was not used"),
        ErrorKind::Local => failure,
    }
}

/// The image is not there.
pub(crate) fn missing(image: &ImageRef) -> Failure {
    Failure::new(Exit::Unknown, "find the image")
        .subject(image)
        .because("the registry does not have it")
        .state("nothing was changed")
        .help("check registry, repository and digest, and that the image was pushed before this step")
}
