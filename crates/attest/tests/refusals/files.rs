//! Policies that are wrong, each by one thing: never read, and the reader says what.

use attest::policy::Policy;

const GOOD: &str = r#"version: 1
name: p
clock-skew: 5m
signers:
  a: {key: "SHA256:pD/65dNpxAOeeR9mjgLXuBGR08TQ2ybxIuhMyXkIhdI"}
  b: {key: "SHA256:x3ZCsDi+QZmbiQcQHJpcZgWjVwWlU4z9rryCxl+LTaA"}
require:
  x: {predicate: vsa, signed-by: a}
approvals: {signed-by: b, at-least: 1, authors: []}
joins:
  - {name: j, equal: [{of: x, field: /a}, {context: /a}]}
"#;

/// What is replaced, by what, and what the reader says; nothing where that is good.
type Row = (&'static str, &'static str, Option<&'static str>);

const KEY: &str = "{key: \"SHA256:pD/65dNpxAOeeR9mjgLXuBGR08TQ2ybxIuhMyXkIhdI\"}";
const X: &str = "{predicate: vsa, signed-by: a}";
const APPROVALS: &str = "approvals: {signed-by: b, at-least: 1, authors: []}\n";
const JOINS: &str = "joins:\n  - {name: j, equal: [{of: x, field: /a}, {context: /a}]}\n";
const PLACES: &str = "[{of: x, field: /a}, {context: /a}]";

const SIGNERS: &[Row] = &[
    ("version: 1", "version: 2", Some("version")),
    ("name: p", "nam: p", Some("nam")),
    ("5m", "36500d", None),
    ("5m", "0s", None),
    ("5m", "36501d", Some("is not a span of time")),
    ("5m", "-1m", Some("is not a span of time")),
    ("5m", "5", Some("is not a span of time")),
    ("5m", "5x", Some("is not a span of time")),
    ("5m", "5é", Some("is not a span of time")),
    (KEY, "{key: \"pD/65dNpxAOeeR9mjgLXuBGR08TQ2ybxIuhMyXkIhdI\"}", Some("is not a fingerprint")),
    (KEY, "{key: \"SHA256:pD/65dNpxAOeeR9mjgLXuBGR08TQ2ybxIuhMyXkIhd\"}", Some("is not a fingerprint")),
    (KEY, "{key: \"SHA256:pD/65dNpxAOeeR9mjgLXuBGR08TQ2ybxIuhMyXkIhd*\"}", Some("is not a fingerprint")),
    (KEY, "{}", Some("needs one of")),
    (KEY, "{public-key: hello}", Some("no PEM block")),
    (KEY, "{key: k, public-key: p}", Some("needs one of")),
    (KEY, "{identity: i, issuer: j}", None),
    (KEY, "{identity: i}", Some("issuer")),
    (KEY, "{identity: i, issuer: j, key: k}", Some("belongs to an `identity`")),
    ("XkIhdI\"}", "XkIhdI\", issuer: j}", Some("belongs to an `identity`")),
    ("XkIhdI\"}", "XkIhdI\", not-before: 2026-01-01T00:00:00Z, not-after: 2026-01-01T00:00:01Z}", None),
    ("XkIhdI\"}", "XkIhdI\", not-before: 2026-01-01T00:00:00Z, not-after: 2026-01-01T00:00:00Z}", Some("is not after")),
    ("  a: {", "  A: {", Some("a name has 1 to 64")),
    ("  a: {", "  a_b: {", Some("a name has 1 to 64")),
];

const REQUIREMENTS: &[Row] = &[
    (X, "{predicate: vsa}", Some("signed-by")),
    (X, "{predicate: vsa, signed-by: c}", Some("c")),
    (X, "{predicate: vsa, signed-by: []}", Some("names nothing")),
    (X, "{predicate: nothing, signed-by: a}", Some("neither a URI nor one of")),
    (X, "{predicate: \"https://example.com/x\", signed-by: a}", None),
    (X, "{predicate: [vsa, sbom], signed-by: [a, b], signatures: 2}", None),
    (X, "{predicate: vsa, signed-by: [a, b], signatures: 3}", Some("could ever make")),
    (X, "{predicate: vsa, signed-by: a, signatures: 2}", Some("could ever make")),
    (X, "{predicate: vsa, signed-by: a, witnessed: maybe}", Some("witnessed")),
    (X, "{predicate: vsa, signed-by: a, which: newest}", Some("none of all, latest, any")),
    (X, "{predicate: vsa, signed-by: a, which: latest, count: {min: 1}}", None),
    (X, "{predicate: vsa, signed-by: a, which: latest, count: {min: 2}}", Some("is one statement")),
    (X, "{predicate: vsa, signed-by: a, which: any, count: {min: 2, max: 2}}", None),
    (X, "{predicate: vsa, signed-by: a, count: {min: 3, max: 2}}", Some("below its `min`")),
    (X, "{predicate: vsa, signed-by: a, max-age: 1h, min-age: 1h}", None),
    (X, "{predicate: vsa, signed-by: a, max-age: 1h, min-age: 2h}", Some("is above `max-age`")),
    (X, "{ran-in: {name: n}, signed-by: a}", None),
    (X, "{ran-in: {kind: k}, signed-by: a}", Some("name")),
    (X, "{ran-in: {name: n}, predicate: vsa, signed-by: a}", Some("is already said")),
    ("  x: {", "  approvals: {", Some("is the name of a part of every policy")),
    ("  x: {", "  revocations: {", Some("is the name of a part of every policy")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a}]}", Some("says nothing of the field")),
    (X, "{predicate: vsa, signed-by: a, must: [{equals: 1}]}", Some("field")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, is: 1}]}", Some("is")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, one-of: []}]}", Some("a list with something in it")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, none-of: x}]}", Some("a list with something in it")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, one-of: {context: /b}}]}", None),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, at-least: soon}]}", Some("a number or a time")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, at-least: {context: /b}}]}", None),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, equals: {other: /b}}]}", Some("context")),
    (X, "{predicate: vsa, signed-by: a, must: [{field: /a, matches: \"(\"}]}", Some("not a regular expression")),
    (
        X,
        "{predicate: vsa, signed-by: a, must: [{field: /a, matches: \"(a{1000}){1000}\"}]}",
        Some("not a regular expression"),
    ),
];

