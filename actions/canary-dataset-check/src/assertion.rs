//! What an answer must be: assertions on the nodes a JSONPath selects. Pure; the present comes in as a value.

mod arrays;
mod difference;
mod format;
mod read;
mod rule;
mod scene;

pub use arrays::Direction;
pub use document::Path as Selector;
pub use format::Form;
pub(crate) use read::{assertion, has_number, metadata, path, selector, tolerance, value};
pub use rule::{Moment, Rule, time};
pub(crate) use scene::{BLACK, NAME};
pub use scene::{Everywhere, Scene};

use crate::tolerance::Tolerance;
use document::{Json, path::Node};

/// One assertion on an answer's body.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The nodes it is about.
    pub selector: Selector,
    /// What must hold of them.
    pub expectation: Expectation,
}

/// What must hold of the selected nodes.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// There is none. A member that is `null` is there.
    Absent,
    /// There is one, and it keeps every rule. Only for queries that select one node at most.
    One(Vec<Rule>),
    /// There is at least one, and each keeps every rule: `all` over nothing is no evidence.
    All(Vec<Rule>),
    /// At least one keeps every rule.
    Any(Vec<Rule>),
    /// None keeps every rule; that there is no node at all is as good.
    None(Vec<Rule>),
    /// There are so many, from the first to the second.
    Count(u64, u64),
}

/// One way in which an answer is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mismatch {
    /// The node, as a JSONPath; `status` or `body` for the answer as a whole.
    pub path: String,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub seen: String,
}

impl Mismatch {
    /// A mismatch; both texts are cut to 200 characters.
    pub fn new(path: impl Into<String>, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { path: path.into(), expected: cut(expected.into()), seen: cut(seen.into()) }
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= 200 { text } else { text.chars().take(199).chain(['…']).collect() }
}

impl Assertion {
    /// Every way in which the scene's body does not keep this assertion; none when it does.
    #[must_use]
    pub fn check(&self, scene: &Scene<'_>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        match &self.expectation {
            // The one node of a plain query is looked at without writing down where it is; that is what most cases ask.
            Expectation::One(rules) if self.selector.is_singular() => match self.selector.one(scene.body) {
                Some(seen) if rules.iter().all(|rule| rule.plainly_holds(seen)) => {}
                Some(_) => self.check_nodes(scene, &mut found),
                None => found.push(Mismatch::new(self.place(), describe(rules), "missing")),
            },
            _ => self.check_nodes(scene, &mut found),
        }
        scene.hide(&mut found);
        // Where the nodes of a query would be is not known when there are none: they may be what must not be shown.
        if !scene.everywhere.redacted.is_empty() && !matches!(self.expectation, Expectation::Count(..)) {
            let placeless = found.iter_mut().filter(|mismatch| mismatch.path == self.selector.text());
            placeless.filter(|_| self.selector.place().is_none()).for_each(|m| m.expected = BLACK.to_owned());
        }
        found
    }

    /// The one place it is about, as all mismatches name it; else the query.
    fn place(&self) -> String {
        self.selector.place().unwrap_or_else(|| self.selector.text().to_owned())
    }

    fn check_nodes(&self, scene: &Scene<'_>, found: &mut Vec<Mismatch>) {
        let path = self.place();
        let nodes = match self.selector.nodes(scene.body) {
            Ok(nodes) => nodes,
            Err(error) => return found.push(Mismatch::new(path, "a query that can be answered", error.to_string())),
        };
        let broken = |rules: &[Rule], node: &Node<'_>| broken(rules, &node.path(), node.value, scene);
        match &self.expectation {
            Expectation::Absent => {
                found.extend(nodes.iter().map(|node| Mismatch::new(node.path(), "absent", node.value.to_string())));
            }
            Expectation::One(rules) | Expectation::All(rules) | Expectation::Any(rules) if nodes.is_empty() => {
                found.push(Mismatch::new(path, describe(rules), "missing"));
            }
            Expectation::One(rules) | Expectation::All(rules) => {
                found.extend(nodes.iter().flat_map(|node| broken(rules, node)));
            }
            Expectation::Any(rules) => {
                if !nodes.iter().any(|node| broken(rules, node).is_empty()) {
                    let seen = format!("{} nodes, none of which is", nodes.len());
                    found.push(Mismatch::new(path, format!("any: {}", describe(rules)), seen));
                }
            }
            Expectation::None(rules) => {
                let kept = nodes.iter().filter(|node| broken(rules, node).is_empty());
                let told = |node: &Node<'_>| {
                    Mismatch::new(node.path(), format!("none: {}", describe(rules)), node.value.to_string())
                };
                found.extend(kept.map(told));
            }
            Expectation::Count(least, most) => {
                let count = nodes.len() as u64;
                if !(*least..=*most).contains(&count) {
                    let expected =
                        if least == most { format!("{least} nodes") } else { format!("{least} to {most} nodes") };
                    found.push(Mismatch::new(path, expected, count.to_string()));
                }
            }
        }
    }
}

