//! Images: building one without Docker, reading the files of one.
//!
//! # Reading
//! [`Image::fetch`], [`Image::open`] or [`Archive::image`] has an image's configuration checked and its layers at hand;
//! [`read()`] then reads files out of it. Every layer is uncompressed once, several at a time, and checked to its last
//! byte. On the way a [`Reader`] says by path, size and mode which files it wants, and makes of their content what is to be
//! kept. Afterwards the names of all layers, lowest first, are applied to a tree — no content — with whiteouts and opaque
//! directories as image-spec 1.1 "Image Layer Filesystem Changeset" has them: it knows which files the finished image
//! shows, which layer each comes from, and which files of lower layers are shipped although nobody sees them.
//!
//! ```no_run
//! # use oci::image::{Candidate, Image, Limits, Reader, Want, read};
//! struct Licences;
//! impl Reader for Licences {
//!     type Gist = usize;
//!     fn wants(&self, candidate: &Candidate<'_>) -> Want {
//!         if candidate.path.ends_with("/LICENSE") { Want::Content } else { Want::Nothing }
//!     }
//!     fn gist(&self, _: &Candidate<'_>, content: Vec<u8>) -> usize {
//!         content.len()
//!     }
//! }
//! # fn example(image: &Image) -> Result<(), oci::Error> {
//! let files = read(image, &Limits::default(), &Licences)?;
//! for (entry, gist) in &files.present {
//!     let _ = (&entry.path, entry.layer, files.gists.get(*gist));
//! }
//! # Ok(()) }
//! ```
//! A symbolic link to a file is an entry of its own with [`Entry::link`] set; its content is the target's. Links are
//! followed on the finished image, as if its root were `/`.
//!
//! # Building
//! [`Builder`]: the same input gives the same digest.

mod again;
mod archive;
mod blob;
mod blocks;
mod builder;
mod choose;
mod config;
mod docker;
mod extent;
mod fetch;
mod inflate;
mod layer;
mod pass;
mod read;
mod seek;
mod tar;
mod tree;
mod unpack;

pub use archive::Archive;
pub use blob::{Image, LayerBlob};
pub use builder::{Builder, Contents};
pub use config::{Config, Nothing, RootFs, Settings, Step};
pub use read::{Candidate, Entry, Files, Hidden, Limits, Reader, Want, read};
pub use unpack::unpack;
