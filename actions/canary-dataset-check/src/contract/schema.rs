//! JSON Schema: draft 2020-12, which OpenAPI 3.1 uses, and the dialect of OpenAPI 3.0. References stay within the document.

mod arrays;
mod objects;

use super::text;
use crate::assertion::{Form, Mismatch};
use document::{Decimal, Json, shorten};
use regex::Regex;
use std::{cell::Cell, collections::HashMap};

/// Schemas applied to one answer, and how deep they may lead into each other.
const MOST_APPLIED: u32 = 200_000;
const DEEPEST: usize = 250;

/// Which schemas are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// JSON Schema draft 2020-12.
    Draft202012,
    /// OpenAPI 3.0's: `nullable`, limits that are exclusive by a flag, nothing beside a `$ref`.
    OpenApi30,
}

/// Whether a value must keep its `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formats {
    /// It must, as far as the format is known here.
    Asserted,
    /// It is a remark, as in draft 2020-12 by default.
    Noted,
}

/// What of members that no schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// They are allowed, as JSON Schema has it.
    Ignored,
    /// They are wrong, wherever an object is described.
    Refused,
}

/// A document and all that its schemas refer to.
#[derive(Debug, Clone)]
pub struct Schemas {
    document: Json,
    dialect: Dialect,
    formats: Formats,
    extra: Extra,
    patterns: HashMap<String, Regex>,
    anchors: HashMap<String, String>,
}

/// What came of applying a schema: what is wrong, and which members and items were described.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    found: Vec<Mismatch>,
    /// By place among the instance's members or items.
    described: Vec<bool>,
}

impl Outcome {
    fn wrong(&mut self, path: &str, expected: impl Into<String>, seen: &Json) {
        self.found.push(Mismatch::new(path, expected, seen.to_string()));
    }

    fn describe(&mut self, place: usize) {
        if self.described.len() <= place {
            self.described.resize(place + 1, false);
        }
        self.described[place] = true;
    }

    fn describes(&self, place: usize) -> bool {
        self.described.get(place).copied().unwrap_or(false)
    }

    /// Takes over what another schema, applied to the same instance, described; an instance that it does not fit was not
    /// described by it.
    fn absorb(&mut self, other: Self) {
        if other.found.is_empty() {
            other.described.iter().enumerate().filter(|(_, yes)| **yes).for_each(|(place, _)| self.describe(place));
        }
        self.found.extend(other.found);
    }
}

/// One application of a schema to an answer.
pub(super) struct Applying<'s> {
    schemas: &'s Schemas,
    left: Cell<u32>,
}

/// A schema's place beside an instance's.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    schema: &'a Json,
    instance: &'a Json,
    path: &'a str,
    depth: usize,
}

impl<'a> At<'a> {
    fn with(self, schema: &'a Json) -> Self {
        Self { schema, depth: self.depth + 1, ..self }
    }
}

impl Schemas {
    /// Understands every reference and pattern in the document.
    ///
    /// # Errors
    /// All that lead nowhere or outside, or cannot be used.
    pub fn new(document: Json, dialect: Dialect, (formats, extra): (Formats, Extra)) -> Result<Self, Vec<String>> {
        let texts = text::collect(&document);
        let mut problems = texts.problems;
        let (patterns, anchors) = (texts.patterns, texts.anchors);
        let schemas = Self { document, dialect, formats, extra, patterns, anchors };
        let lost = texts.references.iter().filter(|reference| schemas.resolve(reference).is_none());
        problems.extend(lost.map(|reference| format!("`{}` leads nowhere in the document", shorten(reference))));
        if problems.is_empty() { Ok(schemas) } else { Err(problems) }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Json {
        &self.document
    }

    /// Where a reference leads.
    fn resolve(&self, reference: &str) -> Option<&Json> {
        let place = reference.strip_prefix('#')?;
        let place = text::percent_decoded(place)?;
        match place.as_str() {
            "" => Some(&self.document),
            pointer if pointer.starts_with('/') => text::at_pointer(&self.document, pointer),
            anchor => text::at_pointer(&self.document, self.anchors.get(anchor)?),
        }
    }

    /// What stands here, or where the reference that stands here leads.
    #[must_use]
    pub fn follow<'a>(&'a self, mut node: &'a Json) -> &'a Json {
        for _ in 0..16 {
            match node.get("$ref") {
                Some(Json::Text(reference)) => match self.resolve(reference) {
                    Some(there) => node = there,
                    None => return node,
                },
                _ => break,
            }
        }
        node
    }

    /// Every way in which `instance` does not fit `schema`, which is part of the document.
    #[must_use]
    pub fn check(&self, schema: &Json, instance: &Json, path: &str) -> Vec<Mismatch> {
        let applying = Applying { schemas: self, left: Cell::new(MOST_APPLIED) };
        let mut found = applying.apply(At { schema, instance, path, depth: 0 }).found;
        if applying.left.get() == 0 {
            found.push(Mismatch::new(
                path,
                "a schema that can be applied",
                "it leads in circles or into too many others",
            ));
        }
        found
    }
}

impl<'s> Applying<'s> {
    /// Applies a schema to an instance for itself: what nothing describes may be refused.
    fn apply(&self, at: At<'_>) -> Outcome {
        let mut outcome = self.apply_in_place(at);
        if let (Extra::Refused, Json::Map(members)) = (self.schemas.extra, at.instance) {
            // An object of which nothing is described, such as a map, has nothing extra.
            if outcome.described.iter().any(|described| *described) {
                for (place, (name, value)) in members.iter().enumerate() {
                    if !outcome.describes(place) {
                        outcome.wrong(&objects::below(at.path, name), "a described member", value);
                    }
                }
            }
        }
        outcome
    }

