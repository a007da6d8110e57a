//! What a check knows besides the assertion: the body, the present, and what the file says of paths in general.

use super::{Mismatch, Moment, Selector};
use crate::tolerance::Tolerance;
use document::Json;

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
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Its body.
    pub body: &'a Json,
    /// When it had come.
    pub moment: Moment,
    /// What holds of paths everywhere.
    pub everywhere: &'a Everywhere,
}

impl<'a> Scene<'a> {
    /// The tolerance for the number at `path`, where the file has one.
    pub(super) fn tolerance(&self, path: &str) -> Option<&'a Tolerance> {
        let known = self.everywhere.tolerances.iter();
        let mut fitting = known.filter(|(selector, _)| self.places(selector).iter().any(|place| place == path));
        fitting.next().map(|(_, tolerance)| tolerance)
    }

    /// Drops what is ignored, and blackens what must not be shown.
    pub fn hide(&self, found: &mut Vec<Mismatch>) {
        if found.is_empty() {
            return;
        }
        if !self.everywhere.ignored.is_empty() {
            let ignored = self.all_places(&self.everywhere.ignored);
            found.retain(|mismatch| !ignored.iter().any(|place| is_within(&mismatch.path, place)));
        }
        if !self.everywhere.redacted.is_empty() {
            let redacted = self.all_places(&self.everywhere.redacted);
            for mismatch in found {
                // A value above one that must not be shown would show it.
                let shows = |place: &String| is_within(&mismatch.path, place) || is_within(place, &mismatch.path);
                if redacted.iter().any(shows) {
                    (mismatch.expected, mismatch.seen) = (BLACK.to_owned(), BLACK.to_owned());
                }
            }
        }
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

/// Whether `path` is `place` or below it.
fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
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
        Scene { body: &body, moment, everywhere: &everywhere }.hide(&mut found);
        found.into_iter().map(|mismatch| format!("{} {}", mismatch.path, mismatch.seen)).collect()
    }

    #[test]
    fn what_is_ignored_is_gone_with_all_below_it_and_nothing_else() {
        let all = ["$.a.b", "$.a.b.c", "$.a.bc", "$.l[0].k", "$.l[1].x", "$.gone"];
        assert_eq!(hidden(&["$.a.b", "$.gone"], &[], &all), ["$.a.bc 2", "$.l[0].k 2", "$.l[1].x 2"]);
        assert_eq!(hidden(&["$.l[*].k"], &[], &all[3..]), ["$.l[1].x 2", "$.gone 2"]);
    }

    #[test]
    fn what_is_redacted_is_shown_neither_itself_nor_in_what_holds_it() {
        assert_eq!(
            hidden(&[], &["$.a.b"], &["$.a.b", "$.a", "$.a.bc"]),
            ["$.a.b [redacted]", "$.a [redacted]", "$.a.bc 2"]
        );
    }
}
