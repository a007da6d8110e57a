//! The names of an image's file system after its layers, without any content.
//!
//! Layers are applied lowest first, by image-spec 1.1 "Applying Changesets" and what container engines do where it is
//! silent: a layer's whiteouts act on lower layers only, a directory over a directory keeps its children, anything else
//! replaces what was there, parents are followed through symbolic links on the image as built so far.

use super::{
    inflate::wrong,
    tar::{Member, What},
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
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

/// A name's meaning.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Directory { children: BTreeMap<String, usize>, mode: u32 },
    File { place: Place, size: u64, mode: u32 },
    Symlink { target: String },
    Other,
}

/// A file system of names.
pub(super) struct Tree {
    nodes: Vec<Node>,
    limit: usize,
}

/// How far a path leads: the deepest node there is, and the names missing below it.
struct Reached {
    node: usize,
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
        Self { nodes: vec![Node::Directory { children: BTreeMap::new(), mode: 0o755 }], limit }
    }

    /// Applies the members of one layer.
    pub(super) fn apply(&mut self, layer: usize, members: &[Member]) -> io::Result<()> {
        // Whiteouts first: wherever they stand in the archive, they never hide what their own layer adds.
        for member in members {
            let (parent, name) = split(&member.path);
            if name == OPAQUE {
                self.clear(parent)?;
            } else if let Some(hidden) = name.strip_prefix(WHITEOUT) {
                if matches!(hidden, "" | "." | "..") || hidden.starts_with(WHITEOUT) {
                    return Err(wrong(format!(
                        "a layer holds the whiteout `{}`, which hides nothing",
                        shown(&member.path)
                    )));
                }
                self.remove(parent, hidden)?;
            }
        }
        for (index, member) in members.iter().enumerate() {
            if !split(&member.path).1.starts_with(WHITEOUT) && !member.path.is_empty() {
                self.add(member, Place { layer, member: index })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, member: &Member, place: Place) -> io::Result<()> {
        let node = match &member.what {
            What::File => Node::File { place, size: member.size, mode: member.mode },
            What::Symlink(target) => Node::Symlink { target: target.clone() },
            What::Other => Node::Other,
            What::Directory => return self.add_directory(&member.path, member.mode),
            What::HardLink(target) => {
                let (parent, name) = split(target);
                let found = self.child(parent, name)?.and_then(|node| self.nodes.get(node));
                match found {
                    Some(Node::Directory { .. }) | None => {
                        let (path, target) = (shown(&member.path), shown(target));
                        return Err(wrong(format!("a layer links `{path}` to `{target}`, which is no file")));
                    }
                    Some(other) => other.clone(),
                }
            }
        };
        let (parent, name) = split(&member.path);
        let parent = self.make(parent)?;
        let node = self.keep(node)?;
        self.children(parent).insert(name.to_owned(), node);
        Ok(())
    }

    fn add_directory(&mut self, path: &str, wanted: u32) -> io::Result<()> {
        let (parent, name) = split(path);
        let parent = self.make(parent)?;
        let existing = self.children(parent).get(name).copied();
        if let Some(Node::Directory { mode, .. }) = existing.and_then(|node| self.nodes.get_mut(node)) {
            *mode = wanted;
            return Ok(());
        }
        let node = self.keep(Node::Directory { children: BTreeMap::new(), mode: wanted })?;
        self.children(parent).insert(name.to_owned(), node);
        Ok(())
    }

    /// The directory at `path`, made where it is missing.
    fn make(&mut self, path: &str) -> io::Result<usize> {
        let Reached { mut node, missing } = self.reach(path, true).map_err(|stuck| stuck.refusal(path))?;
        for name in missing {
            let child = self.keep(Node::Directory { children: BTreeMap::new(), mode: 0o755 })?;
            self.children(node).insert(name, child);
            node = child;
        }
        match self.nodes.get(node) {
            Some(Node::Directory { .. }) => Ok(node),
            _ => Err(Stuck::NotDirectory.refusal(path)),
        }
    }

    fn clear(&mut self, path: &str) -> io::Result<()> {
        let reached = self.reach(path, true).map_err(|stuck| stuck.refusal(path))?;
        if reached.missing.is_empty() {
            self.children(reached.node).clear();
        }
        Ok(())
    }

    fn remove(&mut self, parent: &str, name: &str) -> io::Result<()> {
        let reached = self.reach(parent, true).map_err(|stuck| stuck.refusal(parent))?;
        if reached.missing.is_empty() {
            self.children(reached.node).remove(name);
        }
        Ok(())
    }

    fn child(&self, parent: &str, name: &str) -> io::Result<Option<usize>> {
        let reached = self.reach(parent, true).map_err(|stuck| stuck.refusal(parent))?;
        match self.nodes.get(reached.node) {
            Some(Node::Directory { children, .. }) if reached.missing.is_empty() => Ok(children.get(name).copied()),
            _ => Ok(None),
        }
    }

    /// A node counts against the limit even after something has replaced it: memory is what is limited.
    fn keep(&mut self, node: Node) -> io::Result<usize> {
        if self.nodes.len() > self.limit {
            return Err(wrong(format!("an image holds more than {} names", self.limit)));
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn children(&mut self, node: usize) -> &mut BTreeMap<String, usize> {
        if let Some(node @ (Node::File { .. } | Node::Symlink { .. } | Node::Other)) = self.nodes.get_mut(node) {
            *node = Node::Directory { children: BTreeMap::new(), mode: 0o755 };
        }
        match self.nodes.get_mut(node) {
            Some(Node::Directory { children, .. }) => children,
            _ => unreachable!("every node asked for was kept, and is a directory by now"),
        }
    }

    /// Follows a path from the root, the last name too when `follow_last`.
    fn reach(&self, path: &str, follow_last: bool) -> Result<Reached, Stuck> {
        let mut ahead: VecDeque<String> = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut behind = vec![ROOT];
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            let here = behind.last().copied().unwrap_or(ROOT);
            match name.as_str() {
                "." => continue,
                ".." if behind.len() == 1 => return Err(Stuck::Escape),
                ".." => {
                    behind.pop();
                    continue;
                }
                _ => {}
            }
            let Some(Node::Directory { children, .. }) = self.nodes.get(here) else { return Err(Stuck::NotDirectory) };
            let Some(child) = children.get(&name).copied() else {
                ahead.push_front(name);
                // A `..` below a name that does not exist leads nowhere.
                return if ahead.iter().any(|name| name == "..") {
                    Err(Stuck::NotDirectory)
                } else {
                    ahead.retain(|name| name != ".");
                    Ok(Reached { node: here, missing: ahead })
                };
            };
            match self.nodes.get(child) {
                Some(Node::Symlink { target }) if follow_last || !ahead.is_empty() => {
                    links += 1;
                    if links > LINKS {
                        return Err(Stuck::Loop);
                    }
                    if target.starts_with('/') {
                        behind.truncate(1);
                    }
                    for name in target.split('/').rev().filter(|name| !name.is_empty()) {
                        ahead.push_front(name.to_owned());
                    }
                }
                _ => behind.push(child),
            }
        }
        Ok(Reached { node: behind.last().copied().unwrap_or(ROOT), missing: VecDeque::new() })
    }

    /// What the symbolic link at `path` leads to in the end, `None` when it leads nowhere or out of the image.
    pub(super) fn follow(&self, path: &str) -> Option<&Node> {
        let reached = self.reach(path, true).ok()?;
        if reached.missing.is_empty() { self.nodes.get(reached.node) } else { None }
    }

    /// Calls `each` with every path and node below the root, parents before children, in order of path components.
    pub(super) fn each(&self, mut each: impl FnMut(&str, &Node)) {
        let mut waiting = vec![(String::new(), ROOT)];
        while let Some((path, node)) = waiting.pop() {
            let Some(node) = self.nodes.get(node) else { continue };
            if !path.is_empty() {
                each(&path, node);
            }
            if let Node::Directory { children, .. } = node {
                let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                waiting.extend(children.iter().rev().map(|(name, child)| (below(name), *child)));
            }
        }
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

fn shown(path: &str) -> String {
    crate::error::quote(path, 120)
}
