//! What schemas say of objects.

use super::{Applying, At, Outcome};
use crate::assertion::NAME;
use document::{Json, path::push_name};

pub(super) fn below(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_name(&mut path, name);
    path
}

impl Applying<'_> {
    pub(super) fn members(&self, at: At<'_>, members: &[(String, Json)], outcome: &mut Outcome) {
        self.sized(at, ("minProperties", "maxProperties"), members.len() as u64, outcome);
        if let Some(Json::List(required)) = at.schema.get("required") {
            self.required(at, required, outcome);
        }
        self.dependent(at, outcome);
        let member = |place: usize, schema, outcome: &mut Outcome| {
            let Some((name, instance)) = members.get(place) else { return };
            let path = below(at.path, name);
            outcome.describe(place);
            outcome.found.extend(self.apply(At { schema, instance, path: &path, depth: at.depth + 1 }).found);
        };
        let mut own = vec![false; members.len()];
        for (place, (name, _)) in members.iter().enumerate() {
            let mut schemas: Vec<&Json> =
                at.schema.get("properties").and_then(|them| them.get(name)).into_iter().collect();
            if let Some(Json::Map(patterns)) = self.has(at, "patternProperties") {
                schemas
                    .extend(patterns.iter().filter(|(pattern, _)| self.fits(pattern, name)).map(|(_, schema)| schema));
            }
            own[place] = !schemas.is_empty();
            schemas.into_iter().for_each(|schema| member(place, schema, outcome));
            if let Some(schema) = self.has(at, "propertyNames") {
                let name = Json::Text(name.clone());
                let path = format!("{}{NAME}", at.path);
                let named = self.apply(At { schema, instance: &name, path: &path, depth: at.depth + 1 });
                outcome.found.extend(named.found);
            }
        }
        if let Some(schema) = at.schema.get("additionalProperties") {
            let others = own.iter().enumerate().filter(|(_, own)| !**own);
            others.for_each(|(place, _)| member(place, schema, outcome));
        }
        if let Some(schema) = self.has(at, "unevaluatedProperties") {
            let left: Vec<usize> = (0..members.len()).filter(|place| !outcome.describes(*place)).collect();
            left.into_iter().for_each(|place| member(place, schema, outcome));
        }
    }

    fn required(&self, at: At<'_>, required: &[Json], outcome: &mut Outcome) {
        for name in required {
            if let Json::Text(name) = name
                && at.instance.get(name).is_none()
            {
                outcome.found.push(crate::assertion::Mismatch::new(below(at.path, name), "present", "missing"));
            }
        }
    }

    fn dependent(&self, at: At<'_>, outcome: &mut Outcome) {
        if let Some(Json::Map(dependent)) = self.has(at, "dependentRequired") {
            for (_, required) in dependent.iter().filter(|(name, _)| at.instance.get(name).is_some()) {
                if let Json::List(required) = required {
                    self.required(at, required, outcome);
                }
            }
        }
        if let Some(Json::Map(dependent)) = self.has(at, "dependentSchemas") {
            for (_, schema) in dependent.iter().filter(|(name, _)| at.instance.get(name).is_some()) {
                outcome.absorb(self.apply_in_place(at.with(schema)));
            }
        }
    }
}
