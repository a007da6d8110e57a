//! What needs what, by name: the part that all listings share.

use super::{ParseError, shorten};
use crate::graph::{Inventory, Knowledge};
use std::{borrow::Cow, collections::HashMap};

/// Where the packages of one listing stand, by name. A name may be carried by several.
#[derive(Debug, Default)]
pub(super) struct Names<'a>(HashMap<Cow<'a, str>, Vec<usize>>);

impl<'a> Names<'a> {
    /// `name` is carried by the package at `index`.
    pub(super) fn add(&mut self, name: impl Into<Cow<'a, str>>, index: usize) {
        self.0.entry(name.into()).or_default().push(index);
    }

    /// All that carry `name`, in the order they were added.
    pub(super) fn of(&self, name: &str) -> &[usize] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// More edges than any real listing has, hundreds of times over: where a need may mean several packages, a small file could
/// ask for gigabytes of them.
const MOST: usize = 4_000_000;

/// Counts the edges of one listing.
#[derive(Debug, Default)]
pub(super) struct Count(usize);

impl Count {
    /// So many more, of the package at `line`.
    ///
    /// # Errors
    /// [`ParseError`] when it is more than anybody needs.
    pub(super) fn add(&mut self, edges: usize, line: Option<u32>) -> Result<(), ParseError> {
        self.0 += edges;
        let message = || format!("more than {MOST} edges between packages");
        if self.0 <= MOST { Ok(()) } else { Err(ParseError { line: line.unwrap_or(1), message: message() }) }
    }
}

/// Notes that a package needs what the listing does not have: its needs are not all known.
pub(super) fn lacks(inventory: &mut Inventory, index: usize, missing: &[&str]) {
    let Some(package) = inventory.packages.get_mut(index).filter(|_| !missing.is_empty()) else { return };
    package.needs_known = Knowledge::Incomplete;
    let names: Vec<_> = missing.iter().map(|name| shorten(name)).collect();
    let text = format!("`{}` needs `{}`, which is not in the file", shorten(&package.name), names.join("`, `"));
    let line = package.line;
    inventory.remark(line, text);
}

/// Which packages can be reached from `heads`, those among them, by what each needs.
pub(super) fn reached(needs: &[impl AsRef<[usize]>], heads: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut reached = vec![false; needs.len()];
    let mut open: Vec<usize> = heads.into_iter().collect();
    while let Some(next) = open.pop() {
        if let Some(seen) = reached.get_mut(next).filter(|seen| !**seen) {
            *seen = true;
            open.extend(needs[next].as_ref());
        }
    }
    reached
}
