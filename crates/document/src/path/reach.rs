//! How a query relates to a place, whatever document it is asked of.

use super::{Path, Segment, Selector};

impl Path {
    /// Whether this query selects the node at `place`, or one above it, in every document that has a node there; `None`
    /// where that depends on the document (filters, places counted from the end), or `place` is no singular query.
    #[must_use]
    pub fn covers(&self, place: &Self) -> Option<bool> {
        place.is_singular().then_some(())?;
        covers(&self.query.segments, &place.query.segments)
    }

    /// Whether there is a document in which this query selects something at or below `place`.
    #[must_use]
    pub fn may_reach_into(&self, place: &Self) -> bool {
        reaches(&self.query.segments, &place.query.segments)
    }
}

fn covers(query: &[Segment], place: &[Segment]) -> Option<bool> {
    let Some((segment, after)) = query.split_first() else { return Some(true) };
    let depths = if segment.descendant { place.len() } else { place.len().min(1) };
    let mut open = false;
    for (depth, step) in place.iter().enumerate().take(depths) {
        let rest = place.get(depth + 1..).unwrap_or_default();
        match both(takes(segment, step), || covers(after, rest)) {
            Some(true) => return Some(true),
            None => open = true,
            Some(false) => {}
        }
    }
    (!open).then_some(false)
}

fn reaches(query: &[Segment], place: &[Segment]) -> bool {
    match (query.split_first(), place.split_first()) {
        (_, None) => true,
        (None, _) => false,
        // What is looked for at every depth may be deeper than the place.
        (Some((segment, _)), _) if segment.descendant => true,
        (Some((segment, after)), Some((step, below))) => takes(segment, step) != Some(false) && reaches(after, below),
    }
}

fn both(first: Option<bool>, second: impl FnOnce() -> Option<bool>) -> Option<bool> {
    match (first, first.filter(|first| !first).map_or_else(second, Some)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Whether one of a segment's selectors takes the step of a place.
fn takes(segment: &Segment, step: &Segment) -> Option<bool> {
    let [step] = step.selectors.as_slice() else { return None };
    let mut open = false;
    for selector in &segment.selectors {
        match of(selector, step) {
            Some(true) => return Some(true),
            None => open = true,
            Some(false) => {}
        }
    }
    (!open).then_some(false)
}

fn of(selector: &Selector, step: &Selector) -> Option<bool> {
    match (selector, step) {
        (Selector::Wildcard, _) => Some(true),
        (Selector::Filter(_), _) => None,
        (Selector::Name(one), Selector::Name(other)) => Some(one == other),
        (Selector::Index(one), Selector::Index(other)) if *one >= 0 && *other >= 0 => Some(one == other),
        (Selector::Index(_), Selector::Index(_)) => None,
        (Selector::Slice { start, end, step }, Selector::Index(at)) => {
            let bounds = [*start, *end, Some(*step), Some(*at)];
            if *step == 0 || bounds.into_iter().flatten().any(|bound| bound < 0) {
                return if *step == 0 { Some(false) } else { None };
            }
            let start = start.unwrap_or(0);
            Some(*at >= start && end.is_none_or(|end| *at < end) && (*at - start) % *step == 0)
        }
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;
    use proptest::prelude::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn a_query_covers_what_it_selects_and_all_below_it() {
        for (query, place, wanted) in [
            ("$", "$.a", Some(true)),
            ("$.a", "$.a", Some(true)),
            ("$.a", "$.a.b[0]", Some(true)),
            ("$.a.b", "$.a", Some(false)),
            ("$.a", "$.ab", Some(false)),
            ("$..t", "$.a.t", Some(true)),
            ("$..t", "$.a.u", Some(false)),
            ("$..t.u", "$.t.t.u.v", Some(true)),
            ("$.l[*].k", "$.l[7].k", Some(true)),
            ("$.l[1:8:3]", "$.l[7]", Some(true)),
            ("$.l[1:8:3]", "$.l[8]", Some(false)),
            ("$.l[-1]", "$.l[7]", None),
            ("$.l[::-1]", "$.l[7]", None),
            ("$.l[?@.x].k", "$.l[7].k", None),
            ("$.l[?@.x].k", "$.l[7].j", Some(false)),
            ("$['a', 'b']", "$.b", Some(true)),
            ("$.a", "$.l[*]", None),
        ] {
            assert_eq!(path(query).covers(&path(place)), wanted, "{query} {place}");
        }
    }

    #[test]
    fn a_query_reaches_into_what_holds_something_it_could_select() {
        for (query, place, wanted) in [
            ("$.a.b", "$.a", true),
            ("$.a.b", "$", true),
            ("$.a.b", "$.b", false),
            ("$.a", "$.a.b", false),
            ("$..t", "$.a.b", true),
            ("$.l[?@.x].k", "$.l[3]", true),
            ("$.l[0].k", "$.l[3]", false),
        ] {
            assert_eq!(path(query).may_reach_into(&path(place)), wanted, "{query} {place}");
        }
    }

    proptest! {
        /// What is said for every document holds for one.
        #[test]
        fn it_agrees_with_what_is_selected(
            query in prop::sample::select(vec!["$.a", "$..b", "$.*.a", "$[0]", "$..[1]", "$[0:2]", "$.a..b", "$['a','b'].b", "$[-1]", "$..a[?@.b]"]),
            document in prop::sample::select(vec![
                r#"{"a": {"b": [1, {"b": 2}]}, "b": 1}"#, r#"[{"a": [1, 2]}, {"b": {"a": 1}}]"#, r#"{"a": [{"b": 1}, 2], "b": {"b": 3}}"#,
            ]),
        ) {
            let document = Json::parse(document.as_bytes()).unwrap();
            let query = path(query);
            let selected: Vec<String> = query.nodes(&document).unwrap().iter().map(crate::path::Node::path).collect();
            for node in path("$..*").nodes(&document).unwrap() {
                let place = node.path();
                let within = selected.iter().any(|one| place.strip_prefix(one.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])));
                if let Some(covered) = query.covers(&path(&place)) { prop_assert_eq!(covered, within, "{}", place) }
                let below = selected.iter().any(|one| one.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])));
                prop_assert!(!below || query.may_reach_into(&path(&place)), "{}", place);
            }
        }
    }
}
