//! What a check knows besides the assertion: the body, the present, and what the file says of paths in general.

use super::{Mismatch, Moment, Selector};
use crate::tolerance::Tolerance;
use document::Json;
use std::{cell::OnceCell, collections::HashMap};

/// What holds of paths everywhere, whatever the case.
#[derive(Debug, Clone, Default)]
pub struct Everywhere {
    /// How near numbers must be.
    pub tolerances: Vec<(Selector, Tolerance)>,
    /// Differences at or below these are none.
    pub ignored: Vec<Selector>,
    /// What is at or below these is never shown, neither expected nor seen.
    pub redacted: Vec<Selector>,
}

/// One answer that is looked at.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// Its body.
    pub(crate) body: &'a Json,
    /// When it had come.
    pub(crate) moment: Moment,
    /// What holds of paths everywhere.
    pub(crate) everywhere: &'a Everywhere,
    /// Which tolerance holds at a place of this body, once one was asked for.
    tolerances: OnceCell<HashMap<String, usize>>,
    /// The places in this body that are ignored, once one was asked for.
    ignored: OnceCell<Vec<String>>,
}

impl<'a> Scene<'a> {
    /// An answer's body, the moment it had come, and what holds of paths everywhere.
    #[must_use]
    pub fn new(body: &'a Json, moment: Moment, everywhere: &'a Everywhere) -> Self {
        Self { body, moment, everywhere, tolerances: OnceCell::new(), ignored: OnceCell::new() }
    }

    /// The tolerance for the number at `path`, where the file has one.
    pub(super) fn tolerance(&self, path: &str) -> Option<&'a Tolerance> {
        let known = &self.everywhere.tolerances;
        let of = |(number, (selector, _)): (usize, &(Selector, Tolerance))| {
            self.places(selector).into_iter().map(move |place| (place, number))
        };
        // Of two that fit, the first in the file counts.
        let all = || known.iter().enumerate().rev().flat_map(of).collect();
        let number = self.tolerances.get_or_init(all).get(path)?;
        known.get(*number).map(|(_, tolerance)| tolerance)
    }

    /// Drops what is ignored, and blackens what must not be shown.
    pub fn hide(&self, found: &mut Vec<Mismatch>) {
        self.ignore(found);
        self.blacken(found);
    }

    /// Blackens what must not be shown.
    pub fn blacken(&self, found: &mut [Mismatch]) {
        if found.is_empty() || self.everywhere.redacted.is_empty() {
            return;
        }
        let redacted = self.all_places(&self.everywhere.redacted);
        for mismatch in found {
            // A value above one that must not be shown would show it.
            let here = |place: &String| is_within(&mismatch.path, place) || is_within(place, &mismatch.path);
            if redacted.iter().any(here) || self.could_show(mismatch) {
                (mismatch.expected, mismatch.seen) = (BLACK.to_owned(), BLACK.to_owned());
            }
        }
    }

    /// Drops what is ignored.
    pub(super) fn ignore(&self, found: &mut Vec<Mismatch>) {
        if found.is_empty() || self.everywhere.ignored.is_empty() {
            return;
        }
        let ignored = self.ignored.get_or_init(|| self.all_places(&self.everywhere.ignored));
        let covered = |path: &str| {
            let place = self.elsewhere(path);
            place.is_some_and(|place| self.everywhere.ignored.iter().any(|one| one.covers(&place) == Some(true)))
        };
        found.retain(|mismatch| {
            !ignored.iter().any(|place| is_within(&mismatch.path, place)) && !covered(&mismatch.path)
        });
    }

    /// Whether what was expected, or what another answer has, is something that must not be shown: this body does not have it.
    fn could_show(&self, mismatch: &Mismatch) -> bool {
        let holds_more = |text: &String| text.contains("{\"") || text.starts_with('[');
        let holds_more = [&mismatch.expected, &mismatch.seen].into_iter().any(holds_more);
        let path = mismatch.path.strip_suffix(NAME).unwrap_or(&mismatch.path);
        let covered = |place: &Selector| self.everywhere.redacted.iter().any(|one| one.covers(place) != Some(false));
        let inside = |place: &Selector| self.everywhere.redacted.iter().any(|one| one.may_reach_into(place));
        self.elsewhere(path).is_some_and(|place| covered(&place))
            || holds_more && path.parse().is_ok_and(|place: Selector| place.is_singular() && inside(&place))
    }

    /// The place, where this body has nothing there.
    fn elsewhere(&self, path: &str) -> Option<Selector> {
        let place: Selector = path.parse().ok()?;
        (place.is_singular() && place.one(self.body).is_none()).then_some(place)
    }

    /// Where a selector's nodes are in the body; for one that can mean one place only, that place, there or not.
    fn places(&self, selector: &Selector) -> Vec<String> {
        match selector.place() {
            Some(place) => vec![place],
            None => selector.nodes(self.body).unwrap_or_default().iter().map(document::path::Node::path).collect(),
        }
    }

    fn all_places(&self, selectors: &[Selector]) -> Vec<String> {
        selectors.iter().flat_map(|selector| self.places(selector)).collect()
    }
}