    /// Applies a schema beside others to the same instance.
    fn apply_in_place(&self, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 || at.depth > DEEPEST {
            self.left.set(0);
            outcome.wrong(at.path, "a schema that can be applied", &Json::Null);
            return outcome;
        }
        match at.schema {
            Json::Bool(false) => outcome.wrong(at.path, "nothing", at.instance),
            Json::Map(_) => self.keywords(at, &mut outcome),
            _ => {}
        }
        outcome
    }

    fn keywords(&self, at: At<'_>, outcome: &mut Outcome) {
        for keyword in ["$ref", "$dynamicRef"] {
            if let Some(Json::Text(reference)) = at.schema.get(keyword)
                && let Some(there) = self.schemas.resolve(reference)
            {
                outcome.absorb(self.apply_in_place(at.with(there)));
                if self.schemas.dialect == Dialect::OpenApi30 {
                    return;
                }
            }
        }
        let nullable = self.schemas.dialect == Dialect::OpenApi30
            && at.schema.get("nullable") == Some(&Json::Bool(true))
            && at.schema.get("type").is_some();
        if nullable && *at.instance == Json::Null {
            return;
        }
        self.of_any_type(at, outcome);
        self.combinations(at, outcome);
        match at.instance {
            Json::Number(token) => self.number(at, token, outcome),
            Json::Text(text) => self.text(at, text, outcome),
            Json::List(items) => self.items(at, items, outcome),
            Json::Map(members) => self.members(at, members, outcome),
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// Whether a keyword is one of this dialect.
    fn has<'a>(&self, at: At<'a>, keyword: &str) -> Option<&'a Json> {
        const NEWER: [&str; 14] = [
            "const",
            "if",
            "prefixItems",
            "contains",
            "patternProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedItems",
            "unevaluatedProperties",
            "then",
            "else",
            "minContains",
            "maxContains",
        ];
        let known = self.schemas.dialect == Dialect::Draft202012 || !NEWER.contains(&keyword);
        at.schema.get(keyword).filter(|_| known)
    }

    fn of_any_type(&self, at: At<'_>, outcome: &mut Outcome) {
        let is = |name: &Json| matches!(name, Json::Text(name) if Form::of_type(name).is_ok_and(|form| form.fits(at.instance)));
        match at.schema.get("type") {
            Some(Json::List(names)) if !names.iter().any(is) => {
                let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
                outcome.wrong(at.path, names, at.instance);
            }
            Some(name @ Json::Text(text)) if !is(name) => outcome.wrong(at.path, text.as_str(), at.instance),
            _ => {}
        }
        if let Some(Json::List(allowed)) = at.schema.get("enum")
            && !allowed.iter().any(|one| one.same(at.instance))
        {
            outcome.wrong(at.path, format!("one of {}", Json::List(allowed.clone())), at.instance);
        }
        if let Some(constant) = self.has(at, "const")
            && !constant.same(at.instance)
        {
            outcome.wrong(at.path, constant.to_string(), at.instance);
        }
    }

    fn combinations(&self, at: At<'_>, outcome: &mut Outcome) {
        if let Some(Json::List(all)) = at.schema.get("allOf") {
            all.iter().for_each(|schema| outcome.absorb(self.apply_in_place(at.with(schema))));
        }
        for (keyword, expected) in
            [("anyOf", "something that fits any of them"), ("oneOf", "something that fits exactly one of them")]
        {
            let Some(Json::List(schemas)) = at.schema.get(keyword) else { continue };
            let outcomes: Vec<Outcome> = schemas.iter().map(|schema| self.apply_in_place(at.with(schema))).collect();
            let fitting = outcomes.iter().filter(|outcome| outcome.found.is_empty()).count();
            if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                // Of what does not fit, the nearest says most.
                let nearest = outcomes.into_iter().min_by_key(|outcome| outcome.found.len());
                outcome.wrong(at.path, format!("{expected} ({keyword}, {fitting} of {})", schemas.len()), at.instance);
                outcome.found.extend(nearest.into_iter().flat_map(|nearest| nearest.found));
            } else {
                outcomes.into_iter().filter(|one| one.found.is_empty()).for_each(|one| outcome.absorb(one));
            }
        }
        if let Some(schema) = at.schema.get("not")
            && self.apply_in_place(at.with(schema)).found.is_empty()
        {
            outcome.wrong(at.path, "something that does not fit `not`", at.instance);
        }
        if let Some(schema) = self.has(at, "if") {
            let condition = self.apply_in_place(at.with(schema));
            let next = self.has(at, if condition.found.is_empty() { "then" } else { "else" });
            if condition.found.is_empty() {
                outcome.absorb(condition);
            }
            next.into_iter().for_each(|schema| outcome.absorb(self.apply_in_place(at.with(schema))));
        }
    }

