//! What a claim is about: a content digest, an image named by digest, a tag that still has to be resolved.
//!
//! Everything here is parsed once and then cannot be wrong: a [`Digest`] has 32 bytes, an [`ImageRef`] has a digest.
//! A [`TagRef`] is a different type, because a tag can move between the moment it is checked and the moment it is
//! deployed. Nothing here does I/O.

mod digest;
mod reference;

pub use digest::{Digest, DigestError, Hasher};
pub use reference::{ImageRef, Reference, ReferenceError, Repository, TagRef};