/// Stands for what must not be shown.
pub(crate) const BLACK: &str = "[redacted]";

/// Behind the path of a member: its name is meant.
pub(crate) const NAME: &str = " (the name)";

/// Whether `path` is `place` or below it.
fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']) || rest == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(ignored: &[&str], redacted: &[&str], mismatches: &[&str]) -> Vec<String> {
        let selectors = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let everywhere =
            Everywhere { ignored: selectors(ignored), redacted: selectors(redacted), ..Everywhere::default() };
        let body = Json::parse(br#"{"a": {"b": 1, "bc": 2}, "l": [{"k": 1}, {"k": 2}]}"#).unwrap();
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        let mut found: Vec<_> = mismatches.iter().map(|path| Mismatch::new(*path, "1", "2")).collect();
        Scene::new(&body, moment, &everywhere).hide(&mut found);
        found.into_iter().map(|mismatch| format!("{} {}", mismatch.path, mismatch.seen)).collect()
    }

    #[test]
    fn what_is_ignored_is_gone_with_all_below_it_and_nothing_else() {
        let all = ["$.a.b", "$.a.b.c", "$.a.bc", "$.l[0].k", "$.l[1].x", "$.gone"];
        assert_eq!(hidden(&["$.a.b", "$.gone"], &[], &all), ["$.a.bc 2", "$.l[0].k 2", "$.l[1].x 2"]);
        assert_eq!(hidden(&["$.l[*].k"], &[], &all[3..]), ["$.l[1].x 2", "$.gone 2"]);
    }

    #[test]
    fn what_this_body_lacks_is_hidden_all_the_same() {
        let gone = ["$.x.t", "$.l[7].k.t", "$.x.u"];
        assert_eq!(hidden(&["$..t"], &[], &gone), ["$.x.u 2"]);
        assert_eq!(hidden(&[], &["$..t"], &gone), ["$.x.t [redacted]", "$.l[7].k.t [redacted]", "$.x.u 2"]);
        assert_eq!(hidden(&["$.l[?@.k > 5].x"], &[], &["$.l[7].x"]), ["$.l[7].x 2"], "who knows what is not there");
        assert_eq!(hidden(&[], &["$.l[?@.k > 5].x"], &["$.l[7].x"]), ["$.l[7].x [redacted]"]);
        assert_eq!(hidden(&[], &["$.a.b"], &["$.a.b (the name)"]), ["$.a.b (the name) [redacted]"]);
        assert_eq!(
            hidden(&["$..t", "$.q"], &["$.q", "$..w"], &["$.x.t", "$.x.w", "$.x.u"]),
            ["$.x.w [redacted]", "$.x.u 2"]
        );
        let everywhere = ["$.elsewhere", "$..t"].map(|text| text.parse().unwrap()).into();
        let everywhere = Everywhere { redacted: everywhere, ..Everywhere::default() };
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        for (expected, shown) in
            [(r#"{"t":"secret"}"#, BLACK), (r#"[["secret"]]"#, BLACK), ("a list of 2", "a list of 2")]
        {
            let mut found = vec![Mismatch::new("$.a.b", expected, "1")];
            Scene::new(&Json::parse(br#"{"a": {"b": 1}}"#).unwrap(), moment, &everywhere).hide(&mut found);
            assert_eq!(found[0].expected, shown);
        }
        let everywhere = Everywhere { redacted: vec!["$.a.q".parse().unwrap()], ..Everywhere::default() };
        let mut found = vec![Mismatch::new("$.z", r#"{"x":1}"#, "missing")];
        Scene::new(&Json::parse(b"{}").unwrap(), moment, &everywhere).hide(&mut found);
        assert_eq!(found[0].expected, r#"{"x":1}"#, "it holds nothing that is redacted");
    }

    #[test]
    fn what_is_redacted_is_shown_neither_itself_nor_in_what_holds_it() {
        assert_eq!(
            hidden(&[], &["$.a.b"], &["$.a.b", "$.a", "$.a.bc"]),
            ["$.a.b [redacted]", "$.a [redacted]", "$.a.bc 2"]
        );
    }
}
