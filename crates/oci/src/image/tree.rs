//! The names of an image's file system after its layers, without any content.
//!
//! Members are applied one by one, lowest layer first, by image-spec 1.1 "Applying Changesets" and what container engines
//! do where it is silent: a layer's whiteouts act on what lower layers left, wherever they stand among its members; a
//! directory over a directory keeps its children, anything else replaces what was there; parents are followed through
//! symbolic links on the image as built so far.

use super::{
    inflate::wrong,
    tar::{Member, PATH, What},
};
use std::{
    collections::{BTreeMap, VecDeque, btree_map},
    io, mem,
    rc::Rc,
};

/// Symbolic links followed in one path, as in Linux.
const LINKS: usize = 40;
const ROOT: usize = 0;
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Where a file's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// The layer, counted from the lowest, 0.
    pub(super) layer: usize,
    /// The member of its archive, counted from the first, 0.
    pub(super) member: usize,
}

/// Whether anybody cares what becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Something was kept of its content.
    Kept,
    /// It was passed over.
    Passed,
}

/// A file of [`Interest::Kept`] that a later layer hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    /// Its path while it was to be seen.
    pub(super) path: String,
    pub(super) place: Place,
    /// The layer that deleted or replaced it.
    pub(super) hidden_by: usize,
}

/// A name's meaning.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Directory { children: BTreeMap<Rc<str>, usize>, mode: u32 },
    File { place: Place, size: u64, mode: u32, interest: Interest },
    Symlink { target: String },
    Other,
}

impl Node {
    fn directory(mode: u32) -> Self {
        Self::Directory { children: BTreeMap::new(), mode }
    }
}

/// A node, and the last layer that wrote it or something below it.
struct Kept {
    node: Node,
    layer: usize,
    name: Rc<str>,
    parent: usize,
}

/// A file system of names.
pub(super) struct Tree {
    nodes: Vec<Kept>,
    limit: usize,
    lost: Vec<Lost>,
    /// The directory that was written to last, and by which layer: an archive's members mostly come folder by folder.
    recent: Option<(String, usize, usize)>,
}

/// How far a path leads: the nodes on the way, the root first, and the names missing below the last.
struct Reached {
    way: Vec<usize>,
    missing: VecDeque<String>,
}

enum Stuck {
    /// A symbolic link leads above the root.
    Escape,
    /// Symbolic links go round in circles.
    Loop,
    /// Something that is no directory stands in the way.
    NotDirectory,
}

impl Tree {
    /// An empty root that may come to hold `limit` names.
    pub(super) fn new(limit: usize) -> Self {
        let root = Kept { node: Node::directory(0o755), layer: 0, name: Rc::from(""), parent: ROOT };
        Self { nodes: vec![root], limit, lost: Vec::new(), recent: None }
    }

    /// The kept files that later layers have hidden, as they were met.
    pub(super) fn into_lost(self) -> Vec<Lost> {
        self.lost
    }

    /// Applies the next member.
    pub(super) fn apply(&mut self, place: Place, member: &Member, interest: Interest) -> io::Result<()> {
        let (parent, name) = split(&member.path);
        if name == OPAQUE {
            return self.hide(parent, None, place.layer);
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            if matches!(hidden, "" | "." | "..") || hidden.starts_with(WHITEOUT) {
                return Err(wrong(format!(
                    "a layer holds the whiteout `{}`, which hides nothing",
                    shown(&member.path)
                )));
            }
            return self.hide(parent, Some(hidden), place.layer);
        }
        let node = match &member.what {
            _ if member.path.is_empty() => return Ok(()),
            What::File => Node::File { place, size: member.size, mode: member.mode, interest },
            What::Symlink(target) => Node::Symlink { target: target.clone() },
            What::Other => Node::Other,
            What::Directory => Node::directory(member.mode),
            What::HardLink(target) => self.linked(&member.path, target)?,
        };
        self.add(&member.path, node, place.layer)
    }

    fn add(&mut self, path: &str, node: Node, layer: usize) -> io::Result<()> {
        let (parent, name) = split(path);
        let parent = self.make(parent, layer)?;
        if let (Node::Directory { mode: wanted, .. }, Some(existing)) = (&node, self.child(parent, name))
            && let Some(Kept { node: Node::Directory { mode, .. }, layer: written, .. }) = self.nodes.get_mut(existing)
        {
            (*mode, *written) = (*wanted, layer);
            return Ok(());
        }
        self.keep(parent, name, (node, layer)).map(drop)
    }

