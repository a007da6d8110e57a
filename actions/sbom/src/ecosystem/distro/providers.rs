//! Who answers to a name: packages by what they are called and what they provide.

use std::collections::BTreeMap;

/// Names and the indexes of the packages that carry them.
#[derive(Debug, Default)]
pub(super) struct Providers<'a> {
    carriers: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Providers<'a> {
    pub(super) fn add(&mut self, name: &'a str, package: usize) {
        let carriers = self.carriers.entry(name).or_default();
        if carriers.last() != Some(&package) {
            carriers.push(package);
        }
    }

    /// Everybody who answers to a name, in the order of the database.
    pub(super) fn of(&self, name: &str) -> &[usize] {
        self.carriers.get(name).map_or(&[], Vec::as_slice)
    }
}
