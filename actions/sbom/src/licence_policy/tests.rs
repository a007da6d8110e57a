use super::*;
use crate::bill::Bill;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

const TODAY: jiff::civil::Date = date(2026, 11, 20);

fn policy(allow: &[&str], deny: &[&str]) -> Policy {
    let entries = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Policy {
        allow: entries(allow),
        deny: entries(deny),
        unknown: Unknown::Deny,
        development: Development::Check,
        exceptions: Vec::new(),
    }
}

fn bill(licences: serde_json::Value) -> Bill {
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "name": "app", "bom-ref": "root"}},
        "components": [
            {"type": "library", "name": "mid", "bom-ref": "m", "version": "1", "purl": "pkg:npm/mid@1", "licenses": [{"license": {"id": "MIT"}}]},
            {"type": "library", "name": "left", "bom-ref": "l", "version": "1.3.0", "purl": "pkg:npm/left@1.3.0?x=y", "licenses": licences},
            {"type": "application", "name": "ours", "bom-ref": "o"}],
        "dependencies": [{"ref": "root", "dependsOn": ["m", "o"]}, {"ref": "m", "dependsOn": ["l"]}]});
    Bill::read(document.to_string().as_bytes()).unwrap()
}

fn accepts(policy: &Policy, expression: &str) -> bool {
    let violations = judge(policy, &bill(json!([{"expression": expression}])), TODAY).violations;
    !violations.iter().any(|violation| violation.component.starts_with("left"))
}

#[test]
fn expressions_are_judged_branch_by_branch() {
    let permissive: &[&str] = &["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only WITH Classpath-exception-2.0"];
    for (allow, deny, expression, wanted) in [
        (permissive, &[][..], "MIT", true),
        (permissive, &[], "mit", true),
        (permissive, &[], "ISC", false),
        (permissive, &[], "GPL-3.0-only OR MIT", true),
        (permissive, &[], "GPL-3.0-only AND MIT", false),
        (permissive, &[], "(MIT OR GPL-3.0-only) AND (ISC OR Apache-2.0)", true),
        (permissive, &[], "Apache-2.0 WITH LLVM-exception", true),
        (permissive, &[], "GPL-2.0-only", false),
        (permissive, &[], "GPL-2.0-only WITH Classpath-exception-2.0", true),
        (permissive, &["GPL-2.0-only"], "GPL-2.0-only WITH Classpath-exception-2.0", true),
        (&[], &["AGPL-3.0-only"], "MIT", true),
        (&[], &["AGPL-3.0-only"], "AGPL-3.0-only", false),
        (&[], &["AGPL-3.0-only"], "AGPL-3.0-or-later", false),
        (&[], &["AGPL-3.0-only"], "AGPL-3.0", false),
        (&[], &["GPL-2.0-or-later"], "GPL-2.0-only WITH Classpath-exception-2.0", false),
        (&[], &["GPL-3.0-only"], "LGPL-3.0-only", true),
        (&["GPL-3.0-only"], &[], "GPL-2.0-or-later", true),
        (&["GPL-3.0-only"], &[], "GPL-2.0+", true),
        (&["GPL-2.0-only"], &[], "GPL-3.0-or-later", false),
        (&["GPL-2.0-or-later"], &[], "GPL-3.0-only", true),
        (&["GPL-3.0-or-later"], &[], "GPL-2.0-only", false),
        (&["LGPL-2.1-only"], &[], "LGPL-2.1", true),
        (&["BSD-2-Clause"], &[], "BSD-3-Clause", false),
        (&["MIT AND Zlib"], &[], "MIT AND Zlib", true),
        (&["MIT AND Zlib"], &[], "Zlib", false),
        (&["MIT"], &["MIT AND Zlib"], "MIT AND Zlib", false),
        (&["MIT"], &["MIT OR GPL-3.0-only"], "MIT OR GPL-3.0-only", false),
    ] {
        assert_eq!(accepts(&policy(allow, deny), expression), wanted, "allow {allow:?} deny {deny:?}: {expression}");
    }
}

#[test]
fn several_licences_of_one_component_are_all_of_them() {
    let policy = policy(&["MIT"], &[]);
    let violations =
        judge(&policy, &bill(json!([{"license": {"id": "MIT"}}, {"license": {"id": "ISC"}}])), TODAY).violations;
    assert_eq!(violations[0].licence, "ISC AND MIT");
    assert_eq!(violations[0].reason.to_string(), "ISC is not acceptable");
    assert_eq!(violations[0].why, ["app", "mid@1", "left@1.3.0"]);
    assert_eq!(violations.len(), 1, "the project's own part is not judged");
}