    /// The file a hard link names, as it is now. Its last name is not followed: a link may be to a symbolic link.
    fn linked(&self, path: &str, target: &str) -> io::Result<Node> {
        let (parent, name) = split(target);
        let reached = self.reach(parent).map_err(|stuck| stuck.refusal(target))?;
        let found = if reached.missing.is_empty() { self.child(reached.node(), name) } else { None };
        match found.and_then(|node| self.nodes.get(node)) {
            Some(Kept { node: node @ (Node::File { .. } | Node::Symlink { .. } | Node::Other), .. }) => {
                Ok(node.clone())
            }
            _ => Err(wrong(format!("a layer links `{}` to `{}`, which is no file", shown(path), shown(target)))),
        }
    }

    /// The directory at `path`, made where it is missing, with all its parents marked as written by `layer`.
    fn make(&mut self, path: &str, layer: usize) -> io::Result<usize> {
        if let Some((recent, node, by)) = &self.recent
            && recent == path
            && *by == layer
        {
            return Ok(*node);
        }
        let Reached { way, missing } = self.reach(path).map_err(|stuck| stuck.refusal(path))?;
        if way.len() + missing.len() > PATH / 2 {
            return Err(wrong(format!("a layer's path `{}` leads too deep", shown(path))));
        }
        for node in &way {
            if let Some(kept) = self.nodes.get_mut(*node) {
                kept.layer = layer;
            }
        }
        let mut node = way.last().copied().unwrap_or(ROOT);
        for name in missing {
            node = self.keep(node, &name, (Node::directory(0o755), layer))?;
        }
        match self.nodes.get(node) {
            Some(Kept { node: Node::Directory { .. }, .. }) => {
                self.recent = Some((path.to_owned(), node, layer));
                Ok(node)
            }
            _ => Err(Stuck::NotDirectory.refusal(path)),
        }
    }

    /// Hides what lower layers left: one name of a directory, or all of them.
    fn hide(&mut self, parent: &str, name: Option<&str>, layer: usize) -> io::Result<()> {
        let parent = match self.reach(parent) {
            Ok(reached) if reached.missing.is_empty() => reached.node(),
            // There is nothing to hide.
            Ok(_) | Err(Stuck::NotDirectory) => return Ok(()),
            Err(stuck) => return Err(stuck.refusal(parent)),
        };
        self.recent = None;
        // Each pair is a directory and the one name to look at; what this layer wrote stays, what lies below it is looked at.
        let mut waiting = vec![(parent, name.map(str::to_owned))];
        while let Some((directory, only)) = waiting.pop() {
            let Some(Kept { node: Node::Directory { children, .. }, .. }) = self.nodes.get(directory) else { continue };
            let concerned = |name: &str| only.as_ref().is_none_or(|only| only == name);
            let (own, foreign): (Vec<_>, Vec<_>) = children
                .iter()
                .filter(|(name, _)| concerned(name))
                .map(|(name, child)| (name.clone(), *child))
                .partition(|(_, child)| self.nodes.get(*child).is_some_and(|kept| kept.layer == layer));
            waiting.extend(own.into_iter().map(|(_, child)| (child, None)));
            if let Some(Kept { node: Node::Directory { children, .. }, .. }) = self.nodes.get_mut(directory) {
                for (name, _) in &foreign {
                    children.remove(name);
                }
            }
            foreign.into_iter().for_each(|(_, child)| self.lose(child, layer));
        }
        Ok(())
    }

    fn child(&self, directory: usize, name: &str) -> Option<usize> {
        match &self.nodes.get(directory)?.node {
            Node::Directory { children, .. } => children.get(name).copied(),
            _ => None,
        }
    }

    /// Puts a node, written by a layer, under a name. It counts against the limit even after something has replaced it:
    /// memory is what is limited.
    fn keep(&mut self, directory: usize, name: &str, (node, layer): (Node, usize)) -> io::Result<usize> {
        if self.nodes.len() > self.limit {
            return Err(wrong(format!("an image holds more than {} names", self.limit)));
        }
        let new = self.nodes.len();
        let name: Rc<str> = Rc::from(name);
        let old = match self.nodes.get_mut(directory) {
            Some(Kept { node: Node::Directory { children, .. }, .. }) => children.insert(Rc::clone(&name), new),
            _ => return Err(Stuck::NotDirectory.refusal(&name)),
        };
        // A new file beside others leads no path elsewhere.
        if old.is_some() || !matches!(node, Node::File { .. }) {
            self.recent = None;
        }
        self.nodes.push(Kept { node, layer, name, parent: directory });
        if let Some(old) = old {
            self.lose(old, layer);
        }
        Ok(new)
    }

