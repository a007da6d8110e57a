//! `read`: what a reader makes of an image's files, each layer uncompressed once.

use super::{
    Image,
    again::again,
    pass::Watch,
    tar::{Member, What},
    tree::{Interest, Lost, Node, Place, Tree},
};
use crate::Error;
use std::{
    collections::BTreeMap,
    io,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};
use subject::Digest;

/// What is too much for an image, so that a hostile one cannot eat the machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members of all layers together, and names they make.
    pub entries: usize,
    /// Bytes of the members' paths and links together.
    pub names: u64,
    /// Bytes of all layers together, uncompressed.
    pub inflated: u64,
    /// Bytes of one wanted file.
    pub file: u64,
    /// Bytes of wanted files that the reading threads hold at once.
    pub held: u64,
}

impl Default for Limits {
    /// One million entries whose names have 256 MiB, 64 GiB uncompressed, 512 MiB for one wanted file: above any image that
    /// is meant to be run. 32 MiB are held at once: two threads with a large program each, not more.
    fn default() -> Self {
        Self { entries: 1_000_000, names: 256 << 20, inflated: 64 << 30, file: 512 << 20, held: 32 << 20 }
    }
}

/// A file as it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its path from the root, without a leading slash.
    pub path: &'a str,
    /// Its length in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// When the path is a symbolic link: its target, as written. Size and mode are those of the file it leads to.
    pub link: Option<&'a str>,
}

/// What somebody wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Nothing: the file is passed over.
    Nothing,
    /// To hear of it.
    Name,
    /// Its content.
    Content,
}

/// Somebody who reads files out of an image. Several threads ask at once, in no order.
pub trait Reader: Sync {
    /// What is kept of a file.
    type Gist: Send;

    /// What of this file is wanted? The answer depends on nothing but the candidate.
    fn wants(&self, candidate: &Candidate<'_>) -> Want;

    /// Makes of a wanted file's content what is kept of it; the content is empty where only the name was wanted.
    ///
    /// It is called before the layer's digest has been checked, for files that a later layer hides as well, and possibly
    /// under another name than the finished image has for the file. Nothing may be done here but understanding; what is
    /// kept is handed out only when all layers have passed.
    fn gist(&self, candidate: &Candidate<'_>, content: Vec<u8>) -> Self::Gist;
}

/// A name of the finished image whose content was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path from the root, without a leading slash.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
    /// Which of the image's layers its content comes from, the lowest 0.
    pub layer: usize,
    /// When the path is a symbolic link: its target, as written. Size, mode and layer are those of the file it leads to.
    pub link: Option<String>,
}

/// A file that a layer ships and the finished image does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Its path from the root while it was to be seen.
    pub path: String,
    /// Which of the image's layers ships it, the lowest 0.
    pub layer: usize,
    /// The layer that deleted it or put something else in its place.
    pub hidden_by: usize,
}

/// What was read of an image. The numbers beside names are indexes into `gists`; several names may share one.
#[derive(Debug)]
pub struct Files<G> {
    /// Names of the finished image, in order of path components.
    pub present: Vec<(Entry, usize)>,
    /// Older versions and deleted files, by layer and path.
    pub hidden: Vec<(Hidden, usize)>,
    /// What was kept of the files' contents.
    pub gists: Vec<G>,
    /// Members of all layers together.
    pub members: usize,
    /// The digest of each layer as the manifest names it, the lowest first.
    pub layers: Vec<Digest>,
}