/// Every place at which `seen` is not `expected`, near enough by the tolerances of the scene.
#[must_use]
pub fn differing(expected: &Json, seen: &Json, scene: &Scene<'_>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let tolerance = Tolerance::default();
    difference::Comparing { scene, tolerance: &tolerance }.differences(expected, seen, "$", &mut found);
    found
}

fn broken(rules: &[Rule], path: &str, seen: &Json, scene: &Scene<'_>) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    for rule in rules {
        rule.check(path, seen, scene, &mut mismatches);
    }
    scene.ignore(&mut mismatches);
    mismatches
}

fn describe(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return "present".to_owned();
    }
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::Json;
    use proptest::prelude::*;

    /// The problems of an assertion written in YAML, or its mismatches on `body`.
    fn check(yaml: &str, body: &str) -> Result<Vec<String>, Vec<String>> {
        let assertion = document::read(yaml, assertion)
            .map_err(|problems| problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>())?;
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        let body = Json::parse(body.as_bytes()).unwrap();
        let everywhere = Everywhere::default();
        let mismatches = assertion.check(&Scene::new(&body, moment, &everywhere)).into_iter();
        Ok(mismatches.map(|m| format!("{}: {} | {}", m.path, m.expected, m.seen)).collect())
    }

    fn passes(yaml: &str, body: &str) {
        assert_eq!(check(yaml, body), Ok(vec![]), "{yaml} on {body}");
    }

    fn fails(yaml: &str, body: &str, mismatch: &str) {
        assert_eq!(check(yaml, body), Ok(vec![mismatch.to_owned()]), "{yaml} on {body}");
    }

    #[test]
    fn equal_means_the_same_json_with_numbers_as_decimals() {
        passes("{path: $.a, equals: 1}", r#"{"a": 1.0}"#);
        passes("{path: $.a, equals: 17.1, abs: 0.1}", r#"{"a": 17.2}"#);
        fails("{path: $.a, equals: 17.1, abs: 0.05}", r#"{"a": 168.9}"#, "$.a: 17.1 ± 0.05 | 168.9 (off by 151.8)");
        fails("{path: $.a, equals: 1}", r#"{"a": "1"}"#, "$.a: 1 | \"1\"");
        fails("{path: $.a, equals: ~}", "{}", "$.a: null | missing");
        fails("{path: $.a, equals: ''}", r#"{"a": null}"#, "$.a: \"\" | null");
        passes("{path: $.a, equals: {x: [1, {y: 2}]}}", r#"{"a": {"x": [1.0, {"y": 2}]}}"#);
        assert_eq!(
            check("{path: $.a, equals: {x: [1, 2], y: 3}}", r#"{"a": {"x": [1, 5], "z": 4}}"#),
            Ok(vec![
                "$.a.x[1]: 2 | 5 (off by 3)".to_owned(),
                "$.a.y: 3 | missing".to_owned(),
                "$.a.z: absent | 4".to_owned(),
            ])
        );
        fails("{path: $.a, equals: [1, 2]}", r#"{"a": [1]}"#, "$.a: a list of 2 | a list of 1");
    }

    #[test]
    fn what_the_file_says_of_paths_holds_in_lists_and_alternatives_and_behind_what_an_assertion_says_itself() {
        let selectors = |text: &str| vec![text.parse().unwrap()];
        let wide = Tolerance { abs: Some("10".parse().unwrap()), ..Tolerance::default() };
        let everywhere = Everywhere {
            tolerances: vec![("$..n".parse().unwrap(), wide.clone()), ("$.m".parse().unwrap(), wide)],
            ignored: selectors("$..t"),
            redacted: selectors("$..secret"),
        };
        let body = br#"{"n": 5, "l": [{"id": 1, "n": 7, "t": 8}, {"id": 2, "n": 1, "t": 9}], "secret": "s"}"#;
        let body = Json::parse(body).unwrap();
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        for (yaml, wanted) in [
            ("{path: $.n, equals: 9}", None),
            ("{path: $.n, equals: 9, abs: 1}", Some("9 ± 1")),
            ("{path: $.n, equals: 9, abs: 0}", Some("9 ± 0")),
            ("{path: $.l, unordered: [{id: 2, n: 2, t: 0}, {id: 1, n: 2, t: 0}]}", None),
            (
                "{path: $.l, unordered: [{id: 3, n: 2, t: 0}, {id: 1, n: 2, t: 0}]}",
                Some("{\"id\":3,\"n\":2,\"t\":0} among its items"),
            ),
            ("{path: '$.l[*]', any: {equals: {id: 2, n: 1, t: 0}}}", None),
            ("{path: '$.l[*]', none: {equals: {id: 2, n: 1, t: 0}}}", Some("none: {\"id\":2,\"n\":1,\"t\":0}")),
            ("{path: \"$['secret']['x']\", equals: s}", Some(BLACK)),
            ("{path: '$.l[?@.id > 2].secret', all: {equals: s}}", Some(BLACK)),
            ("{path: '$.l[?@.id > 2].secret', count: 1}", Some("1 nodes")),
        ] {
            let assertion = document::read(yaml, assertion).unwrap();
            let found = assertion.check(&Scene::new(&body, moment, &everywhere));
            let hides = |mismatch: &Mismatch| mismatch.expected == BLACK;
            match wanted {
                // What holds objects might hold what must not be shown.
                Some(words) if words.contains('{') => assert!(found.iter().any(hides), "{yaml}: {found:?}"),
                Some(words) => assert!(found.iter().any(|m| m.expected == words), "{yaml}: {found:?}"),
                None => assert_eq!(found, [], "{yaml}"),
            }
        }
    }

    #[test]
    fn missing_null_and_empty_are_three_things() {
        for (body, present, absent) in
            [("{}", false, true), (r#"{"a":null}"#, true, false), (r#"{"a":""}"#, true, false)]
        {
            assert_eq!(check("{path: $.a, present: true}", body).unwrap().is_empty(), present, "{body}");
            assert_eq!(check("{path: $.a, absent: true}", body).unwrap().is_empty(), absent, "{body}");
        }
        fails("{path: $.a, absent: true}", r#"{"a": 1}"#, "$.a: absent | 1");
        fails("{path: $.a, format: text}", r#"{"a": ""}"#, "$.a: a text that is not empty | \"\"");
    }

    #[test]
    fn ranges_include_their_borders() {
        for (value, inside) in [("0", true), ("365.0", true), ("-1e-30", false), ("365.0000001", false)] {
            let seen = check("{path: $.a, between: [0, '365']}", &format!("{{\"a\": {value}}}")).unwrap();
            assert_eq!(seen.is_empty(), inside, "{value}");
        }
        fails("{path: $.a, min: 1}", r#"{"a": 0.5}"#, "$.a: at least 1 | 0.5");
        fails("{path: $.a, max: 1}", r#"{"a": "0.5"}"#, "$.a: at most 1 | \"0.5\"");
        fails("{path: $.a, max: 1}", r#"{"a": 1e9999}"#, "$.a: at most 1 | 1e9999 (too large to compare)");
    }

    #[test]
    fn types_sets_and_patterns() {
        passes("{path: $.a, type: integer}", r#"{"a": 2.0}"#);
        fails("{path: $.a, type: integer}", r#"{"a": 2.5}"#, "$.a: an integer | 2.5");
        fails("{path: $.a, type: number}", r#"{"a": null}"#, "$.a: a number | null");
        passes("{path: $.a, one_of: [stay, 2]}", r#"{"a": 2.0}"#);
        fails("{path: $.a, one_of: [stay, go]}", r#"{"a": "fly"}"#, "$.a: one of \"stay\", \"go\" | \"fly\"");
        passes("{path: $.a, matches: '^1\\.4\\.'}", r#"{"a": "1.4.0"}"#);
        fails("{path: $.a, matches: '^1\\.4\\.'}", r#"{"a": "1.50.0"}"#, r#"$.a: a match of /^1\.4\./ | "1.50.0""#);
    }

    #[test]
    fn of_several_rules_for_one_value_each_counts() {
        passes("{path: $.a, type: integer, min: 1}", r#"{"a": 2}"#);
        fails("{path: $.a, type: integer, min: 1}", r#"{"a": 0}"#, "$.a: at least 1 | 0");
        fails("{path: $.a, type: integer, min: 1}", r#"{"a": 1.5}"#, "$.a: an integer | 1.5");
        fails("{path: $.a, type: string, one_of: [stay, 2]}", r#"{"a": 2}"#, "$.a: a text | 2");
    }

    #[test]
    fn a_timestamp_may_be_neither_old_nor_from_the_future() {
        let rule = "{path: $.t, max_age: 24h, max_future_skew: 5m}";
        for (seen, good) in [
            ("2026-09-21T05:59:59Z", true),
            ("2026-09-20T06:00:00Z", true),
            ("2026-09-21T08:05:00+02:00", true),
            ("2026-09-20T05:59:59.9Z", false),
            ("2026-09-21T06:05:01Z", false),
            ("2126-09-21T06:00:00Z", false),
            ("2026-09-21T05:59:59", false),
            ("2026-09-21 05:59:59Z", false),
            ("yesterday", false),
        ] {
            let mismatches = check(rule, &format!("{{\"t\": \"{seen}\"}}")).unwrap();
            assert_eq!(mismatches.is_empty(), good, "{seen}: {mismatches:?}");
        }
        fails(
            "{path: $.t, max_age: 24h}",
            r#"{"t": "2026-09-18T06:00:00Z"}"#,
            "$.t: at most 1d old and 5m ahead | \"2026-09-18T06:00:00Z\" (3d old)",
        );
        fails(
            "{path: $.t, max_age: 24h}",
            r#"{"t": 1758434400}"#,
            "$.t: at most 1d old and 5m ahead | 1758434400 (no time)",
        );
        passes("{path: $.t, max_age: 48h}", r#"{"t": "2026-09-20"}"#);
    }

    #[test]
    fn several_nodes_need_a_word_that_says_how() {
        let body = r#"{"items": [{"p": 1}, {"p": -2}]}"#;
        fails("{path: '$.items[*].p', all: {min: 0}}", body, "$.items[1].p: at least 0 | -2");
        passes("{path: '$.items[*].p', any: {equals: -2}}", body);
        fails("{path: '$..p', any: {equals: 3}}", body, "$..p: any: 3 | 2 nodes, none of which is");
        fails("{path: '$.items[?@.p > 5].p', all: {min: 0}}", body, "$.items[?@.p > 5].p: at least 0 | missing");
        fails("{path: '$.items[?@.p > 5].p', any: {min: 0}}", body, "$.items[?@.p > 5].p: at least 0 | missing");
        let refused = check("{path: '$.items[*].p', min: 0}", body).unwrap_err();
        assert!(refused[0].contains("say `all:` or `any:`"), "{refused:?}");
    }

    #[test]
    fn nodes_can_be_counted_and_excluded() {
        let body = r#"{"items": [{"p": 1}, {"p": -2}], "n": null}"#;
        passes("{path: '$.items[*]', count: 2}", body);
        passes("{path: '$.items[*]', count: {min: 1, max: 3}}", body);
        fails("{path: '$.items[*]', count: {min: 3}}", body, "$.items[*]: 3 to 18446744073709551615 nodes | 2");
        fails("{path: '$.gone', count: 1}", body, "$.gone: 1 nodes | 0");
        passes("{path: '$.items[*].p', none: {min: 2}}", body);
        fails("{path: '$.items[*].p', none: {max: 0}}", body, "$.items[1].p: none: at most 0 | -2");
        passes("{path: '$.gone[*]', none: {type: 'null'}}", body);
    }

    #[test]
    fn lists_are_compared_in_any_order_and_looked_at_for_order() {
        passes("{path: $.a, unordered: [1, 2, 2]}", r#"{"a": [2, 1.0, 2]}"#);
        assert_eq!(
            check("{path: $.a, unordered: [1, 2, 2]}", r#"{"a": [1, 1, 2]}"#),
            Ok(vec!["$.a: 2 among its items | missing".to_owned(), "$.a[1]: absent | 1".to_owned()])
        );
        // The first that fits is not always the one to take: 1.0 fits both, 1.4 only one.
        passes("{path: $.a, unordered: [1.0, 1.4], abs: 0.5}", r#"{"a": [1.2, 0.6]}"#);
        passes("{path: $.a, unordered: [1.4, 1.0], abs: 0.5}", r#"{"a": [1.2, 0.6]}"#);
        passes("{path: $.a, sorted: ascending}", r#"{"a": [1, 1.0, 9, 10]}"#);
        fails(
            "{path: $.a, sorted: descending}",
            r#"{"a": [2, 3]}"#,
            "$.a: in descending order | [0] and [1] are out of order: 2, 3",
        );
        passes("{path: $.a, sorted: descending, sorted_by: $.p}", r#"{"a": [{"p": "b"}, {"p": "a"}]}"#);
        fails(
            "{path: $.a, sorted: ascending}",
            r#"{"a": [1, "2"]}"#,
            "$.a: in ascending order | [0] and [1] cannot be ordered: 1, \"2\"",
        );
    }

    #[test]
    fn a_number_can_be_wanted_as_it_is_written() {
        passes("{path: $.a, exact_text: '1.50'}", r#"{"a": 1.50}"#);
        fails("{path: $.a, exact_text: '1.50'}", r#"{"a": 1.5}"#, "$.a: written as 1.50 | 1.5");
        fails("{path: $.a, equals: 1.5, decimals: 1}", r#"{"a": 1.56}"#, "$.a: 1.5 to 1 decimals | 1.56 (off by 0.06)");
        passes("{path: $.a, equals: 1.5, decimals: 1}", r#"{"a": 1.54}"#);
        passes("{path: $.a, equals: 1000, sig: 2}", r#"{"a": 1004}"#);
        passes("{path: $.a, equals: 0.3, ulp: 1}", r#"{"a": 0.30000000000000004}"#);
    }

    #[test]
    fn an_assertion_that_cannot_fail_or_cannot_be_meant_is_refused() {
        for (yaml, problem) in [
            ("{path: $.a}", "asserts nothing"),
            ("{path: $.a, abs: 1}", "a tolerance belongs to `equals`"),
            ("{path: $.a, equals: 1, abs: -1}", "a tolerance is not negative"),
            ("{path: $.a, equals: x, abs: 1}", "numbers"),
            ("{path: $.a, between: [2, 1]}", "the range is empty"),
            ("{path: $.a, one_of: []}", "at least one"),
            ("{path: $.a, matches: '('}", "not a pattern"),
            ("{path: $.a, matches: '((a{1000}){1000}){1000}'}", "not a pattern"),
            ("{path: $.a, type: int}", "`int` is no type"),
            ("{path: $.a, absent: true, equals: 1}", "`absent` stands alone"),
            ("{path: $.a, none: {}}", "asserts nothing"),
            ("{path: $.a, count: {min: 0}}", "holds always"),
            ("{path: $.a, unordered: 1}", "expected a list"),
            ("{path: $.a, sorted: up}", "neither ascending nor descending"),
            ("{path: $.a, sorted_by: $.b}", "`sorted_by` belongs to `sorted`"),
            ("{path: $.a, equals: 1, sig: 0}", "from 1 to 1000"),
            ("{path: a.b, equals: 1}", "not a JSONPath"),
            ("{path: $.a, equal: 1}", "did you mean `equals`?"),
            ("{equals: 1}", "`path` is missing"),
            ("{path: $.a, max_age: soon}", "`soon` is not a length of time"),
        ] {
            let refused = check(yaml, "{}").expect_err(yaml);
            assert!(refused.iter().any(|text| text.contains(problem)), "{yaml}: {refused:?}");
        }
    }

    proptest! {
        /// Turning a fail into a pass is the one mutation that must not survive: any other value than the expected fails.
        #[test]
        fn only_the_expected_value_passes(expected in -1000_i32..1000, seen in -1000_i32..1000, abs in 0_i32..20) {
            let yaml = format!("{{path: $.a, equals: {expected}, abs: {abs}}}");
            let mismatches = check(&yaml, &format!("{{\"a\": {seen}}}")).unwrap();
            prop_assert_eq!(mismatches.is_empty(), (seen - expected).abs() <= abs);
        }

        #[test]
        fn a_range_is_two_comparisons(low in -50_i32..50, width in 0_i32..50, seen in -120_i32..120) {
            let yaml = format!("{{path: $.a, between: [{low}, {}]}}", low + width);
            let mismatches = check(&yaml, &format!("{{\"a\": {seen}}}")).unwrap();
            prop_assert_eq!(mismatches.is_empty(), (low..=low + width).contains(&seen));
        }

        #[test]
        fn no_text_passes_for_another(expected in "[a-c]{0,3}", seen in "[a-c]{0,3}") {
            let yaml = format!("{{path: $.a, equals: '{expected}'}}");
            let mismatches = check(&yaml, &format!("{{\"a\": \"{seen}\"}}")).unwrap();
            prop_assert_eq!(mismatches.is_empty(), seen == expected);
        }
    }
}
