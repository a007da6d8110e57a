//! Image registries and image layouts behind few verbs.
//!
//! A reference by digest becomes content only through a verifying reader: size and hash are checked before the end of
//! the stream is reported, so no caller can act on bytes that are not the ones it asked for. A tag becomes a digest by
//! [`Registry::resolve`], once, and is not used afterwards.
//!
//! - [`Registry`]: one verb per file under `registry/` — resolve, manifest, blob, push, referrers, attach.
//! - [`Credentials`]: who we are to a registry; [`Anonymous`], [`Static`], [`DockerConfig`], and others' own.
//! - [`copy`]: an image with all its evidence from one repository to another, bit for bit.
//! - [`layout`]: an OCI image layout in a folder; [`layout::push_layout`] takes it to a registry.
//! - [`image`]: [`image::Builder`] makes a reproducible image without Docker; [`image::read()`] reads the files of one,
//!   whiteouts applied, hostile archives refused; [`image::Archive`] is one in an archive file.
//! - [`Daemon`]: the container engine on this machine.
//!
//! Sources: OCI distribution-spec 1.1, image-spec 1.1. Nothing here reads the environment or a clock.

mod content;
pub mod copy;
mod credentials;
mod daemon;
mod ecr;
mod error;
pub mod image;
pub mod layout;
mod manifest;
pub mod media;
mod registry;
mod together;

pub use content::VerifyingReader;
pub use credentials::{Anonymous, Credentials, CredentialsError, DockerConfig, Login, Static};
pub use daemon::Daemon;
pub use error::{Error, ErrorKind};
pub use manifest::{Descriptor, ImageManifest, Index, Kind, MANIFEST_LIMIT, Manifest, Platform};
pub use registry::{Artifact, Blob, Capabilities, Referrer, Referrers, Refused, Registry, is_loopback};
pub use together::together;