/// Reads an image, layers side by side on the machine's processors, each uncompressed once and checked to its last byte.
///
/// Memory: the names of all members, one wanted file per layer being read and at most [`Limits::held`] bytes of them
/// together (or one larger file alone), and what the reader keeps.
///
/// # Errors
/// [`crate::ErrorKind::Invalid`] for a layer that is cut off, hostile (paths that lead out of the image, more entries or
/// bytes than `limits` allow) or not the one the manifest and configuration name, and for a wanted file that is larger
/// than `limits.file`. Nothing is handed out then.
pub fn read<R: Reader>(image: &Image, limits: &Limits, reader: &R) -> Result<Files<R::Gist>, Error> {
    let refused = |error: io::Error| Error::local(format!("read the files of image {}", image.digest), &error);
    let mut kept = Kept { gists: Vec::new(), at: BTreeMap::new() };
    let (tree, members) = merge(layers(image, limits, reader).map_err(refused)?, limits, &mut kept).map_err(refused)?;
    let present = present(image, limits, (reader, &tree), &mut kept).map_err(refused)?;
    let mut hidden: Vec<(Hidden, usize)> = Vec::new();
    for Lost { path, place, hidden_by } in tree.into_lost() {
        if let Some(gist) = kept.at.get(&place) {
            hidden.push((Hidden { path, layer: place.layer, hidden_by }, *gist));
        }
    }
    hidden.sort_by(|(a, _), (b, _)| (a.layer, &a.path, a.hidden_by).cmp(&(b.layer, &b.path, b.hidden_by)));
    let layers = image.layers.iter().map(|layer| layer.descriptor.digest).collect();
    Ok(Files { present, hidden, gists: kept.gists, members, layers })
}

/// The names of the finished image.
pub(super) fn names(image: &Image, limits: &Limits) -> io::Result<Tree> {
    let mut nothing = Kept { gists: Vec::new(), at: BTreeMap::new() };
    merge(layers(image, limits, &NamesOnly)?, limits, &mut nothing).map(|(tree, _)| tree)
}

struct NamesOnly;

impl Reader for NamesOnly {
    type Gist = ();

    fn wants(&self, _: &Candidate<'_>) -> Want {
        Want::Nothing
    }

