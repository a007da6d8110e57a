//! Why a component is there: the shortest way from what is described.

use super::Bill;
use std::collections::{BTreeMap, VecDeque};

/// A way that is longer is shown with its middle left out.
const SHOWN: usize = 7;

/// The shortest way to every component that any way leads to, found in one walk over the document.
#[derive(Debug)]
pub struct Routes<'a> {
    bill: &'a Bill,
    /// By which other component each was first reached.
    parents: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Routes<'a> {
    /// Walks the document once, breadth first, in the order of references.
    #[must_use]
    pub fn of(bill: &'a Bill) -> Self {
        let mut parents = BTreeMap::new();
        let mut open = VecDeque::new();
        if let Some(root) = &bill.root {
            parents.insert(root.as_str(), None);
            open.push_back(root.as_str());
        }
        while let Some(from) = open.pop_front() {
            for to in bill.edges.get(from).into_iter().flatten() {
                if !parents.contains_key(to.as_str()) {
                    parents.insert(to, Some(from));
                    open.push_back(to);
                }
            }
        }
        Self { bill, parents }
    }

    /// How many steps lead to a component; `None` where no way leads.
    #[must_use]
    pub fn length(&self, reference: &str) -> Option<usize> {
        self.parents.contains_key(reference).then(|| self.steps(reference).len())
    }

    /// The names on the way, the described thing first and the component last; empty where no way leads.
    #[must_use]
    pub fn way(&self, reference: &str) -> Vec<String> {
        let mut steps = self.steps(reference);
        steps.reverse();
        if steps.len() < 2 {
            return Vec::new();
        }
        let label = |step: &&str| self.bill.parts.get(*step).map_or_else(|| (*step).to_owned(), super::Part::label);
        let mut names: Vec<String> = steps.iter().map(label).collect();
        if names.len() > SHOWN {
            let left_out = names.len() - SHOWN + 1;
            names.splice(2..names.len() - (SHOWN - 3), [format!("… {left_out} more …")]);
        }
        names
    }

    fn steps(&self, reference: &str) -> Vec<&'a str> {
        let mut steps = Vec::new();
        let mut next = self.parents.get_key_value(reference).map(|(at, _)| *at);
        while let Some(at) = next {
            steps.push(at);
            next = self.parents.get(at).copied().flatten();
        }
        steps
    }
}
