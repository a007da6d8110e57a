use super::*;

const LISTING: &str = r#"{"packages":[
    {"name":"app","version":"1.0.0","source":"local","dependencies":[1,2,3],"root":true},
    {"name":"cc","version":"1.0.1","source":"crates.io","kind":"build"},
    {"name":"forked","version":"0.1.0","source":"git","dependencies":[3]},
    {"name":"itoa","version":"1.0.11","source":"crates.io","kind":"runtime"}
],"format":1,"later":true}"#;

#[test]
fn crates_are_named_by_what_is_known_of_their_source() {
    let inventory = parse(LISTING.as_bytes()).unwrap();
    let found: Vec<_> = inventory.packages.iter().map(|p| (&p.origin, p.scope, p.needs.as_slice())).collect();
    let purl = |purl: &str| Origin::Purl(purl.to_owned());
    let (cc, forked, itoa) =
        (purl("pkg:cargo/cc@1.0.1"), purl("pkg:generic/forked@0.1.0"), purl("pkg:cargo/itoa@1.0.11"));
    assert_eq!(
        found,
        [
            (&Origin::Own, Scope::Required, &[1, 2, 3][..]),
            (&cc, Scope::Development, &[]),
            (&forked, Scope::Required, &[3]),
            (&itoa, Scope::Required, &[]),
        ]
    );
    assert_eq!(inventory.direct, Some(vec![0]));
}

#[test]
fn what_the_format_does_not_allow_is_refused() {
    let package =
        |index: usize, rest: &str| format!(r#"{{"name":"p{index}","version":"1.0.0","source":"crates.io"{rest}}}"#);
    for (packages, wanted) in [
        (vec![package(0, "")], "0 roots"),
        (vec![package(0, r#","root":true"#), package(1, r#","root":true"#)], "2 roots"),
        (vec![package(0, r#","root":true,"dependencies":[1]"#)], "no package 1"),
        (vec![package(0, r#","root":true,"dependencies":[1]"#), package(1, r#","dependencies":[0]"#)], "circle"),
        (vec![package(0, r#","root":true,"dependencies":[0]"#)], "circle"),
        (vec![package(0, r#","root":true,"dependencies":[-1]"#)], "no list"),
    ] {
        let error = parse(format!(r#"{{"packages":[{}]}}"#, packages.join(",")).as_bytes()).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}
