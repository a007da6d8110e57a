//! `walk`: the files of a finished image, wanted ones with their content. The parent module's page explains the passes.

use super::{
    Image, LayerBlob,
    inflate::{Inflated, wrong},
    tar::Archive,
    tree::{Node, Place, Tree},
};
use crate::{Error, VerifyingReader};
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};
use subject::Digest;

/// What is too much for an image, so that a hostile one cannot eat the machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members of all layers together, and names they make.
    pub entries: usize,
    /// Bytes of all layers together, uncompressed.
    pub inflated: u64,
    /// Bytes of one wanted file.
    pub file: u64,
}

impl Default for Limits {
    /// One million entries, 64 GiB uncompressed, 512 MiB for one wanted file: above any image that is meant to be run.
    fn default() -> Self {
        Self { entries: 1_000_000, inflated: 64 << 30, file: 512 << 20 }
    }
}

/// A file of the finished image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path from the root, without a leading slash.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// The digest of the layer its content comes from, as the manifest names it.
    pub layer: Digest,
    /// When the path is a symbolic link: its target, as written. Size, mode and layer are those of the file it leads to.
    pub link: Option<String>,
}

/// Somebody who reads files out of an image.
pub trait Visitor {
    /// Is the content of this file wanted? Asked once per path of the finished image, in order of path.
    fn wanted(&mut self, entry: &Entry) -> bool;

    /// Takes a wanted file's content. Files come layer by layer, top layer first, within a layer as its archive has them.
    fn file(&mut self, entry: &Entry, content: &[u8]);
}

/// Walks through the files of an image.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] for a layer that is cut off, hostile (paths that lead out of the image, more entries or
/// bytes than `limits` allow) or not the one the manifest and configuration name, and for a wanted file that is larger
/// than `limits.file`. Content already handed over is then worthless: nothing is handed over before all layers have
/// passed, so only a failing disk does that.
pub fn walk(image: &Image, limits: &Limits, visitor: &mut dyn Visitor) -> Result<(), Error> {
    let refused = |error: io::Error| Error::local(format!("read the files of image {}", image.manifest.digest), &error);
    let tree = read_tree(image, limits).map_err(refused)?;
    visit(image, &tree, limits, visitor).map_err(refused)
}

/// What follows on the first pass: the questions, and the second pass.
pub(super) fn visit(image: &Image, tree: &Tree, limits: &Limits, visitor: &mut dyn Visitor) -> io::Result<()> {
    let wanted = ask(image, tree, limits, visitor)?;
    for (index, layer) in image.layers.iter().enumerate().rev() {
        let here = wanted.range(Place { layer: index, member: 0 }..Place { layer: index + 1, member: 0 });
        let here: BTreeMap<usize, &Vec<Entry>> = here.map(|(place, entries)| (place.member, entries)).collect();
        if !here.is_empty() {
            hand_over(layer, &here, limits, visitor)?;
        }
    }
    Ok(())
}

/// The first pass: every layer checked to its last byte, names only.
pub(super) fn read_tree(image: &Image, limits: &Limits) -> io::Result<Tree> {
    let mut tree = Tree::new(limits.entries);
    let (mut entries, mut budget) = (0, limits.inflated);
    for (index, layer) in image.layers.iter().enumerate() {
        let compressed = VerifyingReader::new(layer.open()?, &layer.descriptor);
        let mut archive = Archive::new(Inflated::new(compressed, layer.descriptor.size, budget)?);
        let mut members = 0..;
        while let (Some(number), Some(member)) = (members.next(), archive.next()?) {
            entries += 1;
            if entries > limits.entries {
                return Err(wrong(format!("an image holds more than {} entries", limits.entries)));
            }
            tree.apply(Place { layer: index, member: number }, &member)?;
        }
        let mut rest = archive.into_inner();
        io::copy(&mut rest, &mut io::sink())?;
        budget = budget.saturating_sub(rest.seen());
        let found = rest.finish()?;
        if found != layer.diff_id {
            let named = layer.diff_id;
            return Err(wrong(format!("layer {index} is {found} uncompressed; the configuration names {named}")));
        }
    }
    Ok(tree)
}

/// Asks about every file and symbolic link to a file; the answer is what to read, by where its content is.
fn ask(
    image: &Image,
    tree: &Tree,
    limits: &Limits,
    visitor: &mut dyn Visitor,
) -> io::Result<BTreeMap<Place, Vec<Entry>>> {
    let mut wanted: BTreeMap<Place, Vec<Entry>> = BTreeMap::new();
    let mut large = None;
    tree.each(|path, node| {
        let (link, file) = match node {
            Node::Symlink { target } => (Some(target.clone()), tree.follow(path)),
            other => (None, Some(other)),
        };
        let Some(Node::File { place, size, mode }) = file else { return };
        let Some(layer) = image.layers.get(place.layer) else { return };
        let entry = Entry { path: path.to_owned(), size: *size, mode: *mode, layer: layer.descriptor.digest, link };
        if visitor.wanted(&entry) {
            if entry.size > limits.file {
                large.get_or_insert_with(|| entry.clone());
            }
            wanted.entry(*place).or_default().push(entry);
        }
    });
    match large {
        Some(Entry { path, size, .. }) => {
            let path = crate::error::quote(&path, 120);
            Err(wrong(format!("`{path}` has {size} bytes, more than the {} allowed", limits.file)))
        }
        None => Ok(wanted),
    }
}

/// The second pass over one layer, as far as its last wanted member.
fn hand_over(
    layer: &LayerBlob,
    wanted: &BTreeMap<usize, &Vec<Entry>>,
    limits: &Limits,
    visitor: &mut dyn Visitor,
) -> io::Result<()> {
    let mut archive = Archive::new(Inflated::new(layer.open()?, layer.descriptor.size, limits.inflated)?);
    let mut left = wanted.len();
    let mut index = 0;
    while left > 0 {
        let Some(member) = archive.next()? else { return Err(wrong("a layer has changed while it was read")) };
        if let Some(entries) = wanted.get(&index) {
            if member.size > limits.file {
                return Err(wrong("a layer has changed while it was read"));
            }
            let mut content = Vec::new();
            archive.read_to_end(&mut content)?;
            entries.iter().for_each(|entry| visitor.file(entry, &content));
            left -= 1;
        }
        index += 1;
    }
    Ok(())
}
