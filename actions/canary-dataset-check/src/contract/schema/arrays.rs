//! What schemas say of lists.

use super::{Applying, At, Outcome};
use document::{Json, path::push_index};

fn below(path: &str, index: usize) -> String {
    let mut path = path.to_owned();
    push_index(&mut path, index);
    path
}

impl Applying<'_> {
    pub(super) fn items(&self, at: At<'_>, items: &[Json], outcome: &mut Outcome) {
        self.sized(at, ("minItems", "maxItems"), items.len() as u64, outcome);
        if at.schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            self.unique(at, items, outcome);
        }
        let item = |index: usize, schema, outcome: &mut Outcome| {
            let Some(instance) = items.get(index) else { return };
            let path = below(at.path, index);
            outcome.describe(index);
            outcome.found.extend(self.apply(At { schema, instance, path: &path, depth: at.depth + 1 }).found);
        };
        let prefix: &[Json] = match self.has(at, "prefixItems") {
            Some(Json::List(prefix)) => prefix,
            _ => &[],
        };
        prefix.iter().enumerate().for_each(|(index, schema)| item(index, schema, outcome));
        if let Some(schema) = at.schema.get("items") {
            (prefix.len()..items.len()).for_each(|index| item(index, schema, outcome));
        }
        self.contains(at, items, outcome);
        if let Some(schema) = self.has(at, "unevaluatedItems") {
            let left: Vec<usize> = (0..items.len()).filter(|index| !outcome.describes(*index)).collect();
            left.into_iter().for_each(|index| item(index, schema, outcome));
        }
    }

    fn contains(&self, at: At<'_>, items: &[Json], outcome: &mut Outcome) {
        let Some(schema) = self.has(at, "contains") else { return };
        let mut fitting = 0;
        for (index, instance) in items.iter().enumerate() {
            let path = below(at.path, index);
            if self.apply(At { schema, instance, path: &path, depth: at.depth + 1 }).found.is_empty() {
                outcome.describe(index);
                fitting += 1;
            }
        }
        if self.has(at, "minContains").is_none() && fitting == 0 {
            outcome.wrong(at.path, "an item that fits `contains`", at.instance);
        }
        self.sized(at, ("minContains", "maxContains"), fitting, outcome);
    }

    fn unique(&self, at: At<'_>, items: &[Json], outcome: &mut Outcome) {
        for (index, item) in items.iter().enumerate() {
            self.left.set(self.left.get().saturating_sub(u32::try_from(index / 16).unwrap_or(u32::MAX)));
            if self.left.get() == 0 {
                return outcome.wrong(at.path, "a list short enough to be compared", &Json::Null);
            }
            if items.iter().take(index).any(|other| other.same(item)) {
                return outcome.wrong(&below(at.path, index), "an item that is there once", item);
            }
        }
    }
}