const PARTS: &[Row] = &[
    ("require:\n  x: {predicate: vsa, signed-by: a}\n", "", Some("is not one of the policy's requirements")),
    (APPROVALS, "approvals: {signed-by: b, at-least: 2, approvers: [\"1\", \"2\"], authors: []}\n", None),
    (
        APPROVALS,
        "approvals: {signed-by: b, at-least: 2, approvers: [\"1\"], authors: []}\n",
        Some("are fewer than the 2"),
    ),
    (APPROVALS, "approvals: {signed-by: b, at-least: 1}\n", Some("authors")),
    (APPROVALS, "approvals: {signed-by: b, authors: [], predicate: vsa}\n", Some("is already said")),
    (
        APPROVALS,
        "approvals: {signed-by: b, authors: [{of: approvals, field: /a}]}\n",
        Some("is not one of the policy's"),
    ),
    (APPROVALS, "revocations: {signed-by: a}\n", None),
    (APPROVALS, "revocations: {signed-by: c}\n", Some("c")),
    (PLACES, "[{of: x, field: /a}]", Some("at least two places")),
    (PLACES, "[{of: y, field: /a}, {context: /a}]", Some("is not one of the policy's requirements")),
    (PLACES, "[{of: approvals, field: /a}, {of: x, field: /a}]", None),
    (PLACES, "[{of: x, field: /a, capture: \"(a)\"}, {context: /a}]", None),
    (PLACES, "[{of: x, field: /a, capture: a}, {context: /a}]", Some("has no group")),
    (PLACES, "[{of: x, field: /a, capture: \"(\"}, {context: /a}]", Some("not a regular expression")),
    (PLACES, "[{of: x, context: /b}, {context: /a}]", Some("field")),
];

#[test]
fn each_wrong_policy_is_refused_with_what_is_wrong() {
    assert!(Policy::read(GOOD).is_ok());
    for (old, new, wanted) in [SIGNERS, REQUIREMENTS, PARTS].concat() {
        assert!(GOOD.contains(old), "there is {old}");
        let text = GOOD.replace(old, new);
        match (Policy::read(&text), wanted) {
            (Ok(_), None) => {}
            (Ok(_), Some(wanted)) => panic!("{new} is read, and should be refused with `{wanted}`"),
            (Err(problems), None) => panic!("{new} is refused: {problems:#?}"),
            (Err(problems), Some(wanted)) => {
                let told = problems.iter().any(|problem| problem.to_string().contains(wanted));
                assert!(told, "{new}: {problems:#?}");
            }
        }
    }
}

#[test]
fn a_policy_that_asks_for_nothing_is_none() {
    let bare = GOOD.replace(JOINS, "");
    assert!(Policy::read(&bare.replace(APPROVALS, "")).is_ok(), "a requirement is enough");
    let approvals = bare.replace("require:\n  x: {predicate: vsa, signed-by: a}\n", "");
    assert!(Policy::read(&approvals).is_ok(), "approvals are enough");
    let nothing = approvals.replace(APPROVALS, "");
    let optional = bare.replace(APPROVALS, "").replace(X, "{predicate: vsa, signed-by: a, count: {min: 0}}");
    for text in [nothing, optional] {
        let problems = Policy::read(&text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.to_string().contains("would allow everything")), "{problems:#?}");
    }
}

#[test]
fn a_name_has_up_to_64_characters() {
    for (length, good) in [(64, true), (65, false)] {
        let text =
            GOOD.replace("  b: {", &format!("  {}: {{", "n".repeat(length))).replace("signed-by: b", "signed-by: a");
        assert_eq!(Policy::read(&text).is_ok(), good, "{length}");
    }
}
