//! Where files come from: a source tree, an image layout, a registry. Each yields a [`Sighting`](crate::ecosystem::Sighting).

pub mod image;
pub mod tree;