    fn gist(&self, _: &Candidate<'_>, _: Vec<u8>) {}
}

/// Applies the layers, lowest first; also says how many members they have together.
fn merge<G>(layers: Vec<Layer<G>>, limits: &Limits, kept: &mut Kept<G>) -> io::Result<(Tree, usize)> {
    let mut tree = Tree::new(limits.entries);
    let mut members = 0;
    for (index, layer) in layers.into_iter().enumerate() {
        members += layer.members.len();
        let mut gists = layer.gists.into_iter().peekable();
        for (number, member) in layer.members.into_iter().enumerate() {
            let place = Place { layer: index, member: number };
            let gist = gists.next_if(|(of, _)| *of == number);
            tree.apply(place, &member, if gist.is_some() { Interest::Kept } else { Interest::Passed })?;
            if let Some((_, gist)) = gist {
                kept.put(place, gist);
            }
        }
    }
    Ok((tree, members))
}

/// Gists by where their content is.
struct Kept<G> {
    gists: Vec<G>,
    at: BTreeMap<Place, usize>,
}

impl<G> Kept<G> {
    fn put(&mut self, place: Place, gist: G) {
        self.at.insert(place, self.gists.len());
        self.gists.push(gist);
    }
}

/// A layer's names, and what was kept of its files by number of member, ascending.
struct Layer<G> {
    members: Vec<Member>,
    gists: Vec<(usize, G)>,
}

/// Reads all layers, the largest first, so that none is left alone at the end.
fn layers<R: Reader>(image: &Image, limits: &Limits, reader: &R) -> io::Result<Vec<Layer<R::Gist>>> {
    let mut order: Vec<usize> = (0..image.layers.len()).collect();
    order.sort_by_key(|index| image.layers.get(*index).map(|layer| layer.descriptor.size));
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(order.len());
    let (waiting, watch, hands) = (Mutex::new(order), Watch::new(limits), Hands::new(limits.held));
    let work = || {
        let mut done = Vec::new();
        while let Some(index) = lock(&waiting).pop() {
            let Some(layer) = image.layers.get(index) else { continue };
            let mut found = Layer { members: Vec::new(), gists: Vec::new() };
            let read = watch.layer(index, layer, |number, member, archive| {
                let candidate = Candidate { path: &member.path, size: member.size, mode: member.mode, link: None };
                let want = if member.what == What::File { reader.wants(&candidate) } else { Want::Nothing };
                if want == Want::Name {
                    found.gists.push((number, reader.gist(&candidate, Vec::new())));
                } else if want == Want::Content {
                    check_size(&member.path, member.size, limits)?;
                    let _held = hands.take(member.size);
                    let content = archive.content(&member)?;
                    found.gists.push((number, reader.gist(&candidate, content)));
                }
                found.members.push(member);
                Ok(())
            });
            done.push((index, read.map(|()| found)));
        }
        done
    };
    let mut all: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    if all.len() < image.layers.len() {
        return Err(io::Error::other("a layer's reader has stopped"));
    }
    all.into_iter().map(|(_, layer)| layer).collect()
}

/// The finished image's names whose content is wanted. Content that goes by another name in its layer — through a link, or
/// a folder that is a link — was passed over, and is read again.
fn present<R: Reader>(
    image: &Image,
    limits: &Limits,
    (reader, tree): (&R, &Tree),
    kept: &mut Kept<R::Gist>,
) -> io::Result<Vec<(Entry, usize)>> {
    let mut wanted: Vec<(Entry, Place)> = Vec::new();
    let mut large = Ok(());
    tree.each(|path, node| {
        let (link, file) = match node {
            Node::Symlink { target } => (Some(target.as_str()), tree.follow(path)),
            other => (None, Some(other)),
        };
        let Some(Node::File { place, size, mode, .. }) = file else { return };
        let (size, mode) = (*size, *mode);
        let candidate = Candidate { path, size, mode, link };
        match reader.wants(&candidate) {
            Want::Nothing => return,
            // The same content may go by several names, of which it got its gist by another.
            Want::Name if !kept.at.contains_key(place) => kept.put(*place, reader.gist(&candidate, Vec::new())),
            Want::Name => {}
            Want::Content => {
                let checked = check_size(path, size, limits);
                large = std::mem::replace(&mut large, Ok(())).and(checked);
            }
        }
        let link = link.map(str::to_owned);
        wanted.push((Entry { path: path.to_owned(), size, mode, layer: place.layer, link }, *place));
    });
    large?;
    let missing = wanted.iter().filter(|(_, place)| !kept.at.contains_key(place));
    let missing: BTreeMap<Place, Entry> = missing.map(|(entry, place)| (*place, entry.clone())).collect();
    again(image, limits, &missing, |place, entry, content| {
        let candidate =
            Candidate { path: &entry.path, size: entry.size, mode: entry.mode, link: entry.link.as_deref() };
        kept.put(place, reader.gist(&candidate, content));
        Ok(())
    })?;
    Ok(wanted.into_iter().filter_map(|(entry, place)| Some((entry, *kept.at.get(&place)?))).collect())
}

pub(super) fn check_size(path: &str, size: u64, limits: &Limits) -> io::Result<()> {
    if size <= limits.file {
        return Ok(());
    }
    let path = crate::error::quote(path, 120);
    Err(super::inflate::wrong(format!("`{path}` has {size} bytes, more than the {} allowed", limits.file)))
}

/// How much content the threads hold in their hands together.
struct Hands {
    held: Mutex<u64>,
    freed: Condvar,
    most: u64,
}

/// Content in somebody's hands.
struct Held<'a> {
    hands: &'a Hands,
    bytes: u64,
}

impl Hands {
    fn new(most: u64) -> Self {
        Self { held: Mutex::new(0), freed: Condvar::new(), most }
    }

    /// Waits until there is room. What alone is too much waits until it is alone.
    fn take(&self, bytes: u64) -> Held<'_> {
        let bytes = bytes.min(self.most);
        let mut held = lock(&self.held);
        while *held > self.most - bytes {
            held = self.freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held += bytes;
        Held { hands: self, bytes }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *lock(&self.hands.held) -= self.bytes;
        self.hands.freed.notify_all();
    }
}

/// A poisoned lock guards nothing that could be half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