    fn number(&self, at: At<'_>, token: &str, outcome: &mut Outcome) {
        let limit = |keyword: &str| match at.schema.get(keyword) {
            Some(Json::Number(limit)) => limit.parse::<Decimal>().ok(),
            _ => None,
        };
        let Ok(number) = token.parse::<Decimal>() else {
            if ["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]
                .iter()
                .any(|word| limit(word).is_some())
            {
                outcome.wrong(at.path, "a number that can be compared", at.instance);
            }
            return;
        };
        let flag = |keyword: &str| at.schema.get(keyword) == Some(&Json::Bool(true));
        let kept = [
            (
                "minimum",
                limit("minimum").is_none_or(|low| number > low || (number == low && !flag("exclusiveMinimum"))),
            ),
            (
                "maximum",
                limit("maximum").is_none_or(|high| number < high || (number == high && !flag("exclusiveMaximum"))),
            ),
            ("exclusiveMinimum", limit("exclusiveMinimum").is_none_or(|low| number > low)),
            ("exclusiveMaximum", limit("exclusiveMaximum").is_none_or(|high| number < high)),
            ("multipleOf", limit("multipleOf").is_none_or(|step| number.is_multiple_of(&step))),
        ];
        for (keyword, _) in kept.iter().filter(|(_, kept)| !kept) {
            let limit = at.schema.get(keyword).map(ToString::to_string).unwrap_or_default();
            outcome.wrong(at.path, format!("{keyword} {limit}"), at.instance);
        }
        self.format(at, Some(&number), outcome);
    }

    fn text(&self, at: At<'_>, value: &str, outcome: &mut Outcome) {
        let length = value.chars().count() as u64;
        self.sized(at, ("minLength", "maxLength"), length, outcome);
        if let Some(Json::Text(pattern)) = at.schema.get("pattern")
            && !self.fits(pattern, value)
        {
            outcome.wrong(at.path, format!("a match of /{pattern}/"), at.instance);
        }
        self.format(at, None, outcome);
    }

    /// Whether a text has a match of a pattern; every pattern was compiled when the document was read.
    fn fits(&self, pattern: &str, value: &str) -> bool {
        self.schemas.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(value))
    }

    fn format(&self, at: At<'_>, number: Option<&Decimal>, outcome: &mut Outcome) {
        let (Formats::Asserted, Some(Json::Text(format))) = (self.schemas.formats, at.schema.get("format")) else {
            return;
        };
        let within = |bits: u32| {
            let limit: i128 = 1 << (bits - 1);
            let inside = |number: &Decimal| {
                let bound = |bound: i128| bound.to_string().parse::<Decimal>().ok();
                number.is_integer()
                    && bound(-limit).is_some_and(|low| low <= *number)
                    && bound(limit - 1).is_some_and(|high| *number <= high)
            };
            number.is_none_or(inside)
        };
        let fits = match (format.as_str(), at.instance) {
            ("int32", _) => within(32),
            ("int64", _) => within(64),
            ("date", Json::Text(_)) => Form::Date.fits(at.instance),
            ("date-time", Json::Text(_)) => Form::Timestamp.fits(at.instance),
            ("uuid", Json::Text(text)) => text::is_uuid(text),
            _ => true,
        };
        if !fits {
            outcome.wrong(at.path, format!("a {format}"), at.instance);
        }
    }

    /// Two limits on a count.
    fn sized(&self, at: At<'_>, (least, most): (&str, &str), size: u64, outcome: &mut Outcome) {
        let limit = |keyword: &str| match at.schema.get(keyword) {
            // `2.0` is a whole number as well.
            Some(Json::Number(limit)) => limit.parse::<Decimal>().ok(),
            _ => None,
        };
        let size: Option<Decimal> = size.to_string().parse().ok();
        let Some(size) = size else { return };
        for (keyword, kept) in [
            (least, limit(least).is_none_or(|limit| size >= limit)),
            (most, limit(most).is_none_or(|limit| size <= limit)),
        ] {
            if !kept {
                let limit = at.schema.get(keyword).map(ToString::to_string).unwrap_or_default();
                outcome.wrong(at.path, format!("{keyword} {limit}"), &Json::Number(size.to_string()));
            }
        }
    }
}