    /// Notes the kept files at and below a node that has left the tree. Each node leaves at most once.
    fn lose(&mut self, node: usize, hidden_by: usize) {
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            match self.nodes.get_mut(next).map(|kept| &mut kept.node) {
                Some(Node::Directory { children, .. }) => open.extend(mem::take(children).into_values()),
                Some(Node::File { place, interest: Interest::Kept, .. }) if place.layer < hidden_by => {
                    let place = *place;
                    let path = self.path(next);
                    self.lost.push(Lost { path, place, hidden_by });
                }
                _ => {}
            }
        }
    }

    /// The path of a node from the root, also of one that has left the tree.
    fn path(&self, node: usize) -> String {
        let mut names = Vec::new();
        let mut here = node;
        while let Some(kept) = self.nodes.get(here).filter(|_| here != ROOT) {
            names.push(&*kept.name);
            here = kept.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// Follows a path from the root, through symbolic links.
    fn reach(&self, path: &str) -> Result<Reached, Stuck> {
        let mut ahead: VecDeque<String> = names(path).collect();
        let mut way = vec![ROOT];
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            let here = way.last().copied().unwrap_or(ROOT);
            match name.as_str() {
                "." => continue,
                ".." if way.len() == 1 => return Err(Stuck::Escape),
                ".." => {
                    way.pop();
                    continue;
                }
                _ => {}
            }
            let Some(Kept { node: Node::Directory { children, .. }, .. }) = self.nodes.get(here) else {
                return Err(Stuck::NotDirectory);
            };
            let Some(child) = children.get(name.as_str()).copied() else {
                ahead.push_front(name);
                ahead.retain(|name| name != ".");
                // A `..` below a name that does not exist leads nowhere.
                let nowhere = ahead.iter().any(|name| name == "..");
                return if nowhere { Err(Stuck::NotDirectory) } else { Ok(Reached { way, missing: ahead }) };
            };
            let Some(Kept { node: Node::Symlink { target }, .. }) = self.nodes.get(child) else {
                way.push(child);
                continue;
            };
            links += 1;
            if links > LINKS {
                return Err(Stuck::Loop);
            }
            if target.starts_with('/') {
                way.truncate(1);
            }
            for name in names(target).collect::<Vec<_>>().into_iter().rev() {
                ahead.push_front(name);
            }
        }
        Ok(Reached { way, missing: VecDeque::new() })
    }

    /// What the symbolic link at `path` leads to in the end, `None` when it leads nowhere or out of the image.
    pub(super) fn follow(&self, path: &str) -> Option<&Node> {
        let reached = self.reach(path).ok()?;
        if reached.missing.is_empty() { self.nodes.get(reached.node()).map(|kept| &kept.node) } else { None }
    }

    /// Calls `each` with every path and node below the root, parents before children, in order of path components.
    pub(super) fn each(&self, mut each: impl FnMut(&str, &Node)) {
        let mut path = String::new();
        let mut open: Vec<(btree_map::Iter<'_, Rc<str>, usize>, usize)> = Vec::new();
        if let Some(Kept { node: Node::Directory { children, .. }, .. }) = self.nodes.get(ROOT) {
            open.push((children.iter(), 0));
        }
        while let Some((children, length)) = open.last_mut() {
            path.truncate(*length);
            let Some((name, child)) = children.next() else {
                open.pop();
                continue;
            };
            let Some(Kept { node, .. }) = self.nodes.get(*child) else { continue };
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(name);
            each(&path, node);
            if let Node::Directory { children, .. } = node {
                open.push((children.iter(), path.len()));
            }
        }
    }
}

impl Reached {
    fn node(&self) -> usize {
        self.way.last().copied().unwrap_or(ROOT)
    }
}

impl Stuck {
    fn refusal(&self, path: &str) -> io::Error {
        let path = shown(path);
        wrong(match self {
            Self::Escape => format!("a layer's path `{path}` leads out of the image through a symbolic link"),
            Self::Loop => format!("a layer's path `{path}` leads through symbolic links in circles"),
            Self::NotDirectory => format!("a layer's path `{path}` leads through something that is no directory"),
        })
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn names(path: &str) -> impl Iterator<Item = String> {
    path.split('/').filter(|name| !name.is_empty()).map(str::to_owned)
}

fn shown(path: &str) -> String {
    crate::error::quote(path, 120)
}
