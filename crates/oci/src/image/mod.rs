//! Images: building one without Docker, reading the files of one.
//!
//! # Reading
//! [`Image::fetch`] or [`Image::open`] brings an image's checked configuration and layers onto this machine; [`walk()`]
//! then reads files out of it. The walk has two passes. The first applies all layers, lowest first, to a tree of names —
//! no content — with whiteouts and opaque directories as image-spec 1.1 "Image Layer Filesystem Changeset" has them, so
//! it knows which files the finished image holds and which layer each comes from. It asks the [`Visitor`] about each
//! ([`Visitor::wanted`], in order of path). The second pass reads only the layers that hold wanted files, top layer
//! first, and hands each over with its content ([`Visitor::file`]). A file that a later layer deletes or replaces is
//! never reported.
//!
//! ```no_run
//! # use oci::image::{Entry, Image, Limits, Visitor, walk};
//! struct Licences(Vec<String>);
//! impl Visitor for Licences {
//!     fn wanted(&mut self, entry: &Entry) -> bool {
//!         entry.path.ends_with("/LICENSE") && entry.size < 1 << 20
//!     }
//!     fn file(&mut self, entry: &Entry, _content: &[u8]) {
//!         self.0.push(format!("{} from layer {}", entry.path, entry.layer));
//!     }
//! }
//! # fn read(image: &Image) -> Result<(), oci::Error> {
//! let mut licences = Licences(Vec::new());
//! walk(image, &Limits::default(), &mut licences)?;
//! # Ok(()) }
//! ```
//! A symbolic link to a file is an entry of its own with [`Entry::link`] set; its content is the target's. Links are
//! followed on the finished image, as if its root were `/`.
//!
//! # Building
//! [`Builder`]: the same input gives the same digest.

mod builder;
mod config;
mod fetch;
mod inflate;
mod layer;
mod tar;
mod tree;
mod unpack;
mod walk;

pub use builder::{Builder, Contents};
pub use config::{Config, Nothing, RootFs, Settings, Step};
pub use fetch::{Image, LayerBlob};
pub use unpack::unpack;
pub use walk::{Entry, Limits, Visitor, walk};