#[test]
fn what_nobody_can_tell_is_denied_told_or_allowed() {
    for (licences, reason) in [
        (json!([]), Reason::NotStated),
        (json!([{"license": {"name": "see the file"}}]), Reason::NotUnderstood),
        (json!([{"expression": "NOASSERTION"}]), Reason::NotStated),
        (json!([{"license": {"id": "MIT"}}, {"license": {"name": "and more"}}]), Reason::NotUnderstood),
    ] {
        let mut policy = policy(&["MIT"], &[]);
        assert_eq!(judge(&policy, &bill(licences.clone()), TODAY).violations[0].reason, reason);
        policy.unknown = Unknown::Warn;
        let told = judge(&policy, &bill(licences.clone()), TODAY);
        assert!(told.violations.is_empty() && told.warnings[0].reason == reason);
        policy.unknown = Unknown::Allow;
        let told = judge(&policy, &bill(licences), TODAY);
        assert!(told.violations.is_empty() && told.warnings.is_empty() && told.judged == 2);
    }
}

#[test]
fn an_exception_holds_to_the_end_of_its_day_and_then_fails_by_name() {
    let text = |component: &str, expires: &str, licence: &str| {
        format!(
            "version: 1\nallow: [MIT]\nexceptions:\n  - component: \"pkg:npm/never@*\"\n    reason: \"unused\"\n    expires: never\n  - component: \"{component}\"\n    reason: \"bought\"\n    expires: {expires}{licence}\n"
        )
    };
    let left = || bill(json!([{"license": {"id": "ISC"}}]));
    for (component, expires, licence, reason) in [
        ("pkg:npm/left@1.*", "2026-11-20", "", None),
        ("pkg:npm/left@1.3.0?x=y", "never", "\n    licence: ISC", None),
        (
            "pkg:npm/*",
            "2026-11-19",
            "",
            Some("its exception has expired: `pkg:npm/*` until 2026-11-19: bought (line 7)"),
        ),
        ("pkg:npm/left@2.*", "never", "", Some("ISC is not acceptable")),
        ("pkg:npm/left@1.*", "never", "\n    licence: Zlib", Some("ISC is not acceptable")),
    ] {
        let policy = read(&text(component, expires, licence)).unwrap();
        let judgement = judge(&policy, &left(), TODAY);
        assert_eq!(judgement.violations.first().map(|v| v.reason.to_string()).as_deref(), reason, "{component}");
        assert!(
            judgement.unused.iter().any(|unused| unused.starts_with("`pkg:npm/never@*`")),
            "{:?}",
            judgement.unused
        );
    }
}

#[test]
fn everything_that_is_wrong_with_a_policy_is_told_at_once_with_its_line() {
    let told = read(
        "version: 1\nallow: [MIT, GPL]\ndeny: [MIT]\nunkown: deny\ndevelopment: perhaps\nexceptions:\n  - component: left-pad\n    reason: \" \"\n    expires: soon\n",
    );
    let told: Vec<String> = told.unwrap_err().iter().map(ToString::to_string).collect();
    for words in [
        "line 2: allow: `GPL` is neither an identifier",
        "line 3: deny: `MIT` is allowed and denied",
        "line 4: unkown: unknown key; did you mean `unknown`?",
        "line 5: development: `perhaps` is none of check, skip",
        "line 7: exceptions[0].component: is no pattern of a purl",
        "line 8: exceptions[0].reason: is empty",
        "line 9: exceptions[0].expires: `soon` is no day",
    ] {
        assert!(told.iter().any(|line| line.starts_with(words)), "{words} is not in {told:#?}");
    }
    assert!(read("version: 1\n").unwrap_err()[0].to_string().contains("neither `allow` nor `deny`"));
}

#[test]
fn a_pattern_of_stars_is_quick() {
    let pattern = "pkg:".to_owned() + &"*a".repeat(200);
    assert!(!super::exception::fits(&pattern, &("pkg:".to_owned() + &"a".repeat(199) + &"b".repeat(50_000))));
    assert!(super::exception::fits("pkg:npm/*", "pkg:npm/a") && !super::exception::fits("pkg:npm/", "pkg:npm/a"));
}

proptest! {
    #[test]
    fn more_licences_by_or_never_make_it_worse_and_by_and_never_better(
        one in prop::sample::select(vec!["MIT", "ISC", "GPL-3.0-only", "Zlib WITH LLVM-exception"]),
        other in prop::sample::select(vec!["MIT", "ISC", "GPL-3.0-only", "AGPL-3.0-or-later"]),
        allowed in prop::collection::vec(prop::sample::select(vec!["MIT", "ISC", "GPL-3.0-only", "AGPL-3.0-only"]), 0..3),
    ) {
        let policy = policy(&allowed, &["GPL-3.0-only"]);
        let (a, b) = (accepts(&policy, one), accepts(&policy, other));
        prop_assert_eq!(accepts(&policy, &format!("({one}) OR ({other})")), a || b);
        prop_assert_eq!(accepts(&policy, &format!("({one}) AND ({other})")), a && b);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
        let _ = text.parse::<Entry>();
    }
}
